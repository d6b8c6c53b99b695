// SPDX-License-Identifier: MIT

#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/time.hpp"

namespace quire::app {

/// Writes one JSON object on one line. A value that is bytes (a name, a path, a link's target) is
/// given as a string under its key when it is UTF-8, otherwise as base64 under the key with
/// `_base64` behind it, so that nothing is lost and exactly one of the two is there.
class Json {
public:
    /// The number a program checks before it reads on; it grows when a field changes its meaning.
    static constexpr int schema = 1;

    /// A line of its own: begins with `"schema"` and `"type"`, which says what the line is about.
    static Json line(std::string_view type);
    /// An object inside another.
    Json() = default;

    template <std::integral T>
    Json& add(std::string_view key, T value) {
        if constexpr (std::same_as<T, bool>)
            return raw(key, value ? "true" : "false");
        else
            return raw(key, std::to_string(value));
    }
    Json& add(std::string_view key, double value);
    /// Bytes.
    Json& add(std::string_view key, std::string_view bytes);
    Json& add(std::string_view key, const char* bytes) { return add(key, std::string_view(bytes)); }
    /// `{"seconds": …, "nanoseconds": …}`: seconds since 1970, negative before.
    Json& add(std::string_view key, Time time);
    Json& add(std::string_view key, const Json& object);
    Json& add(std::string_view key, const std::vector<Json>& objects);
    /// A list of words; each must be UTF-8 (it is not for names).
    Json& add(std::string_view key, const std::vector<std::string>& words);

    /// `{…}`, without a newline.
    std::string text() const { return '{' + members_ + '}'; }

private:
    Json& raw(std::string_view key, std::string_view value);

    std::string members_;
};

bool is_utf8(std::string_view bytes);

}  // namespace quire::app
