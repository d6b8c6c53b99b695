// SPDX-License-Identifier: MIT

// Operations on nodes: attributes, content, extended attributes, their life.

#include <algorithm>
#include <type_traits>
#include <utility>

#include "client/transfer_buffer.hpp"
#include "conversions.hpp"
#include "quire/remote/volume.hpp"

namespace quire::remote {

namespace {

std::unexpected<Error> too_much() {
    return fail(std::errc::io_error, "a volume server answered more than it was asked for");
}

}  // namespace

Result<void> Volume::open(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) {
    return volume_->open(to_wire(call), to_wire(call.credentials), node, to_wire(mode));
}

Result<void> Volume::close(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) {
    return volume_->close(to_wire(call), to_wire(call.credentials), node, to_wire(mode));
}

Result<void> Volume::access(const fs::Call& call, fs::Cookie node, int mask) {
    return volume_->access(to_wire(call), to_wire(call.credentials), node,
                           static_cast<std::uint32_t>(mask));
}

Result<fs::Attributes> Volume::getattr(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY_ASSIGN(const auto found,
                     volume_->getattr(to_wire(call), to_wire(call.credentials), node));
    return ours(found);
}

Result<fs::Attributes> Volume::setattr(const fs::Call& call, fs::Cookie node,
                                       const fs::AttributeChanges& changes) {
    QUIRE_TRY_ASSIGN(const auto found, volume_->setattr(to_wire(call), to_wire(call.credentials),
                                                        node, to_wire(changes)));
    return ours(found);
}

Result<std::size_t> Volume::read(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                                 std::span<std::byte> memory) {
    const protocols::Credentials credentials = to_wire(call.credentials);
    const ipc::Call wire = to_wire(call);
    std::size_t done = 0;
    while (true) {
        const std::span<std::byte> left = memory.subspan(done);
        const auto slice =
            left.size() > protocols::content_limit ? buffer_->take(left.size()) : nullptr;
        std::size_t asked = std::min<std::size_t>(left.size(), protocols::content_limit);
        std::size_t got = 0;
        if (slice) {
            asked = std::min(left.size(), slice->bytes().size());
            const auto answer = volume_->read_to(wire.lending(slice), credentials, node,
                                                 offset + done, slice->offset(), asked);
            if (!answer) return fail(answer.error());
            if (*answer > asked) return too_much();
            got = static_cast<std::size_t>(*answer);
            std::ranges::copy(slice->bytes().first(got), left.begin());
        } else {
            QUIRE_TRY_ASSIGN(const auto content,
                             volume_->read(wire, credentials, node, offset + done,
                                           static_cast<std::uint32_t>(asked)));
            if (content.size() > asked) return too_much();
            got = content.size();
            std::ranges::copy(content, left.begin());
        }
        done += got;
        if (got < asked || done == memory.size()) return done;
    }
}

Result<std::size_t> Volume::write(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                                  std::span<const std::byte> memory) {
    const protocols::Credentials credentials = to_wire(call.credentials);
    const ipc::Call wire = to_wire(call);
    std::size_t done = 0;
    while (true) {
        const std::span<const std::byte> left = memory.subspan(done);
        const auto slice =
            left.size() > protocols::write_limit ? buffer_->take(left.size()) : nullptr;
        std::size_t given = std::min<std::size_t>(left.size(), protocols::write_limit);
        Result<std::uint64_t> answer = 0;
        if (slice) {
            given = std::min(left.size(), slice->bytes().size());
            std::ranges::copy(left.first(given), slice->bytes().begin());
            answer = volume_->write_from(wire.lending(slice), credentials, node, offset + done,
                                         slice->offset(), given);
        } else {
            answer = volume_->write(wire, credentials, node, offset + done, left.first(given));
        }
        if (!answer && done > 0) return done;
        if (!answer) return fail(answer.error());
        if (*answer > given) return too_much();
        done += static_cast<std::size_t>(*answer);
        if (*answer < given || done == memory.size()) return done;
    }
}

Result<void> Volume::fsync(const fs::Call& call, fs::Cookie node) {
    return volume_->fsync(to_wire(call), to_wire(call.credentials), node);
}

Result<std::uint64_t> Volume::seek(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                                   fs::SeekTo what) {
    QUIRE_TRY_ASSIGN(const std::uint64_t found,
                     volume_->seek(to_wire(call), to_wire(call.credentials), node, offset,
                                   enum_cast<protocols::SeekTo>(what)));
    if (found < offset) return fail(std::errc::io_error, "a volume server seeks backwards");
    return found;
}

Result<void> Volume::fallocate(const fs::Call& call, fs::Cookie node, fs::AllocateMode mode,
                               block::Range range) {
    return volume_->fallocate(to_wire(call), to_wire(call.credentials), node,
                              enum_cast<protocols::AllocateMode>(mode), to_wire(range));
}

Result<void> Volume::discard(const fs::Call& call, fs::Cookie node, block::Range range) {
    return volume_->discard(to_wire(call), to_wire(call.credentials), node, to_wire(range));
}

Result<std::uint64_t> Volume::copy_range(const fs::Call& call, fs::Cookie from,
                                         std::uint64_t from_offset, fs::Cookie to,
                                         std::uint64_t to_offset, std::uint64_t length) {
    const protocols::Credentials credentials = to_wire(call.credentials);
    std::uint64_t done = 0;
    // A server does only so much in one call.
    do {
        const auto copied =
            volume_->copy_range(to_wire(call), credentials, from, from_offset + done, to,
                                to_offset + done, length - done);
        if (!copied && done > 0) return done;
        if (!copied) return copied;
        if (*copied > length - done) return too_much();
        if (*copied == 0) return done;
        done += *copied;
    } while (done < length);
    return done;
}

Result<void> Volume::mmap(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) {
    return volume_->mmap(to_wire(call), to_wire(call.credentials), node, to_wire(mode));
}

Result<int> Volume::poll(const fs::Call& call, fs::Cookie node, int events) {
    QUIRE_TRY_ASSIGN(const std::uint32_t ready,
                     volume_->poll(to_wire(call), to_wire(call.credentials), node,
                                   static_cast<std::uint32_t>(events) & 0xffffU));
    return static_cast<int>(ready & 0xffffU);
}

Result<void> Volume::advisory_lock(const fs::Call& call, fs::Cookie node,
                                   const fs::AdvisoryLock& lock) {
    return volume_->advisory_lock(to_wire(call), to_wire(call.credentials), node,
                                  enum_cast<protocols::LockKind>(lock.kind), to_wire(lock.range),
                                  lock.owner, lock.wait);
}

Result<std::int64_t> Volume::pathconf(const fs::Call& call, fs::Cookie node,
                                      fs::PathConfiguration what) {
    return volume_->pathconf(to_wire(call), to_wire(call.credentials), node,
                             enum_cast<protocols::PathConfiguration>(what));
}

Result<std::vector<std::byte>> Volume::ioctl(const fs::Call& call, fs::Cookie node,
                                             std::uint32_t request, std::span<const std::byte> in) {
    return volume_->ioctl(to_wire(call), to_wire(call.credentials), node, request, in);
}

template <typename Operation>
auto Volume::with_slice(const fs::Call& call, std::size_t bytes, Operation&& operation) {
    using Slice = TransferBuffer::Slice;
    using Answer = std::invoke_result_t<Operation, const ipc::Call&, const Slice&>;
    const ipc::Call wire = to_wire(call);
    const auto slice = buffer_->wait_for(wire, bytes);
    if (!slice) return Answer(std::unexpected(slice.error()));
    return operation(wire.lending(*slice), **slice);
}

Result<std::vector<std::byte>> Volume::getxattr(const fs::Call& call, fs::Cookie node,
                                                std::string_view name) {
    using Bytes = std::vector<std::byte>;
    const protocols::Credentials credentials = to_wire(call.credentials);
    if (name.size() > protocols::name_limit) return fail(std::errc::result_out_of_range);
    auto value = volume_->getxattr(to_wire(call), credentials, node, name);
    if (value || value.error() != std::errc::message_size) return value;
    return with_slice(
        call, TransferBuffer::always,
        [&](const ipc::Call& wire, const auto& slice) -> Result<Bytes> {
            const std::span<const std::byte> shared = slice.bytes();
            QUIRE_TRY_ASSIGN(
                const std::uint64_t length,
                volume_->getxattr_to(wire, credentials, node, name, slice.offset(), shared.size()));
            if (length > shared.size()) return too_much();
            return Bytes(shared.begin(), shared.begin() + static_cast<std::ptrdiff_t>(length));
        });
}

Result<void> Volume::setxattr(const fs::Call& call, fs::Cookie node, std::string_view name,
                              std::span<const std::byte> value, fs::SetAttributeMode mode) {
    const protocols::Credentials credentials = to_wire(call.credentials);
    const auto wire_mode = enum_cast<protocols::SetAttributeMode>(mode);
    if (name.size() > protocols::name_limit) return fail(std::errc::result_out_of_range);
    if (value.size() > TransferBuffer::always) return fail(std::errc::argument_list_too_long);
    if (value.size() <= protocols::write_limit)
        return volume_->setxattr(to_wire(call), credentials, node, name, value, wire_mode);
    return with_slice(call, value.size(), [&](const ipc::Call& wire, const auto& slice) {
        std::ranges::copy(value, slice.bytes().begin());
        return volume_->setxattr_from(wire, credentials, node, name, slice.offset(), value.size(),
                                      wire_mode);
    });
}

Result<std::vector<std::string>> Volume::listxattr(const fs::Call& call, fs::Cookie node) {
    using Names = std::vector<std::string>;
    const protocols::Credentials credentials = to_wire(call.credentials);
    const auto names = volume_->listxattr(to_wire(call), credentials, node);
    if (names) return split_names(*names);
    if (names.error() != std::errc::message_size) return fail(names.error());
    return with_slice(call, TransferBuffer::always,
                      [&](const ipc::Call& wire, const auto& slice) -> Result<Names> {
                          const std::span<const std::byte> shared = slice.bytes();
                          QUIRE_TRY_ASSIGN(const std::uint64_t length,
                                           volume_->listxattr_to(wire, credentials, node,
                                                                 slice.offset(), shared.size()));
                          if (length > shared.size()) return too_much();
                          // The server may still change it: what is taken apart is ours.
                          const std::vector<std::byte> list(
                              shared.begin(), shared.begin() + static_cast<std::ptrdiff_t>(length));
                          return split_names(list);
                      });
}

Result<void> Volume::removexattr(const fs::Call& call, fs::Cookie node, std::string_view name) {
    if (name.size() > protocols::name_limit) return fail(std::errc::result_out_of_range);
    return volume_->removexattr(to_wire(call), to_wire(call.credentials), node, name);
}

Result<void> Volume::inactive(const fs::Call& call, fs::Cookie node) {
    return volume_->inactive(to_wire(call), to_wire(call.credentials), node);
}

void Volume::reclaim(fs::Cookie node, std::uint64_t lookups) {
    volume_->reclaim(ipc::Call::forever(), node, lookups);
}

Result<std::string> Volume::print(const fs::Call& call, fs::Cookie node) {
    return volume_->print(to_wire(call), to_wire(call.credentials), node);
}

}  // namespace quire::remote
