// SPDX-License-Identifier: MIT

#include "quire/lang/common/reader.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "quire/base/name.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::lang {

namespace {

std::unexpected<Error> too_large(const std::string& path, std::size_t limit) {
    return fail(std::errc::file_too_large,
                fmt::format("{} has more than {} bytes", printable(path), limit));
}

// One byte more than the limit is asked for, so that a file that grows meanwhile is found out.
Result<std::string> read_all(int fd, const std::string& path, std::size_t limit) {
    std::string text;
    for (char buffer[16 * 1024];;) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(printable(path));
        if (got == 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
        if (text.size() > limit) return too_large(path, limit);
    }
}

}  // namespace

Result<Reader::Text> FileReader::read(const std::string& path) {
    if (path.find('\0') != path.npos)
        return fail(std::errc::invalid_argument, printable(path) + " is no path");
    // Without O_NONBLOCK, opening a FIFO would wait for a writer.
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return fail_errno(printable(path));
    struct stat facts{};
    if (::fstat(fd.get(), &facts) != 0) return fail_errno(printable(path));
    if (!S_ISREG(facts.st_mode))
        return fail(std::errc::invalid_argument, printable(path) + " is no regular file");
    if (static_cast<std::uintmax_t>(facts.st_size) > limit_) return too_large(path, limit_);
    QUIRE_TRY_ASSIGN(auto text, read_all(fd.get(), path, limit_));
    return Text{fmt::format("{}:{}", facts.st_dev, facts.st_ino), std::move(text)};
}

void MemoryReader::add(std::string path, std::string text) {
    texts_.insert_or_assign(std::move(path), std::move(text));
}

Result<Reader::Text> MemoryReader::read(const std::string& path) {
    const auto at = texts_.find(path);
    if (at == texts_.end()) return fail(std::errc::no_such_file_or_directory, printable(path));
    if (at->second.size() > limit_) return too_large(path, limit_);
    return Text{path, at->second};
}

}  // namespace quire::lang
