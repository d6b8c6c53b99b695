// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "quire/assembly/environment.hpp"
#include "quire/base/progress.hpp"

namespace quire::app {

struct Manner;

/// Progress as a person or a program sees it on standard error: bytes, files, rate and time left,
/// at most some times a second.
///
/// As text it is one line that is written over; as JSON one object a line. Work shorter than a
/// moment shows nothing.
/// Threads: any.
class ProgressMeter final : public Progress {
public:
    enum class Style : std::uint8_t { text, json };
    using Instant = std::chrono::steady_clock::time_point;

    ProgressMeter(int fd, Style style, unsigned columns);
    /// Leaves the terminal's line empty; as JSON, says the final amounts.
    ~ProgressMeter() override;

    void expect(std::uint64_t bytes, std::uint64_t files) override;
    void current(std::string_view name) override;
    void advance(std::uint64_t bytes, std::uint64_t files) override;

    /// Makes room on the terminal for a line of somebody else.
    void clear();

    /// Amounts so far, and how they are put.
    struct Amounts {
        std::uint64_t bytes = 0;
        std::uint64_t files = 0;
        std::uint64_t expected_bytes = 0;
        std::uint64_t expected_files = 0;
        double seconds = 0;
        std::string name;

        double rate() const { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }
        /// Seconds left, where the total is known and something has been done.
        std::optional<double> left() const;
    };
    static std::string as_text(const Amounts& amounts, unsigned columns);
    static std::string as_json(const Amounts& amounts, bool last);

private:
    void show(std::unique_lock<std::mutex>& lock, bool last);

    const int fd_;
    const Style style_;
    const unsigned columns_;
    const Instant start_;
    std::mutex mutex_;  // guards what follows
    Instant next_;
    Amounts amounts_;
    bool shown_ = false;
};

/// The meter that the person wants to see, or none.
std::unique_ptr<ProgressMeter> make_progress_meter(const assembly::Environment& environment,
                                                   const Manner& manner);

}  // namespace quire::app
