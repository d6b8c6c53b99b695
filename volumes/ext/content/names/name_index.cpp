// SPDX-License-Identifier: MIT

#include "content/names/name_index.hpp"

#include <algorithm>

namespace quire::ext {

NameIndex::NameIndex(std::uint64_t blocks) : slots_(64), rooms_(blocks) {}

std::uint32_t NameIndex::hash_of(std::string_view name) {
    const std::uint64_t hash = std::hash<std::string_view>{}(name);
    return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

void NameIndex::place(Slot slot) {
    std::size_t at = first_slot(slot.hash);
    while (slots_[at].block < removed) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at].block == empty) ++taken_;
    slots_[at] = slot;
}

void NameIndex::grow() {
    std::vector<Slot> old(
        std::max<std::size_t>(64, live_ * 4 > slots_.size() ? slots_.size() * 2 : slots_.size()));
    old.swap(slots_);
    taken_ = 0;
    for (const Slot& slot : old)
        if (slot.block < removed) place(slot);
}

void NameIndex::add(std::string_view name, std::uint64_t block) {
    if ((taken_ + 1) * 4 > slots_.size() * 3) grow();
    place({hash_of(name), static_cast<std::uint32_t>(block)});
    ++live_;
}

void NameIndex::remove(std::string_view name, std::uint64_t block) {
    const std::uint32_t hash = hash_of(name);
    for (std::size_t at = first_slot(hash); slots_[at].block != empty;
         at = (at + 1) & (slots_.size() - 1)) {
        if (slots_[at].hash == hash && slots_[at].block == block) {
            slots_[at].block = removed;
            --live_;
            return;
        }
    }
}

std::vector<std::uint64_t> NameIndex::candidates(std::string_view name) const {
    std::vector<std::uint64_t> blocks;
    const std::uint32_t hash = hash_of(name);
    for (std::size_t at = first_slot(hash); slots_[at].block != empty;
         at = (at + 1) & (slots_.size() - 1))
        if (slots_[at].hash == hash && slots_[at].block < removed)
            blocks.push_back(slots_[at].block);
    std::ranges::sort(blocks);
    const auto rest = std::ranges::unique(blocks);
    blocks.erase(rest.begin(), rest.end());
    return blocks;
}

void NameIndex::set_room(std::uint64_t block, std::size_t room) {
    if (block >= rooms_.size()) rooms_.resize(block + 1);
    rooms_[block] = static_cast<std::uint16_t>(room / 4);
}

std::optional<std::uint64_t> NameIndex::find_room(std::size_t size) const {
    const auto found =
        std::ranges::find_if(rooms_, [&](std::uint16_t room) { return room * 4u >= size; });
    if (found == rooms_.end()) return std::nullopt;
    return static_cast<std::uint64_t>(found - rooms_.begin());
}

std::size_t NameIndex::memory() const {
    return slots_.capacity() * sizeof(Slot) + rooms_.capacity() * sizeof(std::uint16_t);
}

}  // namespace quire::ext
