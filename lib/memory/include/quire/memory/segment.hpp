// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::paging {

/// Memory that this process has mapped and gives to others: a memfd that nobody can make shorter or
/// longer (F_SEAL_GROW, SHRINK, SEAL). Of one that is `sealed` who gets the descriptor may only read:
/// with F_SEAL_FUTURE_WRITE no mapping made later, and no write through the descriptor or one that
/// is opened anew, changes a byte.
/// Threads: any; bytes are the caller's affair.
class Segment {
public:
    enum class Kind : std::uint8_t { sealed, shared };

    /// Fails: not_enough_memory, too_many_files_open; function_not_supported (this kernel has no
    /// such seal).
    static Result<std::unique_ptr<Segment>> create(std::uint64_t size, Kind kind = Kind::sealed);
    ~Segment();
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    std::byte* data() const { return data_; }
    std::uint64_t size() const { return size_; }
    int fd() const { return fd_.get(); }

    /// Gives the range memory, if it has none yet, and as much around it as a huge page has, so that
    /// touching it cannot fail. Needs: the range is inside.
    /// Fails: not_enough_memory.
    Result<void> populate(std::uint64_t offset, std::uint64_t length);

private:
    Segment(UniqueFd fd, std::byte* data, std::uint64_t size);
    Result<void> populate_part(std::uint64_t offset, std::uint64_t length);

    const UniqueFd fd_;
    std::byte* const data_;
    const std::uint64_t size_;
    std::mutex mutex_;  // guards what follows, and the making of memory
    std::vector<bool> populated_;
};

/// Maps a whole object where huge pages can be mapped whole.
/// Fails: as mmap(2).
Result<std::byte*> map_aligned(int fd, std::uint64_t size, int protection);

}  // namespace quire::paging
