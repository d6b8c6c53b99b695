// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <atomic>
#include <compare>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>

#include "quire/base/unique_fd.hpp"
#include "quire/block/device.hpp"

namespace quire::block {

class FileTransfer;
struct FileFacts;

/// How a file is opened as a device.
struct FileOptions {
    /// Whether bytes go through the host's page cache.
    enum class Caching {
        /// Past the cache for block special files, where it would only hold everything twice and
        /// report write errors late; through it for regular files.
        automatic,
        buffered,
        /// Past the cache (O_DIRECT) where the host allows it, through it where not.
        direct,
    };

    bool writable = false;
    Caching caching = Caching::automatic;
    /// Takes the advisory lock (flock) that keeps a second writer out: exclusive for writing,
    /// shared for reading. It is held as long as the device lives.
    bool lock = true;
};

/// Which file a device is, whatever path led to it: equal for two paths of one file and for two
/// nodes of one block device. Valid while the file is held open.
struct FileIdentity {
    bool block_special = false;
    dev_t device = 0;
    ino_t inode = 0;
    friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

/// A regular file or a block special file as a device.
///
/// A failed flush stays failed: the host forgets which pages it could not write, so a later
/// success would promise more than is true.
class FileDevice final : public Device {
public:
    /// Opens the file that a path names (symbolic links are followed; a fifo does not block).
    ///
    /// A writer excludes other writers and readers through the lock, mounted block devices through
    /// O_EXCL, and a regular file that a loop device is using is refused.
    /// Fails: is_a_directory, invalid_argument (fifo, socket, character device),
    /// device_or_resource_busy (locked, mounted or under a loop device; the sentence says by
    /// whom), no_lock_available (the host's filesystem can't lock and this is for writing),
    /// read_only_file_system, and what open(2) reports.
    [[nodiscard]] static Result<std::unique_ptr<FileDevice>> open(const std::string& path,
                                                                  FileOptions options = {});

    /// Makes a new file of `size` bytes, all of them a hole, and opens it for writing.
    /// Fails: file_exists, file_too_large, and as open.
    [[nodiscard]] static Result<std::unique_ptr<FileDevice>> create(const std::string& path,
                                                                    std::uint64_t size,
                                                                    FileOptions options = {});

    /// Makes a device of an open descriptor, `name` being what messages call it. The lock and the
    /// O_DIRECT flag belong to the open file description, which other processes may share.
    /// Owns: `fd` from here on.
    /// Fails: bad_file_descriptor (not open for what `options` ask), and as open.
    [[nodiscard]] static Result<std::unique_ptr<FileDevice>> adopt(UniqueFd fd, std::string name,
                                                                   FileOptions options = {});

    ~FileDevice() override;

    Geometry geometry() const override;
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> read_runs(std::span<const ReadRun> runs) override;
    Result<void> write_runs(std::span<const WriteRun> runs) override;
    Result<void> flush() override;
    Result<void> discard(Range range) override;
    Result<void> zero(Range range) override;
    Result<Range> next_data(std::uint64_t offset) override;
    Result<void> resize(std::uint64_t size) override;
    std::string describe() const override { return name_; }

    FileIdentity identity() const { return identity_; }
    /// The descriptor that it uses, for who closes all others. Lives as long as this.
    int fd() const { return fd_.get(); }
    /// Another descriptor of the same open file: whoever has it shares the lock, also after this
    /// object is gone. Fails: as fcntl(2).
    Result<UniqueFd> descriptor() const;
    /// True while transfers go past the host's page cache.
    bool direct() const;

private:
    FileDevice(UniqueFd fd, std::string name, const FileFacts& facts, bool writable);
    static Result<std::unique_ptr<FileDevice>> make(UniqueFd fd, std::string name,
                                                    FileOptions options, bool may_set_flags);

    Result<void> check_writable() const;
    Result<void> zero_block_special(Range range);

    UniqueFd fd_;
    std::string name_;
    FileIdentity identity_;
    bool writable_;
    std::uint32_t alignment_;
    std::atomic<std::uint64_t> size_;
    std::unique_ptr<FileTransfer> transfer_;

    /// Shared by writes; exclusive for a resize (a write that was checked against the old size
    /// must not grow a file that shrank) and for a write that has to read the rest of a block
    /// first (it must not put back what a neighbour has just changed).
    std::shared_mutex gate_;

    std::mutex flush_mutex_;
    std::optional<Error> flush_failure_;
};

}  // namespace quire::block
