// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace quire::ipc {

/// No processor has this number.
inline constexpr std::uint32_t elsewhere = 999;

/// As a slot has it: its length, and bytes.
inline std::vector<std::byte> message_of(std::size_t size, std::uint8_t fill) {
    std::vector<std::byte> message(size, std::byte{fill});
    const auto length = static_cast<std::uint32_t>(size);
    std::memcpy(message.data(), &length, sizeof(length));
    return message;
}

}  // namespace quire::ipc
