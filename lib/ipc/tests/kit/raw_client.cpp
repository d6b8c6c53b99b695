// SPDX-License-Identifier: MIT

#include "tests/kit/raw_client.hpp"

#include <fmt/core.h>

#include <cctype>
#include <string>

#include "quire/testing/raw_message.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

std::vector<std::byte> bytes_of_hex(std::string_view text) {
    std::vector<std::byte> bytes;
    std::string digits;
    for (const char c : text) {
        if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
        if (digits.size() < 2) continue;
        bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
        digits.clear();
    }
    return bytes;
}

std::string hex_of_bytes(std::span<const std::byte> bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i > 0 && i % 4 == 0) text += ' ';
        text += fmt::format("{:02x}", static_cast<unsigned>(bytes[i]));
    }
    return text;
}

bool RawClient::send(std::span<const std::byte> bytes, std::span<const int> descriptors) {
    return testing::send_raw(end_.get(), bytes, descriptors) == 0;
}

bool RawClient::send(Header header, Encoder&& body, std::span<const int> descriptors) {
    const auto message = body.message();
    header.descriptors = static_cast<std::uint16_t>(descriptors.size());
    write_header(message, header);
    return send(message, descriptors);
}

std::unique_ptr<Incoming> RawClient::receive() {
    auto message = std::make_unique<Incoming>();
    if (receive_message(end_.get(), *message, true) != Arrival::message) return nullptr;
    const auto header = read_header(message->bytes(), message->descriptors().size());
    if (!header) return nullptr;
    message->header = *header;
    return message;
}

std::optional<std::uint32_t> RawClient::call(std::uint32_t object, std::uint32_t opcode) {
    const std::uint32_t number = ++last_call_;
    if (!send({.kind = MessageKind::request,
               .call = number,
               .object = object,
               .opcode = opcode,
               .left = -1}))
        return std::nullopt;
    while (const auto reply = receive()) {
        if (reply->header.call == number) return reply->header.opcode;
    }
    return std::nullopt;
}

}  // namespace quire::ipc
