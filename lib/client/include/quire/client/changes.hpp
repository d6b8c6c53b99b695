// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>

#include "quire/base/time.hpp"
#include "quire/protocols/types.hpp"

namespace quire::client {

/// What a time is to become.
struct NewTime {
    enum class Kind : std::uint8_t { keep, now, given };

    static NewTime keep() { return {Kind::keep, {}}; }
    /// The server's present.
    static NewTime now() { return {Kind::now, {}}; }
    static NewTime at(Time time) { return {Kind::given, time}; }

    Kind kind;
    Time time;
};

// What set_attributes takes, by what people call it.

/// chmod: the low twelve bits count.
protocols::AttributeChanges change_of_permissions(std::uint16_t permissions);
/// chown: what is not given stays.
protocols::AttributeChanges change_of_owner(std::optional<std::uint32_t> uid,
                                            std::optional<std::uint32_t> gid);
/// utimens.
protocols::AttributeChanges change_of_times(const NewTime& access, const NewTime& modify);
/// truncate.
protocols::AttributeChanges change_of_size(std::uint64_t size);

}  // namespace quire::client
