// SPDX-License-Identifier: MIT

#include "output/progress_meter.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "frame/session.hpp"
#include "output/json.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"

namespace quire::app {

namespace {

using namespace std::chrono_literals;

// The first line comes after a moment: short work needs none, and an estimate needs experience.
constexpr auto first_after = 500ms;
constexpr auto text_every = 200ms;
constexpr auto json_every = 1000ms;

std::string duration(double seconds) {
    const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
    if (whole < 60) return fmt::format("{}s", whole);
    if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
    return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

void write_quietly(int fd, std::string_view text) {
    // Progress is a courtesy: whoever closed its stream does not want it.
    if (::write(fd, text.data(), text.size()) < 0) return;
}

}  // namespace

ProgressMeter::ProgressMeter(int fd, Style style, unsigned columns)
    : fd_(fd),
      style_(style),
      columns_(columns),
      start_(std::chrono::steady_clock::now()),
      next_(start_ + first_after) {}

ProgressMeter::~ProgressMeter() {
    if (style_ == Style::text) {
        clear();
        return;
    }
    std::unique_lock lock(mutex_);
    show(lock, true);
}

void ProgressMeter::clear() {
    const std::lock_guard lock(mutex_);
    if (style_ == Style::text && shown_) write_quietly(fd_, "\r\x1b[K");
    shown_ = false;
}

void ProgressMeter::expect(std::uint64_t bytes, std::uint64_t files) {
    const std::lock_guard lock(mutex_);
    amounts_.expected_bytes += bytes;
    amounts_.expected_files += files;
}

void ProgressMeter::current(std::string_view name) {
    const std::lock_guard lock(mutex_);
    amounts_.name = name;
}

void ProgressMeter::advance(std::uint64_t bytes, std::uint64_t files) {
    std::unique_lock lock(mutex_);
    amounts_.bytes += bytes;
    amounts_.files += files;
    if (std::chrono::steady_clock::now() >= next_) show(lock, false);
}

void ProgressMeter::show(std::unique_lock<std::mutex>& lock, bool last) {
    const Instant now = std::chrono::steady_clock::now();
    next_ = now + (style_ == Style::text ? text_every : json_every);
    amounts_.seconds = std::chrono::duration<double>(now - start_).count();
    shown_ = true;
    const std::string line = style_ == Style::text ? "\r" + as_text(amounts_, columns_) + "\x1b[K"
                                                   : as_json(amounts_, last) + "\n";
    lock.unlock();
    write_quietly(fd_, line);
}

std::optional<double> ProgressMeter::Amounts::left() const {
    if (bytes == 0 || expected_bytes <= bytes || seconds <= 0) return std::nullopt;
    return static_cast<double>(expected_bytes - bytes) / rate();
}

std::string ProgressMeter::as_text(const Amounts& amounts, unsigned columns) {
    std::string line = human_size(amounts.bytes);
    if (amounts.expected_bytes > 0)
        line += fmt::format(" of {}", human_size(amounts.expected_bytes));
    line += fmt::format(", {} files, {}/s", amounts.files,
                        human_size(static_cast<std::uint64_t>(amounts.rate())));
    if (const auto left = amounts.left()) line += fmt::format(", {} left", duration(*left));
    const std::string name = printable(amounts.name);
    const std::size_t width = columns > 1 ? columns - 1 : 1;
    if (!name.empty() && line.size() + 2 < width) {
        // The end of a long path says more than its beginning.
        const std::size_t room = width - line.size() - 2;
        line += "  ";
        if (name.size() <= room) {
            line += name;
        } else {
            std::string_view tail = std::string_view(name).substr(name.size() - room);
            while (!tail.empty() && (static_cast<unsigned char>(tail.front()) & 0xC0) == 0x80)
                tail.remove_prefix(1);  // not in the middle of a character
            line += tail;
        }
    }
    return line.substr(0, width);
}

std::string ProgressMeter::as_json(const Amounts& amounts, bool last) {
    Json json = Json::line("progress");
    json.add("bytes", amounts.bytes).add("files", amounts.files);
    if (amounts.expected_bytes > 0) json.add("expected_bytes", amounts.expected_bytes);
    if (amounts.expected_files > 0) json.add("expected_files", amounts.expected_files);
    json.add("seconds", amounts.seconds);
    json.add("bytes_per_second", static_cast<std::uint64_t>(amounts.rate()));
    if (const auto left = amounts.left()) json.add("seconds_left", *left);
    if (!amounts.name.empty()) json.add("current", amounts.name);
    return json.add("finished", last).text();
}

std::unique_ptr<ProgressMeter> make_progress_meter(const assembly::Environment& environment,
                                                   const Manner& manner) {
    using Style = Manner::ProgressStyle;
    const bool wanted =
        manner.progress != Style::automatic || (environment.errors_is_terminal && !manner.quiet);
    if (!wanted) return nullptr;
    return std::make_unique<ProgressMeter>(
        environment.errors,
        manner.progress == Style::json ? ProgressMeter::Style::json : ProgressMeter::Style::text,
        environment.columns);
}

}  // namespace quire::app
