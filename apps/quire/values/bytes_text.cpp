// SPDX-License-Identifier: MIT

#include "values/bytes_text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "output/json.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char letter : text) {
        const auto code = static_cast<unsigned char>(letter);
        if (letter == '"' || letter == '\\')
            result += {'\\', letter};
        else if (code < 0x20 || code == 0x7f || code >= 0x80)
            result += fmt::format("\\{:03o}", code);
        else
            result += letter;
    }
    return result + '"';
}

std::string base64(std::span<const std::byte> value) {
    std::string result;
    for (std::size_t i = 0; i < value.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, value.size() - i);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8U | (j < count ? std::to_integer<std::uint32_t>(value[i + j]) : 0U);
        for (std::size_t j = 0; j < 4; ++j)
            result += j <= count ? letters[group >> (18 - 6 * j) & 63U] : '=';
    }
    return result;
}

}  // namespace

Bytes bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string encode(std::span<const std::byte> value, Encoding encoding) {
    if (encoding == Encoding::text) return quoted(text_of(value));
    if (encoding == Encoding::base64) return "0s" + base64(value);
    std::string result = "0x";
    for (const std::byte one : value) {
        result += digits[std::to_integer<unsigned>(one) >> 4U];
        result += digits[std::to_integer<unsigned>(one) & 15U];
    }
    return result;
}

std::string encode_readable(std::span<const std::byte> value) {
    const std::string_view text = text_of(value);
    const bool harmless = std::ranges::none_of(text, [](char letter) {
        const auto code = static_cast<unsigned char>(letter);
        return code < 0x20 || code == 0x7f;
    });
    if (!harmless || !is_utf8(text)) return encode(value, Encoding::base64);
    std::string result = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') result += '\\';
        result += letter;
    }
    return result + '"';
}

Result<Bytes> decode_hex(std::string_view text) {
    Bytes bytes;
    const auto digit = [](char letter) {
        return digits.find(letter >= 'A' && letter <= 'F' ? static_cast<char>(letter - 'A' + 'a')
                                                          : letter);
    };
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::size_t high = digit(text[i]);
        const std::size_t low = i + 1 < text.size() ? digit(text[i + 1]) : digits.npos;
        if (high == digits.npos || low == digits.npos)
            return fail(
                std::errc::invalid_argument,
                fmt::format("'{}' is not made of pairs of hexadecimal digits", printable(text)));
        bytes.push_back(static_cast<std::byte>(high << 4U | low));
    }
    return bytes;
}

Result<Bytes> decode_base64(std::string_view text) {
    const auto wrong = [&] {
        return fail(std::errc::invalid_argument,
                    fmt::format("'{}' is not base64", printable(text)));
    };
    std::string_view body = text;
    while (body.ends_with('=') && text.size() - body.size() < 2) body.remove_suffix(1);
    const bool padded = body.size() != text.size();
    if (body.size() % 4 == 1 || (padded && text.size() % 4 != 0)) return wrong();
    Bytes bytes;
    std::uint32_t group = 0;
    unsigned bits = 0;
    for (const char letter : body) {
        const std::size_t value = letters.find(letter);
        if (value == letters.npos) return wrong();
        group = (group << 6U | static_cast<std::uint32_t>(value)) & 0xffffffU;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<std::byte>(group >> bits & 0xffU));
    }
    return bytes;
}

}  // namespace quire::app
