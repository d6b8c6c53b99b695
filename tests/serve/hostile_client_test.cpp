// SPDX-License-Identifier: MIT

// A client that sends what it likes to a server with its limits as they are, beside one that works:
// this one goes on with what it has, others can come, and nothing stays behind.

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crash/traced_program.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/encoder.hpp"
#include "quire/protocols/service.hpp"
#include "quire/testing/fuzz_messages.hpp"
#include "quire/testing/raw_message.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

using protocols::Service;

const ipc::Call forever = ipc::Call::forever();

// As docs/wire.md has them.
constexpr std::uint16_t kind_request = 1;
constexpr std::uint16_t kind_reply = 2;
constexpr std::uint16_t kind_control = 4;
constexpr std::uint32_t control_release = 1;
constexpr std::uint32_t control_make_gate = 3;
constexpr std::uint32_t service_describe = 256;
constexpr std::uint32_t service_volume = 257;
constexpr std::uint32_t service_opener = 258;
constexpr std::uint32_t service_status = 263;

struct RawHeader {
    std::uint32_t size;
    std::uint16_t kind;
    std::uint16_t descriptors;
    std::uint32_t call;
    std::uint32_t object;
    std::uint32_t opcode;
    std::uint32_t zero;
    std::int64_t left;
};
static_assert(sizeof(RawHeader) == ipc::header_size);

/// A connection of somebody who sends what it likes.
class RawConnection {
public:
    explicit RawConnection(const std::string& socket) {
        auto channel = ipc::connect_channel(socket);
        EXPECT_TRUE(channel) << channel.error().message();
        if (channel) end_ = *std::move(channel);
    }

    /// An error's number; 0: it is sent. The queue of the server may be full (EAGAIN).
    int send(std::span<const std::byte> bytes, std::span<const int> descriptors = {}) {
        return testing::send_raw(end_.get(), bytes, descriptors);
    }
    int send(std::uint16_t kind, std::uint32_t object, std::uint32_t opcode,
             const std::function<void(ipc::Encoder&)>& put = {},
             std::span<const int> descriptors = {}) {
        ipc::Encoder body;
        if (put) put(body);
        const std::span<std::byte> message = body.message();
        const RawHeader header{
            .size = static_cast<std::uint32_t>(message.size()),
            .kind = kind,
            .descriptors = static_cast<std::uint16_t>(descriptors.size()),
            .call = kind == kind_control ? 0 : ++last_call_,
            .object = object,
            .opcode = opcode,
            .zero = 0,
            .left = kind == kind_request ? -1 : 0,
        };
        std::memcpy(message.data(), &header, sizeof(header));
        return send(message, descriptors);
    }
    /// The status of the next reply; nothing: the server has ended the connection.
    std::optional<std::uint32_t> status() {
        std::array<std::byte, ipc::max_message_size> message{};
        const ssize_t got = ::recv(end_.get(), message.data(), message.size(), 0);
        if (got < static_cast<ssize_t>(sizeof(RawHeader))) return std::nullopt;
        RawHeader header{};
        std::memcpy(&header, message.data(), sizeof(header));
        return header.opcode;
    }
    std::optional<std::uint32_t> call(std::uint32_t object, std::uint32_t opcode) {
        if (send(kind_request, object, opcode) != 0) return std::nullopt;
        return status();
    }
    void expect_end() {
        while (status()) continue;
    }

private:
    UniqueFd end_;
    std::uint32_t last_call_ = 0;
};

