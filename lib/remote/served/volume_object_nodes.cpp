// SPDX-License-Identifier: MIT

// Operations on nodes: attributes, content, extended attributes, their life.

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "served/volume_object_calls.hpp"

namespace quire::remote {

namespace {

constexpr std::size_t longest_text = 4096;
// One call does so much and no more, so that a server can stop.
constexpr std::uint64_t longest_copy = 64U << 20U;

// What is to be read in one go must not reach past the largest number.
Result<void> check_end(std::uint64_t offset, std::uint64_t length) {
    if (offset + length < offset) return fail(std::errc::invalid_argument);
    return {};
}

// So much of a client's memory is copied at once, whatever it asks for: what a volume refuses costs
// no more, and what many ask for at the same time still fits.
constexpr std::size_t write_step = std::size_t{1} << 20U;
constexpr std::size_t longest_value = 65536;

Result<std::uint64_t> put_into(const wire::Place<std::byte>& place,
                               std::span<const std::byte> bytes) {
    if (bytes.size() > place.bytes.size()) return fail(std::errc::message_size);
    std::ranges::copy(bytes, place.bytes.begin());
    return bytes.size();
}

}  // namespace

Result<void> VolumeObject::open(const ipc::Call& call, const protocols::Credentials& credentials,
                                std::uint64_t node, std::uint32_t mode_bits) {
    QUIRE_TRY_ASSIGN(const fs::OpenMode mode, open_mode(mode_bits));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<void> {
        QUIRE_TRY(volume_->open(inner, node, mode));
        nodes_->opened(node, mode);
        return {};
    });
}

Result<void> VolumeObject::close(const ipc::Call& call, const protocols::Credentials& credentials,
                                 std::uint64_t node, std::uint32_t mode_bits) {
    QUIRE_TRY_ASSIGN(const fs::OpenMode mode, open_mode(mode_bits));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<void> {
        QUIRE_TRY(nodes_->take_open(node, mode));
        return volume_->close(inner, node, mode);
    });
}

Result<void> VolumeObject::access(const ipc::Call& call, const protocols::Credentials& credentials,
                                  std::uint64_t node, std::uint32_t mask) {
    if ((mask & ~std::uint32_t{R_OK | W_OK | X_OK}) != 0) return fail(std::errc::invalid_argument);
    return on(call, credentials, node, {}, [&](const fs::Call& inner) {
        return volume_->access(inner, node, static_cast<int>(mask));
    });
}

Result<protocols::Attributes> VolumeObject::getattr(const ipc::Call& call,
                                                    const protocols::Credentials& credentials,
                                                    std::uint64_t node) {
    return on(call, credentials, node, {},
              [&](const fs::Call& inner) -> Result<protocols::Attributes> {
                  QUIRE_TRY_ASSIGN(const auto attributes, volume_->getattr(inner, node));
                  return to_wire(attributes);
              });
}

Result<protocols::Attributes> VolumeObject::setattr(const ipc::Call& call,
                                                    const protocols::Credentials& credentials,
                                                    std::uint64_t node,
                                                    const protocols::AttributeChanges& wanted) {
    QUIRE_TRY_ASSIGN(const fs::AttributeChanges changes, ours(wanted));
    return on(call, credentials, node, {},
              [&](const fs::Call& inner) -> Result<protocols::Attributes> {
                  QUIRE_TRY_ASSIGN(const auto attributes, volume_->setattr(inner, node, changes));
                  return to_wire(attributes);
              });
}

Result<std::vector<std::byte>> VolumeObject::read(const ipc::Call& call,
                                                  const protocols::Credentials& credentials,
                                                  std::uint64_t node, std::uint64_t offset,
                                                  std::uint32_t length) {
    using Bytes = std::vector<std::byte>;
    if (length > protocols::content_limit) return fail(std::errc::message_size);
    QUIRE_TRY(check_end(offset, length));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<Bytes> {
        Bytes content(length);
        QUIRE_TRY_ASSIGN(const std::size_t got, volume_->read(inner, node, offset, content));
        content.resize(got);
        return content;
    });
}

Result<std::uint32_t> VolumeObject::write(const ipc::Call& call,
                                          const protocols::Credentials& credentials,
                                          std::uint64_t node, std::uint64_t offset,
                                          std::span<const std::byte> content) {
    QUIRE_TRY(check_end(offset, content.size()));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<std::uint32_t> {
        QUIRE_TRY_ASSIGN(const std::size_t done, volume_->write(inner, node, offset, content));
        return static_cast<std::uint32_t>(done);
    });
}

Result<void> VolumeObject::set_buffer(const ipc::Call&, ipc::Memory buffer) {
    return buffer_.replace(buffer);
}

