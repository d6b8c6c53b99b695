// SPDX-License-Identifier: MIT

#include "store/block_cache.hpp"

#include <cassert>
#include <cstring>

namespace quire::ext {

void BlockCache::set_block_size(std::uint32_t bytes) {
    assert(dirty_.empty());
    if (bytes == block_size_) return;
    entries_.clear();
    recent_.clear();
    block_size_ = bytes;
}

std::unique_ptr<std::byte[]> BlockCache::copy(std::span<const std::byte> memory) const {
    auto bytes = std::make_unique_for_overwrite<std::byte[]>(block_size_);
    std::memcpy(bytes.get(), memory.data(), block_size_);
    return bytes;
}

BlockCache::Entry& BlockCache::insert_clean(std::uint64_t block,
                                            std::unique_ptr<std::byte[]> bytes) {
    recent_.push_front(block);
    Entry& entry = entries_[block];
    entry.bytes = std::move(bytes);
    entry.used = recent_.begin();
    return entry;
}

Result<void> BlockCache::read(std::uint64_t block, std::span<std::byte> memory) {
    assert(memory.size() == block_size_);
    if (auto found = entries_.find(block); found != entries_.end()) {
        if (!found->second.dirty) recent_.splice(recent_.begin(), recent_, found->second.used);
        std::memcpy(memory.data(), found->second.bytes.get(), block_size_);
        return {};
    }
    QUIRE_TRY(fetch_(block, memory));
    insert_clean(block, copy(memory));
    shrink();
    return {};
}

const std::byte* BlockCache::peek(std::uint64_t block) const {
    auto found = entries_.find(block);
    return found == entries_.end() ? nullptr : found->second.bytes.get();
}

void BlockCache::write(std::uint64_t block, std::span<const std::byte> memory) {
    assert(memory.size() == block_size_);
    auto found = entries_.find(block);
    if (found == entries_.end()) {
        save(block, nullptr);
        make_dirty(block, insert_clean(block, copy(memory)));
        return;
    }
    Entry& entry = found->second;
    if (std::memcmp(entry.bytes.get(), memory.data(), block_size_) == 0) return;
    save(block, &entry);
    make_dirty(block, entry);
    // save() may have taken the old bytes away.
    if (!entry.bytes)
        entry.bytes = copy(memory);
    else
        std::memcpy(entry.bytes.get(), memory.data(), block_size_);
}

void BlockCache::forget(Entries::iterator entry) {
    save(entry->first, &entry->second);
    drop(entry);
}

void BlockCache::forget(std::uint64_t block, std::uint64_t count) {
    // A freed file may be larger than all that is kept.
    if (count < entries_.size()) {
        for (; count > 0; --count, ++block)
            if (auto found = entries_.find(block); found != entries_.end()) forget(found);
        return;
    }
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        if (entry->first >= block && entry->first - block < count) forget(entry);
        entry = next;
    }
}

void BlockCache::save(std::uint64_t block, Entry* entry) {
    if (!in_savepoint_ || (entry != nullptr && entry->saved_in == savepoint_number_)) return;
    Saved saved{block, nullptr};
    if (entry != nullptr && entry->dirty) saved.bytes = std::move(entry->bytes);
    savepoint_.push_back(std::move(saved));
}

void BlockCache::make_dirty(std::uint64_t block, Entry& entry) {
    if (in_savepoint_) entry.saved_in = savepoint_number_;
    if (entry.dirty) return;
    recent_.erase(entry.used);
    entry.dirty = true;
    dirty_.insert(block);
}

void BlockCache::drop(Entries::iterator entry) {
    if (entry->second.dirty)
        dirty_.erase(entry->first);
    else
        recent_.erase(entry->second.used);
    entries_.erase(entry);
}

void BlockCache::begin() {
    assert(!in_savepoint_);
    in_savepoint_ = true;
    ++savepoint_number_;
}

void BlockCache::keep() {
    in_savepoint_ = false;
    savepoint_.clear();
    shrink();
}

void BlockCache::undo() {
    in_savepoint_ = false;
    // A block may have been saved more than once (forgotten, then written again): the first time
    // counts, so it comes last.
    for (auto saved = savepoint_.rbegin(); saved != savepoint_.rend(); ++saved) {
        if (auto found = entries_.find(saved->block); found != entries_.end()) drop(found);
        if (saved->bytes)
            make_dirty(saved->block, insert_clean(saved->block, std::move(saved->bytes)));
    }
    savepoint_.clear();
}

void BlockCache::mark_clean() {
    for (std::uint64_t block : dirty_) {
        Entry& entry = entries_.at(block);
        recent_.push_front(block);
        entry.used = recent_.begin();
        entry.dirty = false;
    }
    dirty_.clear();
    shrink();
}

void BlockCache::drop_clean() {
    for (std::uint64_t block : recent_) entries_.erase(block);
    recent_.clear();
}

void BlockCache::shrink() {
    const std::size_t most = budget_ / block_size_;
    while (recent_.size() > most && !recent_.empty()) {
        entries_.erase(recent_.back());
        recent_.pop_back();
    }
}

}  // namespace quire::ext
