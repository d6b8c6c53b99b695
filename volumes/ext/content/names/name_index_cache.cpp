// SPDX-License-Identifier: MIT

#include "content/names/name_index_cache.hpp"

namespace quire::ext {

namespace {

constexpr std::uint64_t blocks_read_each_time = 4;
constexpr std::size_t most_remembered_as_too_large = 1024;

}  // namespace

Result<NameIndex*> NameIndexCache::get(DirectoryBlocks& blocks) {
    if (blocks.count() <= blocks_read_each_time) return nullptr;
    // A damaged i_size may promise more blocks than memory has bytes.
    if (blocks.count() > budget_ / 4) return nullptr;
    const ext2_ino_t directory = blocks.inode().number();
    if (const auto place = places_.find(directory); place != places_.end()) {
        if (place->second->index.blocks() == blocks.count()) {
            items_.splice(items_.begin(), items_, place->second);
            return &items_.front().index;
        }
        drop(place->second);
    }
    if (const auto known = too_large_.find(directory);
        known != too_large_.end() && known->second <= blocks.count())
        return nullptr;

    NameIndex index(blocks.count());
    bool fits = true;
    QUIRE_TRY(blocks.scan(0, [&](const DirectoryBlock& block) -> Result<bool> {
        visit_records(blocks.format(), block.bytes, [&](const Record& record) {
            if (record.is_used()) index.add(record.name, block.logical);
            return true;
        });
        const auto area = std::span(block.bytes).first(blocks.area_size());
        if (find_fault(blocks.format(), area) == nullptr)
            index.set_room(block.logical, largest_gap(blocks.format(), area));
        fits = index.memory() <= budget_;
        return fits;
    }));
    if (!fits) {
        if (too_large_.size() >= most_remembered_as_too_large) too_large_.clear();
        too_large_[directory] = blocks.count();
        return nullptr;
    }
    items_.push_front({directory, std::move(index), 0});
    places_[directory] = items_.begin();
    settle(directory);
    return &items_.front().index;
}

void NameIndexCache::settle(ext2_ino_t directory) {
    const auto place = places_.find(directory);
    if (place == places_.end()) return;
    Item& item = *place->second;
    memory_ -= item.memory;
    item.memory = item.index.memory();
    memory_ += item.memory;
    // The one in hand stays, even alone above the budget: it is measured again when made anew.
    while (memory_ > budget_ && items_.size() > 1)
        drop(std::prev(items_.end()) == place->second ? std::prev(items_.end(), 2)
                                                      : std::prev(items_.end()));
}

void NameIndexCache::forget(ext2_ino_t directory) {
    too_large_.erase(directory);
    if (const auto place = places_.find(directory); place != places_.end()) drop(place->second);
}

void NameIndexCache::drop(Items::iterator item) {
    memory_ -= item->memory;
    places_.erase(item->directory);
    items_.erase(item);
}

}  // namespace quire::ext
