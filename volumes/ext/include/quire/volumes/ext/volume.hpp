// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <memory>

#include "quire/block/device.hpp"
#include "quire/fs/dummy_volume.hpp"
#include "quire/volumes/ext/options.hpp"

namespace quire::ext {

class InodeRecord;
class NodeTable;
class Store;
struct Node;

/// An ext2, ext3 or ext4 filesystem on a device. Cookies are inode numbers.
///
/// Changes are kept in memory and committed as a whole: by fsync() of any node, by sync(), by
/// unmount(), and by itself when memory or journal fill up. An operation that fails leaves
/// nothing behind. Destroying the volume without unmount() is what a crash is: what was not
/// committed is lost, and nothing else.
///
/// Threads: parallel; data of different files, and reads of one file, move side by side.
/// Durable: after fsync(), sync() or unmount().
class Volume final : public fs::DummyVolume {
public:
    /// Fails: invalid_argument (no ext filesystem), io_error (corrupt, truncated),
    /// operation_not_supported (features), read_only_file_system (for writing: features, an image
    /// that e2fsck has to repair first, a device that can't be written), device_or_resource_busy
    /// (for writing: in use on another machine); each with a sentence, but for the device's own.
    [[nodiscard]] static Result<std::shared_ptr<Volume>> open(std::shared_ptr<block::Device> device,
                                                              const Options& options = {});
    using fs::DummyVolume::open;  // the operation on a node
    ~Volume() override;

    fs::ThreadModel thread_model() const override { return fs::ThreadModel::parallel; }
    bool supports(fs::Operation operation) const override;
    std::string_view type_name() const override { return type_; }

    Result<fs::Entry> root(const fs::Call&) override;
    Result<fs::VolumeStatistics> statistics(const fs::Call&) override;
    Result<void> sync(const fs::Call&) override;
    Result<fs::Entry> handle_to_node(const fs::Call&, fs::Handle handle) override;
    Result<void> unmount(const fs::Call&, bool force) override;

    Result<fs::Entry> lookup(const fs::Call&, fs::Cookie directory, const Name& name) override;
    Result<fs::Entry> create(const fs::Call&, fs::Cookie directory, const Name& name,
                             const fs::NewNode& node) override;
    Result<fs::Entry> mknod(const fs::Call&, fs::Cookie directory, const Name& name,
                            const fs::NewNode& node, fs::FileType type,
                            fs::DeviceNumber device) override;
    Result<fs::Entry> mkdir(const fs::Call&, fs::Cookie directory, const Name& name,
                            const fs::NewNode& node) override;
    Result<fs::Entry> symlink(const fs::Call&, fs::Cookie directory, const Name& name,
                              const fs::NewNode& node, std::string_view target) override;
    Result<fs::Entry> link(const fs::Call&, fs::Cookie node, fs::Cookie directory,
                           const Name& name) override;
    Result<void> remove(const fs::Call&, fs::Cookie directory, const Name& name) override;
    Result<void> rmdir(const fs::Call&, fs::Cookie directory, const Name& name) override;
    Result<void> rename(const fs::Call&, fs::Cookie from_directory, const Name& from,
                        fs::Cookie to_directory, const Name& to, fs::RenameFlags flags) override;
    Result<void> readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                         fs::WithAttributes with, const fs::EntrySink& sink) override;
    Result<fs::Entry> parent(const fs::Call&, fs::Cookie directory) override;
    Result<std::string> readlink(const fs::Call&, fs::Cookie node) override;

    Result<fs::Attributes> getattr(const fs::Call&, fs::Cookie node) override;
    Result<fs::Attributes> setattr(const fs::Call&, fs::Cookie node,
                                   const fs::AttributeChanges& changes) override;
    Result<std::size_t> read(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                             std::span<std::byte> memory) override;
    Result<std::size_t> write(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                              std::span<const std::byte> memory) override;
    Result<void> fsync(const fs::Call&, fs::Cookie node) override;
    Result<std::uint64_t> seek(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                               fs::SeekTo what) override;
    Result<void> fallocate(const fs::Call&, fs::Cookie node, fs::AllocateMode mode,
                           block::Range range) override;
    Result<void> discard(const fs::Call&, fs::Cookie node, block::Range range) override;
    Result<std::int64_t> pathconf(const fs::Call&, fs::Cookie node,
                                  fs::PathConfiguration what) override;

    Result<std::vector<std::byte>> getxattr(const fs::Call&, fs::Cookie node,
                                            std::string_view name) override;
    Result<void> setxattr(const fs::Call&, fs::Cookie node, std::string_view name,
                          std::span<const std::byte> value, fs::SetAttributeMode mode) override;
    Result<std::vector<std::string>> listxattr(const fs::Call&, fs::Cookie node) override;
    Result<void> removexattr(const fs::Call&, fs::Cookie node, std::string_view name) override;

    void reclaim(fs::Cookie node, std::uint64_t lookups) override;
    Result<std::string> print(const fs::Call&, fs::Cookie node) override;

    /// Commits, and calls `meanwhile` while no operation is under way, which it must not call
    /// itself. The device then is as after a crash that lost nothing: who opens a copy of it for
    /// writing and unmounts that has what an unmount of this volume would leave.
    /// Fails: as sync(), and what `meanwhile` answers.
    Result<void> at_rest(const std::function<Result<void>()>& meanwhile);

    /// Blocks of metadata read from the device so far, which tests bound.
    std::uint64_t metadata_blocks_read() const;

private:
    explicit Volume(std::unique_ptr<Store> store);

    Result<fs::Entry> enter(const InodeRecord& inode);
    Result<InodeRecord> inode_of(fs::Cookie cookie);
    Result<InodeRecord> directory_of(fs::Cookie cookie);

    template <typename Operation>
    auto change(const fs::Call& call, Operation&& operation);
    template <typename Operation>
    auto change_content(const fs::Call& call, Node& node, Operation&& operation);
    Result<void> settle(Node& node);
    Result<void> punch_range(const fs::Call& call, Node& node, std::uint64_t from,
                             std::uint64_t to);
    Result<void> reserve_range(const fs::Call& call, Node& node, std::uint64_t from,
                               std::uint64_t to, bool keep_size);
    template <typename Fill>
    Result<fs::Entry> make(const fs::Call& call, fs::Cookie directory, const Name& name,
                           const fs::NewNode& node, fs::FileType type, Fill&& fill);

    std::unique_ptr<Store> store_;
    std::unique_ptr<NodeTable> nodes_;
    std::string_view type_;
};

}  // namespace quire::ext
