// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace quire::tests {

/// Words that a file is full of, and that nobody writes by chance.
using Mark = std::array<std::uint64_t, 2>;

/// Of files that a scribbler may never read.
constexpr Mark never_shown{0x6F6E207372656874, 0x7365657320796261};
/// Of files that it may read in one round and not afterwards.
constexpr Mark shown_in(std::uint64_t round) {
    return {0x726F662061207768, 0x0065726100000000 + round};
}

/// Between a scribbler and those around it, in memory that all of them have.
struct ScribblerWords {
    /// Twice the round while its files may be read, and one more when they may not any more.
    std::atomic<std::uint64_t> phase = 1;
    static constexpr std::uint64_t over = ~std::uint64_t{0};
    /// The latest phase that has been searched.
    std::atomic<std::uint64_t> searched = 1;
    /// What was done, so that others know that something is.
    std::atomic<std::uint64_t> uses = 0;
    std::atomic<std::uint64_t> loans = 0;
    std::atomic<std::uint64_t> mapped = 0;

    /// What should not be possible.
    void found(const std::string& what);
    std::string findings() const;

private:
    static constexpr std::size_t most_findings = 8;
    static constexpr std::size_t longest_finding = 200;
    std::atomic<std::size_t> finding_count_ = 0;
    std::array<std::array<char, longest_finding>, most_findings> findings_{};
};

/// The names of what a scribbler uses.
struct ScribblerFiles {
    std::string own;            ///< what it may read and write
    std::string read_only;      ///< what it may read
    std::string write_only;     ///< what it may write, full of `never_shown`
    std::string shown;          ///< what it may read in some phases
    std::string shown_small;    ///< the same, small enough to be found by name
    std::string shown_to_lend;  ///< what it may read and write in some phases
};

/// A client that writes over all memory that it can map, tries to write over the other, and searches in
/// it for what it must not find there, until the phase is `over`.
void scribble(const std::string& socket, const ScribblerFiles& files, ScribblerWords& words);

}  // namespace quire::tests
