// SPDX-License-Identifier: MIT

// What a view passes on, in the order of the interface.

#include "shared_volume_view.hpp"

namespace quire::fs {

Result<Entry> SharedVolume::View::root(const Call& call) {
    const Turn turn(turns());
    return volume_.root(call);
}

Result<VolumeStatistics> SharedVolume::View::statistics(const Call& call) {
    const Turn turn(turns());
    return volume_.statistics(call);
}

Result<void> SharedVolume::View::sync(const Call& call) {
    const Turn turn(turns());
    return volume_.sync(call);
}

Result<Handle> SharedVolume::View::node_to_handle(const Call& call, Cookie node) {
    const Turn turn(turns(), node);
    return volume_.node_to_handle(call, node);
}

Result<Entry> SharedVolume::View::handle_to_node(const Call& call, Handle handle) {
    const Turn turn(turns());
    return volume_.handle_to_node(call, handle);
}

Result<void> SharedVolume::View::extended_attribute_control(const Call& call,
                                                            std::string_view command) {
    const Turn turn(turns());
    return volume_.extended_attribute_control(call, command);
}

Result<Entry> SharedVolume::View::lookup(const Call& call, Cookie directory, const Name& name) {
    const Turn turn(turns());
    return volume_.lookup(call, directory, name);
}

Result<Entry> SharedVolume::View::create(const Call& call, Cookie directory, const Name& name,
                                         const NewNode& node) {
    const Turn turn(turns());
    return volume_.create(call, directory, name, node);
}

Result<Entry> SharedVolume::View::mknod(const Call& call, Cookie directory, const Name& name,
                                        const NewNode& node, FileType type, DeviceNumber device) {
    const Turn turn(turns());
    return volume_.mknod(call, directory, name, node, type, device);
}

Result<Entry> SharedVolume::View::mkdir(const Call& call, Cookie directory, const Name& name,
                                        const NewNode& node) {
    const Turn turn(turns());
    return volume_.mkdir(call, directory, name, node);
}

Result<Entry> SharedVolume::View::symlink(const Call& call, Cookie directory, const Name& name,
                                          const NewNode& node, std::string_view target) {
    const Turn turn(turns());
    return volume_.symlink(call, directory, name, node, target);
}

Result<Entry> SharedVolume::View::link(const Call& call, Cookie node, Cookie directory,
                                       const Name& name) {
    const Turn turn(turns());
    return volume_.link(call, node, directory, name);
}

Result<void> SharedVolume::View::remove(const Call& call, Cookie directory, const Name& name) {
    const Turn turn(turns());
    return volume_.remove(call, directory, name);
}

Result<void> SharedVolume::View::rmdir(const Call& call, Cookie directory, const Name& name) {
    const Turn turn(turns());
    return volume_.rmdir(call, directory, name);
}

Result<void> SharedVolume::View::rename(const Call& call, Cookie from_directory, const Name& from,
                                        Cookie to_directory, const Name& to, RenameFlags flags) {
    const Turn turn(turns());
    return volume_.rename(call, from_directory, from, to_directory, to, flags);
}

Result<Entry> SharedVolume::View::parent(const Call& call, Cookie directory) {
    const Turn turn(turns());
    return volume_.parent(call, directory);
}

Result<std::string> SharedVolume::View::readlink(const Call& call, Cookie node) {
    const Turn turn(turns(), node);
    return volume_.readlink(call, node);
}

Result<void> SharedVolume::View::open(const Call& call, Cookie node, OpenMode mode) {
    const Turn turn(turns(), node);
    return volume_.open(call, node, mode);
}

Result<void> SharedVolume::View::close(const Call& call, Cookie node, OpenMode mode) {
    const Turn turn(turns(), node);
    return volume_.close(call, node, mode);
}

Result<void> SharedVolume::View::access(const Call& call, Cookie node, int mask) {
    const Turn turn(turns(), node);
    return volume_.access(call, node, mask);
}

Result<Attributes> SharedVolume::View::getattr(const Call& call, Cookie node) {
    const Turn turn(turns(), node);
    return volume_.getattr(call, node);
}

Result<Attributes> SharedVolume::View::setattr(const Call& call, Cookie node,
                                               const AttributeChanges& changes) {
    const Turn turn(turns(), node);
    return volume_.setattr(call, node, changes);
}

Result<std::size_t> SharedVolume::View::read(const Call& call, Cookie node, std::uint64_t offset,
                                             std::span<std::byte> memory) {
    const Turn turn(turns(), node);
    return volume_.read(call, node, offset, memory);
}

Result<std::size_t> SharedVolume::View::write(const Call& call, Cookie node, std::uint64_t offset,
                                              std::span<const std::byte> memory) {
    const Turn turn(turns(), node);
    return volume_.write(call, node, offset, memory);
}

Result<void> SharedVolume::View::fsync(const Call& call, Cookie node) {
    const Turn turn(turns(), node);
    return volume_.fsync(call, node);
}

Result<std::uint64_t> SharedVolume::View::seek(const Call& call, Cookie node, std::uint64_t offset,
                                               SeekTo what) {
    const Turn turn(turns(), node);
    return volume_.seek(call, node, offset, what);
}

Result<void> SharedVolume::View::fallocate(const Call& call, Cookie node, AllocateMode mode,
                                           block::Range range) {
    const Turn turn(turns(), node);
    return volume_.fallocate(call, node, mode, range);
}

Result<void> SharedVolume::View::discard(const Call& call, Cookie node, block::Range range) {
    const Turn turn(turns(), node);
    return volume_.discard(call, node, range);
}

Result<std::uint64_t> SharedVolume::View::copy_range(const Call& call, Cookie from,
                                                     std::uint64_t from_offset, Cookie to,
                                                     std::uint64_t to_offset,
                                                     std::uint64_t length) {
    const Turn turn(turns());
    return volume_.copy_range(call, from, from_offset, to, to_offset, length);
}

Result<void> SharedVolume::View::mmap(const Call& call, Cookie node, OpenMode mode) {
    const Turn turn(turns(), node);
    return volume_.mmap(call, node, mode);
}

Result<int> SharedVolume::View::poll(const Call& call, Cookie node, int events) {
    const Turn turn(turns(), node);
    return volume_.poll(call, node, events);
}

Result<void> SharedVolume::View::advisory_lock(const Call& call, Cookie node,
                                               const AdvisoryLock& lock) {
    const Turn turn(turns(), node);
    return volume_.advisory_lock(call, node, lock);
}

Result<std::int64_t> SharedVolume::View::pathconf(const Call& call, Cookie node,
                                                  PathConfiguration what) {
    const Turn turn(turns(), node);
    return volume_.pathconf(call, node, what);
}

Result<std::vector<std::byte>> SharedVolume::View::ioctl(const Call& call, Cookie node,
                                                         std::uint32_t request,
                                                         std::span<const std::byte> in) {
    const Turn turn(turns(), node);
    return volume_.ioctl(call, node, request, in);
}

Result<std::vector<std::byte>> SharedVolume::View::getxattr(const Call& call, Cookie node,
                                                            std::string_view name) {
    const Turn turn(turns(), node);
    return volume_.getxattr(call, node, name);
}

Result<void> SharedVolume::View::setxattr(const Call& call, Cookie node, std::string_view name,
                                          std::span<const std::byte> value, SetAttributeMode mode) {
    const Turn turn(turns(), node);
    return volume_.setxattr(call, node, name, value, mode);
}

Result<std::vector<std::string>> SharedVolume::View::listxattr(const Call& call, Cookie node) {
    const Turn turn(turns(), node);
    return volume_.listxattr(call, node);
}

Result<void> SharedVolume::View::removexattr(const Call& call, Cookie node, std::string_view name) {
    const Turn turn(turns(), node);
    return volume_.removexattr(call, node, name);
}

Result<void> SharedVolume::View::inactive(const Call& call, Cookie node) {
    const Turn turn(turns(), node);
    return volume_.inactive(call, node);
}

void SharedVolume::View::reclaim(Cookie node, std::uint64_t lookups) {
    const Turn turn(turns());
    volume_.reclaim(node, lookups);
}

Result<std::string> SharedVolume::View::print(const Call& call, Cookie node) {
    const Turn turn(turns(), node);
    return volume_.print(call, node);
}

}  // namespace quire::fs
