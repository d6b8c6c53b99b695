// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>

namespace quire::ipc {

/// Of a whole message, header included.
inline constexpr std::size_t max_message_size = 65536;
inline constexpr std::size_t header_size = 32;
inline constexpr std::size_t max_body_size = max_message_size - header_size;
inline constexpr std::size_t max_descriptors = 16;
/// Of the sentence in a failed reply.
inline constexpr std::size_t max_sentence = 512;

}  // namespace quire::ipc
