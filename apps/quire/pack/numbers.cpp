// SPDX-License-Identifier: MIT

#include "pack/numbers.hpp"

#include <fmt/core.h>

#include <charconv>

#include "quire/base/name.hpp"

namespace quire::app {

Options::Apply number_into(std::optional<std::uint32_t>& target, std::string_view what) {
    return [&target, what](std::string_view text) -> Result<void> {
        std::uint32_t value = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (text.empty() || code != std::errc() || end != text.data() + text.size())
            return fail(std::errc::invalid_argument,
                        fmt::format("'{}' is not a {}", printable(text), what));
        target = value;
        return {};
    };
}

}  // namespace quire::app
