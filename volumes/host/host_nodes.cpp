// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "nodes.hpp"
#include "quire/volumes/host/host_volume.hpp"

namespace quire::host {

namespace {

Result<off_t> checked_offset(std::uint64_t offset) {
    if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()))
        return fail(std::errc::file_too_large);
    return static_cast<off_t>(offset);
}

timespec to_timespec(const std::optional<Time>& time) {
    if (!time) return {0, UTIME_OMIT};
    return {time->seconds, static_cast<long>(time->nanoseconds)};
}

}  // namespace

// The descriptor to read or write with, opened at the first need and shared from then on.
Result<int> HostVolume::content(Live& node, fs::OpenMode mode) {
    const std::lock_guard lock(node.content_mutex);
    if (node.writing) return node.writing.get();
    if (!mode.write && node.reading) return node.reading.get();
    if (node.type != fs::FileType::regular && node.type != fs::FileType::directory)
        return fail(std::errc::no_such_device_or_address);
    const int flags = (mode.write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    UniqueFd fd(::open(node.proc_name().c_str(), flags));
    // A file that may be written but not read.
    if (!fd && errno == EACCES && mode.write && !mode.read)
        fd.reset(::open(node.proc_name().c_str(), (flags & ~O_RDWR) | O_WRONLY));
    if (!fd) return fail_errno();
    UniqueFd& kept = mode.write ? node.writing : node.reading;
    kept = std::move(fd);
    return kept.get();
}

Result<UniqueFd> HostVolume::descriptor(fs::Cookie cookie, fs::OpenMode mode) {
    if (mode.write) QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    if (node->type != fs::FileType::regular && node->type != fs::FileType::directory)
        return fail(std::errc::no_such_device_or_address);
    const int flags = (mode.write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    UniqueFd fd(::open(node->proc_name().c_str(), flags));
    if (!fd) return fail_errno();
    return fd;
}

Result<void> HostVolume::open(const fs::Call&, fs::Cookie cookie, fs::OpenMode mode) {
    if (mode.write) QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    QUIRE_TRY(content(*node, mode));
    return {};
}

Result<fs::Attributes> HostVolume::getattr(const fs::Call&, fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    return query(node->path.get());
}

Result<fs::Attributes> HostVolume::setattr(const fs::Call&, fs::Cookie cookie,
                                           const fs::AttributeChanges& changes) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    const std::string name = node->proc_name();
    if (changes.size) {
        QUIRE_TRY_ASSIGN(const off_t size, checked_offset(*changes.size));
        if (::truncate(name.c_str(), size) != 0) return fail_errno();
    }
    if (changes.uid || changes.gid) {
        constexpr auto unchanged = static_cast<uid_t>(-1);
        if (::fchownat(node->path.get(), "", changes.uid.value_or(unchanged),
                       changes.gid.value_or(unchanged), AT_EMPTY_PATH) != 0)
            return fail_errno();
    }
    if (changes.permissions && ::chmod(name.c_str(), *changes.permissions) != 0)
        return fail_errno();
    if (changes.access || changes.modify) {
        const timespec times[] = {to_timespec(changes.access), to_timespec(changes.modify)};
        if (::utimensat(AT_FDCWD, name.c_str(), times, 0) != 0) return fail_errno();
    }
    return query(node->path.get());
}

Result<std::size_t> HostVolume::read(const fs::Call&, fs::Cookie cookie, std::uint64_t offset,
                                     std::span<std::byte> memory) {
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    if (node->type == fs::FileType::directory) return fail(std::errc::is_a_directory);
    QUIRE_TRY_ASSIGN(const int fd, content(*node, {.read = true, .write = false}));
    std::size_t done = 0;
    while (done < memory.size()) {
        const auto place = checked_offset(offset + done);
        if (!place) break;  // nothing can be there
        const ssize_t got = ::pread(fd, memory.data() + done, memory.size() - done, *place);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno();
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Result<std::size_t> HostVolume::write(const fs::Call&, fs::Cookie cookie, std::uint64_t offset,
                                      std::span<const std::byte> memory) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    if (node->type == fs::FileType::directory) return fail(std::errc::is_a_directory);
    QUIRE_TRY_ASSIGN(const int fd, content(*node, {.read = false, .write = true}));
    std::size_t done = 0;
    while (done < memory.size()) {
        const auto place = checked_offset(offset + done);
        if (!place && done > 0) break;
        if (!place) return fail(place.error());
        const ssize_t put = ::pwrite(fd, memory.data() + done, memory.size() - done, *place);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && done > 0) break;
        if (put < 0) return fail_errno();
        done += static_cast<std::size_t>(put);
    }
    return done;
}

Result<void> HostVolume::fsync(const fs::Call&, fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    QUIRE_TRY_ASSIGN(const int fd, content(*node, {.read = true, .write = false}));
    if (::fsync(fd) != 0) return fail_errno();
    return {};
}

Result<std::uint64_t> HostVolume::seek(const fs::Call&, fs::Cookie cookie, std::uint64_t offset,
                                       fs::SeekTo what) {
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    QUIRE_TRY_ASSIGN(const int fd, content(*node, {.read = true, .write = false}));
    const auto place = checked_offset(offset);
    if (!place) return fail(std::errc::no_such_device_or_address);
    const off_t found = ::lseek(fd, *place, what == fs::SeekTo::data ? SEEK_DATA : SEEK_HOLE);
    if (found < 0) return fail_errno();
    return static_cast<std::uint64_t>(found);
}

Result<void> HostVolume::fallocate(const fs::Call&, fs::Cookie cookie, fs::AllocateMode mode,
                                   block::Range range) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    QUIRE_TRY_ASSIGN(const int fd, content(*node, {.read = false, .write = true}));
    QUIRE_TRY_ASSIGN(const off_t offset, checked_offset(range.offset));
    QUIRE_TRY_ASSIGN(const off_t length, checked_offset(range.length));
    int bits = 0;
    switch (mode) {
        case fs::AllocateMode::allocate:
            break;
        case fs::AllocateMode::keep_size:
            bits = FALLOC_FL_KEEP_SIZE;
            break;
        case fs::AllocateMode::punch_hole:
            bits = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
            break;
        case fs::AllocateMode::zero_range:
            bits = FALLOC_FL_ZERO_RANGE;
            break;
    }
    while (::fallocate(fd, bits, offset, length) != 0)
        if (errno != EINTR) return fail_errno();
    return {};
}

