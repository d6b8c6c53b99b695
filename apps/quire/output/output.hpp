// SPDX-License-Identifier: MIT

#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quire/base/result.hpp"

namespace quire::app {

/// Standard output, buffered. The first failure sticks: what is written afterwards is dropped, and
/// finish() tells. Nothing a verb prints may be lost without exit code 1.
class Output {
public:
    explicit Output(int fd) : fd_(fd) {}
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    template <typename... Arguments>
    void print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(buffer_), format, std::forward<Arguments>(arguments)...);
        flush_when_full();
    }
    void text(std::string_view bytes);

    /// Writes at once, for large runs. Fails: what write(2) reports, now or before.
    Result<void> write(std::span<const std::byte> bytes);
    Result<void> flush();

    /// False when nothing arrives any more, so that long work can stop.
    bool alive() const { return !failure_; }
    /// Whether the reader has gone away, which is no news for the person who closed the pipe.
    bool reader_gone() const { return failure_ && *failure_ == std::errc::broken_pipe; }
    int fd() const { return fd_; }

private:
    void flush_when_full();

    int fd_;
    std::string buffer_;
    std::optional<Error> failure_;
};

}  // namespace quire::app
