// SPDX-License-Identifier: MIT

#include "quire/fs/dummy_volume.hpp"

#include <algorithm>
#include <cerrno>

#include "quire/base/units.hpp"

namespace quire::fs {

namespace {

std::unexpected<Error> unchangeable() {
    return fail(std::errc::read_only_file_system);
}

std::unexpected<Error> unsupported() {
    return fail(std::errc::operation_not_supported);
}

}  // namespace

Result<VolumeStatistics> DummyVolume::statistics(const Call&) {
    return VolumeStatistics{.read_only = true};
}

Result<void> DummyVolume::sync(const Call&) {
    return {};
}

Result<Handle> DummyVolume::node_to_handle(const Call& call, Cookie node) {
    QUIRE_TRY_ASSIGN(const Attributes attributes, getattr(call, node));
    return Handle{attributes.inode, attributes.generation};
}

Result<Entry> DummyVolume::handle_to_node(const Call&, Handle) {
    return unsupported();
}

Result<void> DummyVolume::extended_attribute_control(const Call&, std::string_view) {
    return unsupported();
}

Result<void> DummyVolume::unmount(const Call& call, bool) {
    return sync(call);
}

Result<Entry> DummyVolume::create(const Call&, Cookie, const Name&, const NewNode&) {
    return unchangeable();
}

Result<Entry> DummyVolume::mknod(const Call&, Cookie, const Name&, const NewNode&, FileType,
                                 DeviceNumber) {
    return unchangeable();
}

Result<Entry> DummyVolume::mkdir(const Call&, Cookie, const Name&, const NewNode&) {
    return unchangeable();
}

Result<Entry> DummyVolume::symlink(const Call&, Cookie, const Name&, const NewNode&,
                                   std::string_view) {
    return unchangeable();
}

Result<Entry> DummyVolume::link(const Call&, Cookie, Cookie, const Name&) {
    return unchangeable();
}

Result<void> DummyVolume::remove(const Call&, Cookie, const Name&) {
    return unchangeable();
}

Result<void> DummyVolume::rmdir(const Call&, Cookie, const Name&) {
    return unchangeable();
}

Result<void> DummyVolume::rename(const Call&, Cookie, const Name&, Cookie, const Name&,
                                 RenameFlags) {
    return unchangeable();
}

Result<std::string> DummyVolume::readlink(const Call&, Cookie) {
    return fail(std::errc::invalid_argument);
}

Result<void> DummyVolume::open(const Call&, Cookie, OpenMode mode) {
    if (mode.write && !supports(Operation::write)) return unchangeable();
    return {};
}

Result<void> DummyVolume::close(const Call&, Cookie, OpenMode) {
    return {};
}

Result<void> DummyVolume::access(const Call&, Cookie, int) {
    return {};
}

Result<Attributes> DummyVolume::setattr(const Call&, Cookie, const AttributeChanges&) {
    return unchangeable();
}

Result<std::size_t> DummyVolume::read(const Call&, Cookie, std::uint64_t, std::span<std::byte>) {
    return unsupported();
}

Result<std::size_t> DummyVolume::write(const Call&, Cookie, std::uint64_t,
                                       std::span<const std::byte>) {
    return unchangeable();
}

Result<void> DummyVolume::fsync(const Call& call, Cookie) {
    return sync(call);
}

Result<std::uint64_t> DummyVolume::seek(const Call& call, Cookie node, std::uint64_t offset,
                                        SeekTo what) {
    QUIRE_TRY_ASSIGN(const Attributes attributes, getattr(call, node));
    if (offset >= attributes.size) return fail(std::errc::no_such_device_or_address);
    return what == SeekTo::data ? offset : attributes.size;
}

Result<void> DummyVolume::fallocate(const Call&, Cookie, AllocateMode, block::Range) {
    return unsupported();
}

Result<void> DummyVolume::discard(const Call&, Cookie, block::Range) {
    return {};
}

Result<std::uint64_t> DummyVolume::copy_range(const Call& call, Cookie from,
                                              std::uint64_t from_offset, Cookie to,
                                              std::uint64_t to_offset, std::uint64_t length) {
    std::vector<std::byte> buffer(std::min<std::uint64_t>(length, 256 * KiB));
    std::uint64_t done = 0;
    while (done < length) {
        const auto want = std::min<std::uint64_t>(length - done, buffer.size());
        const auto piece = std::span(buffer).first(want);
        QUIRE_TRY_ASSIGN(const std::size_t got, read(call, from, from_offset + done, piece));
        if (got == 0) break;
        QUIRE_TRY_ASSIGN(const std::size_t put,
                         write(call, to, to_offset + done, piece.first(got)));
        done += put;
        if (put < got) break;
    }
    return done;
}

Result<void> DummyVolume::mmap(const Call&, Cookie, OpenMode) {
    return {};
}

Result<int> DummyVolume::poll(const Call&, Cookie, int events) {
    return events;
}

Result<void> DummyVolume::advisory_lock(const Call&, Cookie, const AdvisoryLock&) {
    return unsupported();
}

Result<std::int64_t> DummyVolume::pathconf(const Call&, Cookie, PathConfiguration what) {
    switch (what) {
        case PathConfiguration::link_max:
            return 1;
        case PathConfiguration::name_max:
            return 255;
        case PathConfiguration::path_max:
            return 4096;
        case PathConfiguration::file_size_bits:
            return 64;
    }
    return fail(std::errc::invalid_argument);
}

Result<std::vector<std::byte>> DummyVolume::ioctl(const Call&, Cookie, std::uint32_t,
                                                  std::span<const std::byte>) {
    return fail(std::errc::inappropriate_io_control_operation);
}

Result<std::vector<std::byte>> DummyVolume::getxattr(const Call&, Cookie, std::string_view) {
    return unsupported();
}

Result<void> DummyVolume::setxattr(const Call&, Cookie, std::string_view,
                                   std::span<const std::byte>, SetAttributeMode) {
    return unsupported();
}

Result<std::vector<std::string>> DummyVolume::listxattr(const Call&, Cookie) {
    return std::vector<std::string>();
}

Result<void> DummyVolume::removexattr(const Call&, Cookie, std::string_view) {
    return unsupported();
}

Result<void> DummyVolume::inactive(const Call&, Cookie) {
    return {};
}

void DummyVolume::reclaim(Cookie, std::uint64_t) {}

Result<std::string> DummyVolume::print(const Call&, Cookie) {
    return unsupported();
}

}  // namespace quire::fs
