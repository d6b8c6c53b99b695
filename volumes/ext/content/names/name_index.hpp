// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace quire::ext {

/// What memory knows of a large linear directory: in which blocks a name may be, and how much room
/// each block has.
class NameIndex {
public:
    /// For a directory of so many blocks, each with this much room.
    explicit NameIndex(std::uint64_t blocks);

    void add(std::string_view name, std::uint64_t block);
    void remove(std::string_view name, std::uint64_t block);
    /// The blocks that may hold the name, each once.
    std::vector<std::uint64_t> candidates(std::string_view name) const;

    std::uint64_t blocks() const { return rooms_.size(); }
    /// Sets the size of the largest record that fits into the block, which may be the next new one.
    void set_room(std::uint64_t block, std::size_t room);
    /// The first block with that much room.
    std::optional<std::uint64_t> find_room(std::size_t size) const;

    std::size_t memory() const;

private:
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t block = empty;
    };
    static constexpr std::uint32_t empty = 0xffffffff;
    static constexpr std::uint32_t removed = 0xfffffffe;

    void grow();
    static std::uint32_t hash_of(std::string_view name);
    std::size_t first_slot(std::uint32_t hash) const { return hash & (slots_.size() - 1); }
    void place(Slot slot);

    std::vector<Slot> slots_;  ///< open addressing; a power of two
    std::size_t taken_ = 0;    ///< slots not empty, removed ones included
    std::size_t live_ = 0;
    std::vector<std::uint16_t> rooms_;  ///< in words of four bytes
};

}  // namespace quire::ext
