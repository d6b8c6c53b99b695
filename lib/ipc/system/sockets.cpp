// SPDX-License-Identifier: MIT

#include "system/sockets.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "message/incoming.hpp"
#include "quire/ipc/limits.hpp"

namespace quire::ipc {

namespace {

constexpr std::size_t control_size = CMSG_SPACE(max_descriptors * sizeof(int));

template <typename F>
auto uninterrupted(F&& call) {
    while (true) {
        const auto result = call();
        if (result >= 0 || errno != EINTR) return result;
    }
}

Error error_of_sending(int number) {
    switch (number) {
        case EAGAIN:
        // A socket that is not ours to bound can have a short queue.
        case ENOBUFS:
            return Error(std::errc::resource_unavailable_try_again);
        case ETOOMANYREFS:
            return Error(std::errc::too_many_files_open, "too many descriptors are on their way");
        case ENOMEM:
            return Error(std::errc::not_enough_memory);
        default:
            return Error(std::errc::connection_reset);
    }
}

/// Takes over the descriptors of a received message; false when there is anything else.
bool take_control_data(msghdr& message, Incoming& into) {
    bool clean = true;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
         part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            clean = false;
            continue;
        }
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
            if (into.descriptors().size() < max_descriptors) {
                into.add_descriptor(fd);
            } else {
                UniqueFd(fd).reset();
                clean = false;
            }
        }
    }
    return clean;
}

}  // namespace

Result<SocketPair> make_socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno();
    return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

bool is_channel(int fd) {
    const auto option_is = [fd](int option, int wanted) {
        int value = 0;
        socklen_t size = sizeof(value);
        return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
    };
    return option_is(SO_DOMAIN, AF_UNIX) && option_is(SO_TYPE, SOCK_SEQPACKET);
}

Result<void> send_message(int fd, std::span<const std::byte> bytes,
                          std::span<const int> descriptors) {
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, control_size> control;
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        std::memset(control.data(), 0, message.msg_controllen);
        cmsghdr* const rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    }
    const ssize_t sent =
        uninterrupted([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
    if (sent < 0) return fail(error_of_sending(errno));
    return {};
}

Arrival receive_message(int fd, Incoming& into, bool wait) {
    into.clear();
    iovec part{into.room().data(), into.room().size()};
    alignas(cmsghdr) std::array<char, control_size> control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const int flags = MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT);
    ssize_t size = uninterrupted([&] { return ::recvmsg(fd, &message, flags); });
    if (size < 0 && errno == ECONNRESET) {
        // The peer is gone and had not read everything. The kernel says so once, before what the
        // peer had sent.
        message.msg_controllen = control.size();
        size = uninterrupted([&] { return ::recvmsg(fd, &message, flags); });
    }
    if (size < 0) return errno == EAGAIN ? Arrival::nothing : Arrival::gone;
    const bool clean = take_control_data(message, into);
    if (!clean || (message.msg_flags & MSG_TRUNC) != 0) return Arrival::malformed;
    if ((message.msg_flags & MSG_CTRUNC) != 0) {
        // Either more than we have room for in `control`, or than this process may have open.
        if (into.descriptors().size() == max_descriptors) return Arrival::malformed;
        into.set_lost_descriptors();
    }
    // An empty packet and the end look alike, and end the channel alike.
    if (size == 0) return Arrival::gone;
    into.set_size(static_cast<std::size_t>(size));
    return Arrival::message;
}

bool wait_until_ready(int fd, short events, int wake,
                      std::optional<std::chrono::nanoseconds> at_most) {
    std::array<pollfd, 2> both{pollfd{fd, events, 0}, pollfd{wake, POLLIN, 0}};
    timespec time{};
    if (at_most) {
        time.tv_sec = static_cast<time_t>(at_most->count() / 1'000'000'000);
        time.tv_nsec = static_cast<long>(at_most->count() % 1'000'000'000);
    }
    // An interruption counts as the end of the wait: callers look at their clock and wait again.
    const int ready = ::ppoll(both.data(), wake < 0 ? 1 : 2, at_most ? &time : nullptr, nullptr);
    return ready > 0 && both[0].revents != 0;
}

}  // namespace quire::ipc
