// SPDX-License-Identifier: MIT

#include "message/outgoing.hpp"

#include <bit>
#include <cstring>
#include <utility>

#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

void patch(std::span<std::byte> message, std::size_t position, std::uint32_t value) {
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    std::memcpy(message.data() + position, &value, sizeof(value));
}

}  // namespace

Result<Outgoing> Outgoing::seal(Encoder&& encoder, CapNamer& namer) {
    if (encoder.failed()) return quire::fail(encoder.error());
    Outgoing outgoing(std::move(encoder));
    outgoing.bytes_ = outgoing.encoder_.message();
    for (const Encoder::Handle& handle : outgoing.encoder_.handles()) {
        const auto next = static_cast<std::uint32_t>(outgoing.descriptor_count_);
        if (const auto* memory = std::get_if<Memory>(&handle.what)) {
            patch(outgoing.bytes_, handle.position, next);
            outgoing.add_descriptor(memory->fd());
            continue;
        }
        if (const auto* descriptor = std::get_if<Encoder::Descriptor>(&handle.what)) {
            patch(outgoing.bytes_, handle.position, next);
            outgoing.add_descriptor((*descriptor)->get());
            continue;
        }
        QUIRE_TRY_ASSIGN(CapName name, namer.name(std::get<AnyCap>(handle.what)));
        std::uint32_t value = name.number;
        if (name.kind == CapKind::gate) {
            value = next;
            outgoing.add_descriptor(name.made ? name.made.get() : name.descriptor);
            if (name.made) outgoing.made_.push_back(std::move(name.made));
        }
        patch(outgoing.bytes_, handle.position, static_cast<std::uint32_t>(name.kind));
        patch(outgoing.bytes_, handle.position + sizeof(std::uint32_t), value);
    }
    return outgoing;
}

Result<Outgoing> Outgoing::seal(Encoder&& encoder) {
    struct Nameless : CapNamer {
        Result<CapName> name(const AnyCap&) override {
            return quire::fail(std::errc::operation_not_supported);
        }
    } nameless;
    return seal(std::move(encoder), nameless);
}

void Outgoing::set_header(Header header) {
    header.descriptors = static_cast<std::uint16_t>(descriptor_count_);
    write_header(bytes_, header);
}

Result<void> Outgoing::send(int fd) const {
    return send_message(fd, bytes_, {descriptors_.data(), descriptor_count_});
}

}  // namespace quire::ipc