Result<std::uint64_t> VolumeObject::read_to(const ipc::Call& call,
                                            const protocols::Credentials& credentials,
                                            std::uint64_t node, std::uint64_t offset,
                                            std::uint64_t buffer_offset, std::uint64_t length) {
    QUIRE_TRY(check_end(offset, length));
    QUIRE_TRY_ASSIGN(const auto place, buffer_.target(buffer_offset, length));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<std::uint64_t> {
        QUIRE_TRY_ASSIGN(const std::size_t got, volume_->read(inner, node, offset, place.bytes));
        return got;
    });
}

Result<std::uint64_t> VolumeObject::write_from(const ipc::Call& call,
                                               const protocols::Credentials& credentials,
                                               std::uint64_t node, std::uint64_t offset,
                                               std::uint64_t buffer_offset, std::uint64_t length) {
    QUIRE_TRY(check_end(offset, length));
    QUIRE_TRY_ASSIGN(const auto place, buffer_.source(buffer_offset, length));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<std::uint64_t> {
        // A volume may look twice.
        std::vector<std::byte> copy(std::min(write_step, place.bytes.size()));
        std::uint64_t done = 0;
        do {
            const auto part = place.bytes.subspan(
                done, std::min<std::uint64_t>(copy.size(), place.bytes.size() - done));
            std::ranges::copy(part, copy.begin());
            const auto wrote =
                volume_->write(inner, node, offset + done, std::span(copy).first(part.size()));
            if (!wrote && done == 0) return fail(wrote.error());
            if (!wrote) break;
            done += *wrote;
            if (*wrote < part.size() || call.cancelled()) break;
        } while (done < place.bytes.size());
        return done;
    });
}

Result<void> VolumeObject::fsync(const ipc::Call& call, const protocols::Credentials& credentials,
                                 std::uint64_t node) {
    return on(call, credentials, node, {},
              [&](const fs::Call& inner) { return volume_->fsync(inner, node); });
}

Result<std::uint64_t> VolumeObject::seek(const ipc::Call& call,
                                         const protocols::Credentials& credentials,
                                         std::uint64_t node, std::uint64_t offset,
                                         protocols::SeekTo what) {
    return on(call, credentials, node, {}, [&](const fs::Call& inner) {
        return volume_->seek(inner, node, offset, enum_cast<fs::SeekTo>(what));
    });
}

Result<void> VolumeObject::fallocate(const ipc::Call& call,
                                     const protocols::Credentials& credentials, std::uint64_t node,
                                     protocols::AllocateMode mode, const protocols::Range& wanted) {
    const auto range = ours(wanted);
    if (!range) return fail(std::errc::file_too_large);
    return on(call, credentials, node, {}, [&](const fs::Call& inner) {
        return volume_->fallocate(inner, node, enum_cast<fs::AllocateMode>(mode), *range);
    });
}

Result<void> VolumeObject::discard(const ipc::Call& call, const protocols::Credentials& credentials,
                                   std::uint64_t node, const protocols::Range& wanted) {
    QUIRE_TRY_ASSIGN(const block::Range range, ours(wanted));
    return on(call, credentials, node, {},
              [&](const fs::Call& inner) { return volume_->discard(inner, node, range); });
}

Result<std::uint64_t> VolumeObject::copy_range(const ipc::Call& call,
                                               const protocols::Credentials& credentials,
                                               std::uint64_t from, std::uint64_t from_offset,
                                               std::uint64_t to, std::uint64_t to_offset,
                                               std::uint64_t length) {
    QUIRE_TRY(check_end(from_offset, length));
    QUIRE_TRY(check_end(to_offset, length));
    return on(call, credentials, from, to, [&](const fs::Call& inner) {
        return volume_->copy_range(inner, from, from_offset, to, to_offset,
                                   std::min(length, longest_copy));
    });
}

Result<void> VolumeObject::mmap(const ipc::Call& call, const protocols::Credentials& credentials,
                                std::uint64_t node, std::uint32_t mode_bits) {
    QUIRE_TRY_ASSIGN(const fs::OpenMode mode, open_mode(mode_bits));
    return on(call, credentials, node, {},
              [&](const fs::Call& inner) { return volume_->mmap(inner, node, mode); });
}

Result<std::uint32_t> VolumeObject::poll(const ipc::Call& call,
                                         const protocols::Credentials& credentials,
                                         std::uint64_t node, std::uint32_t events) {
    if (events > 0xffffU) return fail(std::errc::invalid_argument);
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<std::uint32_t> {
        QUIRE_TRY_ASSIGN(const int ready, volume_->poll(inner, node, static_cast<int>(events)));
        return static_cast<std::uint32_t>(ready);
    });
}

Result<void> VolumeObject::advisory_lock(const ipc::Call& call,
                                         const protocols::Credentials& credentials,
                                         std::uint64_t node, protocols::LockKind kind,
                                         const protocols::Range& wanted, std::uint64_t owner,
                                         bool wait) {
    QUIRE_TRY_ASSIGN(const block::Range range, ours(wanted));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) {
        return volume_->advisory_lock(inner, node,
                                      {.kind = enum_cast<fs::AdvisoryLock::Kind>(kind),
                                       .range = range,
                                       .owner = owner,
                                       .wait = wait});
    });
}

