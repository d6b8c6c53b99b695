// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/client/events.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/directory.hpp"

namespace quire::client {

struct ContextState;

/// One entry of a directory.
struct Entry {
    std::string name;
    std::uint64_t inode = 0;
    protocols::FileType type = protocols::FileType::unknown;
    /// Where to go on after it: Directory::seek.
    std::uint64_t next = 0;
    /// Where they were asked for, and could be had.
    std::optional<protocols::Attributes> attributes;
};

/// An open directory: its entries, without `.` and `..`, page by page.
/// Fails (everything): bad_file_descriptor (closed), as Context's operations.
/// Threads: that of its context.
class Directory {
public:
    Directory(Directory&&) noexcept = default;
    Directory& operator=(Directory&&) noexcept = default;
    ~Directory() = default;

    /// The next entry, nothing at the end. A message for each page; at the end it asks again only
    /// after seek().
    Result<std::optional<Entry>> next();
    /// Goes on at a place that some Entry::next gave; 0: at the beginning.
    Result<void> seek(std::uint64_t place);
    std::uint64_t place() const { return place_; }

    /// As they came when it was opened.
    const protocols::Attributes& opened_attributes() const { return attributes_; }
    Result<protocols::Attributes> attributes();

    /// From now on `queue` gets these events (event_modified and so on) of the directory.
    /// Fails: as OpenerContext's Notification; operation_not_supported (a directory elsewhere, and
    /// its connection has no Home).
    Result<void> subscribe(const EventQueue& queue, std::uint32_t events, std::uint64_t source);
    Result<void> unsubscribe();

    /// Needs no reply.
    void close();
    bool is_open() const { return static_cast<bool>(directory_); }
    const ipc::Cap<protocols::Directory>& capability() const { return directory_; }
    const std::optional<Error>& last_error() const { return last_error_; }

private:
    friend class Context;
    Directory(std::shared_ptr<ContextState> state, ipc::Cap<protocols::Directory> directory,
              const protocols::Attributes& attributes, bool with_attributes);

    Result<void> accept(const protocols::DirectoryPage& page);
    Result<void> fetch();
    template <typename T>
    Result<T> note(Result<T> result);

    std::shared_ptr<ContextState> state_;
    ipc::Cap<protocols::Directory> directory_;
    protocols::Attributes attributes_;
    bool with_attributes_;
    std::vector<Entry> entries_;  // of the page
    std::size_t taken_ = 0;       // of the entries
    std::uint64_t place_ = 0;     // behind the entry that was taken last
    bool last_ = false;           // nothing comes behind the page
    std::optional<Error> last_error_;
};

}  // namespace quire::client
