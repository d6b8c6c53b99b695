// SPDX-License-Identifier: MIT

#include "quire/testing/hooked_volume.hpp"

namespace quire::testing {

template <typename Do>
auto HookedVolume::forward(fs::Operation operation, fs::Cookie node, Do&& work)
    -> decltype(work()) {
    QUIRE_TRY(hook_(operation, node));
    auto answer = work();
    // A copy, which may end itself.
    if (const auto after = after_) after(operation);
    return answer;
}

Result<fs::Entry> HookedVolume::root(const fs::Call& call) {
    return forward(fs::Operation::lookup, 0, [&] { return below_->root(call); });
}

Result<fs::VolumeStatistics> HookedVolume::statistics(const fs::Call& call) {
    return forward(fs::Operation::statistics, 0, [&] { return below_->statistics(call); });
}

Result<void> HookedVolume::sync(const fs::Call& call) {
    return forward(fs::Operation::sync, 0, [&] { return below_->sync(call); });
}

Result<fs::Handle> HookedVolume::node_to_handle(const fs::Call& call, fs::Cookie node) {
    return forward(fs::Operation::node_to_handle, node,
                   [&] { return below_->node_to_handle(call, node); });
}

Result<fs::Entry> HookedVolume::handle_to_node(const fs::Call& call, fs::Handle handle) {
    return forward(fs::Operation::handle_to_node, 0,
                   [&] { return below_->handle_to_node(call, handle); });
}

Result<void> HookedVolume::extended_attribute_control(const fs::Call& call,
                                                      std::string_view command) {
    return forward(fs::Operation::extended_attribute_control, 0,
                   [&] { return below_->extended_attribute_control(call, command); });
}

Result<void> HookedVolume::unmount(const fs::Call& call, bool force) {
    return forward(fs::Operation::unmount, 0, [&] { return below_->unmount(call, force); });
}

Result<fs::Entry> HookedVolume::lookup(const fs::Call& call, fs::Cookie directory,
                                       const Name& name) {
    return forward(fs::Operation::lookup, directory,
                   [&] { return below_->lookup(call, directory, name); });
}

Result<fs::Entry> HookedVolume::create(const fs::Call& call, fs::Cookie directory, const Name& name,
                                       const fs::NewNode& node) {
    return forward(fs::Operation::create, directory,
                   [&] { return below_->create(call, directory, name, node); });
}

Result<fs::Entry> HookedVolume::mknod(const fs::Call& call, fs::Cookie directory, const Name& name,
                                      const fs::NewNode& node, fs::FileType type,
                                      fs::DeviceNumber device) {
    return forward(fs::Operation::mknod, directory,
                   [&] { return below_->mknod(call, directory, name, node, type, device); });
}

Result<fs::Entry> HookedVolume::mkdir(const fs::Call& call, fs::Cookie directory, const Name& name,
                                      const fs::NewNode& node) {
    return forward(fs::Operation::mkdir, directory,
                   [&] { return below_->mkdir(call, directory, name, node); });
}

Result<fs::Entry> HookedVolume::symlink(const fs::Call& call, fs::Cookie directory,
                                        const Name& name, const fs::NewNode& node,
                                        std::string_view target) {
    return forward(fs::Operation::symlink, directory,
                   [&] { return below_->symlink(call, directory, name, node, target); });
}

Result<fs::Entry> HookedVolume::link(const fs::Call& call, fs::Cookie node, fs::Cookie directory,
                                     const Name& name) {
    return forward(fs::Operation::link, directory,
                   [&] { return below_->link(call, node, directory, name); });
}

Result<void> HookedVolume::remove(const fs::Call& call, fs::Cookie directory, const Name& name) {
    return forward(fs::Operation::remove, directory,
                   [&] { return below_->remove(call, directory, name); });
}

Result<void> HookedVolume::rmdir(const fs::Call& call, fs::Cookie directory, const Name& name) {
    return forward(fs::Operation::rmdir, directory,
                   [&] { return below_->rmdir(call, directory, name); });
}

Result<void> HookedVolume::rename(const fs::Call& call, fs::Cookie from_directory, const Name& from,
                                  fs::Cookie to_directory, const Name& to, fs::RenameFlags flags) {
    return forward(fs::Operation::rename, from_directory, [&] {
        return below_->rename(call, from_directory, from, to_directory, to, flags);
    });
}

Result<void> HookedVolume::readdir(const fs::Call& call, fs::Cookie directory, fs::Position from,
                                   fs::WithAttributes with, const fs::EntrySink& sink) {
    return forward(fs::Operation::readdir, directory,
                   [&] { return below_->readdir(call, directory, from, with, sink); });
}

Result<fs::Entry> HookedVolume::parent(const fs::Call& call, fs::Cookie directory) {
    return forward(fs::Operation::lookup, directory,
                   [&] { return below_->parent(call, directory); });
}

Result<std::string> HookedVolume::readlink(const fs::Call& call, fs::Cookie node) {
    return forward(fs::Operation::readlink, node, [&] { return below_->readlink(call, node); });
}

Result<void> HookedVolume::open(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) {
    return forward(fs::Operation::open, node, [&] { return below_->open(call, node, mode); });
}

Result<void> HookedVolume::close(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) {
    return forward(fs::Operation::close, node, [&] { return below_->close(call, node, mode); });
}

Result<void> HookedVolume::access(const fs::Call& call, fs::Cookie node, int mask) {
    return forward(fs::Operation::access, node, [&] { return below_->access(call, node, mask); });
}

Result<fs::Attributes> HookedVolume::getattr(const fs::Call& call, fs::Cookie node) {
    return forward(fs::Operation::getattr, node, [&]() -> Result<fs::Attributes> {
        QUIRE_TRY_ASSIGN(fs::Attributes attributes, below_->getattr(call, node));
        if (view_) view_(node, attributes);
        return attributes;
    });
}

Result<fs::Attributes> HookedVolume::setattr(const fs::Call& call, fs::Cookie node,
                                             const fs::AttributeChanges& changes) {
    return forward(fs::Operation::setattr, node,
                   [&] { return below_->setattr(call, node, changes); });
}

Result<std::size_t> HookedVolume::read(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                                       std::span<std::byte> memory) {
    return forward(fs::Operation::read, node,
                   [&] { return below_->read(call, node, offset, memory); });
}

Result<std::size_t> HookedVolume::write(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                                        std::span<const std::byte> memory) {
    return forward(fs::Operation::write, node,
                   [&] { return below_->write(call, node, offset, memory); });
}

Result<void> HookedVolume::fsync(const fs::Call& call, fs::Cookie node) {
    return forward(fs::Operation::fsync, node, [&] { return below_->fsync(call, node); });
}

Result<std::uint64_t> HookedVolume::seek(const fs::Call& call, fs::Cookie node,
                                         std::uint64_t offset, fs::SeekTo what) {
    return forward(fs::Operation::seek, node,
                   [&] { return below_->seek(call, node, offset, what); });
}

Result<void> HookedVolume::fallocate(const fs::Call& call, fs::Cookie node, fs::AllocateMode mode,
                                     block::Range range) {
    return forward(fs::Operation::fallocate, node,
                   [&] { return below_->fallocate(call, node, mode, range); });
}

Result<void> HookedVolume::discard(const fs::Call& call, fs::Cookie node, block::Range range) {
    return forward(fs::Operation::discard, node,
                   [&] { return below_->discard(call, node, range); });
}

Result<std::uint64_t> HookedVolume::copy_range(const fs::Call& call, fs::Cookie from,
                                               std::uint64_t from_offset, fs::Cookie to,
                                               std::uint64_t to_offset, std::uint64_t length) {
    return forward(fs::Operation::copy_range, from, [&] {
        return below_->copy_range(call, from, from_offset, to, to_offset, length);
    });
}

Result<void> HookedVolume::mmap(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) {
    return forward(fs::Operation::mmap, node, [&] { return below_->mmap(call, node, mode); });
}

Result<int> HookedVolume::poll(const fs::Call& call, fs::Cookie node, int events) {
    return forward(fs::Operation::poll, node, [&] { return below_->poll(call, node, events); });
}

Result<void> HookedVolume::advisory_lock(const fs::Call& call, fs::Cookie node,
                                         const fs::AdvisoryLock& lock) {
    return forward(fs::Operation::advisory_lock, node,
                   [&] { return below_->advisory_lock(call, node, lock); });
}

Result<std::int64_t> HookedVolume::pathconf(const fs::Call& call, fs::Cookie node,
                                            fs::PathConfiguration what) {
    return forward(fs::Operation::pathconf, node,
                   [&] { return below_->pathconf(call, node, what); });
}

Result<std::vector<std::byte>> HookedVolume::ioctl(const fs::Call& call, fs::Cookie node,
                                                   std::uint32_t request,
                                                   std::span<const std::byte> in) {
    return forward(fs::Operation::ioctl, node,
                   [&] { return below_->ioctl(call, node, request, in); });
}

Result<std::vector<std::byte>> HookedVolume::getxattr(const fs::Call& call, fs::Cookie node,
                                                      std::string_view name) {
    return forward(fs::Operation::getxattr, node,
                   [&] { return below_->getxattr(call, node, name); });
}

Result<void> HookedVolume::setxattr(const fs::Call& call, fs::Cookie node, std::string_view name,
                                    std::span<const std::byte> value, fs::SetAttributeMode mode) {
    return forward(fs::Operation::setxattr, node,
                   [&] { return below_->setxattr(call, node, name, value, mode); });
}

Result<std::vector<std::string>> HookedVolume::listxattr(const fs::Call& call, fs::Cookie node) {
    return forward(fs::Operation::listxattr, node, [&] { return below_->listxattr(call, node); });
}

Result<void> HookedVolume::removexattr(const fs::Call& call, fs::Cookie node,
                                       std::string_view name) {
    return forward(fs::Operation::removexattr, node,
                   [&] { return below_->removexattr(call, node, name); });
}

Result<void> HookedVolume::inactive(const fs::Call& call, fs::Cookie node) {
    return forward(fs::Operation::inactive, node, [&] { return below_->inactive(call, node); });
}

Result<std::string> HookedVolume::print(const fs::Call& call, fs::Cookie node) {
    return forward(fs::Operation::print, node, [&] { return below_->print(call, node); });
}

void HookedVolume::reclaim(fs::Cookie node, std::uint64_t lookups) {
    (void)hook_(fs::Operation::reclaim, node);
    below_->reclaim(node, lookups);
}

}  // namespace quire::testing