Result<std::int64_t> VolumeObject::pathconf(const ipc::Call& call,
                                            const protocols::Credentials& credentials,
                                            std::uint64_t node, protocols::PathConfiguration what) {
    return on(call, credentials, node, {}, [&](const fs::Call& inner) {
        return volume_->pathconf(inner, node, enum_cast<fs::PathConfiguration>(what));
    });
}

Result<std::vector<std::byte>> VolumeObject::ioctl(const ipc::Call& call,
                                                   const protocols::Credentials& credentials,
                                                   std::uint64_t node, std::uint32_t request,
                                                   std::span<const std::byte> argument) {
    return on(call, credentials, node, {}, [&](const fs::Call& inner) {
        return volume_->ioctl(inner, node, request, argument);
    });
}

Result<std::vector<std::byte>> VolumeObject::getxattr(const ipc::Call& call,
                                                      const protocols::Credentials& credentials,
                                                      std::uint64_t node, std::string_view name) {
    return on(call, credentials, node, {},
              [&](const fs::Call& inner) { return volume_->getxattr(inner, node, name); });
}

Result<void> VolumeObject::setxattr(const ipc::Call& call,
                                    const protocols::Credentials& credentials, std::uint64_t node,
                                    std::string_view name, std::span<const std::byte> value,
                                    protocols::SetAttributeMode mode) {
    return on(call, credentials, node, {}, [&](const fs::Call& inner) {
        return volume_->setxattr(inner, node, name, value, enum_cast<fs::SetAttributeMode>(mode));
    });
}

Result<std::vector<std::byte>> VolumeObject::listxattr(const ipc::Call& call,
                                                       const protocols::Credentials& credentials,
                                                       std::uint64_t node) {
    using Bytes = std::vector<std::byte>;
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<Bytes> {
        QUIRE_TRY_ASSIGN(const auto names, volume_->listxattr(inner, node));
        return join_names(names);
    });
}

Result<void> VolumeObject::removexattr(const ipc::Call& call,
                                       const protocols::Credentials& credentials,
                                       std::uint64_t node, std::string_view name) {
    return on(call, credentials, node, {},
              [&](const fs::Call& inner) { return volume_->removexattr(inner, node, name); });
}

Result<std::uint64_t> VolumeObject::getxattr_to(const ipc::Call& call,
                                                const protocols::Credentials& credentials,
                                                std::uint64_t node, std::string_view name,
                                                std::uint64_t buffer_offset, std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto place, buffer_.target(buffer_offset, length));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<std::uint64_t> {
        QUIRE_TRY_ASSIGN(const auto value, volume_->getxattr(inner, node, name));
        return put_into(place, value);
    });
}

Result<void> VolumeObject::setxattr_from(const ipc::Call& call,
                                         const protocols::Credentials& credentials,
                                         std::uint64_t node, std::string_view name,
                                         std::uint64_t buffer_offset, std::uint64_t length,
                                         protocols::SetAttributeMode mode) {
    QUIRE_TRY_ASSIGN(const auto place, buffer_.source(buffer_offset, length));
    if (place.bytes.size() > longest_value) return fail(std::errc::argument_list_too_long);
    return on(call, credentials, node, {}, [&](const fs::Call& inner) {
        const std::vector<std::byte> value(place.bytes.begin(), place.bytes.end());
        return volume_->setxattr(inner, node, name, value, enum_cast<fs::SetAttributeMode>(mode));
    });
}

Result<std::uint64_t> VolumeObject::listxattr_to(const ipc::Call& call,
                                                 const protocols::Credentials& credentials,
                                                 std::uint64_t node, std::uint64_t buffer_offset,
                                                 std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto place, buffer_.target(buffer_offset, length));
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<std::uint64_t> {
        QUIRE_TRY_ASSIGN(const auto names, volume_->listxattr(inner, node));
        return put_into(place, join_names(names));
    });
}

Result<void> VolumeObject::inactive(const ipc::Call& call,
                                    const protocols::Credentials& credentials, std::uint64_t node) {
    return on(call, credentials, node, {},
              [&](const fs::Call& inner) { return volume_->inactive(inner, node); });
}

void VolumeObject::reclaim(const ipc::Call&, std::uint64_t node, std::uint64_t lookups) {
    nodes_->reclaim(node, lookups);
}

Result<std::string> VolumeObject::print(const ipc::Call& call,
                                        const protocols::Credentials& credentials,
                                        std::uint64_t node) {
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<std::string> {
        QUIRE_TRY_ASSIGN(std::string text, volume_->print(inner, node));
        std::erase(text, '\0');
        text.resize(std::min(text.size(), longest_text));
        return text;
    });
}

}  // namespace quire::remote
