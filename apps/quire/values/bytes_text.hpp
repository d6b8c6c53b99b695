// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::app {

using Bytes = std::vector<std::byte>;

/// How a value of bytes is written: as text in quotes with `\ooo` for what is no text, as `0x` and
/// hexadecimal digits, or as `0s` and base64. These are getfattr's forms.
enum class Encoding : std::uint8_t { text, hex, base64 };

std::string encode(std::span<const std::byte> value, Encoding encoding);
/// Text where it is text that a person can read, otherwise base64.
std::string encode_readable(std::span<const std::byte> value);

/// Digits without the `0x`, letters without the `0s`. Fails: invalid_argument.
Result<Bytes> decode_hex(std::string_view text);
Result<Bytes> decode_base64(std::string_view text);

Bytes bytes_of(std::string_view text);
std::string_view text_of(std::span<const std::byte> bytes);

}  // namespace quire::app
