// SPDX-License-Identifier: MIT

#include "quire/memory/name_reader.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "entry_steps.hpp"
#include "quire/memory/copy.hpp"

namespace quire::paging {

namespace {

/// Of who changes something on the way just now; after that it takes a message.
constexpr int most_walks = 4;
constexpr std::size_t most_records = 128;
constexpr std::size_t most_links = 40;
constexpr std::size_t longest_path = 4095;

/// Types as the protocol numbers them.
constexpr std::uint8_t regular_type = 1;
constexpr std::uint8_t directory_type = 2;
constexpr std::uint8_t link_type = 3;

}  // namespace

NameReader::NameReader(std::shared_ptr<MemoryMap> map, const NameTableShape& shape)
    : map_(std::move(map)), shape_(shape) {
    if (!std::has_single_bit(shape.buckets) || shape.size() > largest_segment) return;
    const auto bytes = map_->at({shape.segment, 0}, shape.size());
    if (bytes.empty()) return;
    heads_ = reinterpret_cast<const BucketHead*>(bytes.data());
    records_ = reinterpret_cast<const NameRecord*>(bytes.data() + shape.records_offset());
    seen_.reserve(most_records);
}

bool NameReader::look_up(std::uint64_t directory, std::string_view name, Seen& seen) const {
    const std::uint64_t hash = hash_of_name(directory, name);
    const std::uint32_t tag = tag_of_hash(hash);
    std::uint32_t at = heads_[hash & (shape_.buckets - 1)].load(std::memory_order_acquire);
    for (int step = 0; at != 0 && at <= shape_.records && step < longest_chain; ++step) {
        const NameRecord& record = records_[at - 1];
        at = record.next.load(std::memory_order_relaxed);
        seen.word = look(record.word);
        if ((seen.word & 1U) == 0 || record.tag.load(std::memory_order_relaxed) != tag ||
            record.directory.load(std::memory_order_relaxed) != directory)
            continue;
        copy_short(seen.head, record.head);
        if (seen.head.name_length != name.size()) continue;
        std::array<char, name_beginning> beginning;
        copy_short(beginning, record.name);
        const std::size_t begins = std::min(name.size(), name_beginning);
        if (std::string_view(beginning.data(), begins) != name.substr(0, begins)) continue;
        if (name.size() > name_beginning) {
            std::array<char, name_rest> rest;
            copy_short(rest, record.more_of_name);
            if (std::string_view(rest.data(), name.size() - begins) != name.substr(begins))
                continue;
        }
        seen.record = &record;
        return true;
    }
    return false;
}

bool NameReader::all_count() const {
    std::atomic_thread_fence(std::memory_order_acquire);
    return std::ranges::all_of(
        seen_, [](const Seen& seen) { return is_still(seen.record->word, seen.word); });
}

bool NameReader::counts(const Mark& mark) {
    return mark.record_->word.load(std::memory_order_seq_cst) == mark.word_;
}

NameReader::Outcome NameReader::copy_content(const RecordHead& head,
                                             std::vector<std::byte>& content,
                                             Answer& answer) const {
    if ((head.flags & record_with_content) == 0 || head.content_length > longest_shown_content)
        return Outcome::unknown;
    content.resize(head.content_length);
    if (head.content_length == 0) return Outcome::found;
    const auto bytes = map_->at({head.content_segment, head.content_offset}, head.content_length);
    if (bytes.empty()) {
        answer.segment = head.content_segment;
        return map_->has(head.content_segment) ? Outcome::unknown : Outcome::unmapped;
    }
    copy_shared(content.data(), bytes.data(), bytes.size());
    return Outcome::found;
}

NameReader::Outcome NameReader::find(std::string_view path, bool follow, Answer& answer,
                                     std::vector<std::byte>* content) {
    if (!map_->server_lives()) return Outcome::died;
    if (records_ == nullptr || path.empty() || path.size() > longest_path) return Outcome::unknown;
    for (int i = 0; i < most_walks; ++i) {
        const Outcome outcome = walk(path, follow, answer, content);
        if (outcome == Outcome::unknown) return outcome;
        // What has been found is so, if all of it still is.
        if (all_count()) return outcome;
    }
    return Outcome::unknown;
}

NameReader::Outcome NameReader::walk(std::string_view path, bool follow, Answer& answer,
                                     std::vector<std::byte>* content) {
    seen_.clear();
    targets_.clear();
    ahead_.assign(1, path);
    chain_.clear();

    if (!look_up(0, {}, seen_.emplace_back())) return Outcome::unknown;
    chain_.push_back(0);
    bool must_be_directory = false;
    const auto at = [&]() -> const Seen& { return seen_[chain_.back()]; };
    const auto type_of = [](const Seen& seen) {
        std::uint8_t type = 0;
        copy_short(type, seen.record->attributes.type);
        return type;
    };

    while (!ahead_.empty()) {
        std::string_view& rest = ahead_.back();
        const std::size_t slash = rest.find('/');
        const std::string_view name = rest.substr(0, slash);
        must_be_directory = slash != rest.npos || name == "." || name == "..";
        if (slash == rest.npos)
            ahead_.pop_back();
        else
            rest.remove_prefix(slash + 1);
        // A link's target ends here, or the path does, with a slash.
        while (!ahead_.empty() && ahead_.back().empty()) ahead_.pop_back();
        if (name.empty() || name == ".") continue;
        if ((at().head.flags & record_searchable) == 0) return Outcome::unknown;
        if (name == "..") {
            if (chain_.size() > 1) chain_.pop_back();
            continue;
        }
        if (seen_.size() == most_records) return Outcome::unknown;
        const std::uint64_t directory = at().head.node;
        Seen& next = seen_.emplace_back();
        if (!look_up(directory, name, next)) return Outcome::unknown;
        if (next.head.kind == RecordKind::missing) return Outcome::missing;
        if (next.head.kind != RecordKind::node) return Outcome::unknown;
        const bool last = ahead_.empty();
        // Only of what is not the end yet it matters here; a directory may always be gone through.
        if ((next.head.flags & record_searchable) == 0 && (!last || follow || must_be_directory) &&
            type_of(next) == link_type) {
            if (targets_.size() == most_links) return Outcome::unknown;
            if (const Outcome read = copy_content(next.head, target_, answer);
                read != Outcome::found)
                return read;
            if (target_.empty()) return Outcome::unknown;
            // Views into them stay, since there are never more.
            targets_.reserve(most_links);
            targets_.emplace_back(reinterpret_cast<const char*>(target_.data()), target_.size());
            if (targets_.back().front() == '/') chain_.resize(1);
            if (must_be_directory && last) targets_.back() += '/';
            ahead_.emplace_back(targets_.back());
            continue;
        }
        chain_.push_back(seen_.size() - 1);
    }
    const Seen& found = at();
    copy_short(answer.attributes, found.record->attributes);
    answer.node = found.head.node;
    answer.mark.record_ = found.record;
    answer.mark.word_ = found.word;
    if (must_be_directory && answer.attributes.type != directory_type) return Outcome::unknown;
    if (content == nullptr) return Outcome::found;
    if (answer.attributes.type != regular_type && answer.attributes.type != link_type)
        return Outcome::unknown;
    return copy_content(found.head, *content, answer);
}

}  // namespace quire::paging
