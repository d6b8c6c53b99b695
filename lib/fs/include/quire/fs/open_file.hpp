// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "quire/fs/content_watcher.hpp"
#include "quire/fs/volume.hpp"

namespace quire::fs {

class Borrower;
class Loan;
class Tree;
struct Content;  // what all share who have one file open
class Watchers;

/// A node held by somebody: while a reference lives, the node does. The last one answers the
/// lookups to the volume.
class Node {
public:
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    Cookie cookie() const { return cookie_; }
    FileType type() const { return type_; }
    /// Identity within the volume, for ever.
    Handle handle() const { return handle_; }

private:
    friend class Tree;
    Node(std::shared_ptr<Tree> tree, Cookie cookie, FileType type, Handle handle)
        : tree_(std::move(tree)), cookie_(cookie), type_(type), handle_(handle) {}

    std::shared_ptr<Tree> tree_;
    Cookie cookie_;
    FileType type_;
    Handle handle_;
};

using NodeReference = std::shared_ptr<const Node>;

/// A lock on a whole file, exclusive or shared by any number. It keeps nobody from anything but
/// another lock, and ends with this.
/// Threads: any.
class FileLock {
public:
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;

    /// Makes it one of another kind; what fails leaves it as it was.
    /// Fails: device_or_resource_busy (somebody else has it locked); as Volume::advisory_lock.
    Result<void> become(const Call& call, AdvisoryLock::Kind kind);

private:
    friend class OpenFile;
    FileLock(std::shared_ptr<Tree> tree, NodeReference node, std::shared_ptr<Content> content)
        : tree_(std::move(tree)), node_(std::move(node)), content_(std::move(content)) {}

    const std::shared_ptr<Tree> tree_;
    const NodeReference node_;
    const std::shared_ptr<Content> content_;
    AdvisoryLock::Kind kind_ = AdvisoryLock::Kind::unlock;  // guarded by the content
};

/// A regular file held open. Closed by the destructor.
///
/// What moves the end of a file (append, resize, grow, allocate) happens while nobody else of the
/// same tree changes its content: where the end was found is where it is. Who waits for that goes
/// before writes that come later. Writes at positions do not wait for one another.
///
/// Of an append-only file (chattr +a) only the end may be written; resize, discard and what makes
/// zeros fail with operation_not_permitted, however long the file has been open.
/// Threads: any.
class OpenFile {
public:
    ~OpenFile();
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    const NodeReference& node() const { return node_; }
    /// `append`: the file is append-only.
    OpenMode mode() const { return mode_; }
    const std::shared_ptr<Tree>& tree() const { return tree_; }

    /// As Volume::read and friends. Fails besides: bad_file_descriptor (not open for that).
    Result<std::size_t> read(const Call& call, std::uint64_t offset, std::span<std::byte> memory);
    /// Takes from the file what a change of content ends: set-user-id and set-group-id (unless
    /// the caller is root) and, at the first write, security.capability.
    Result<std::size_t> write(const Call& call, std::uint64_t offset,
                              std::span<const std::byte> memory);
    /// Writes all of `memory`, or fails.
    Result<void> write_all(const Call& call, std::uint64_t offset,
                           std::span<const std::byte> memory);

    class Appending;
    /// Finds the end, where nobody else writes before the answer has ended.
    Result<Appending> append(const Call& call);

    Result<Attributes> attributes(const Call& call);
    Result<void> resize(const Call& call, std::uint64_t size);
    /// Makes it as long as `size` where it is shorter; answers whether it was.
    Result<bool> grow(const Call& call, std::uint64_t size);
    Result<std::uint64_t> seek(const Call& call, std::uint64_t offset, SeekTo what);
    Result<void> allocate(const Call& call, AllocateMode mode, block::Range range);
    Result<void> discard(const Call& call, block::Range range);
    /// Copies to another file of the same tree, or elsewhere in this one; answers the bytes copied.
    /// Fails besides: invalid_argument (ranges of one file that overlap), cross_device_link
    /// (another tree), bad_file_descriptor (`to` is append-only).
    Result<std::uint64_t> copy_to(const Call& call, std::uint64_t offset, OpenFile& to,
                                  std::uint64_t to_offset, std::uint64_t length);
    /// Notice that it is being mapped. Fails besides: permission_denied (not open for that).
    Result<void> map(const Call& call, OpenMode mode);
    /// Fails besides: as a write on loan did, since this was opened or told so the last time.
    Result<void> sync(const Call& call);
    /// What a write on loan failed with, since this was opened or told so the last time.
    std::optional<Error> take_write_error();