class HostileClients : public ::testing::Test {
protected:
    void SetUp() override {
        for (const char* const name : {"f", "g"})
            std::ofstream(served_.tree() + "/" + name) << std::string(10'000, 'x');
        served_.create({"--size", "32M"});
        const std::string limited =
            fmt::format(R"(ulimit -Sn {} && exec "$0" "$@")", descriptor_limit);
        ASSERT_EQ(served_.serve({}, {"/bin/sh", "-c", limited}), "");
        server_ = served_.server();
        good_service_ = *ipc::connect<Service>(served_.socket());
        good_.emplace(*client::Context::create(*good_service_->opener(forever, "", false),
                                               {.umask = 0, .patience = std::chrono::minutes(1)}));
        kept_.emplace(*good_->open("g", protocols::open_read | protocols::open_write));
        expect_good("before all");
        // Until it finds names and content in memory, and has written often enough to do that in memory
        // too, which the server has from then on.
        for (int i = 0; i < 8; ++i) EXPECT_TRUE(good_->stat("g"));
        for (int i = 0; i < 5; ++i) expect_good("once it finds names");
        before_ = held();
        descriptors_before_ = descriptors();
    }
    void TearDown() override {
        if (!good_) return;
        expect_good("after all");
        // A leak hangs here.
        while (held() != before_) std::this_thread::yield();
        if (descriptors_before_ == 0)
            GTEST_SKIP()
                << "whether descriptors are left only root can see; all else was looked at";
        while (descriptors() > descriptors_before_) std::this_thread::yield();
    }

    /// The good client does what it came for, and another one comes.
    void expect_good(const std::string& when) {
        std::array<std::byte, 100> bytes{};
        bytes.fill(static_cast<std::byte>(++turn_));
        EXPECT_TRUE(kept_->pwrite(5000, bytes) && kept_->flush()) << when;
        auto opened = good_->open("g", protocols::open_read);
        ASSERT_TRUE(opened) << when << ": " << opened.error().message();
        std::array<std::byte, 100> read{};
        EXPECT_EQ(opened->pread(5000, read), read.size()) << when;
        EXPECT_TRUE(read == bytes) << when;
        EXPECT_TRUE(opened->close()) << when;
        const auto listed = good_->list("/");
        EXPECT_TRUE(listed && listed->size() == 3) << when;
        const auto other = run_program(quire_words({"ls", served_.inside("/")}));
        EXPECT_TRUE(other && other->exit_code == 0) << when << ": " << other->output;
    }

    /// What clients hold, as the server says it.
    std::string held() const {
        const auto status = good_service_->status(forever);
        if (!status) return status.error().message();
        std::string counters = status->substr(0, status->find(" threads"));
        counters = counters.substr(counters.rfind('\n') + 1);
        counters = counters.substr(0, counters.rfind(','));  // of clients and gates
        // Up to what it says of its memory, which it keeps.
        const std::size_t start = status->rfind('\n', status->find(" openers"));
        return counters + status->substr(start, status->find(" nodes\n", start) - start);
    }
    /// Of the server; 0 where only root could see them.
    std::size_t descriptors() const {
        std::error_code error;
        std::size_t count = 0;
        for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", server_), error),
             end;
             !error && entry != end; entry.increment(error))
            ++count;
        return count;
    }

    /// What programs are usually started with.
    static constexpr std::size_t descriptor_limit = 1024;

    ServedImage served_;
    pid_t server_ = 0;
    ipc::Cap<Service> good_service_;
    std::optional<client::Context> good_;
    std::optional<client::File> kept_;
    int turn_ = 0;
    std::string before_;
    std::size_t descriptors_before_ = 0;
};

TEST_F(HostileClients, that_send_malformed_messages_are_cut_off) {
    const std::vector<std::byte> zeros(2 * ipc::max_message_size);
    for (const std::size_t size :
         {std::size_t{1}, ipc::header_size - 1, ipc::header_size, std::size_t{100},
          ipc::max_message_size, ipc::max_message_size + 8}) {
        RawConnection bad(served_.socket());
        ASSERT_EQ(bad.send(std::span(zeros).first(size)), 0) << size;
        bad.expect_end();
        expect_good(fmt::format("{} zeros", size));
    }
    const auto number = [](ipc::Encoder& body) { body.put(std::uint32_t{9}); };
    for (const auto& [kind, opcode] :
         {std::pair(kind_reply, 0U), std::pair(kind_control, 99U), std::pair(std::uint16_t{7}, 1U),
          std::pair(kind_request, service_describe), std::pair(kind_request, service_volume)}) {
        RawConnection bad(served_.socket());
        // Arguments that make no sense.
        ASSERT_EQ(bad.send(kind, kind == kind_request ? 1 : 0, opcode, number), 0);
        bad.expect_end();
        expect_good(fmt::format("kind {}, opcode {}", kind, opcode));
    }
}

TEST_F(HostileClients, that_send_anything_harm_themselves_only) {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        RawConnection bad(served_.socket());
        for (int i = 0; i < 10; ++i) {
            const auto arguments = [&](ipc::Encoder& body) {
                for (unsigned words = random() % 12; words > 0; --words)
                    body.put(static_cast<std::uint32_t>(random() % 4 == 0 ? random() : 0));
            };
            // It has a lot of objects only by chance; some opcodes are of what it has.
            bad.send(
                static_cast<std::uint16_t>(1 + random() % 4),
                static_cast<std::uint32_t>(random() % 5),
                static_cast<std::uint32_t>(random() % 2 == 0 ? random() % 8 : 256 + random() % 8),
                arguments);
        }
        if (round % 50 == 0) expect_good(fmt::format("round {}", round));
    }
}

