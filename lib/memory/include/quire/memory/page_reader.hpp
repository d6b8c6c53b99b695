// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "quire/memory/layout.hpp"
#include "quire/memory/memory_map.hpp"

namespace quire::paging {

/// Reads one file out of the memory of its domain, without asking anybody.
///
/// What is read is the file as it was at one moment, or is not read at all; a server that breaks
/// the rules can make it wrong, but nothing worse.
/// Threads: one at a time.
class PageReader {
public:
    enum class Outcome : std::uint8_t {
        done,
        missing,   ///< something of it is not there: ask the server
        changing,  ///< it was there, and changed all the time
        unmapped,  ///< a segment is not mapped: `segment`
        died,      ///< the server has
    };
    struct Attempt {
        Outcome outcome = Outcome::missing;
        std::size_t count = 0;  ///< bytes read; fewer than asked for only at the end
        std::uint32_t segment = 0;
    };

    explicit PageReader(std::shared_ptr<MemoryMap> map) : map_(std::move(map)) {}

    const std::shared_ptr<MemoryMap>& map() const { return map_; }

    /// Where the file's cell is. False: that is not mapped, or nowhere.
    bool set_cell(Place place, std::uint64_t identity);
    bool has_cell() const { return cell_ != nullptr; }
    /// Whether that is where it has been found before.
    bool is_at(Place place, std::uint64_t identity) const {
        return cell_ != nullptr && place_ == place && identity_ == identity;
    }
    /// Where the entries around `position` are, which are not in the cell. The same.
    bool set_chunk(std::uint64_t position, Place place);
    void forget();

    /// The file's size, or `unknown_size`.
    std::uint64_t size() const;

    /// Of a file; what lies behind is read by message.
    static constexpr std::uint64_t farthest = 32 * TiB;
    /// At most `longest` bytes at once.
    static constexpr std::size_t longest = 2 * MiB;
    /// Needs: at most `longest` bytes of memory.
    Attempt read(std::uint64_t position, std::span<std::byte> memory) const;

private:
    const Entry* entry(std::uint64_t granule) const;
    Attempt try_to_read(std::uint64_t position, std::span<std::byte> memory) const;

    std::shared_ptr<MemoryMap> map_;
    const FileCell* cell_ = nullptr;
    Place place_;
    std::uint64_t identity_ = 0;
    std::vector<const Entry*> chunks_;
};

}  // namespace quire::paging