    /// The content on loan; from now on `borrower` is asked to give it back whenever somebody else
    /// wants to use it. Needs: this lives longer than the loan.
    /// Fails: resource_unavailable_try_again (somebody uses it just now, or has it on loan),
    /// bad_file_descriptor (not open for writing), operation_not_permitted (it is append-only).
    Result<std::unique_ptr<Loan>> lend(const Call& call, const std::shared_ptr<Borrower>& borrower);
    class Visit;
    /// Every operation here makes one of its own; this is for several together.
    Visit visit();

    /// A lock of its own, which may live longer. Shared ones are for who may read, exclusive ones
    /// for who may write.
    /// Needs: `kind` is not unlock. Fails: bad_file_descriptor; as FileLock::become.
    Result<std::unique_ptr<FileLock>> lock(const Call& call, AdvisoryLock::Kind kind);

    /// From now on `watcher` hears of changes of this file, and at once of those under way, until
    /// it ends or everybody has closed the file. One that watches already goes on.
    void watch(const std::shared_ptr<ContentWatcher>& watcher);

    /// How many threads wait, here or through others who have the file open, for their turn to
    /// change it.
    std::size_t waiting() const;

private:
    friend class Loan;
    friend class Tree;
    OpenFile(std::shared_ptr<Tree> tree, NodeReference node, OpenMode mode,
             std::shared_ptr<Content> content);

    Result<void> about_to_write(const Call& call);
    Result<std::size_t> put(const Call& call, std::uint64_t offset,
                            std::span<const std::byte> memory);
    Result<void> cut(const Call& call, std::uint64_t size);
    Result<void> refuse_flagged(const Call& call, std::uint32_t flags);

    std::shared_ptr<Tree> tree_;
    NodeReference node_;
    OpenMode mode_;
    std::shared_ptr<Content> content_;
    std::atomic<bool> written_ = false;
    std::mutex errors_mutex_;  // guards what follows
    std::uint64_t seen_errors_ = 0;
};

/// The time in which the content of a file is on loan to nobody: whoever had it has given it back.
class OpenFile::Visit {
public:
    Visit(Visit&&) noexcept = default;
    Visit& operator=(Visit&&) = delete;
    ~Visit();

private:
    friend class OpenFile;
    friend class Tree;
    explicit Visit(std::shared_ptr<Content> content);

    std::shared_ptr<Content> content_;
};

/// The end of a file, which nobody else moves while this lives.
/// Needs: the file lives longer, and is not changed by this thread in any other way meanwhile.
class OpenFile::Appending {
public:
    Appending(Appending&& other) noexcept
        : file_(other.file_),
          visit_(std::move(other.visit_)),
          content_(std::move(other.content_)),
          end_(other.end_) {}
    Appending& operator=(Appending&&) = delete;
    ~Appending();

    std::uint64_t end() const { return end_; }
    /// Writes all of `memory` there, or fails, perhaps in the middle.
    Result<void> write_all(const Call& call, std::span<const std::byte> memory);

private:
    friend class OpenFile;
    Appending(OpenFile& file, Visit visit, std::shared_ptr<Content> content)
        : file_(file), visit_(std::move(visit)), content_(std::move(content)) {}

    OpenFile& file_;
    Visit visit_;
    std::shared_ptr<Content> content_;
    std::uint64_t end_ = 0;
};

}  // namespace quire::fs
