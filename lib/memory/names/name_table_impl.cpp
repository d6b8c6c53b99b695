// SPDX-License-Identifier: MIT

// The order of stores is what readers rely on: a record's word is taken away before anything of it,
// or of its content, changes, and shown when all of it is there.

#include "names/name_table_impl.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "entry_steps.hpp"

namespace quire::paging {

std::unique_ptr<NameTable::Impl> NameTable::Impl::make(std::shared_ptr<PoolState> pool,
                                                       Stores& memory) {
    // A thirty-second part of the memory is for names: 32 768 of them in the usual 256 MiB.
    constexpr std::uint64_t least = 64 * KiB;
    const std::uint64_t size =
        std::clamp<std::uint64_t>(std::bit_floor(pool->budget / 32), least, largest_segment);
    NameTableShape shape;
    shape.buckets = static_cast<std::uint32_t>(size / sizeof(NameRecord));
    shape.records =
        static_cast<std::uint32_t>((size - shape.records_offset()) / sizeof(NameRecord));
    if (memory.names_segment == 0) {
        const auto segment = memory.segments.add(size);
        if (!segment) return nullptr;
        memory.names_segment = *segment;
    }
    shape.segment = memory.names_segment;
    if (!memory.segments.get(shape.segment).populate(0, shape.records_offset())) return nullptr;
    return std::unique_ptr<Impl>(new Impl(std::move(pool), memory, shape));
}

NameTable::Impl::Impl(std::shared_ptr<PoolState> its_pool, Stores& memory,
                      const NameTableShape& its_shape)
    : pool(std::move(its_pool)),
      shape(its_shape),
      segment_(memory.segments.get(its_shape.segment)),
      contents_(memory.runs,
                [this](std::uint32_t slot) {
                    slots_[slot].content.reset();
                    hide(slot);
                }),
      slots_(shape.records + 1),
      heads_(shape.buckets) {}

NameRecord& NameTable::Impl::record(std::uint32_t slot) const {
    return *reinterpret_cast<NameRecord*>(segment_.data() + shape.records_offset() +
                                          (slot - 1) * sizeof(NameRecord));
}

BucketHead& NameTable::Impl::head(std::uint64_t hash) const {
    return *reinterpret_cast<BucketHead*>(segment_.data() +
                                          (hash & (shape.buckets - 1)) * sizeof(BucketHead));
}

std::uint32_t NameTable::Impl::find(std::uint32_t directory, std::string_view name) const {
    const std::uint64_t hash = hash_of_name(slots_[directory].identity, name);
    std::uint32_t at = heads_[hash & (shape.buckets - 1)];
    while (at != 0 && (slots_[at].directory != directory || slots_[at].name != name))
        at = slots_[at].next;
    return at;
}

std::uint32_t NameTable::Impl::find_key(std::uint64_t key) const {
    const auto found = keys_.find(key);
    return found == keys_.end() ? 0 : found->second;
}

std::uint32_t NameTable::Impl::find_identity(std::uint64_t identity) const {
    const auto found = identities_.find(identity);
    return found == identities_.end() ? 0 : found->second;
}

bool NameTable::Impl::is_below(std::uint32_t slot, std::uint32_t top) const {
    while (slot != 0 && slot != top) slot = slots_[slot].directory;
    return slot == top;
}

bool NameTable::Impl::is_full(std::uint64_t hash) const {
    int length = 0;
    for (std::uint32_t at = heads_[hash & (shape.buckets - 1)]; at != 0; at = slots_[at].next)
        ++length;
    return length >= longest_chain;
}

// Another one has to go if there is none: any that nothing is below of, and neither `kept` nor a
// directory above it, since something is below of those as long as that is being put there.
std::uint32_t NameTable::Impl::take_slot(std::uint32_t kept, Gone& gone) {
    if (free_.empty() && fresh_ <= shape.records) {
        const std::uint64_t offset =
            shape.records_offset() + std::uint64_t{fresh_ - 1} * sizeof(NameRecord);
        if (segment_.populate(offset, sizeof(NameRecord))) return fresh_++;
    }
    if (free_.empty()) {
        if (fresh_ == 1) return 0;
        chance_ = chance_ * 6364136223846793005U + 1442695040888963407U;
        std::uint32_t victim = 1 + static_cast<std::uint32_t>((chance_ >> 33U) % (fresh_ - 1));
        for (std::uint32_t i = 1; i < fresh_; ++i) {
            const Slot& slot = slots_[victim];
            if (slot.used && slot.first_child == 0 && victim != kept && victim != root_) break;
            victim = victim + 1 < fresh_ ? victim + 1 : 1;
            if (i + 1 == fresh_) return 0;
        }
        remove(victim, gone);
        ++taken_;
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
}

void NameTable::Impl::enter(std::uint32_t number, std::uint32_t directory, std::string_view name) {
    Slot& slot = slots_[number];
    slot.name = name;
    slot.directory = directory;
    const std::uint64_t of = directory == 0 ? 0 : slots_[directory].identity;
    slot.hash = hash_of_name(of, name);
    if (directory != 0) {
        slot.next_sibling = slots_[directory].first_child;
        if (slot.next_sibling != 0) slots_[slot.next_sibling].previous_sibling = number;
        slots_[directory].first_child = number;
    }
    std::uint32_t& first = heads_[slot.hash & (shape.buckets - 1)];
    slot.next = first;
    first = number;

    NameRecord& shared = record(number);
    shared.directory.store(of, std::memory_order_relaxed);
    shared.tag.store(tag_of_hash(slot.hash), std::memory_order_relaxed);
    shared.next.store(slot.next, std::memory_order_relaxed);
    const std::size_t beginning = std::min(name.size(), name_beginning);
    std::ranges::copy(name.substr(0, beginning), shared.name.begin());
    std::ranges::copy(name.substr(beginning), shared.more_of_name.begin());
    head(slot.hash).store(number, std::memory_order_release);
    slot.used = true;
    ++used_;
}

void NameTable::Impl::leave(std::uint32_t number) {
    Slot& slot = slots_[number];
    std::uint32_t* at = &heads_[slot.hash & (shape.buckets - 1)];
    if (*at == number) {
        head(slot.hash).store(slot.next, std::memory_order_relaxed);
    } else {
        while (slots_[*at].next != number) at = &slots_[*at].next;
        record(*at).next.store(slot.next, std::memory_order_relaxed);
        at = &slots_[*at].next;
    }
    *at = slot.next;

    if (slot.next_sibling != 0) slots_[slot.next_sibling].previous_sibling = slot.previous_sibling;
    if (slot.previous_sibling != 0)
        slots_[slot.previous_sibling].next_sibling = slot.next_sibling;
    else if (slot.directory != 0)
        slots_[slot.directory].first_child = slot.next_sibling;
}

void NameTable::Impl::hide(std::uint32_t number) {
    Slot& slot = slots_[number];
    if (!slot.shown) return;
    paging::take_away(record(number).word);
    slot.shown = false;
    --shown_;
    if (slot.content) contents_.give_back(*std::exchange(slot.content, std::nullopt));
}

void NameTable::Impl::make_unreadable(std::uint32_t top, Gone& left) {
    std::vector<std::uint32_t> rest{top};
    while (!rest.empty()) {
        const std::uint32_t number = rest.back();
        rest.pop_back();
        Slot& slot = slots_[number];
        if (std::exchange(slot.readable, false)) {
            // Content is shown of what is readable only.
            hide(number);
            left.push_back({slot.identity, slot.node, true});
        }
        for (std::uint32_t child = slot.first_child; child != 0; child = slots_[child].next_sibling)
            rest.push_back(child);
    }
}

void NameTable::Impl::remove(std::uint32_t top, Gone& gone) {
    std::vector<std::uint32_t> rest{top};
    while (!rest.empty()) {
        const std::uint32_t number = rest.back();
        if (const std::uint32_t child = slots_[number].first_child; child != 0) {
            rest.push_back(child);
            continue;
        }
        rest.pop_back();
        hide(number);
        leave(number);
        Slot& slot = slots_[number];
        if (slot.identity != 0) {
            identities_.erase(slot.identity);
            keys_.erase(slot.node.key);
        }
        gone.push_back({slot.identity, std::move(slot.node), slot.readable});
        const std::uint64_t generation = slot.generation;
        slot = Slot();
        slot.generation = generation;
        free_.push_back(number);
        --used_;
        if (number == root_) root_ = 0;
    }
}

std::uint8_t NameTable::Impl::flags_of(const Details* details) {
    if (details == nullptr) return 0;
    const bool content = details->with_content && details->content.size() <= longest_shown_content;
    return static_cast<std::uint8_t>((details->searchable ? record_searchable : 0) |
                                     (content ? record_with_content : 0));
}

void NameTable::Impl::fill(std::uint32_t number, const Details* details) {
    Slot& slot = slots_[number];
    const std::uint8_t flags = flags_of(details);
    const std::uint8_t before = slot.shown ? slot.flags : 0;
    if (slot.shown && (flags & ~before) == 0) return;
    hide(number);
    RecordHead shown{.node = slot.identity,
                     .kind = details != nullptr ? RecordKind::node : RecordKind::missing,
                     .name_length = static_cast<std::uint8_t>(slot.name.size())};
    // Directories can be searched, others have content.
    shown.flags = (flags | before) & record_searchable;
    if ((flags & record_with_content) != 0) {
        // Room for content may be taken from what this very table shows elsewhere.
        if (details->content.empty()) {
            shown.flags |= record_with_content;
        } else if ((slot.content = contents_.take(details->content.size(), number))) {
            std::memcpy(contents_.bytes(*slot.content).data(), details->content.data(),
                        details->content.size());
            const Place place = contents_.place(*slot.content);
            shown.flags |= record_with_content;
            shown.content_segment = place.segment;
            shown.content_offset = place.offset;
            shown.content_length = static_cast<std::uint32_t>(details->content.size());
        }
    }
    NameRecord& shared = record(number);
    shared.head = shown;
    if (details != nullptr) shared.attributes = details->attributes;
    paging::show(shared.word, ++slot.generation << 1U | 1U);
    slot.flags = shown.flags;
    slot.readable = slot.readable || (shown.flags & record_with_content) != 0;
    slot.shown = true;
    ++shown_;
}

void NameTable::Impl::put(std::uint32_t directory, std::string_view name, const HeldNode& node,
                          const Details* details, Gone& gone) {
    std::uint32_t slot = directory == 0 ? root_ : find(directory, name);
    const bool missing = details == nullptr;
    const auto is_this = [&] {
        return slots_[slot].identity != 0 ? !missing && slots_[slot].node.key == node.key : missing;
    };
    if (slot != 0 && !is_this()) {
        remove(slot, gone);
        slot = 0;
    }
    if (slot == 0) {
        // What it was called before.
        if (const std::uint32_t other = missing ? 0 : find_key(node.key); other != 0) {
            if (is_below(directory, other)) return;
            remove(other, gone);
        }
        const std::uint64_t above = directory == 0 ? 0 : slots_[directory].identity;
        if (is_full(hash_of_name(above, name))) return;
        slot = take_slot(directory, gone);
        if (slot == 0) return;
        if (!missing) {
            slots_[slot].node = node;
            slots_[slot].identity = ++last_identity_;
            keys_[node.key] = slot;
            identities_[last_identity_] = slot;
        }
        enter(slot, directory, name);
        if (directory == 0) root_ = slot;
    }
    fill(slot, details);
}

NameTable::Gone NameTable::Impl::clear() {
    Gone gone;
    if (root_ != 0) remove(root_, gone);
    return gone;
}

NameTable::Counters NameTable::Impl::counters() const {
    return {.shown = shown_, .hidden = used_ - shown_, .taken = taken_};
}

}  // namespace quire::paging