TEST_F(HostileClients, that_name_what_they_do_not_have_get_nothing) {
    RawConnection bad(served_.socket());
    for (const std::uint32_t opcode : {0U, 1U, 32U, 66U, 150U, 9999U, ~0U})
        EXPECT_EQ(bad.call(1, opcode), static_cast<std::uint32_t>(ENOSYS)) << opcode;
    // The good client has objects of these numbers.
    for (const std::uint32_t object : {0U, 2U, 3U, 4U, 5U, 1000U, ~0U})
        for (const std::uint32_t opcode : {24U, 49U, 64U, service_describe})
            EXPECT_EQ(bad.call(object, opcode), static_cast<std::uint32_t>(EBADF)) << object;
    const auto release = [](std::uint32_t object, std::uint32_t references) {
        return [=](ipc::Encoder& body) {
            body.put_count(1, 1);
            body.put(object);
            body.put(references);
        };
    };
    EXPECT_EQ(bad.call(1, service_describe), 0U);
    ASSERT_EQ(bad.send(kind_control, 0, control_release, release(1, 1)), 0);
    EXPECT_EQ(bad.call(1, service_describe), static_cast<std::uint32_t>(EBADF));
    expect_good("a released object");
    ASSERT_EQ(bad.send(kind_control, 0, control_release, release(1, 1)), 0);
    bad.expect_end();
    for (const auto& [object, references] :
         {std::pair(1U, 2U), std::pair(1U, 0U), std::pair(2U, 1U), std::pair(0U, 1U)}) {
        RawConnection other(served_.socket());
        ASSERT_EQ(other.send(kind_control, 0, control_release, release(object, references)), 0);
        other.expect_end();
    }
}

TEST_F(HostileClients, that_send_descriptors_by_the_hundred_are_cut_off) {
    const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (const std::size_t count : {1U, 16U, 17U, 253U}) {
        const std::vector<int> descriptors(count, null.get());
        for (int i = 0; i < 50; ++i) {
            RawConnection bad(served_.socket());
            bad.send(kind_request, 1, service_describe, {}, descriptors);
            bad.expect_end();
        }
        expect_good(fmt::format("{} descriptors", count));
    }
}

TEST_F(HostileClients, that_never_read_are_cut_off) {
    std::vector<RawConnection> bad;
    for (int i = 0; i < 10; ++i) bad.emplace_back(served_.socket());
    for (RawConnection& one : bad) {
        int error = 0;
        while (error == 0 || error == EAGAIN) {
            error = one.send(kind_request, 1, service_status);
            if (error == EAGAIN) std::this_thread::yield();
        }
        EXPECT_TRUE(error == EPIPE || error == ECONNRESET) << error;
        expect_good("unread replies");
    }
}

TEST_F(HostileClients, that_connect_and_vanish_leave_nothing) {
    const auto of_the_whole = [](ipc::Encoder& body) { body.put(std::uint64_t{0}); };
    for (int i = 0; i < 1000; ++i) {
        RawConnection bad(served_.socket());
        if (i % 4 >= 1) bad.send(kind_request, 1, service_status);
        if (i % 4 >= 2) {
            bad.send(kind_request, 1, service_volume, of_the_whole);
            bad.send(kind_request, 1, service_opener, of_the_whole);
        }
        // Some have got what they asked for.
        for (int replies = 0; i % 4 == 3 && replies < 3; ++replies) EXPECT_EQ(bad.status(), 0U);
        if (i % 200 == 0) expect_good(fmt::format("{} came", i));
    }
}

/// Does something again and again, until it is refused or was done often enough.
template <typename Do>
int until_refused(int most, Do act) {
    for (int done = 0; done < most; ++done)
        if (!act(done)) return done;
    return most;
}

