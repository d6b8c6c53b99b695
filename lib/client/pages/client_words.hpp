// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pages/fork_mark.hpp"
#include "quire/base/result.hpp"

namespace quire::client {

struct ContextState;

/// Memory in which a context writes which files it has open without having said so; its server looks
/// there before it lets go of one.
/// A forked child has the same memory, and keeps away from it.
/// Threads: that of its context.
class LeaseWords {
public:
    static constexpr std::size_t size = 4096;

    LeaseWords() = default;
    ~LeaseWords();
    LeaseWords(const LeaseWords&) = delete;
    LeaseWords& operator=(const LeaseWords&) = delete;

    /// Writes that a file is open, before everything that this thread looks at afterwards. The first
    /// time the server is told where that is. Nothing: all words are in use, or the server knows of no
    /// such thing.
    /// Fails: connection_reset.
    Result<std::optional<std::size_t>> take(const ContextState& state, std::uint64_t file);
    void give_back(std::size_t word);

private:
    using Word = std::atomic<std::uint64_t>;

    Result<void> make(const ContextState& state);

    bool refused_ = false;
    Word* words_ = nullptr;
    ForkMark mark_;
    std::vector<std::size_t> free_;
};

}  // namespace quire::client