Result<std::uint64_t> HostVolume::copy_range(const fs::Call& call, fs::Cookie from,
                                             std::uint64_t from_offset, fs::Cookie to,
                                             std::uint64_t to_offset, std::uint64_t length) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto source, find(from));
    QUIRE_TRY_ASSIGN(const auto target, find(to));
    QUIRE_TRY_ASSIGN(const int in, content(*source, {.read = true, .write = false}));
    QUIRE_TRY_ASSIGN(const int out, content(*target, {.read = false, .write = true}));
    QUIRE_TRY_ASSIGN(off_t in_place, checked_offset(from_offset));
    QUIRE_TRY_ASSIGN(off_t out_place, checked_offset(to_offset));
    std::uint64_t done = 0;
    while (done < length) {
        const auto want = std::min<std::uint64_t>(length - done, 1u << 30);
        const ssize_t got = ::copy_file_range(in, &in_place, out, &out_place, want, 0);
        if (got > 0) {
            done += static_cast<std::uint64_t>(got);
        } else if (got == 0) {
            break;
        } else if (errno == EINTR) {
            continue;
        } else if (done > 0) {
            break;
        } else if (errno == EXDEV || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL ||
                   errno == EBADF) {
            return DummyVolume::copy_range(call, from, from_offset, to, to_offset, length);
        } else {
            return fail_errno();
        }
    }
    return done;
}

Result<std::int64_t> HostVolume::pathconf(const fs::Call&, fs::Cookie cookie,
                                          fs::PathConfiguration what) {
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    int name = _PC_LINK_MAX;
    switch (what) {
        case fs::PathConfiguration::link_max:
            name = _PC_LINK_MAX;
            break;
        case fs::PathConfiguration::name_max:
            name = _PC_NAME_MAX;
            break;
        case fs::PathConfiguration::path_max:
            name = _PC_PATH_MAX;
            break;
        case fs::PathConfiguration::file_size_bits:
            name = _PC_FILESIZEBITS;
            break;
    }
    return ::pathconf(node->proc_name().c_str(), name);
}

// The calls below go through /proc/self/fd: the kernel jumps to the node itself there, so that
// they work on a symbolic link's own attributes too, which no call on a descriptor allows.

Result<std::vector<std::byte>> HostVolume::getxattr(const fs::Call&, fs::Cookie cookie,
                                                    std::string_view name) {
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    const std::string path = node->proc_name();
    const std::string text(name);
    std::vector<std::byte> value(256);
    for (;;) {
        const ssize_t length = ::getxattr(path.c_str(), text.c_str(), value.data(), value.size());
        if (length >= 0) {
            value.resize(static_cast<std::size_t>(length));
            return value;
        }
        if (errno != ERANGE) return fail_errno();
        // Between asking for the length and for the value it may have grown: hence the loop.
        const ssize_t needed = ::getxattr(path.c_str(), text.c_str(), nullptr, 0);
        if (needed < 0) return fail_errno();
        value.resize(static_cast<std::size_t>(needed) + 64);
    }
}

Result<void> HostVolume::setxattr(const fs::Call&, fs::Cookie cookie, std::string_view name,
                                  std::span<const std::byte> value, fs::SetAttributeMode mode) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    int flags = 0;
    if (mode == fs::SetAttributeMode::create) flags = XATTR_CREATE;
    if (mode == fs::SetAttributeMode::replace) flags = XATTR_REPLACE;
    if (::setxattr(node->proc_name().c_str(), std::string(name).c_str(), value.data(), value.size(),
                   flags) != 0)
        return fail_errno();
    return {};
}

Result<std::vector<std::string>> HostVolume::listxattr(const fs::Call&, fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    const std::string path = node->proc_name();
    std::string names(1024, '\0');
    for (;;) {
        const ssize_t length = ::listxattr(path.c_str(), names.data(), names.size());
        if (length >= 0) {
            names.resize(static_cast<std::size_t>(length));
            break;
        }
        if (errno == EOPNOTSUPP) return std::vector<std::string>();
        if (errno != ERANGE) return fail_errno();
        const ssize_t needed = ::listxattr(path.c_str(), nullptr, 0);
        if (needed < 0) return fail_errno();
        names.resize(static_cast<std::size_t>(needed) + 256);
    }
    std::vector<std::string> result;
    for (std::size_t start = 0; start < names.size();) {
        const std::size_t end = names.find('\0', start);
        result.emplace_back(names, start, end - start);
        if (end == names.npos) break;
        start = end + 1;
    }
    std::ranges::sort(result);
    return result;
}

Result<void> HostVolume::removexattr(const fs::Call&, fs::Cookie cookie, std::string_view name) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    if (::removexattr(node->proc_name().c_str(), std::string(name).c_str()) != 0)
        return fail_errno();
    return {};
}

}  // namespace quire::host
