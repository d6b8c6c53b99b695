// SPDX-License-Identifier: MIT

#include "values/date.hpp"

#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <optional>

#include "quire/base/name.hpp"

namespace quire::app {

namespace {

constexpr std::int64_t seconds_of_minute = 60;
constexpr std::int64_t seconds_of_hour = 3600;
constexpr std::int64_t seconds_of_day = 86400;

// What a text says, before it is known whether there is such a day.
struct Moment {
    std::int64_t year = 0;
    unsigned month = 1;
    unsigned day = 1;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
};

bool is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    bool done() const { return text_.empty(); }
    std::size_t left() const { return text_.size(); }
    bool take(char letter) {
        if (!text_.starts_with(letter)) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool take(std::string_view word) {
        if (!text_.starts_with(word)) return false;
        text_.remove_prefix(word.size());
        return true;
    }
    // A number of exactly so many digits.
    template <typename T>
    bool take(std::size_t digits, T& value) {
        if (text_.size() < digits) return false;
        value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            if (!is_digit(text_[i])) return false;
            value = static_cast<T>(value * 10 + static_cast<T>(text_[i] - '0'));
        }
        text_.remove_prefix(digits);
        return true;
    }
    bool next_is_digit() const { return !text_.empty() && is_digit(text_.front()); }

    bool take_seconds(std::int64_t& value) {
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (error != std::errc{}) return false;
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return true;
    }
    // Digits of a fraction; what is finer than nanoseconds is cut off.
    bool take_fraction(std::uint32_t& nanoseconds) {
        std::uint32_t unit = 100'000'000;
        if (!next_is_digit()) return false;
        for (nanoseconds = 0; next_is_digit(); text_.remove_prefix(1), unit /= 10)
            nanoseconds += static_cast<std::uint32_t>(text_.front() - '0') * unit;
        return true;
    }

private:
    std::string_view text_;
};

std::optional<std::int64_t> days_of(const Moment& moment) {
    using std::chrono::year_month_day;
    const year_month_day date{std::chrono::year(static_cast<int>(moment.year)),
                              std::chrono::month(moment.month), std::chrono::day(moment.day)};
    if (!date.ok() || moment.hour > 23 || moment.minute > 59 || moment.second > 60)
        return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<std::int64_t> as_utc(const Moment& moment) {
    const auto days = days_of(moment);
    if (!days) return std::nullopt;
    return *days * seconds_of_day + moment.hour * seconds_of_hour +
           moment.minute * seconds_of_minute + moment.second;
}

std::optional<std::int64_t> as_local(const Moment& moment) {
    if (!days_of(moment)) return std::nullopt;
    tm parts{};
    parts.tm_year = static_cast<int>(moment.year - 1900);
    parts.tm_mon = static_cast<int>(moment.month) - 1;
    parts.tm_mday = static_cast<int>(moment.day);
    parts.tm_hour = static_cast<int>(moment.hour);
    parts.tm_min = static_cast<int>(moment.minute);
    parts.tm_sec = static_cast<int>(moment.second);
    parts.tm_isdst = -1;
    const tm wanted = parts;
    const time_t seconds = ::mktime(&parts);
    // An hour that the change to summer time leaves out.
    const bool same = parts.tm_hour == wanted.tm_hour && parts.tm_min == wanted.tm_min;
    if (!same && moment.second < 60) return std::nullopt;
    return seconds;
}

// Seconds east of Greenwich; nothing where the text is no zone.
std::optional<std::int64_t> take_zone(Reader& reader) {
    if (reader.take('Z') || reader.take("UTC")) return 0;
    const bool west = reader.take('-');
    if (!west && !reader.take('+')) return std::nullopt;
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!reader.take(2, hours)) return std::nullopt;
    const bool more = reader.take(':') || reader.next_is_digit();
    if ((more && !reader.take(2, minutes)) || hours > 24 || minutes > 59) return std::nullopt;
    const std::int64_t offset = hours * seconds_of_hour + minutes * seconds_of_minute;
    return west ? -offset : offset;
}

std::optional<Time> since_epoch(Reader& reader, bool negative) {
    Time time;
    if (!reader.take_seconds(time.seconds)) return std::nullopt;
    if ((reader.take('.') || reader.take(',')) && !reader.take_fraction(time.nanoseconds))
        return std::nullopt;
    if (negative && time.nanoseconds > 0) {
        --time.seconds;
        time.nanoseconds = 1'000'000'000 - time.nanoseconds;
    }
    return time;
}

std::optional<Time> iso_8601(Reader& reader) {
    Moment moment;
    Time time;
    if (!reader.take(4, moment.year) || !reader.take('-') || !reader.take(2, moment.month) ||
        !reader.take('-') || !reader.take(2, moment.day))
        return std::nullopt;
    const bool time_follows = reader.take('T');
    if (time_follows || (reader.take(' ') && reader.next_is_digit())) {
        if (!reader.take(2, moment.hour) || !reader.take(':') || !reader.take(2, moment.minute))
            return std::nullopt;
        if (reader.take(':')) {
            if (!reader.take(2, moment.second)) return std::nullopt;
            if ((reader.take('.') || reader.take(',')) && !reader.take_fraction(time.nanoseconds))
                return std::nullopt;
        }
        while (reader.take(' ')) {
        }
    }
    std::optional<std::int64_t> seconds;
    if (reader.done()) {
        seconds = as_local(moment);
    } else {
        const auto offset = take_zone(reader);
        seconds = as_utc(moment);
        if (!offset || !seconds) return std::nullopt;
        *seconds -= *offset;
    }
    if (!seconds) return std::nullopt;
    time.seconds = *seconds;
    return time;
}

}  // namespace

Result<Time> parse_date(std::string_view text, Time now) {
    if (text == "now") return now;
    Reader reader(text);
    const auto time =
        reader.take('@') ? since_epoch(reader, text.starts_with("@-")) : iso_8601(reader);
    if (time && reader.done()) return *time;
    return fail(std::errc::invalid_argument,
                fmt::format("'{}' is not a date; dates are like 2024-02-29, "
                            "2024-02-29T23:59:58.123+01:00 or @1709251198.5",
                            printable(text)));
}

Result<Time> parse_stamp(std::string_view text, Time now) {
    const auto wrong = [&] {
        return fail(
            std::errc::invalid_argument,
            fmt::format("'{}' is not a stamp; stamps are [[CC]YY]MMDDhhmm[.ss]", printable(text)));
    };
    const std::size_t dot = text.find('.');
    Reader reader(text.substr(0, dot));
    Moment moment;
    const std::size_t digits = reader.left();
    if (digits == 12) {
        if (!reader.take(4, moment.year)) return wrong();
    } else if (digits == 10) {
        if (!reader.take(2, moment.year)) return wrong();
        moment.year += moment.year < 69 ? 2000 : 1900;
    } else if (digits == 8) {
        const time_t seconds = now.seconds;
        tm parts{};
        if (::localtime_r(&seconds, &parts) == nullptr) return wrong();
        moment.year = parts.tm_year + 1900;
    } else {
        return wrong();
    }
    if (!reader.take(2, moment.month) || !reader.take(2, moment.day) ||
        !reader.take(2, moment.hour) || !reader.take(2, moment.minute))
        return wrong();
    if (dot != text.npos) {
        Reader behind(text.substr(dot + 1));
        if (!behind.take(2, moment.second) || !behind.done()) return wrong();
    }
    const auto seconds = as_local(moment);
    if (!seconds) return wrong();
    return Time{*seconds, 0};
}

}  // namespace quire::app
