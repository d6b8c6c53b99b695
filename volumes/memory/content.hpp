// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>

#include "quire/block/device.hpp"
#include "space.hpp"

namespace quire::memory {

/// The bytes of a file: pages by their number. A missing page is a hole. A page without memory is
/// reserved: counted against the space, still a hole to those who seek, and all zeros.
///
/// Bytes of a page past the size are zero, always: growing shows no old data.
/// Threads: none; the node's lock guards it.
class Content {
public:
    static constexpr std::uint64_t page_size = 4096;

    explicit Content(std::shared_ptr<Space> space) : charge_(std::move(space)) {}

    std::uint64_t size() const { return size_; }
    std::uint64_t allocated() const { return charge_.amount(); }

    std::size_t read(std::uint64_t offset, std::span<std::byte> memory) const;
    /// Needs: offset + memory.size() does not overflow. Answers fewer bytes when the space ended.
    /// Fails: no_space_on_device.
    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> memory);
    void resize(std::uint64_t size);

    // Of these, none changes the size. Needs: the end of the range does not overflow.
    void punch(block::Range range);
    Result<void> reserve(block::Range range);
    /// As punch, but the pages stay reserved.
    Result<void> zero(block::Range range);

    /// First byte of data at or after `offset`, if any before the end.
    std::optional<std::uint64_t> next_data(std::uint64_t offset) const;
    /// First byte of a hole at or after `offset`, the end at the latest. Needs: offset < size.
    std::uint64_t next_hole(std::uint64_t offset) const;

private:
    using Page = std::array<std::byte, page_size>;
    using Pages = std::map<std::uint64_t, std::unique_ptr<Page>>;

    Result<Page*> page_for_writing(std::uint64_t number);
    void clear_part(std::uint64_t number, std::uint64_t from, std::uint64_t to);
    /// Clears the edges of a range that share pages with bytes outside, and answers the numbers of
    /// the pages wholly inside: [first, second).
    std::pair<std::uint64_t, std::uint64_t> clear_edges(block::Range range);
    void drop(std::uint64_t first, std::uint64_t last);

    Charge charge_;
    Pages pages_;
    std::uint64_t size_ = 0;
};

}  // namespace quire::memory
