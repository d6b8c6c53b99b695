// SPDX-License-Identifier: MIT

#include "output/output.hpp"

#include <poll.h>
#include <unistd.h>

namespace quire::app {

namespace {

constexpr std::size_t full = 64 * 1024;

Result<void> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
            continue;
        }
        if (written < 0 && errno == EINTR) continue;
        if (written < 0 && errno == EAGAIN) {
            // A terminal or pipe that somebody else made non-blocking.
            pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
            if (::poll(&waiting, 1, -1) >= 0 || errno == EINTR) continue;
        }
        return fail_errno("writing to standard output");
    }
    return {};
}

}  // namespace

void Output::text(std::string_view bytes) {
    buffer_ += bytes;
    flush_when_full();
}

void Output::flush_when_full() {
    if (buffer_.size() >= full) static_cast<void>(flush());  // the failure sticks
}

Result<void> Output::flush() {
    if (!failure_ && !buffer_.empty())
        if (auto written = write_all(fd_, buffer_); !written) failure_ = written.error();
    buffer_.clear();
    if (failure_) return std::unexpected(*failure_);
    return {};
}

Result<void> Output::write(std::span<const std::byte> bytes) {
    QUIRE_TRY(flush());
    auto written = write_all(fd_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!written) failure_ = written.error();
    return written;
}

}  // namespace quire::app
