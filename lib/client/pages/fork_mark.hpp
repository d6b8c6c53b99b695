// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>

#include "quire/base/result.hpp"

namespace quire::client {

/// Tells the process that made it from a forked child, without a system call.
/// Threads: any, once it has been made.
class ForkMark {
public:
    ForkMark() = default;
    ~ForkMark();
    ForkMark(const ForkMark&) = delete;
    ForkMark& operator=(const ForkMark&) = delete;

    /// Fails: as mmap(2).
    Result<void> make();
    /// Needs: it has been made.
    bool is_ours() const { return word_->load(std::memory_order_relaxed) != 0; }

private:
    using Word = std::atomic<std::uint64_t>;
    static constexpr std::size_t size = 4096;
    const Word* word_ = nullptr;  // in a page that is zero in a child
};

}  // namespace quire::client
