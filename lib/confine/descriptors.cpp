// SPDX-License-Identifier: MIT

#include "descriptors.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "quire/base/unique_fd.hpp"

namespace quire::confine {

namespace {

constexpr int first_after_standard = 3;

Result<void> close_between(unsigned first, unsigned last) {
    if (first > last || ::close_range(first, last, 0) == 0) return {};
    if (errno == ENOSYS) {
        return fail(std::errc::operation_not_supported,
                    "this kernel has no close_range, which confining a server needs: use Linux 5.9 "
                    "or later");
    }
    return fail_errno("cannot close the descriptors that the server does not keep");
}

Result<void> silence(int standard, const UniqueFd& null) {
    if (null.get() == standard || ::dup2(null.get(), standard) >= 0) return {};
    return fail_errno(fmt::format("cannot put /dev/null in the place of descriptor {}", standard));
}

}  // namespace

Result<void> check_descriptors(const std::vector<int>& keep) {
    for (const int fd : keep) {
        if (::fcntl(fd, F_GETFD) < 0) {
            return fail(
                std::errc::bad_file_descriptor,
                fmt::format("descriptor {}, which the server wants to keep, is not open", fd));
        }
    }
    return {};
}

Result<std::size_t> close_other_descriptors(std::vector<int> keep) {
    std::ranges::sort(keep);
    keep.erase(std::unique(keep.begin(), keep.end()), keep.end());
    const std::size_t kept = keep.size();

    // libc remembers its number: a late syslog() would write into whatever has that number then.
    ::closelog();

    UniqueFd null;
    for (int standard = 0; standard < first_after_standard; ++standard) {
        if (std::ranges::binary_search(keep, standard)) continue;
        if (!null) null.reset(::open("/dev/null", O_RDWR));
        if (!null) {
            return fail_errno(
                "cannot open /dev/null, which takes the place of standard streams that the server "
                "does not keep");
        }
        QUIRE_TRY(silence(standard, null));
    }
    if (null.get() < first_after_standard) (void)null.release();

    auto next = static_cast<unsigned>(first_after_standard);
    for (const int fd : keep) {
        if (fd < first_after_standard) continue;
        const auto number = static_cast<unsigned>(fd);
        QUIRE_TRY(close_between(next, number - 1));
        next = number + 1;
    }
    QUIRE_TRY(close_between(next, std::numeric_limits<unsigned>::max()));
    (void)null.release();
    return kept;
}

}  // namespace quire::confine
