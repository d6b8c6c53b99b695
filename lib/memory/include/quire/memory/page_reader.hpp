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

    /// Content in a row where it lies.
    struct Stretch {
        Outcome outcome = Outcome::missing;
        std::uint32_t segment = 0;  ///< that is not mapped
        const std::byte* data = nullptr;
        std::size_t count = 0;  ///< bytes; 0 at and behind the end of the file
        std::uint64_t position = 0;
        std::uint64_t size = 0;              ///< of the file
        bool rest_is_missing = false;        ///< what follows is not there, for now
        std::vector<std::uint64_t> entries;  ///< of the runs that it lies in
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

    /// From `position` on, up to `length` bytes, in `most` runs.
    Stretch find(std::uint64_t position, std::uint64_t length, std::size_t most) const;
    /// Whether it is still there, after everything that this thread has stored before: if its runs have
    /// been pinned by then, its bytes stay what they are.
    bool is_still_there(const Stretch& stretch) const;

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
