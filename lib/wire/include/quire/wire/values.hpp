// SPDX-License-Identifier: MIT

#pragma once

#include <type_traits>

#include "quire/base/result.hpp"
#include "quire/base/time.hpp"
#include "quire/fs/attributes.hpp"
#include "quire/fs/volume.hpp"
#include "quire/protocols/types.hpp"

namespace quire::wire {

// What lib/fs and the protocols both speak of, one way and the other. What comes from a message is
// hostile: ours() makes a value that is one, or says that it cannot.

/// Between enumerations of the same numbers; a decoder lets no others through.
template <typename To, typename From>
    requires std::is_enum_v<To> && std::is_enum_v<From>
constexpr To enum_cast(From value) {
    return static_cast<To>(static_cast<std::underlying_type_t<From>>(value));
}

protocols::Time to_wire(const Time& time);
protocols::Attributes to_wire(const fs::Attributes& attributes);
protocols::AttributeChanges to_wire(const fs::AttributeChanges& changes);
protocols::Statistics to_wire(const fs::VolumeStatistics& statistics);

/// Nanoseconds of a second or more are cut.
Time ours(const protocols::Time& time);
fs::Attributes ours(const protocols::Attributes& attributes);
/// Fails: invalid_argument (bits of nothing that a volume changes, a time that is none).
Result<fs::AttributeChanges> ours(const protocols::AttributeChanges& changes);
fs::VolumeStatistics ours(const protocols::Statistics& statistics);

}  // namespace quire::wire
