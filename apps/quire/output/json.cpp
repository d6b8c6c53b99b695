// SPDX-License-Identifier: MIT

#include "output/json.hpp"

#include <fmt/core.h>

#include <cstdint>

namespace quire::app {

namespace {

std::string json_string(std::string_view text) {
    std::string result = "\"";
    for (const char letter : text) {
        const auto byte = static_cast<std::uint8_t>(letter);
        if (letter == '"' || letter == '\\')
            result += {'\\', letter};
        else if (byte < 0x20 || byte == 0x7F)
            result += fmt::format("\\u{:04x}", byte);
        else
            result += letter;
    }
    return result + '"';
}

std::string base64(std::string_view bytes) {
    static constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = i; j < i + 3; ++j)
            group = group << 8 | (j < bytes.size() ? static_cast<std::uint8_t>(bytes[j]) : 0);
        for (std::size_t j = 0; j < 4; ++j)
            result += i + j > bytes.size() ? '=' : digits[group >> (18 - 6 * j) & 63];
    }
    return result;
}

// Bytes in the sequence that `lead` begins (0: none does), and the range of its second byte
// (Unicode 15, table 3-7).
struct Sequence {
    std::size_t length;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
};

Sequence sequence_of(std::uint8_t lead) {
    if (lead < 0x80) return {1};
    if (lead >= 0xC2 && lead <= 0xDF) return {2};
    if (lead >= 0xE0 && lead <= 0xEF)
        return {3, static_cast<std::uint8_t>(lead == 0xE0 ? 0xA0 : 0x80),
                static_cast<std::uint8_t>(lead == 0xED ? 0x9F : 0xBF)};
    if (lead >= 0xF0 && lead <= 0xF4)
        return {4, static_cast<std::uint8_t>(lead == 0xF0 ? 0x90 : 0x80),
                static_cast<std::uint8_t>(lead == 0xF4 ? 0x8F : 0xBF)};
    return {0};
}

}  // namespace

bool is_utf8(std::string_view bytes) {
    for (std::size_t i = 0; i < bytes.size();) {
        const Sequence sequence = sequence_of(static_cast<std::uint8_t>(bytes[i]));
        if (sequence.length == 0 || bytes.size() - i < sequence.length) return false;
        for (std::size_t j = 1; j < sequence.length; ++j) {
            const auto byte = static_cast<std::uint8_t>(bytes[i + j]);
            if (j == 1 ? byte < sequence.low || byte > sequence.high : byte >> 6 != 2) return false;
        }
        i += sequence.length;
    }
    return true;
}

Json Json::line(std::string_view type) {
    Json json;
    json.add("schema", schema).add("type", type);
    return json;
}

Json& Json::raw(std::string_view key, std::string_view value) {
    if (!members_.empty()) members_ += ',';
    members_ += json_string(key);
    members_ += ':';
    members_ += value;
    return *this;
}

Json& Json::add(std::string_view key, double value) {
    return raw(key, fmt::format("{:.3f}", value));
}

Json& Json::add(std::string_view key, std::string_view bytes) {
    if (is_utf8(bytes)) return raw(key, json_string(bytes));
    return raw(fmt::format("{}_base64", key), json_string(base64(bytes)));
}

Json& Json::add(std::string_view key, Time time) {
    return raw(key,
               fmt::format(R"({{"seconds":{},"nanoseconds":{}}})", time.seconds, time.nanoseconds));
}

Json& Json::add(std::string_view key, const Json& object) {
    return raw(key, object.text());
}

Json& Json::add(std::string_view key, const std::vector<Json>& objects) {
    std::string list;
    for (const Json& object : objects) list += (list.empty() ? "" : ",") + object.text();
    return raw(key, '[' + list + ']');
}

Json& Json::add(std::string_view key, const std::vector<std::string>& words) {
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "" : ",") + json_string(word);
    return raw(key, '[' + list + ']');
}

}  // namespace quire::app
