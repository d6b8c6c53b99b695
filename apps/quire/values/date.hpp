// SPDX-License-Identifier: MIT

#pragma once

#include <string_view>

#include "quire/base/result.hpp"
#include "quire/base/time.hpp"

namespace quire::app {

/// A moment as touch -d takes it here: `@SECONDS[.FRACTION]`, `now`, or ISO 8601: a date
/// `2024-02-29`, behind it perhaps `T` or a blank and a time `23:59[:58[.123456789]]`, and perhaps
/// a zone `Z`, `UTC`, `+01`, `+0100`, `+01:00`. Without a zone it is the machine's local time.
/// Fails: invalid_argument.
Result<Time> parse_date(std::string_view text, Time now);

/// A moment as touch -t takes it: `[[CC]YY]MMDDhhmm[.ss]`, local time.
/// Fails: invalid_argument.
Result<Time> parse_stamp(std::string_view text, Time now);

}  // namespace quire::app
