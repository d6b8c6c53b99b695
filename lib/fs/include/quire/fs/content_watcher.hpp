// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <limits>

namespace quire::fs {

/// What is about to happen to a file.
struct ContentChange {
    static constexpr std::uint64_t to_the_end = std::numeric_limits<std::uint64_t>::max();

    /// Content from here on. A length of `to_the_end`: so far, and how long the file is.
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    /// Who may read it.
    bool access = false;
};

/// Hears of changes of one file before they happen and when they have, whoever makes them: for those
/// above a tree who keep content and must not show it for a moment longer than it counts.
///
/// Both are called in the middle of the operation that changes the file, without the volume's turn:
/// they may wait for nothing that such an operation could be waiting for, and may not call the tree.
/// Threads: any, several changes at once.
class ContentWatcher {
public:
    virtual ~ContentWatcher() = default;

    virtual void begin_change(const ContentChange& change) = 0;
    /// It has happened, or not, or in part.
    virtual void end_change(const ContentChange& change) = 0;
};

}  // namespace quire::fs
