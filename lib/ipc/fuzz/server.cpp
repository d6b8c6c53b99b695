// SPDX-License-Identifier: MIT
//
// Any sequence of messages costs its sender the channel at most: the server neither breaks nor
// keeps anything of a client that is gone.
//
// The input is a list of messages: a byte of how to make it (1: write a good length and number of
// descriptors; 2 and 4: so many descriptors; 8: they are ends of channels instead of memory), a
// byte of its length in groups of eight, and its bytes.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "quire/ipc/generated.hpp"
#include "quire/ipc/server.hpp"
#include "system/sockets.hpp"

namespace {

/// An interface whose opcodes spell out their own arguments: three bits each.
class Spelled : public virtual quire::ipc::Interface {
public:
    static constexpr std::string_view interface_name = "Spelled";
};

}  // namespace

template <>
struct quire::ipc::Protocol<Spelled> {
    static std::shared_ptr<Spelled> proxy(RemoteObject) { return std::make_shared<Spelled>(); }
    static void dispatch(Spelled&, Invocation& invocation);
};

namespace {

using namespace quire::ipc;

void read_argument(Decoder& in, std::uint32_t kind, std::vector<Cap<Spelled>>& caps) {
    switch (kind) {
        case 0:
            (void)in.get<std::uint8_t>();
            break;
        case 1:
            (void)in.get<bool>();
            break;
        case 2:
            (void)in.get<std::uint64_t>();
            break;
        case 3:
            (void)in.get_string(40);
            break;
        case 4:
            (void)in.get_bytes(2000);
            break;
        case 5:
            caps.push_back(in.get_cap<Spelled>());
            break;
        case 6:
            caps.push_back(in.get_optional_cap<Spelled>());
            break;
        default:
            (void)in.get_memory();
    }
}

}  // namespace

void quire::ipc::Protocol<Spelled>::dispatch(Spelled&, Invocation& invocation) {
    if (invocation.opcode() >= 1U << 16) return invocation.unknown();
    std::vector<Cap<Spelled>> caps;
    for (std::uint32_t rest = invocation.opcode(); rest > 1; rest >>= 3)
        read_argument(invocation.in(), rest & 7, caps);
    if (!invocation.in().end()) return invocation.malformed();
    for (const auto& cap : caps) invocation.out().put_optional_cap(cap);
    invocation.out().put_cap(Cap<Spelled>(std::make_shared<Spelled>()));
    invocation.reply();
}

namespace {

Server& the_server() {
    static Server* const server = [] {
        ServerOptions options;
        options.quota = {.objects = 64,
                         .gates = 4,
                         .channels = 4,
                         .descriptors = 16,
                         .running_calls = 2,
                         .waiting_calls = 4,
                         .waiting_bytes = 4096,
                         .unread_bytes = 8192};
        return new Server(std::move(*Server::create(options)));
    }();
    return *server;
}

void send_raw(int fd, std::span<const std::uint8_t> bytes, std::span<const int> descriptors) {
    iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int))> control{};
    if (!descriptors.empty()) {
        message.msg_control = control.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    }
    (void)::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void send_message_of(std::span<const std::uint8_t> input, std::uint8_t how, int fd) {
    std::vector<std::uint8_t> bytes(input.begin(), input.end());
    const std::size_t count = how >> 1 & 3;
    std::vector<quire::UniqueFd> descriptors;
    std::vector<int> numbers;
    for (std::size_t i = 0; i < count; ++i) {
        if ((how & 8) == 0) {
            descriptors.emplace_back(::memfd_create("fuzz", MFD_CLOEXEC));
            (void)!::ftruncate(descriptors.back().get(), 4096);
        } else {
            SocketPair pair = *make_socket_pair();
            descriptors.push_back(std::move(pair.ours));
        }
        numbers.push_back(descriptors.back().get());
    }
    if ((how & 1) != 0 && bytes.size() >= 8) {
        const auto length = static_cast<std::uint32_t>(bytes.size());
        std::memcpy(bytes.data(), &length, sizeof(length));
        const auto number = static_cast<std::uint16_t>(count);
        std::memcpy(bytes.data() + 6, &number, sizeof(number));
    }
    send_raw(fd, bytes, numbers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Server& server = the_server();
    SocketPair pair = *make_socket_pair();
    const AnyCap root(Cap<Spelled>(std::make_shared<Spelled>()));
    if (!server.adopt(std::move(pair.theirs), root)) std::abort();
    std::span<const std::uint8_t> rest(data, size);
    while (rest.size() >= 2) {
        const std::uint8_t how = rest[0];
        const std::size_t length = std::min<std::size_t>(rest[1] * 8U, rest.size() - 2);
        send_message_of(rest.subspan(2, length), how, pair.ours.get());
        rest = rest.subspan(2 + length);
    }
    pair.ours.reset();
    while (true) {
        const Snapshot now = server.snapshot();
        if (now.channels.empty() && now.gates.empty()) return 0;
        std::this_thread::yield();
    }
}
