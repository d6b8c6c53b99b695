// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/base/units.hpp"
#include "quire/memory/layout.hpp"
#include "quire/memory/segment.hpp"

namespace quire::paging {

class Domain;
class FilePages;
class Life;
class NameTable;
class Pins;
struct PoolState;
struct Stores;
class WriteMemory;

/// Memory in which a server keeps the content of files where its clients can read it: segments up
/// to a budget, shared out to domains.
/// Threads: any.
class PagePool {
public:
    struct Options {
        /// Of all segments, each counted in full. At least `least_budget`.
        std::uint64_t budget = 256 * MiB;
    };
    static constexpr std::uint64_t least_budget = 2 * MiB;

    struct Counters {
        std::uint64_t budget = 0;
        std::uint64_t segment_bytes = 0;
        std::size_t segments = 0;
        std::size_t domains = 0;
        std::size_t files = 0;       ///< FilePages and LentPages
        std::size_t lent_files = 0;  ///< LentPages
        std::size_t runs = 0;        ///< that hold content
        std::uint64_t filled = 0;    ///< runs, since the beginning
        std::uint64_t recycled = 0;  ///< runs taken for other content
    };

    /// Fails: invalid_argument (the budget); as Segment::create; resource_unavailable_try_again
    /// (no thread).
    static Result<std::shared_ptr<PagePool>> create(const Options& options);
    ~PagePool();
    PagePool(const PagePool&) = delete;
    PagePool& operator=(const PagePool&) = delete;

    /// For clients who may read the same files. It may outlive this.
    std::shared_ptr<Domain> make_domain();

    /// For one client who writes there. It may outlive this.
    std::shared_ptr<WriteMemory> make_write_memory();

    /// Makes zeros of all content that is nobody's any more. To be called when somebody is about to
    /// lose the right to read a file, and its pages have heard of that: what was brought in of it, and
    /// taken away again, is in memory that he can look at. What is being brought in is waited for; what
    /// somebody has pinned is his until he lets go of it, as an open file is.
    /// Needs: no source that is being read waits for the caller.
    void scrub();

    Counters counters() const;

private:
    explicit PagePool(std::shared_ptr<PoolState> state) : state_(std::move(state)) {}

    std::shared_ptr<PoolState> state_;
};

/// What one domain's clients may map, all of it: segments with content, and with cells that say
/// which is whose. Its memory goes with it, or rather with the last client's mapping.
/// Threads: any.
class Domain : public std::enable_shared_from_this<Domain> {
public:
    /// For PagePool::make_domain.
    explicit Domain(std::shared_ptr<PoolState> state);
    ~Domain();
    Domain(const Domain&) = delete;
    Domain& operator=(const Domain&) = delete;

    /// Fails: no_such_file_or_directory (no such segment).
    Result<std::shared_ptr<const Segment>> segment(std::uint32_t number) const;

    /// A cell, and no content yet, for a file.
    /// Fails: not_enough_memory (the budget too).
    Result<std::shared_ptr<FilePages>> make_file();

    /// Names and attributes for its clients; made when it is first asked for. It is a part of this.
    /// Fails: not_enough_memory (the budget too).
    Result<std::shared_ptr<NameTable>> names();

    /// One of its clients looks at content where it lies, as long as `pins` lives. The client may have
    /// as many as are answered, so that something is left for others.
    std::uint32_t add_pins(const std::weak_ptr<const Pins>& pins);

private:
    friend class FilePages;
    friend class NameTable;
    friend class PagePool;
    const std::shared_ptr<PoolState> state_;
    std::unique_ptr<Stores> memory_;    // guarded by the pool's mutex
    std::unique_ptr<NameTable> names_;  // made under it, and then there
};

/// Where content comes from. Called with no lock held.
class ContentSource {
public:
    virtual ~ContentSource() = default;
    virtual Result<std::uint64_t> size() = 0;
    /// Fewer bytes than there is room for only at the end.
    virtual Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) = 0;
};

/// The content of one file, as far as it lies in the memory of one domain.
///
/// Whoever changes the file says so before and after: in between nothing of it can be read here, and
/// what was brought in before is not seen any more, by nobody, from the moment begin_change returns.
/// Threads: any.
class FilePages {
public:
    /// For Domain::make_file.
    FilePages(std::shared_ptr<Domain> domain, Place cell, std::uint64_t identity);
    ~FilePages();
    FilePages(const FilePages&) = delete;
    FilePages& operator=(const FilePages&) = delete;

    struct Where {
        Place cell;
        /// Of this file, for the reader to compare.
        std::uint64_t identity = 0;
        /// Of the entries around a position, if they are not in the cell.
        Place chunk;
        bool has_chunk = false;
    };
    /// Content from `position` on, as much of `length` as there is and memory allows, at least the
    /// run at `position`; and the size. What is brought in may be taken away again at any time.
    /// Fails: not_enough_memory; operation_canceled; resource_unavailable_try_again (the file
    /// changes all the time); as the source.
    Result<Where> bring_in(const std::stop_token& stop, std::uint64_t position,
                           std::uint64_t length, ContentSource& source);

    /// Content from `offset` on is about to change (a length of all ones: to the end, and the size).
    void begin_change(std::uint64_t offset, std::uint64_t length);
    void end_change();

private:
    struct State;
    struct Piece;

    /// What is missing of [first, end), with runs to fill. Needs: the lock.
    std::vector<Piece> plan(std::uint64_t first, std::uint64_t end);
    static Result<void> fill(const Piece& piece, std::uint64_t size, ContentSource& source);
    Where where(std::uint64_t granule) const;

    const std::shared_ptr<Domain> domain_;
    std::unique_ptr<State> state_;  // guarded by the pool's mutex
};

}  // namespace quire::paging
