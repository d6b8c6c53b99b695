// SPDX-License-Identifier: MIT

#include "system_subject.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "identity.hpp"

namespace quire::conformance {

namespace {

Time time_of(const statx_timestamp& time) {
    return {time.tv_sec, time.tv_nsec};
}

Result<fs::Attributes> attributes_at(int directory, const char* path, int flags) {
    struct statx found{};
    if (::statx(directory, path, flags, STATX_BASIC_STATS | STATX_BTIME, &found) != 0)
        return fail_errno();
    fs::Attributes result;
    result.type = fs::type_of_mode(found.stx_mode);
    result.permissions = found.stx_mode & fs::permission_mask;
    result.uid = found.stx_uid;
    result.gid = found.stx_gid;
    result.links = found.stx_nlink;
    result.size = found.stx_size;
    result.allocated = found.stx_blocks * 512;
    result.inode = found.stx_ino;
    result.device = {found.stx_rdev_major, found.stx_rdev_minor};
    result.preferred_io_size = found.stx_blksize;
    result.access = time_of(found.stx_atime);
    result.modify = time_of(found.stx_mtime);
    result.change = time_of(found.stx_ctime);
    return result;
}

Result<void> done(int answer) {
    if (answer < 0) return fail_errno();
    return {};
}

class SystemFile final : public File {
public:
    SystemFile(UniqueFd fd, fs::Credentials credentials)
        : fd_(std::move(fd)), credentials_(std::move(credentials)) {}

    Result<std::string> read(std::uint64_t offset, std::size_t length) override {
        std::string bytes(length, '\0');
        const ssize_t got = ::pread(fd_.get(), bytes.data(), length, static_cast<off_t>(offset));
        if (got < 0) return fail_errno();
        bytes.resize(static_cast<std::size_t>(got));
        return bytes;
    }
    Result<std::size_t> write(std::uint64_t offset, std::string_view bytes) override {
        const Identity identity(credentials_);
        const ssize_t put =
            ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (put < 0) return fail_errno();
        return static_cast<std::size_t>(put);
    }
    Result<fs::Attributes> attributes() override {
        return attributes_at(fd_.get(), "", AT_EMPTY_PATH);
    }
    Result<void> resize(std::uint64_t size) override {
        const Identity identity(credentials_);
        return done(::ftruncate(fd_.get(), static_cast<off_t>(size)));
    }
    Result<std::uint64_t> seek(std::uint64_t offset, fs::SeekTo what) override {
        const off_t found = ::lseek(fd_.get(), static_cast<off_t>(offset),
                                    what == fs::SeekTo::data ? SEEK_DATA : SEEK_HOLE);
        if (found < 0) return fail_errno();
        return static_cast<std::uint64_t>(found);
    }
    Result<void> allocate(fs::AllocateMode mode, std::uint64_t offset,
                          std::uint64_t length) override {
        const Identity identity(credentials_);
        const int flags = mode == fs::AllocateMode::keep_size ? FALLOC_FL_KEEP_SIZE
                          : mode == fs::AllocateMode::punch_hole
                              ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
                          : mode == fs::AllocateMode::zero_range ? FALLOC_FL_ZERO_RANGE
                                                                 : 0;
        return done(
            ::fallocate(fd_.get(), flags, static_cast<off_t>(offset), static_cast<off_t>(length)));
    }
    Result<void> sync() override { return done(::fsync(fd_.get())); }

private:
    UniqueFd fd_;
    fs::Credentials credentials_;
};

class SystemSubject final : public Subject {
public:
    SystemSubject(std::shared_ptr<const UniqueFd> top, fs::Credentials credentials)
        : top_(std::move(top)), credentials_(std::move(credentials)) {}

    std::shared_ptr<Subject> as(const fs::Credentials& credentials) override {
        return std::make_shared<SystemSubject>(top_, credentials);
    }

