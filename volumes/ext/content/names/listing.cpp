// SPDX-License-Identifier: MIT

#include "content/names/listing.hpp"

#include <algorithm>
#include <string>

namespace quire::ext {

namespace {

// Names that share a hash are listed at once; honest directories have a few at most.
constexpr std::size_t most_of_one_hash = 65536;

}  // namespace

Result<void> HashListing::take(const RecordFormat& format, std::span<const std::byte> area,
                               std::uint32_t low) {
    const char* fault = nullptr;
    visit_records(format, area, [&](const Record& record) {
        if (!record.is_used() || record.is_dot()) return true;
        const NameHash hash = hasher_(record.name);
        if (hash.major < low)
            fault = "a name lies in the wrong place of its hash tree";
        else if (pending_.size() > most_of_one_hash + area.size() / smallest_record)
            fault = "too many of its names share one hash";
        if (fault != nullptr) return false;
        if (hash.position() >= position_)
            pending_.push_back({hash,
                                {.name = std::string(record.name),
                                 .inode = record.inode,
                                 .type = file_type_of(record.type),
                                 .next = hash.position() + 1}});
        return true;
    });
    if (fault != nullptr) return corrupt_inode(directory_, fault);
    return {};
}

Result<bool> HashListing::settle(std::optional<std::uint32_t> bound) {
    std::ranges::sort(pending_, {}, &Pending::hash);
    auto done = pending_.begin();
    for (; done != pending_.end(); ++done) {
        // A marked bound: names of that very hash follow in the next range.
        if (bound && done->hash.major >= (*bound & ~1u)) {
            if (done->hash.major > (*bound & ~1u) || (*bound & 1) == 0)
                return corrupt_inode(directory_, "a name lies in the wrong place of its hash tree");
            break;
        }
        if (listing_.entries.size() >= limit_ &&
            listing_.entries.back().next != done->hash.position() + 1) {
            cut_ = true;
            break;
        }
        listing_.entries.push_back(std::move(done->entry));
    }
    pending_.erase(pending_.begin(), done);
    return !cut_ && listing_.entries.size() < limit_;
}

Listing HashListing::finish(bool at_end) {
    listing_.at_end = at_end && !cut_;
    listing_.next = listing_.entries.empty() ? position_ : listing_.entries.back().next;
    return std::move(listing_);
}

Result<Listing> list_sorted(DirectoryBlocks& blocks, const NameHasher& hasher,
                            std::uint64_t position, std::size_t limit) {
    HashListing sorted(hasher, blocks.inode().number(), position, limit);
    const auto scanned = blocks.scan(0, [&](const DirectoryBlock& block) -> Result<bool> {
        QUIRE_TRY(sorted.take(blocks.format(), block.bytes, 0));
        return true;
    });
    QUIRE_TRY(scanned);
    QUIRE_TRY(sorted.settle(std::nullopt));
    return sorted.finish(true);
}

Result<Listing> list_places(DirectoryBlocks& blocks, std::uint64_t position, std::size_t limit) {
    Listing listing{.entries = {}, .at_end = true, .next = position};
    const std::uint64_t size = blocks.block_size();
    QUIRE_TRY(blocks.scan(position / size, [&](const DirectoryBlock& block) -> Result<bool> {
        visit_records(blocks.format(), block.bytes, [&](const Record& record) {
            const std::uint64_t at = block.logical * size + record.offset;
            if (at < position || !record.is_used() || record.is_dot()) return true;
            if (listing.entries.size() >= limit) {
                listing.at_end = false;
                return false;
            }
            listing.next = at + record.length;
            listing.entries.push_back({.name = std::string(record.name),
                                       .inode = record.inode,
                                       .type = file_type_of(record.type),
                                       .next = listing.next});
            return true;
        });
        return listing.at_end;
    }));
    return listing;
}

Result<Listing> list_inline(const InlineNames& names, ext2_ino_t number,
                            const std::optional<NameHasher>& order, std::uint64_t position,
                            std::size_t limit) {
    if (order) {
        HashListing sorted(*order, number, position, limit);
        QUIRE_TRY(sorted.take(names.format(), names.first(), 0));
        QUIRE_TRY(sorted.take(names.format(), names.second(), 0));
        QUIRE_TRY(sorted.settle(std::nullopt));
        return sorted.finish(true);
    }
    Listing listing{.entries = {}, .at_end = true, .next = position};
    names.visit([&](const Record& record, std::uint64_t offset) {
        if (offset < position || record.is_dot()) return true;
        if (listing.entries.size() >= limit) {
            listing.at_end = false;
            return false;
        }
        listing.next = offset + record.length;
        listing.entries.push_back({.name = std::string(record.name),
                                   .inode = record.inode,
                                   .type = file_type_of(record.type),
                                   .next = listing.next});
        return true;
    });
    return listing;
}

}  // namespace quire::ext
