// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "pages/window.hpp"
#include "quire/base/result.hpp"
#include "quire/client/view.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/memory/page_reader.hpp"
#include "quire/protocols/file.hpp"

namespace quire::client {

struct ContextState;

/// The content of one open file, as far as its server shows it in memory: what is there is read
/// without a message, what is not is brought in by one, and more of it the longer reading goes on
/// where it stopped.
/// Threads: that of its context.
class PagedContent {
public:
    /// Fewer bytes than there is room for only at the end of the file; nothing: it has to be read by
    /// message, this time.
    /// Fails: connection_reset (the server has died); as a message.
    Result<std::optional<std::size_t>> read(ContextState& state, protocols::FileObject& file,
                                            std::uint64_t position, std::span<std::byte> memory);

    /// The same to be looked at where it lies: up to `length` bytes, as far as they are in a row there.
    Result<std::optional<View>> view(const std::shared_ptr<ContextState>& state,
                                     protocols::FileObject& file, std::uint64_t position,
                                     std::size_t length);

    /// The same where all of it is there: no message, no system call.
    std::optional<std::size_t> read_shown(std::uint64_t position, std::span<std::byte> memory) {
        if (!reader_ || memory.size() > paging::PageReader::longest) return std::nullopt;
        const paging::PageReader::Attempt attempt = reader_->read(position, memory);
        if (attempt.outcome != paging::PageReader::Outcome::done) return std::nullopt;
        window_.passed(position + attempt.count);
        return attempt.count;
    }

private:
    enum class Next : std::uint8_t { again, by_message };

    Result<std::optional<std::size_t>> read_part(ContextState& state, protocols::FileObject& file,
                                                 std::uint64_t position,
                                                 std::span<std::byte> memory);
    Result<std::optional<View>> pin(const std::shared_ptr<ContextState>& state,
                                    const paging::PageReader::Stretch& stretch);
    Result<Next> bring_in(ContextState& state, protocols::FileObject& file, std::uint64_t position,
                          std::size_t least);
    Result<Next> take(ContextState& state, std::uint64_t position, const protocols::PageMap& where);

    std::optional<paging::PageReader> reader_;
    Window window_;
    unsigned not_now_ = 0;  // reads until it is tried again
};

}  // namespace quire::client
