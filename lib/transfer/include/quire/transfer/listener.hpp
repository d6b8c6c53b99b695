// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "quire/base/error.hpp"
#include "quire/base/progress.hpp"

namespace quire::transfer {

/// What happened to one entry, for `-v` and dry runs.
enum class Action : std::uint8_t { made, replaced, linked, removed, changed, skipped };

/// What a destination may be unable to keep. Whoever asked for a faithful copy hears of it, but
/// it is no failure by itself: an ordinary user cannot give files away on the host.
enum class Loss : std::uint8_t { owner, attribute, access_list };
inline constexpr std::size_t losses = 3;

/// The outcome of a transfer. A problem is an entry that failed; the rest went on.
struct Summary {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t problems = 0;
    std::uint64_t warnings = 0;
    std::array<std::uint64_t, losses> lost{};

    bool ok() const { return problems == 0; }
    /// What was lost as a sentence, or nothing: "the owners of 3 files were not kept".
    std::string lost_sentence() const;
};

/// Who hears how a transfer goes. Paths are bytes, for people to be shown through printable().
/// Threads: the one that transfers.
class Listener {
public:
    virtual ~Listener() = default;

    virtual void done(Action action, std::string_view from, std::string_view to) = 0;
    /// An entry failed and the transfer goes on with the next.
    virtual void problem(std::string_view path, const Error& error) = 0;
    /// Something is worth knowing but nothing failed.
    virtual void warning(std::string_view path, std::string_view sentence) = 0;
    /// Asked between entries and pieces of content: true ends the transfer with operation_canceled.
    virtual bool stop() = 0;
};

/// Counts for a Summary what passes on to a Listener, and what a Progress is told.
class Account {
public:
    Account(Listener& listener, Progress& progress) : listener_(listener), progress_(progress) {}

    void begin(std::string_view path) { progress_.current(path); }
    void bytes(std::uint64_t count) {
        summary_.bytes += count;
        progress_.advance(count, 0);
    }
    void done(Action action, std::string_view from, std::string_view to);
    void problem(std::string_view path, const Error& error);
    void warning(std::string_view path, std::string_view sentence);
    void lose(Loss loss) { ++summary_.lost[static_cast<std::size_t>(loss)]; }
    bool stop() { return listener_.stop(); }

    const Summary& summary() const { return summary_; }

private:
    Listener& listener_;
    Progress& progress_;
    Summary summary_;
};

}  // namespace quire::transfer
