// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quire/base/time.hpp"
#include "quire/base/units.hpp"
#include "quire/fs/dummy_volume.hpp"

namespace quire::memory {

class Node;
class Space;

/// A volume that lives in this process's memory: the first one to test against, and a scratch
/// volume. Its rules are POSIX's, written to be read.
///
/// What it holds is counted against a limit of bytes and one of inodes. It may be unmounted and
/// used again: the tree lives as long as this object.
class MemoryVolume final : public fs::DummyVolume {
public:
    struct Options {
        std::shared_ptr<const Clock> clock = nullptr;
        std::uint64_t byte_limit = GiB;  ///< file data in pages, names, targets and attributes
        std::uint64_t inode_limit = 1U << 20U;
        std::uint64_t file_size_limit = std::numeric_limits<std::int64_t>::max();
        std::uint32_t link_limit = 65000;
        fs::NewNode root = {.permissions = 0755};
    };

    /// Fails: invalid_argument (no clock, or a limit of 0).
    [[nodiscard]] static Result<std::shared_ptr<MemoryVolume>> create(Options options);
    ~MemoryVolume() override;

    /// From now on every change fails with read_only_file_system, or no longer. Threads: any.
    void set_read_only(bool read_only) { read_only_ = read_only; }

    fs::ThreadModel thread_model() const override { return fs::ThreadModel::parallel; }
    bool supports(fs::Operation operation) const override;
    std::string_view type_name() const override { return "memory"; }

    Result<fs::Entry> root(const fs::Call&) override;
    Result<fs::VolumeStatistics> statistics(const fs::Call&) override;
    Result<fs::Entry> handle_to_node(const fs::Call&, fs::Handle) override;
    Result<void> unmount(const fs::Call&, bool force) override;

    Result<fs::Entry> lookup(const fs::Call&, fs::Cookie directory, const Name&) override;
    Result<fs::Entry> create(const fs::Call&, fs::Cookie directory, const Name&,
                             const fs::NewNode&) override;
    Result<fs::Entry> mknod(const fs::Call&, fs::Cookie directory, const Name&, const fs::NewNode&,
                            fs::FileType, fs::DeviceNumber) override;
    Result<fs::Entry> mkdir(const fs::Call&, fs::Cookie directory, const Name&,
                            const fs::NewNode&) override;
    Result<fs::Entry> symlink(const fs::Call&, fs::Cookie directory, const Name&,
                              const fs::NewNode&, std::string_view target) override;
    Result<fs::Entry> link(const fs::Call&, fs::Cookie node, fs::Cookie directory,
                           const Name&) override;
    Result<void> remove(const fs::Call&, fs::Cookie directory, const Name&) override;
    Result<void> rmdir(const fs::Call&, fs::Cookie directory, const Name&) override;
    Result<void> rename(const fs::Call&, fs::Cookie from_directory, const Name& from,
                        fs::Cookie to_directory, const Name& to, fs::RenameFlags) override;
    Result<void> readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                         fs::WithAttributes, const fs::EntrySink&) override;
    Result<fs::Entry> parent(const fs::Call&, fs::Cookie directory) override;
    Result<std::string> readlink(const fs::Call&, fs::Cookie) override;

    Result<void> open(const fs::Call&, fs::Cookie, fs::OpenMode) override;
    Result<void> close(const fs::Call&, fs::Cookie, fs::OpenMode) override;
    Result<fs::Attributes> getattr(const fs::Call&, fs::Cookie) override;
    Result<fs::Attributes> setattr(const fs::Call&, fs::Cookie,
                                   const fs::AttributeChanges&) override;
    Result<std::size_t> read(const fs::Call&, fs::Cookie, std::uint64_t offset,
                             std::span<std::byte>) override;
    Result<std::size_t> write(const fs::Call&, fs::Cookie, std::uint64_t offset,
                              std::span<const std::byte>) override;
    Result<std::uint64_t> seek(const fs::Call&, fs::Cookie, std::uint64_t offset,
                               fs::SeekTo) override;
    Result<void> fallocate(const fs::Call&, fs::Cookie, fs::AllocateMode, block::Range) override;
    Result<void> discard(const fs::Call&, fs::Cookie, block::Range) override;
    Result<std::int64_t> pathconf(const fs::Call&, fs::Cookie, fs::PathConfiguration) override;

    Result<std::vector<std::byte>> getxattr(const fs::Call&, fs::Cookie,
                                            std::string_view name) override;
    Result<void> setxattr(const fs::Call&, fs::Cookie, std::string_view name,
                          std::span<const std::byte> value, fs::SetAttributeMode) override;
    Result<std::vector<std::string>> listxattr(const fs::Call&, fs::Cookie) override;
    Result<void> removexattr(const fs::Call&, fs::Cookie, std::string_view name) override;

    void reclaim(fs::Cookie, std::uint64_t lookups) override;
    Result<std::string> print(const fs::Call&, fs::Cookie) override;

private:
    struct Making;  // what a new node is to be
    using NodePointer = std::shared_ptr<Node>;

    explicit MemoryVolume(Options options);

    Result<void> check_writable() const;
    Result<NodePointer> find(fs::Cookie) const;
    Result<NodePointer> find_locked(fs::Cookie) const;
    Result<NodePointer> find_directory_locked(fs::Cookie) const;
    Result<NodePointer> find_file(fs::Cookie) const;
    fs::Entry entry_of(Node&) const;
    Result<NodePointer> make_node_locked(const Making&);
    Result<fs::Entry> make(fs::Cookie directory, const Name&, const Making&);
    void add_link(Node&, int difference);
    void touch(Node&);
    void forget_if_dead_locked(const NodePointer&);
    struct Move;  // the parts of a rename
    Result<void> check_move(const Move&) const;
    void replace(const Move&);

    const Options options_;
    const std::shared_ptr<Space> space_;
    std::atomic<bool> read_only_{false};
    std::atomic<std::int64_t> opens_{0};

    // Guards every directory's entries and what is below. Link counts change under this and the
    // node's own lock, so that either is enough to read them. Order: this, then a node's lock;
    // never two nodes' locks.
    mutable std::shared_mutex names_;
    std::unordered_map<fs::Cookie, NodePointer> nodes_;
    std::set<std::uint64_t> free_inodes_;  // below next_inode_; given again, the lowest first
    std::uint64_t next_inode_ = 1;
    std::uint32_t next_generation_ = 1;
    NodePointer root_;
};

}  // namespace quire::memory
