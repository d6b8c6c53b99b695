// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "pages/fork_mark.hpp"
#include "quire/base/result.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::client {

struct ContextState;

/// Memory in which a context writes what it uses without having said so, a word for each; its server
/// looks there before it lets go of one.
/// A forked child has the same memory, and keeps away from it.
/// Threads: that of its context.
class ClientWords {
public:
    static constexpr std::size_t size = 4096;  ///< bytes

    /// Tells the server where they are. Answers how many it looks at.
    using Tell = Result<std::size_t> (*)(const ContextState& state, ipc::Memory words);

    /// `name`: of the memory, as /proc shows it.
    ClientWords(const char* name, Tell tell) : name_(name), tell_(tell) {}
    ~ClientWords();
    ClientWords(const ClientWords&) = delete;
    ClientWords& operator=(const ClientWords&) = delete;

    /// Writes a word, before everything that this thread looks at afterwards. The first time the server
    /// is told where that is. Nothing: all words are in use, or the server knows of no such thing.
    /// Fails: connection_reset.
    Result<std::optional<std::size_t>> take(const ContextState& state, std::uint64_t value);
    void give_back(std::size_t word);

private:
    using Word = std::atomic<std::uint64_t>;

    Result<void> make(const ContextState& state);

    const char* const name_;
    const Tell tell_;
    bool refused_ = false;
    Word* words_ = nullptr;
    ForkMark mark_;
    std::vector<std::size_t> free_;
};

}  // namespace quire::client
