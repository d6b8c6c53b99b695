// SPDX-License-Identifier: MIT

#include "message/header.hpp"

#include <bit>
#include <cstring>

namespace quire::ipc {

namespace {

template <typename T>
void store_at(std::span<std::byte> message, std::size_t offset, T value) {
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    std::memcpy(message.data() + offset, &value, sizeof(T));
}

template <typename T>
T load_at(std::span<const std::byte> message, std::size_t offset) {
    T value;
    std::memcpy(&value, message.data() + offset, sizeof(T));
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    return value;
}

/// Whether the fields that a kind does not use are zero, and the others possible.
bool fits_kind(const Header& header) {
    switch (header.kind) {
        case MessageKind::request:
            return header.call != 0 && header.left >= -1;
        case MessageKind::reply:
            return header.call != 0 && header.object == 0 && header.left == 0;
        case MessageKind::one_way:
            return header.call == 0 && header.left == 0;
        case MessageKind::control:
            return header.call == 0 && header.object == 0 && header.left == 0;
    }
    return false;
}

}  // namespace

void write_header(std::span<std::byte> message, const Header& header) {
    store_at(message, 0, static_cast<std::uint32_t>(message.size()));
    store_at(message, 4, static_cast<std::uint16_t>(header.kind));
    store_at(message, 6, header.descriptors);
    store_at(message, 8, header.call);
    store_at(message, 12, header.object);
    store_at(message, 16, header.opcode);
    store_at(message, 20, std::uint32_t{0});
    store_at(message, 24, header.left);
}

namespace {

std::optional<Header> load_header(std::span<const std::byte> message) {
    if (message.size() < header_size || message.size() > max_message_size ||
        message.size() % 8 != 0 || load_at<std::uint32_t>(message, 0) != message.size() ||
        load_at<std::uint32_t>(message, 20) != 0)
        return std::nullopt;
    Header header;
    header.kind = static_cast<MessageKind>(load_at<std::uint16_t>(message, 4));
    header.descriptors = load_at<std::uint16_t>(message, 6);
    header.call = load_at<std::uint32_t>(message, 8);
    header.object = load_at<std::uint32_t>(message, 12);
    header.opcode = load_at<std::uint32_t>(message, 16);
    header.left = load_at<std::int64_t>(message, 24);
    if (!fits_kind(header)) return std::nullopt;
    return header;
}

}  // namespace

std::optional<Header> read_header(std::span<const std::byte> message, std::size_t descriptors) {
    const auto header = load_header(message);
    if (!header || header->descriptors != descriptors) return std::nullopt;
    return header;
}

std::optional<Header> read_header_of_lost(std::span<const std::byte> message,
                                          std::size_t descriptors) {
    const auto header = load_header(message);
    if (!header || header->descriptors <= descriptors || header->descriptors > max_descriptors)
        return std::nullopt;
    return header;
}

}  // namespace quire::ipc
