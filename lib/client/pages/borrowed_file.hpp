// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "pages/window.hpp"
#include "quire/base/result.hpp"
#include "quire/memory/page_writer.hpp"
#include "quire/protocols/file.hpp"

namespace quire::client {

struct ContextState;

/// The content of one open file while its server has lent it to this context: written and read in
/// memory, without messages. It is asked for when a file is written again and again, and less often
/// the more others want it too.
/// Threads: that of its context.
class BorrowedFile {
public:
    /// `state` lives longer.
    explicit BorrowedFile(ContextState& state) : state_(state) {}

    bool on_loan() const;
    /// How long the file is. Needs: on_loan(), just now.
    std::uint64_t size() const { return writer_->size(); }

    /// All of it, without a message. False: nothing that counts has been written.
    bool write_shown(std::uint64_t position, std::span<const std::byte> memory);
    /// The same with messages that bring in what is missing. False: it has to be written by message,
    /// this time.
    /// Fails: connection_reset (the server has died); as a message.
    Result<bool> write(protocols::FileObject& file, std::uint64_t position,
                       std::span<const std::byte> memory);

    /// Fewer bytes than there is room for only at the end; nothing: as above.
    std::optional<std::size_t> read_shown(std::uint64_t position, std::span<std::byte> memory);
    Result<std::optional<std::size_t>> read(protocols::FileObject& file, std::uint64_t position,
                                            std::span<std::byte> memory);

    /// Whether something has been written here since the server said last that all is well.
    bool is_unsettled() const { return unsettled_ && is_ours(); }
    void settled() { unsettled_ = false; }

private:
    using Attempt = paging::PageWriter::Attempt;
    enum class Next : std::uint8_t { done, again, by_message };

    bool is_ours() const;
    template <typename Try>
    Result<std::optional<std::size_t>> until_done(protocols::FileObject& file,
                                                  std::uint64_t position, std::size_t length,
                                                  Try&& attempt);
    Result<Next> lend(protocols::FileObject& file, std::uint64_t position, std::size_t least);
    Result<void> take(std::uint64_t position, const protocols::LoanMap& where);
    void put_off(bool soon_lost);
    bool is_worth_it();

    ContextState& state_;
    std::optional<paging::PageWriter> writer_;
    Window window_;
    bool unsettled_ = false;
    bool had_it_ = false;      // on loan, when that was looked at last
    std::uint64_t used_ = 0;   // writes of this loan
    unsigned not_now_ = 3;     // writes by message until it is asked for
    unsigned put_off_by_ = 8;  // the next time that it is lost soon
};

}  // namespace quire::client
