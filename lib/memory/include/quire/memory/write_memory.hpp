// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "quire/base/result.hpp"
#include "quire/memory/layout.hpp"
#include "quire/memory/segment.hpp"

namespace quire::paging {

class LentPages;
struct PoolState;

/// The content of which a client has something on loan. Called with the write memory's lock held, and
/// no other.
class LentContent {
public:
    virtual ~LentContent() = default;
    /// Of the file as it is there.
    virtual Result<std::uint64_t> size() = 0;
    virtual Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) = 0;
    /// Sees to it that writing there finds space.
    /// Fails: operation_not_supported, no_space_on_device, file_too_large.
    virtual Result<void> reserve(std::uint64_t position, std::uint64_t length) = 0;
    virtual Result<void> write(std::uint64_t position, std::span<const std::byte> memory) = 0;
};

/// Memory that one thread of one client writes, and the server: content of files that are on loan to
/// it, and nothing else. Whatever the client does there, it does to files that it may write.
/// Its memory goes with it, or rather with the client's mapping.
/// Threads: any. It has one lock for all its files, which is held while content is read and written;
/// that of the pool comes after it.
class WriteMemory : public std::enable_shared_from_this<WriteMemory> {
public:
    /// For PagePool::make_write_memory.
    explicit WriteMemory(std::shared_ptr<PoolState> state);
    ~WriteMemory();
    WriteMemory(const WriteMemory&) = delete;
    WriteMemory& operator=(const WriteMemory&) = delete;

    /// Fails: no_such_file_or_directory (no such segment).
    Result<std::shared_ptr<const Segment>> segment(std::uint32_t number) const;

    /// A file that is on loan from now on, nothing of it in memory yet. `content` has to live until
    /// the pages are revoked.
    /// Fails: not_enough_memory (the budget too).
    Result<std::shared_ptr<LentPages>> lend(LentContent& content);

private:
    friend class LentPages;
    friend class PagePool;
    struct State;

    void scrub();

    const std::shared_ptr<PoolState> pool_;
    std::mutex mutex_;
    std::unique_ptr<State> state_;
};

/// One file on loan.
/// Threads: any.
class LentPages {
public:
    struct Where {
        Place control;
        Place head;
        Place chunk;  ///< around the position that was asked for
        std::uint64_t loan = 0;
    };

    /// For WriteMemory::lend.
    LentPages(std::shared_ptr<WriteMemory> memory, LentContent& content);
    ~LentPages();
    LentPages(const LentPages&) = delete;
    LentPages& operator=(const LentPages&) = delete;

    /// Content from `position` on, as much of `length` as memory and space allow, at least the run at
    /// `position`, and space for `least` bytes; what is behind the end is zero, and may be written as
    /// far as space is reserved. Another file of this memory may lose runs for that, which are written
    /// first.
    /// Fails: not_enough_memory; operation_not_supported (nothing can be reserved there);
    /// resource_unavailable_try_again (it has been revoked); as the content.
    Result<Where> bring_in(std::uint64_t position, std::uint64_t least, std::uint64_t length);
    /// Writes what the client has written. What fails is tried again the next time.
    /// Fails: as the content.
    Result<void> write_back();
    /// The same for the last time, with what the client was writing just now, if it ends soon: one
    /// that does not is told afterwards. Nothing is on loan any more when this returns.
    /// Fails: as the content; what could not be written is lost.
    Result<void> revoke();

private:
    friend class WriteMemory;
    struct State;

    const std::shared_ptr<WriteMemory> memory_;
    std::unique_ptr<State> state_;  // guarded by the memory's mutex
};

}  // namespace quire::paging
