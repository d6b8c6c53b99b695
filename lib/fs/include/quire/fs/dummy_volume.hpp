// SPDX-License-Identifier: MIT

#pragma once

#include "quire/fs/volume.hpp"

namespace quire::fs {

/// Answers every operation that a volume leaves out, as POSIX expects: changes with
/// read_only_file_system, the rest with operation_not_supported, hooks and notices with success.
/// What a volume must write: thread_model, supports, type_name, root, lookup, getattr, readdir,
/// parent and, where there are regular files, read.
class DummyVolume : public Volume {
public:
    void set_observer(Observer* observer) override { observer_ = observer; }

    Result<VolumeStatistics> statistics(const Call&) override;
    Result<void> sync(const Call&) override;
    /// Built from getattr.
    Result<Handle> node_to_handle(const Call&, Cookie) override;
    Result<Entry> handle_to_node(const Call&, Handle) override;
    Result<void> extended_attribute_control(const Call&, std::string_view) override;
    Result<void> unmount(const Call&, bool) override;

    Result<Entry> create(const Call&, Cookie, const Name&, const NewNode&) override;
    Result<Entry> mknod(const Call&, Cookie, const Name&, const NewNode&, FileType,
                        DeviceNumber) override;
    Result<Entry> mkdir(const Call&, Cookie, const Name&, const NewNode&) override;
    Result<Entry> symlink(const Call&, Cookie, const Name&, const NewNode&,
                          std::string_view) override;
    Result<Entry> link(const Call&, Cookie, Cookie, const Name&) override;
    Result<void> remove(const Call&, Cookie, const Name&) override;
    Result<void> rmdir(const Call&, Cookie, const Name&) override;
    Result<void> rename(const Call&, Cookie, const Name&, Cookie, const Name&,
                        RenameFlags) override;
    /// invalid_argument: no symbolic links here.
    Result<std::string> readlink(const Call&, Cookie) override;

    Result<void> open(const Call&, Cookie, OpenMode) override;
    Result<void> close(const Call&, Cookie, OpenMode) override;
    Result<void> access(const Call&, Cookie, int) override;
    Result<Attributes> setattr(const Call&, Cookie, const AttributeChanges&) override;
    Result<std::size_t> read(const Call&, Cookie, std::uint64_t, std::span<std::byte>) override;
    Result<std::size_t> write(const Call&, Cookie, std::uint64_t,
                              std::span<const std::byte>) override;
    Result<void> fsync(const Call&, Cookie) override;
    /// All is data up to the size that getattr tells.
    Result<std::uint64_t> seek(const Call&, Cookie, std::uint64_t, SeekTo) override;
    Result<void> fallocate(const Call&, Cookie, AllocateMode, block::Range) override;
    Result<void> discard(const Call&, Cookie, block::Range) override;
    /// Built from read and write.
    Result<std::uint64_t> copy_range(const Call&, Cookie, std::uint64_t, Cookie, std::uint64_t,
                                     std::uint64_t) override;
    Result<void> mmap(const Call&, Cookie, OpenMode) override;
    /// Files are always ready.
    Result<int> poll(const Call&, Cookie, int) override;
    Result<void> advisory_lock(const Call&, Cookie, const AdvisoryLock&) override;
    Result<std::int64_t> pathconf(const Call&, Cookie, PathConfiguration) override;
    Result<std::vector<std::byte>> ioctl(const Call&, Cookie, std::uint32_t,
                                         std::span<const std::byte>) override;

    Result<std::vector<std::byte>> getxattr(const Call&, Cookie, std::string_view) override;
    Result<void> setxattr(const Call&, Cookie, std::string_view, std::span<const std::byte>,
                          SetAttributeMode) override;
    Result<std::vector<std::string>> listxattr(const Call&, Cookie) override;
    Result<void> removexattr(const Call&, Cookie, std::string_view) override;

    Result<void> inactive(const Call&, Cookie) override;
    void reclaim(Cookie, std::uint64_t) override;
    Result<std::string> print(const Call&, Cookie) override;

protected:
    Observer* observer() const { return observer_; }

private:
    Observer* observer_ = nullptr;
};

}  // namespace quire::fs
