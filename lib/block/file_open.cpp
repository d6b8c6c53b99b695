// SPDX-License-Identifier: MIT

// Opening a file as a device: refuse what is no disk, lock, look for others who write to the same
// bytes by ways that know no lock, and find out what the host says about the file.

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <limits>

#include "file_facts.hpp"
#include "file_users.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"
#include "quire/block/file_device.hpp"

namespace quire::block {

namespace {

constexpr std::uint32_t largest_alignment = 64 * KiB;

Result<void> check_type(mode_t mode, const std::string& name) {
    if (S_ISREG(mode) || S_ISBLK(mode)) return {};
    if (S_ISDIR(mode)) return fail(std::errc::is_a_directory, name + " is a directory, not a disk");
    const std::string_view what = S_ISFIFO(mode)   ? "a fifo"
                                  : S_ISSOCK(mode) ? "a socket"
                                  : S_ISCHR(mode)  ? "a character device"
                                                   : "no file that holds bytes";
    return fail(std::errc::invalid_argument, fmt::format("{} is {}, not a disk", name, what));
}

Result<void> check_access(int fd, bool writable, const std::string& name) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) return fail_errno("cannot use " + name);
    const int mode = flags & O_ACCMODE;
    if ((flags & O_PATH) != 0 || (writable ? mode != O_RDWR : mode == O_WRONLY)) {
        return fail(std::errc::bad_file_descriptor,
                    fmt::format("{} is not open for {}", name, writable ? "writing" : "reading"));
    }
    return {};
}

FileIdentity identity_of(const struct stat& status) {
    if (S_ISBLK(status.st_mode)) return {true, status.st_rdev, 0};
    return {false, status.st_dev, status.st_ino};
}

Result<void> lock_file(int fd, const struct stat& status, bool writable, const std::string& name) {
    while (::flock(fd, (writable ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno == EWOULDBLOCK) {
            return fail(
                std::errc::device_or_resource_busy,
                describe_lock_conflict(name, status.st_dev, status.st_ino, writable, "/proc"));
        }
        // A reader without a lock risks a torn view of a file that changes, a writer the file.
        if (!writable) return {};
        return fail(std::errc::no_lock_available,
                    fmt::format("{} can't be locked for writing on this filesystem", name));
    }
    return {};
}

Result<void> check_loop_devices(const struct stat& status, const std::string& name) {
    const auto loop = find_loop_device(status.st_dev, status.st_ino, "/sys/block", "/dev");
    if (!loop) return {};
    return fail(std::errc::device_or_resource_busy,
                fmt::format("{} is in use as {}, unmount it and run losetup -d {} before writing",
                            name, *loop, *loop));
}

Result<void> check_block_writable(int fd, const std::string& name) {
    int read_only = 0;
    if (::ioctl(fd, BLKROGET, &read_only) == 0 && read_only != 0)
        return fail(std::errc::read_only_file_system, name + " is a read-only block device");
    return {};
}

std::uint32_t usable_alignment(std::uint64_t bytes, std::uint32_t otherwise) {
    return std::has_single_bit(bytes) && bytes <= largest_alignment
               ? static_cast<std::uint32_t>(bytes)
               : otherwise;
}

/// Asks the host what O_DIRECT needs; a host too old to say gets the strictest usual request.
DirectAlignment direct_alignment(int fd, const struct stat& status) {
    if (S_ISBLK(status.st_mode)) {
        int logical = 0;
        if (::ioctl(fd, BLKSSZGET, &logical) != 0 || logical <= 0) logical = 4096;
        const std::uint32_t unit = usable_alignment(static_cast<std::uint64_t>(logical), 4096);
        return {unit, unit};
    }
#ifdef STATX_DIOALIGN
    struct statx extended{};
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &extended) == 0 &&
        (extended.stx_mask & STATX_DIOALIGN) != 0) {
        if (extended.stx_dio_offset_align == 0) return {0, 0};
        return {usable_alignment(extended.stx_dio_mem_align, 4096),
                usable_alignment(extended.stx_dio_offset_align, 4096)};
    }
#endif
    return {4096, 4096};
}

Result<FileFacts> find_facts(int fd, const struct stat& status, const std::string& name) {
    FileFacts facts;
    facts.identity = identity_of(status);
    if (S_ISBLK(status.st_mode)) {
        if (::ioctl(fd, BLKGETSIZE64, &facts.size) != 0)
            return fail_errno("cannot find the size of " + name);
        unsigned physical = 0;
        if (::ioctl(fd, BLKPBSZGET, &physical) == 0)
            facts.preferred_alignment = usable_alignment(physical, 512);
    } else {
        facts.size = static_cast<std::uint64_t>(status.st_size);
        facts.preferred_alignment =
            usable_alignment(static_cast<std::uint64_t>(status.st_blksize), 4096);
    }
    return facts;
}

