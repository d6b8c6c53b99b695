// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/base/units.hpp"
#include "quire/client/changes.hpp"
#include "quire/client/directory.hpp"
#include "quire/client/file.hpp"
#include "quire/client/open_mode.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/filesystem.hpp"

namespace quire::client {

struct ContextState;

struct ContextOptions {
    /// Taken from the permissions of all that is made, but in directories with a default access
    /// list. The capability's own umask, where it has one, is taken too. One message, with the
    /// first that makes something.
    std::uint16_t umask = 022;
    /// How long one message is waited for; then the operation fails with timed_out. Nothing: as
    /// long as it takes.
    std::optional<std::chrono::nanoseconds> patience = std::nullopt;
};

/// A filesystem behind a capability, as a program uses it: operations on paths, and what they open.
///
/// A path is relative to the capability's root, with or without a leading slash; an empty one is
/// none (no_such_file_or_directory). Every operation is one message and its reply unless it says
/// otherwise, and fails with what OpenerContext's operation of its name says, connection_reset
/// (the server is gone; then at once and for ever), timed_out, operation_canceled, or
/// protocol_error (the server answers what makes no sense).
/// Where the server shows names in memory, stat(), lstat(), access() with F_OK, readlink(),
/// read_file(), and open() of a small file for reading with buffers take no message for what they, or
/// anybody of this identity, have asked for before and has not changed since; but some, at the fifth
/// of them and at the first such open(), to agree where that is.
/// Threads: one at a time, together with every File and Directory that it opened. Each thread makes
/// its own.
class Context {
public:
    /// A context of its own. One message. Fails: as every operation.
    static Result<Context> create(const ipc::Cap<protocols::Opener>& opener,
                                  const ContextOptions& options = {});
    /// Needs: not empty, and used by nobody else who sets its buffer or umask.
    explicit Context(ipc::Cap<protocols::OpenerContext> context,
                     const ContextOptions& options = {});

    Context(Context&&) noexcept;
    Context& operator=(Context&&) noexcept;
    /// What it opened goes on.
    ~Context();

    const ipc::Cap<protocols::OpenerContext>& capability() const;
    /// Gives the umask before.
    std::uint16_t set_umask(std::uint16_t umask);
    void set_patience(std::optional<std::chrono::nanoseconds> patience);
    /// Operations in progress and to come fail with operation_canceled when `token` says so.
    void set_stop(std::stop_token token);

    /// Why the latest operation that failed did so.
    const std::optional<Error>& last_error() const { return last_error_; }
    /// The first error of delayed writes that nobody was told of, because their File ended without
    /// close(); afterwards there is none.
    std::optional<Error> take_lost_error();

    /// `flags` as open_read and so on. With attributes, and where it is buffered with its first bytes.
    Result<File> open(std::string_view path, std::uint32_t flags, const OpenOptions& options = {});
    /// With a mode as fopen(3) has it. Fails: invalid_argument (no such mode) besides.
    Result<File> open(std::string_view path, const char* mode, const OpenOptions& options = {});
    /// With the first page of its entries.
    Result<Directory> open_directory(std::string_view path, bool with_attributes = false);

    /// All of a regular file. One message for what fits one; else an open besides, and reads.
    /// Fails: file_too_large (over `most` bytes).
    Result<std::vector<std::byte>> read_file(std::string_view path, std::uint64_t most = 64 * MiB);
    /// All entries of a directory, without `.` and `..`. A message for each page.
    Result<std::vector<Entry>> list(std::string_view path, bool with_attributes = false);

    Result<protocols::Attributes> stat(std::string_view path);
    /// Of a symbolic link itself.
    Result<protocols::Attributes> lstat(std::string_view path);
    /// `mask` as access(2) has it: R_OK, W_OK, X_OK, or F_OK.
    Result<void> access(std::string_view path, std::uint32_t mask);
    Result<std::string> readlink(std::string_view path);
    Result<protocols::Statistics> statistics();

    Result<void> mkdir(std::string_view path, std::uint16_t permissions = 0777);
    Result<void> rmdir(std::string_view path);
    /// Of anything but a directory.
    Result<void> remove(std::string_view path);
    /// `flags`: rename_no_replace or rename_exchange.
    Result<void> rename(std::string_view from, std::string_view to, std::uint32_t flags = 0);
    Result<void> link(std::string_view existing, std::string_view path, bool follow = false);
    Result<void> symlink(std::string_view target, std::string_view path);
    Result<void> mknod(std::string_view path, protocols::FileType type, std::uint16_t permissions,
                       const protocols::DeviceNumber& device = {});

    Result<protocols::Attributes> set_attributes(std::string_view path,
                                                 const protocols::AttributeChanges& changes,
                                                 bool follow = true);
    Result<void> chmod(std::string_view path, std::uint16_t permissions);
    Result<void> chown(std::string_view path, std::optional<std::uint32_t> uid,
                       std::optional<std::uint32_t> gid, bool follow = true);
    Result<void> utimens(std::string_view path, const NewTime& access, const NewTime& modify,
                         bool follow = true);
    Result<void> truncate(std::string_view path, std::uint64_t size);

    // Values and lists that are too long for a message take another one, through shared memory.
    Result<std::vector<std::byte>> extended_attribute(std::string_view path, std::string_view name,
                                                      bool follow = true);
    Result<void> set_extended_attribute(
        std::string_view path, std::string_view name, std::span<const std::byte> value,
        protocols::SetAttributeMode mode = protocols::SetAttributeMode::either, bool follow = true);
    Result<std::vector<std::string>> extended_attributes(std::string_view path, bool follow = true);
    Result<void> remove_extended_attribute(std::string_view path, std::string_view name,
                                           bool follow = true);

    /// Durable: all that was acknowledged. What its files still buffer is not: see File::flush.
    Result<void> sync();

private:
    template <typename T>
    Result<T> note(Result<T> result);
    template <typename Do>
    auto on(std::string_view path, Do act);

    Result<protocols::Attributes> stat_of(std::string_view path, bool follow);
    Result<File> open_checked(std::string_view path, std::uint32_t flags,
                              const OpenOptions& options);
    Result<std::vector<std::byte>> read_whole(std::string_view path, std::uint64_t most);
    Result<void> change(std::string_view path, const protocols::AttributeChanges& changes,
                        bool follow);

    std::shared_ptr<ContextState> state_;
    std::optional<Error> last_error_;
};

}  // namespace quire::client