    Result<void> make_file(const std::string& path, std::uint16_t permissions) override {
        const Identity identity(credentials_);
        const UniqueFd fd(
            ::openat(top(), path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, permissions));
        return done(fd.get());
    }
    Result<void> mkdir(const std::string& path, std::uint16_t permissions) override {
        const Identity identity(credentials_);
        return done(::mkdirat(top(), path.c_str(), permissions));
    }
    Result<void> mknod(const std::string& path, std::uint16_t permissions, fs::FileType type,
                       fs::DeviceNumber device) override {
        const Identity identity(credentials_);
        return done(::mknodat(top(), path.c_str(), fs::mode_bits(type) | permissions,
                              makedev(device.major, device.minor)));
    }
    Result<void> symlink(const std::string& target, const std::string& path) override {
        const Identity identity(credentials_);
        return done(::symlinkat(target.c_str(), top(), path.c_str()));
    }
    Result<void> link(const std::string& from, const std::string& to) override {
        const Identity identity(credentials_);
        return done(::linkat(top(), from.c_str(), top(), to.c_str(), 0));
    }
    Result<void> unlink(const std::string& path) override {
        const Identity identity(credentials_);
        return done(::unlinkat(top(), path.c_str(), 0));
    }
    Result<void> rmdir(const std::string& path) override {
        const Identity identity(credentials_);
        return done(::unlinkat(top(), path.c_str(), AT_REMOVEDIR));
    }
    Result<void> rename(const std::string& from, const std::string& to,
                        fs::RenameFlags flags) override {
        const Identity identity(credentials_);
        const unsigned bits =
            (flags.no_replace ? RENAME_NOREPLACE : 0U) | (flags.exchange ? RENAME_EXCHANGE : 0U);
        return done(::renameat2(top(), from.c_str(), top(), to.c_str(), bits));
    }
    Result<std::vector<Listed>> list(const std::string& path, fs::Position from,
                                     std::size_t most) override {
        const Identity identity(credentials_);
        const int fd = ::openat(top(), path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) return fail_errno();
        const auto close = [](DIR* stream) { ::closedir(stream); };
        const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(fd), close);
        if (from != 0) ::seekdir(stream.get(), static_cast<long>(from));
        std::vector<Listed> listed;
        while (listed.size() < most) {
            errno = 0;
            const dirent* entry = ::readdir(stream.get());
            if (entry == nullptr && errno != 0) return fail_errno();
            if (entry == nullptr) break;
            const std::string name = entry->d_name;
            if (name == "." || name == "..") continue;
            listed.push_back({name, entry->d_ino, fs::type_of_mode(DTTOIF(entry->d_type)),
                              static_cast<fs::Position>(entry->d_off)});
        }
        return listed;
    }
    Result<std::string> readlink(const std::string& path) override {
        const Identity identity(credentials_);
        std::string target(8192, '\0');
        const ssize_t length = ::readlinkat(top(), path.c_str(), target.data(), target.size());
        if (length < 0) return fail_errno();
        target.resize(static_cast<std::size_t>(length));
        return target;
    }

    Result<std::unique_ptr<File>> open(const std::string& path, fs::OpenMode mode) override {
        const Identity identity(credentials_);
        // A fifo must not wait for its other end.
        const int flags = O_CLOEXEC | O_NONBLOCK |
                          (!mode.write ? O_RDONLY
                           : mode.read ? O_RDWR
                                       : O_WRONLY);
        UniqueFd fd(::openat(top(), path.c_str(), flags));
        if (!fd) return fail_errno();
        return std::make_unique<SystemFile>(std::move(fd), credentials_);
    }
    Result<fs::Attributes> stat(const std::string& path, Follow follow) override {
        const Identity identity(credentials_);
        return attributes_at(top(), path.c_str(), no_follow(follow));
    }
    Result<void> access(const std::string& path, int mask) override {
        const Identity identity(credentials_);
        return done(::faccessat(top(), path.c_str(), mask, AT_EACCESS));
    }
    Result<void> chmod(const std::string& path, std::uint16_t permissions) override {
        const Identity identity(credentials_);
        return done(::fchmodat(top(), path.c_str(), permissions, 0));
    }
    Result<void> chown(const std::string& path, std::optional<std::uint32_t> uid,
                       std::optional<std::uint32_t> gid, Follow follow) override {
        const Identity identity(credentials_);
        constexpr std::uint32_t keep = ~0U;
        return done(::fchownat(top(), path.c_str(), uid.value_or(keep), gid.value_or(keep),
                               no_follow(follow)));
    }
    Result<void> set_times(const std::string& path, std::optional<Time> access,
                           std::optional<Time> modify, Follow follow) override {
        const Identity identity(credentials_);
        const auto spec = [](const std::optional<Time>& time) {
            return time ? timespec{time->seconds, static_cast<long>(time->nanoseconds)}
                        : timespec{0, UTIME_OMIT};
        };
        const timespec times[] = {spec(access), spec(modify)};
        return done(::utimensat(top(), path.c_str(), times, no_follow(follow)));
    }
    Result<void> truncate(const std::string& path, std::uint64_t size) override {
        const Identity identity(credentials_);
        return done(::truncate(through_proc(path).c_str(), static_cast<off_t>(size)));
    }