/// Turns O_DIRECT on where it was asked for and the host, and the file's size, allow it.
void set_direct(int fd, const struct stat& status, FileOptions::Caching caching, bool may_set_flags,
                FileFacts& facts) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) return;
    const bool wanted = caching == FileOptions::Caching::direct ||
                        (caching == FileOptions::Caching::automatic &&
                         (may_set_flags ? facts.identity.block_special : (flags & O_DIRECT) != 0));
    facts.alignment = direct_alignment(fd, status);
    const bool possible =
        facts.alignment.offset != 0 && (facts.size & (facts.alignment.offset - 1)) == 0;
    const int set = wanted && possible ? flags | O_DIRECT : flags & ~O_DIRECT;
    facts.direct = (set == flags || ::fcntl(fd, F_SETFL, set) == 0) && (set & O_DIRECT) != 0;
    if (facts.direct)
        facts.preferred_alignment = std::max(facts.preferred_alignment, facts.alignment.offset);
}

/// True when the path still names the open file: `create` and editors replace files by rename, and
/// who waited or raced may hold what nobody will see again.
bool still_named(const std::string& path, const struct stat& status) {
    struct stat now{};
    return ::stat(path.c_str(), &now) == 0 && now.st_dev == status.st_dev &&
           now.st_ino == status.st_ino;
}

}  // namespace

Result<std::unique_ptr<FileDevice>> FileDevice::make(UniqueFd fd, std::string name,
                                                     FileOptions options, bool may_set_flags) {
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return fail_errno("cannot use " + name);
    QUIRE_TRY(check_type(status.st_mode, name));
    QUIRE_TRY(check_access(fd.get(), options.writable, name));
    if (options.lock) QUIRE_TRY(lock_file(fd.get(), status, options.writable, name));
    if (options.writable) {
        if (S_ISBLK(status.st_mode))
            QUIRE_TRY(check_block_writable(fd.get(), name));
        else
            QUIRE_TRY(check_loop_devices(status, name));
    }
    // Again, because the size may have changed before the lock was ours.
    if (::fstat(fd.get(), &status) != 0) return fail_errno("cannot use " + name);
    QUIRE_TRY_ASSIGN(FileFacts facts, find_facts(fd.get(), status, name));
    set_direct(fd.get(), status, options.caching, may_set_flags, facts);
    return std::unique_ptr<FileDevice>(
        new FileDevice(std::move(fd), std::move(name), facts, options.writable));
}

Result<std::unique_ptr<FileDevice>> FileDevice::open(const std::string& path, FileOptions options) {
    const std::string name = printable(path);
    constexpr int attempts = 8;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0) return fail_errno("cannot open " + name);
        // Before opening: to open a fifo wakes its other end, to open a tape rewinds it.
        QUIRE_TRY(check_type(status.st_mode, name));

        // O_NONBLOCK in case a fifo has taken the name since. O_EXCL on a block device asks the
        // kernel whether it is mounted or otherwise claimed.
        int flags = (options.writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        if (options.writable && S_ISBLK(status.st_mode)) flags |= O_EXCL;
        UniqueFd fd(::open(path.c_str(), flags));
        if (!fd && errno == EINTR) continue;
        if (!fd && errno == EBUSY) {
            return fail(std::errc::device_or_resource_busy,
                        name + " is mounted or otherwise in use by the system, release it first");
        }
        if (!fd) {
            return fail_errno(fmt::format("cannot open {} for {}", name,
                                          options.writable ? "writing" : "reading"));
        }
        if (const int now = ::fcntl(fd.get(), F_GETFL); now >= 0)
            (void)::fcntl(fd.get(), F_SETFL, now & ~O_NONBLOCK);
        if (::fstat(fd.get(), &status) != 0) return fail_errno("cannot use " + name);
        auto device = make(std::move(fd), name, options, true);
        if (!device || !options.writable || still_named(path, status)) return device;
    }
    return fail(std::errc::device_or_resource_busy,
                name + " is being replaced again and again by another program");
}

Result<std::unique_ptr<FileDevice>> FileDevice::create(const std::string& path, std::uint64_t size,
                                                       FileOptions options) {
    const std::string name = printable(path);
    options.writable = true;
    if (size > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()))
        return fail(std::errc::file_too_large, name + " can't be so large");
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666));
    if (!fd) return fail_errno("cannot create " + name);
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
        Error error = Error::from_errno(fmt::format("cannot give {} {} bytes", name, size));
        ::unlink(path.c_str());
        return fail(std::move(error));
    }
    return make(std::move(fd), name, options, true);
}

Result<std::unique_ptr<FileDevice>> FileDevice::adopt(UniqueFd fd, std::string name,
                                                      FileOptions options) {
    return make(std::move(fd), printable(name), options, false);
}

}  // namespace quire::block
