// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>

#include "quire/base/unique_fd.hpp"
#include "quire/fs/dummy_volume.hpp"

namespace quire::host {

struct Options {
    bool read_only = false;
    /// Refuse to step into other mounted filesystems (their roots show as empty directories).
    bool one_filesystem = false;
};

/// A directory of the host as a volume that cannot be left: every step is one component, opened
/// beneath the last without following symbolic links (openat2, RESOLVE_BENEATH), and `..` is
/// checked to end at the root. Links are resolved by the framework, inside this tree.
///
/// Each live node holds an O_PATH descriptor, so that what was looked up is what is acted on,
/// whatever the host renames meanwhile, and so that its inode number is not given again. Further
/// descriptors are opened through /proc/self/fd.
///
/// Works with the rights of the process and no more. Credentials decide in the framework; new
/// files belong to the process, or, when that is root, to whom the framework says. setattr is
/// applied in the order size, owner, permissions, times, and is not atomic: the host offers no
/// such operation. Identity: (inode number, device number); the generation is the device number.
/// Threads: any (ThreadModel::parallel).
class HostVolume final : public fs::DummyVolume {
public:
    /// Fails: no_such_file_or_directory, not_a_directory, permission_denied;
    /// function_not_supported (/proc is not mounted).
    static Result<std::shared_ptr<HostVolume>> open(const std::string& directory,
                                                    Options options = {});
    /// The same for an open directory (O_PATH suffices).
    static Result<std::shared_ptr<HostVolume>> open(UniqueFd directory, Options options = {});
    ~HostVolume() override;

    /// A new descriptor of a regular file or directory, for what goes beyond a volume: an image on
    /// the host is locked and mapped as the host's file.
    /// Fails: read_only_file_system (for writing), no_such_device_or_address (another type), and
    /// what open(2) reports.
    Result<UniqueFd> descriptor(fs::Cookie node, fs::OpenMode mode);

    fs::ThreadModel thread_model() const override { return fs::ThreadModel::parallel; }
    bool supports(fs::Operation operation) const override;
    std::string_view type_name() const override { return "host"; }

    Result<fs::Entry> root(const fs::Call&) override;
    Result<fs::VolumeStatistics> statistics(const fs::Call&) override;
    Result<void> sync(const fs::Call&) override;

    Result<fs::Entry> lookup(const fs::Call&, fs::Cookie, const Name&) override;
    Result<fs::Entry> parent(const fs::Call&, fs::Cookie) override;
    Result<fs::Entry> create(const fs::Call&, fs::Cookie, const Name&, const fs::NewNode&) override;
    Result<fs::Entry> mknod(const fs::Call&, fs::Cookie, const Name&, const fs::NewNode&,
                            fs::FileType, fs::DeviceNumber) override;
    Result<fs::Entry> mkdir(const fs::Call&, fs::Cookie, const Name&, const fs::NewNode&) override;
    Result<fs::Entry> symlink(const fs::Call&, fs::Cookie, const Name&, const fs::NewNode&,
                              std::string_view) override;
    Result<fs::Entry> link(const fs::Call&, fs::Cookie, fs::Cookie, const Name&) override;
    Result<void> remove(const fs::Call&, fs::Cookie, const Name&) override;
    Result<void> rmdir(const fs::Call&, fs::Cookie, const Name&) override;
    Result<void> rename(const fs::Call&, fs::Cookie, const Name&, fs::Cookie, const Name&,
                        fs::RenameFlags) override;
    Result<void> readdir(const fs::Call&, fs::Cookie, fs::Position, fs::WithAttributes,
                         const fs::EntrySink&) override;
    Result<std::string> readlink(const fs::Call&, fs::Cookie) override;

    Result<void> open(const fs::Call&, fs::Cookie, fs::OpenMode) override;
    Result<fs::Attributes> getattr(const fs::Call&, fs::Cookie) override;
    Result<fs::Attributes> setattr(const fs::Call&, fs::Cookie,
                                   const fs::AttributeChanges&) override;
    Result<std::size_t> read(const fs::Call&, fs::Cookie, std::uint64_t,
                             std::span<std::byte>) override;
    Result<std::size_t> write(const fs::Call&, fs::Cookie, std::uint64_t,
                              std::span<const std::byte>) override;
    Result<void> fsync(const fs::Call&, fs::Cookie) override;
    Result<std::uint64_t> seek(const fs::Call&, fs::Cookie, std::uint64_t, fs::SeekTo) override;
    Result<void> fallocate(const fs::Call&, fs::Cookie, fs::AllocateMode, block::Range) override;
    Result<std::uint64_t> copy_range(const fs::Call&, fs::Cookie, std::uint64_t, fs::Cookie,
                                     std::uint64_t, std::uint64_t) override;
    Result<std::int64_t> pathconf(const fs::Call&, fs::Cookie, fs::PathConfiguration) override;

    Result<std::vector<std::byte>> getxattr(const fs::Call&, fs::Cookie, std::string_view) override;
    Result<void> setxattr(const fs::Call&, fs::Cookie, std::string_view, std::span<const std::byte>,
                          fs::SetAttributeMode) override;
    Result<std::vector<std::string>> listxattr(const fs::Call&, fs::Cookie) override;
    Result<void> removexattr(const fs::Call&, fs::Cookie, std::string_view) override;

    void reclaim(fs::Cookie, std::uint64_t) override;

private:
    class Nodes;
    struct Live;

    HostVolume(std::unique_ptr<Nodes> nodes, Options options);

    Result<std::shared_ptr<Live>> find(fs::Cookie cookie) const;
    Result<fs::Entry> enter(UniqueFd path_fd);
    Result<fs::Entry> enter_name(const Live& directory, const Name& name);
    Result<fs::Entry> enter_new(const Live& directory, const Name& name, const fs::NewNode& node);
    Result<int> content(Live& node, fs::OpenMode mode);
    Result<void> may_write() const;

    std::unique_ptr<Nodes> nodes_;
    Options options_;
};

}  // namespace quire::host
