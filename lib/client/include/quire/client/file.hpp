// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/client/changes.hpp"
#include "quire/client/events.hpp"
#include "quire/client/open_mode.hpp"
#include "quire/client/view.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/file.hpp"

namespace quire::protocols {
struct OpenerContextOpenResult;
}

namespace quire::client {

class BorrowedFile;
struct ContextState;
class PagedContent;
class ReadAhead;
class WriteBehind;

enum class Whence : std::uint8_t { set, current, end, data, hole };

/// An open file with a position, as a descriptor has one, and with buffers where it was opened so.
///
/// A buffered file answers reads from what it read ahead, which may be older than what others have
/// written since, and keeps small writes until there are many, or something asks for them: seek,
/// reading, attributes, flush, close. What fails then is reported by the operation in which it
/// failed, and kept until flush, write_out or close have reported it once. What such a
/// write had in its buffer is dropped.
/// Fails (everything): bad_file_descriptor (closed, or not open for that), as Context's operations.
/// Threads: that of its context.
class File {
public:
    File(File&&) noexcept;
    /// Ends what it was before, as ~File.
    File& operator=(File&& other) noexcept;
    /// Without close(): what is kept is written, and if that fails Context::take_lost_error tells.
    ~File();

    /// Fewer bytes than there is room for only at the end of the file. From the buffer without a
    /// message; at an end that an earlier read has met too, once.
    Result<std::size_t> read(std::span<std::byte> memory);
    /// Elsewhere; the position stays.
    Result<std::size_t> pread(std::uint64_t position, std::span<std::byte> memory);
    /// The same to be looked at where it lies, without a copy where that can be. At most `length` bytes
    /// and at most View::longest, as far as they lie in a row: fewer do not mean that the file ends, none
    /// do. The position stays.
    Result<View> view(std::uint64_t position, std::size_t length);
    /// All, or it fails: then it is not known how much of it is there, and the position stays. At
    /// the file's end where it is open for appending.
    /// Fails: file_too_large, no_space_on_device.
    Result<void> write(std::span<const std::byte> memory);
    /// Elsewhere (at the end where it is open for appending); the position stays.
    Result<void> pwrite(std::uint64_t position, std::span<const std::byte> memory);

    /// The new position. A message for `end`, `data` and `hole`.
    /// Fails: invalid_argument (before the beginning), value_too_large, no_such_device_or_address
    /// (no data there).
    Result<std::uint64_t> seek(std::int64_t offset, Whence whence);
    Result<std::uint64_t> position() { return seek(0, Whence::current); }
    /// Fails: invalid_argument (not open for writing), file_too_large.
    Result<void> truncate(std::uint64_t size);
    Result<void> allocate(protocols::AllocateMode mode, std::uint64_t offset, std::uint64_t length);

    /// Writes what is kept. A message if there is something.
    Result<void> write_out();
    /// Durable: all that was written. Writes what is kept, and one message more.
    Result<void> flush();
    /// Writes what is kept and lets go of the file, whatever fails. No message waits for a reply
    /// unless something is kept.
    Result<void> close();
    bool is_open() const { return static_cast<bool>(file_); }

    /// Drops what was read ahead, so that what others wrote is seen.
    void forget_read();

    /// As they came when it was opened.
    const protocols::Attributes& opened_attributes() const { return attributes_; }
    Result<protocols::Attributes> attributes();
    Result<protocols::Attributes> set_attributes(const protocols::AttributeChanges& changes);

    Result<std::vector<std::byte>> extended_attribute(std::string_view name);
    Result<void> set_extended_attribute(
        std::string_view name, std::span<const std::byte> value,
        protocols::SetAttributeMode mode = protocols::SetAttributeMode::either);
    Result<std::vector<std::string>> extended_attributes();
    Result<void> remove_extended_attribute(std::string_view name);

    /// From now on `queue` gets these events (event_modified and so on) of the file.
    /// Fails: as Notification.subscribe; operation_not_supported (a file elsewhere, and its
    /// connection has no Home).
    Result<void> subscribe(const EventQueue& queue, std::uint32_t events, std::uint64_t source);
    Result<void> unsubscribe();

    /// Why the latest operation that failed did so.
    const std::optional<Error>& last_error() const { return last_error_; }
    void clear_error() { last_error_.reset(); }
    /// As the server has it. A message, if it has not been asked so far.
    Result<ipc::Cap<protocols::FileObject>> capability();

private:
    friend class Context;
    File(std::shared_ptr<ContextState> state, std::uint32_t flags, bool buffered,
         protocols::OpenerContextOpenResult&& opened, std::uint32_t wanted);

    bool readable() const;
    bool writable() const;
    bool appends() const;
    Result<void> need(bool allowed) const;
    /// Writes what is kept; an error is kept from here on.
    Result<void> drain();
    Result<void> report_kept();
    /// The position behind what was written.
    Result<std::uint64_t> send(std::uint64_t position, std::span<const std::byte> memory);
    Result<std::size_t> read_at_position(std::span<std::byte> memory);
    Result<std::size_t> read_elsewhere(std::uint64_t position, std::span<std::byte> memory);
    Result<View> view_of(std::uint64_t position, std::size_t length);
    Result<std::size_t> fill(std::uint64_t position, std::size_t amount);
    /// From memory alone; nothing: it is not there, or something has to be done before.
    std::optional<std::size_t> read_shown(std::uint64_t position, std::span<std::byte> memory);
    /// From memory, with messages that bring in what is missing; nothing: by message.
    Result<std::optional<std::size_t>> read_memory(std::uint64_t position,
                                                   std::span<std::byte> memory);
    bool is_on_loan() const;
    /// In memory alone. False: not this way.
    bool write_shown(std::uint64_t position, std::span<const std::byte> memory);
    /// By memory, or by message.
    Result<std::size_t> fetch(std::uint64_t position, std::span<std::byte> memory);
    Result<void> write_at_position(std::span<const std::byte> memory);
    Result<void> write_elsewhere(std::uint64_t position, std::span<const std::byte> memory);
    Result<std::uint64_t> seek_to(std::int64_t offset, Whence whence);
    void abandon() noexcept;
    template <typename T>
    Result<T> note(Result<T> result);
    template <typename Do>
    auto with_all_written(Do act);

    std::shared_ptr<ContextState> state_;
    ipc::Cap<protocols::FileObject> file_;
    std::uint32_t flags_;
    protocols::Attributes attributes_;
    std::uint64_t position_ = 0;
    std::unique_ptr<PagedContent> paged_;        // none: closed
    std::unique_ptr<BorrowedFile> borrowed_;     // the same, or not to be written elsewhere
    std::unique_ptr<ReadAhead> read_ahead_;      // none: not buffered, or closed
    std::unique_ptr<WriteBehind> write_behind_;  // the same, or only read
    std::optional<Error> kept_error_;            // of a delayed write
    std::optional<Error> last_error_;
};

}  // namespace quire::client
