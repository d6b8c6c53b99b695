// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>

namespace quire::ipc {

/// How a capability is named in a message (docs/wire.md).
enum class CapKind : std::uint32_t { null = 0, senders = 1, receivers = 2, gate = 3 };

/// The rights of a memory object in a message.
inline constexpr std::uint32_t right_to_read = 1;
inline constexpr std::uint32_t right_to_write = 2;

}  // namespace quire::ipc