    Result<std::string> get_attribute(const std::string& path, const std::string& name,
                                      Follow follow) override {
        const Identity identity(credentials_);
        std::string value(65536, '\0');
        const auto get = follow == Follow::yes ? ::getxattr : ::lgetxattr;
        const ssize_t length =
            get(through_proc(path).c_str(), name.c_str(), value.data(), value.size());
        if (length < 0) return fail_errno();
        value.resize(static_cast<std::size_t>(length));
        return value;
    }
    Result<void> set_attribute(const std::string& path, const std::string& name,
                               std::string_view value, fs::SetAttributeMode mode,
                               Follow follow) override {
        const Identity identity(credentials_);
        const int flags = mode == fs::SetAttributeMode::create    ? XATTR_CREATE
                          : mode == fs::SetAttributeMode::replace ? XATTR_REPLACE
                                                                  : 0;
        const auto set = follow == Follow::yes ? ::setxattr : ::lsetxattr;
        return done(
            set(through_proc(path).c_str(), name.c_str(), value.data(), value.size(), flags));
    }
    Result<std::vector<std::string>> list_attributes(const std::string& path,
                                                     Follow follow) override {
        const Identity identity(credentials_);
        std::string buffer(65536, '\0');
        const auto list = follow == Follow::yes ? ::listxattr : ::llistxattr;
        const ssize_t length = list(through_proc(path).c_str(), buffer.data(), buffer.size());
        if (length < 0) return fail_errno();
        std::vector<std::string> names;
        for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
            names.emplace_back(buffer.c_str() + at);
            at += names.back().size() + 1;
        }
        std::ranges::sort(names);
        return names;
    }
    Result<void> remove_attribute(const std::string& path, const std::string& name,
                                  Follow follow) override {
        const Identity identity(credentials_);
        const auto remove = follow == Follow::yes ? ::removexattr : ::lremovexattr;
        return done(remove(through_proc(path).c_str(), name.c_str()));
    }

    Result<fs::VolumeStatistics> statistics() override {
        struct statvfs found{};
        if (::fstatvfs(top(), &found) != 0) return fail_errno();
        fs::VolumeStatistics result;
        result.block_size = static_cast<std::uint32_t>(found.f_frsize);
        result.blocks = found.f_blocks;
        result.free_blocks = found.f_bfree;
        result.available_blocks = found.f_bavail;
        result.inodes = found.f_files;
        result.free_inodes = found.f_ffree;
        result.name_length = static_cast<std::uint32_t>(found.f_namemax);
        return result;
    }
    Result<void> sync() override { return done(::syncfs(top())); }

private:
    int top() const { return top_->get(); }
    static int no_follow(Follow follow) { return follow == Follow::no ? AT_SYMLINK_NOFOLLOW : 0; }
    // Some calls have no form that starts at a directory. The descriptor's name in /proc is a step
    // into it that asks nobody's permission.
    std::string through_proc(const std::string& path) const {
        return path.empty() ? path : "/proc/self/fd/" + std::to_string(top()) + "/" + path;
    }

    std::shared_ptr<const UniqueFd> top_;
    fs::Credentials credentials_;
};

}  // namespace

std::shared_ptr<Subject> make_system_subject(UniqueFd top) {
    return std::make_shared<SystemSubject>(std::make_shared<const UniqueFd>(std::move(top)),
                                           fs::Credentials::root());
}

}  // namespace quire::conformance
