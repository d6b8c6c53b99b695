// SPDX-License-Identifier: MIT

#pragma once

#include <compare>
#include <cstdint>

namespace quire {

/// A point in time: seconds since 1970 UTC (negative before) and nanoseconds 0 … 999 999 999.
struct Time {
    std::int64_t seconds = 0;
    std::uint32_t nanoseconds = 0;
    friend auto operator<=>(const Time&, const Time&) = default;
};

/// Where the present comes from. Given by parameter, so that tests and reproducible builds
/// (SOURCE_DATE_EPOCH) decide what the time is.
/// Threads: any.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
public:
    Time now() const override;
};

/// A clock that stands still.
class FixedClock final : public Clock {
public:
    explicit FixedClock(Time time) : time_(time) {}
    Time now() const override { return time_; }

private:
    Time time_;
};

}  // namespace quire
