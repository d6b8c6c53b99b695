// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "context_state.hpp"
#include "quire/base/result.hpp"

namespace quire::client {

// Extended attributes, by message where they fit one and else through the transfer buffer. `direct`
// is the operation that answers by message; `through` the one that goes through a part.

/// What Linux lets a value, and a list of names, have at most.
inline constexpr std::size_t longest_value = 65536;

template <typename Direct, typename Through>
Result<std::vector<std::byte>> fetch_value(ContextState& state, Direct direct, Through through) {
    Result<std::vector<std::byte>> value = direct();
    if (value || value.error() != std::errc::message_size) return value;
    const auto part = state.buffer.part();
    if (!part) return value;
    QUIRE_TRY_ASSIGN(const std::uint64_t length,
                     through(state.call().lending(part->held), part->offset, longest_value));
    if (length > longest_value) return senseless("a longer value than there is room for");
    const auto bytes = part->bytes.first(length);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
}

template <typename Direct, typename Through>
Result<void> store_value(ContextState& state, std::span<const std::byte> value, std::size_t limit,
                         Direct direct, Through through) {
    if (value.size() > longest_value) return fail(std::errc::argument_list_too_long);
    if (value.size() <= limit) return direct();
    const auto part = state.buffer.part();
    if (!part) return fail(std::errc::message_size);
    std::ranges::copy(value, part->bytes.begin());
    return through(state.call().lending(part->held), part->offset, value.size());
}

/// Names, each ended by a NUL. Fails: protocol_error (they are not).
Result<std::vector<std::string>> split_names(std::span<const std::byte> list);

}  // namespace quire::client
