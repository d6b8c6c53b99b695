// SPDX-License-Identifier: MIT

#include "output/new_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "quire/base/name.hpp"

namespace quire::app {

namespace {

constexpr mode_t before_umask = 0666;

}  // namespace

std::string NewFile::directory() const {
    const std::size_t slash = path_.rfind('/');
    if (slash == path_.npos) return ".";
    return slash == 0 ? "/" : path_.substr(0, slash);
}

Result<std::unique_ptr<NewFile>> NewFile::open(const std::string& path, Existing existing) {
    const std::string shown = printable(path);
    struct stat facts{};
    if (::stat(path.c_str(), &facts) == 0) {
        if (S_ISDIR(facts.st_mode))
            return fail(std::errc::is_a_directory, shown + " is a directory");
        if (!S_ISREG(facts.st_mode))
            return fail(std::errc::invalid_argument,
                        shown + " is no regular file, so no other can take its place");
        if (existing == Existing::refuse)
            return fail(std::errc::file_exists,
                        shown + " exists already; give --force to replace it");
    }
    std::unique_ptr<NewFile> file(new NewFile(path, existing));
    const std::string place = file->directory();
    file->fd_.reset(::open(place.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, before_umask));
    if (!file->fd_) {
        if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
            return fail_errno(printable(place));
        for (int i = 0; !file->fd_; ++i) {
            file->beside_ = fmt::format("{}/.quire-{}-{}", place, ::getpid(), i);
            file->fd_.reset(
                ::open(file->beside_.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, before_umask));
            if (file->fd_ || errno == EEXIST) continue;
            file->beside_.clear();
            return fail_errno(printable(place));
        }
    }
    UniqueFd shared(::fcntl(file->fd_.get(), F_DUPFD_CLOEXEC, 0));
    if (!shared) return fail_errno(shown);
    block::FileOptions options;
    options.writable = true;
    QUIRE_TRY_ASSIGN(file->device_, block::FileDevice::adopt(std::move(shared), shown, options));
    return file;
}

NewFile::~NewFile() {
    if (!beside_.empty()) ::unlink(beside_.c_str());
}

// A file without a name can only be given one that is free: for replacing, a hidden one comes
// first and rename does the rest.
Result<void> NewFile::name_beside() {
    const std::string self = fmt::format("/proc/self/fd/{}", fd_.get());
    for (int i = 0;; ++i) {
        std::string name = fmt::format("{}/.quire-{}-{}", directory(), ::getpid(), i);
        if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
            beside_ = std::move(name);
            return {};
        }
        if (errno != EEXIST) return fail_errno(printable(path_));
    }
}

Result<void> NewFile::publish() {
    device_.reset();
    if (::fsync(fd_.get()) != 0) return fail_errno(printable(path_));
    if (beside_.empty()) QUIRE_TRY(name_beside());
    const unsigned flags = existing_ == Existing::refuse ? 1u /* RENAME_NOREPLACE */ : 0u;
    if (::renameat2(AT_FDCWD, beside_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
        if (errno == EEXIST)
            return fail(std::errc::file_exists,
                        printable(path_) + " exists already; give --force to replace it");
        // Not every filesystem of the host knows flags.
        if (errno != EINVAL || ::rename(beside_.c_str(), path_.c_str()) != 0)
            return fail_errno(printable(path_));
    }
    beside_.clear();
    const UniqueFd place(::open(directory().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!place || ::fsync(place.get()) != 0) return fail_errno(printable(path_));
    return {};
}

}  // namespace quire::app