TEST_F(HostileClients, that_open_until_they_are_refused_leave_room_for_others) {
    const auto bad = ipc::connect<Service>(served_.socket());
    ASSERT_TRUE(bad);
    const auto opener = *(*bad)->opener(forever, "", false);
    const auto context = *opener->context(forever);
    std::vector<ipc::Cap<protocols::FileObject>> files;
    std::vector<ipc::Cap<protocols::Directory>> directories;
    std::vector<ipc::Cap<protocols::Opener>> openers;
    std::vector<ipc::Cap<protocols::OpenerContext>> contexts;
    constexpr int most = 1 << 20;
    const int turns = until_refused(most, [&](int turn) {
        if (turn % 20'000 == 0) expect_good(fmt::format("turn {}", turn));
        auto file = context->open(forever, "f", protocols::open_read, 0, 0);
        if (file) files.push_back(file->file);
        auto directory = context->open_directory(forever, "/", 1, false);
        if (directory) directories.push_back(directory->directory);
        auto another = opener->restrict(forever, "", false);
        if (another) openers.push_back(*another);
        auto made = opener->context(forever);
        if (made) contexts.push_back(*made);
        return file || directory || another || made;
    });
    EXPECT_LT(turns, most);
    EXPECT_GT(turns, 1000);
    expect_good("refused");
}

/// From now on this process may have as many descriptors open as it is allowed. Servers that it has
/// started have the limit that they were started with.
void raise_own_limit() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
}

TEST_F(HostileClients, that_make_gates_until_they_are_refused_leave_room_for_others) {
    raise_own_limit();
    constexpr int most = 2000;
    RawConnection bad(served_.socket());
    std::vector<UniqueFd> gates;
    const auto is_refused = [](const UniqueFd& gate) {
        pollfd ready{.fd = gate.get(), .events = 0, .revents = 0};
        return ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLHUP) != 0;
    };
    const auto usual = static_cast<int>(descriptor_limit - descriptors());
    const int made = until_refused(most, [&](int turn) {
        const bool at_the_usual_limit = std::abs(turn - usual) <= 8;
        if (turn % 100 == 0 || at_the_usual_limit) expect_good(fmt::format("{} gates", turn));
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
        gates.emplace_back(ends[0]);
        const UniqueFd theirs(ends[1]);
        const auto object_and_descriptor = [](ipc::Encoder& body) {
            body.put(std::uint32_t{1});
            body.put(std::uint32_t{0});
        };
        const std::array sent{theirs.get()};
        // Its answer is that the gate was taken, or it was cut off.
        return bad.send(kind_control, 0, control_make_gate, object_and_descriptor, sent) == 0 &&
               bad.call(1, service_describe) == 0U && !HasFailure();
    });
    expect_good("all gates");
    EXPECT_TRUE(made < most || std::ranges::any_of(gates, is_refused));
}

TEST_F(HostileClients, that_share_memory_until_they_are_refused_leave_some_for_others) {
    const auto bad = ipc::connect<Service>(served_.socket());
    ASSERT_TRUE(bad);
    const ipc::Memory memory = testing::fuzz_buffer(4096);
    std::vector<ipc::Cap<protocols::OpenerContext>> contexts;
    constexpr int most_openers = 100;
    constexpr int most = 1000;
    int shared = 0;
    for (int openers = 0; openers < most_openers; ++openers) {
        // Another opener is no other client.
        const auto opener = *(*bad)->opener(forever, "", false);
        shared += until_refused(most, [&](int) {
            contexts.push_back(*opener->context(forever));
            return contexts.back()->set_buffer(forever, memory).has_value();
        });
        if (openers % 10 == 0) expect_good(fmt::format("{} openers", openers));
    }
    EXPECT_GT(shared, 0);
    const auto context = *(*good_service_->opener(forever, "", false))->context(forever);
    const auto own = context->set_buffer(forever, memory);
    EXPECT_TRUE(own) << "after " << shared << " of another client: " << own.error().message();
}

TEST_F(HostileClients, that_open_volumes_until_they_are_refused_leave_room_for_others) {
    raise_own_limit();
    const auto bad = ipc::connect<Service>(served_.socket());
    ASSERT_TRUE(bad);
    std::vector<ipc::Cap<protocols::Volume>> volumes;
    constexpr int most = 3000;
    until_refused(most, [&](int turn) {
        if (turn % 200 == 0) expect_good(fmt::format("{} volumes", turn));
        auto volume = (*bad)->volume(forever, "", false);
        if (!volume) return false;
        volumes.push_back(*volume);
        return volumes.back()->set_buffer(forever, testing::fuzz_buffer(4096)).has_value();
    });
    expect_good("refused");
}

}  // namespace
}  // namespace quire::tests
