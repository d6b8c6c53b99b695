// SPDX-License-Identifier: MIT

#include "quire/base/name.hpp"

#include <cstdint>
#include <utility>

namespace quire {

namespace {

// Length of the well-formed UTF-8 sequence at the start of `bytes` (Unicode 15, table 3-7), or 0.
std::size_t utf8_sequence(std::string_view bytes) {
    auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
    const std::uint8_t lead = at(0);
    if (lead < 0x80) return 1;
    std::size_t length = 0;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
    } else {
        return 0;
    }
    if (bytes.size() < length || at(1) < low || at(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if (at(i) < 0x80 || at(i) > 0xBF) return 0;
    return length;
}

}  // namespace

Result<Name> Name::parse(std::string_view text) {
    if (text.size() > max_length)
        return fail(std::errc::filename_too_long, "the name is longer than 255 bytes");
    if (text.empty()) return fail(std::errc::invalid_argument, "a name is empty");
    if (text == "." || text == "..")
        return fail(std::errc::invalid_argument, "'.' and '..' are not names");
    if (text.find('/') != text.npos || text.find('\0') != text.npos)
        return fail(std::errc::invalid_argument, "a name has '/' or NUL in it");
    return Name(text);
}

std::string printable(std::string_view bytes) {
    std::string result;
    result.reserve(bytes.size());
    auto octal = [&](std::uint8_t byte) {
        result += '\\';
        for (int shift = 6; shift >= 0; shift -= 3)
            result += static_cast<char>('0' + ((byte >> shift) & 7));
    };
    while (!bytes.empty()) {
        const auto lead = static_cast<std::uint8_t>(bytes[0]);
        const std::size_t length = utf8_sequence(bytes);
        // C1 controls (U+0080 … U+009F) are as dangerous to a terminal as ESC.
        const bool c1 = length == 2 && lead == 0xC2 && static_cast<std::uint8_t>(bytes[1]) < 0xA0;
        if (length == 0 || lead < 0x20 || lead == 0x7F || c1) {
            octal(lead);
            bytes.remove_prefix(1);
        } else if (lead == '\\') {
            result += "\\\\";
            bytes.remove_prefix(1);
        } else {
            result += bytes.substr(0, length);
            bytes.remove_prefix(length);
        }
    }
    return result;
}

}  // namespace quire
