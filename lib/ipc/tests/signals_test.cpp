// SPDX-License-Identifier: MIT
//
// Signals: those that interrupt whatever waits, and the one that a peer's end could bring.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "quire/testing/signal_storm.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "tests/kit/child.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

/// Interrupts to go through before a test has seen enough.
constexpr std::uint64_t enough_signals = 3000;

std::vector<std::byte> numbered_bytes(std::size_t size, unsigned number) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::byte>(i * 7 + number * 31 + i / 251);
    return bytes;
}

/// Whether the client offers a slot.
class Interrupted : public ::testing::TestWithParam<bool> {
protected:
    Cap<Sample> connect() {
        return *adopt<Sample>(serving.raw_client(), {serving.server.home(), GetParam()});
    }

    Serving serving;
    const testing::SignalStorm storm;
};

TEST_P(Interrupted, calls_lose_nothing) {
    const auto client = connect();
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 3; ++thread)
        threads.emplace_back([&, thread] {
            for (unsigned call = 0; call < 300 || storm.handled() < enough_signals; ++call) {
                const std::size_t size = call % 10 == 0 ? 60'000 : call * 13 % 3000;
                const auto bytes = numbered_bytes(size, thread * 1000 + call);
                const auto echo = client->echo(any_time, bytes);
                ASSERT_TRUE(echo) << echo.error().message();
                ASSERT_TRUE(*echo == bytes);
            }
        });
}

TEST_P(Interrupted, one_way_messages_are_all_done) {
    const auto client = connect();
    const auto counter = *client->make_counter(any_time, 0);
    std::uint64_t sent = 0;
    // Without waiting for anybody: queues are full again and again.
    while (sent < 20'000 || storm.handled() < enough_signals) {
        counter->add(any_time, 1);
        ++sent;
    }
    const auto value = counter->value(any_time);
    ASSERT_TRUE(value) << value.error().message();
    EXPECT_EQ(*value, sent);
}

TEST_P(Interrupted, transfers_arrive) {
    const auto client = connect();
    const auto other = connect();
    for (unsigned round = 0; round < 100 || storm.handled() < enough_signals; ++round) {
        UniqueFd fd(::memfd_create("transfer", MFD_CLOEXEC));
        auto resized = client->resize(any_time, Memory(std::move(fd), 0, true), 4096 + round);
        ASSERT_TRUE(resized) << resized.error().message();
        ASSERT_EQ(resized->size(), 4096 + round);
        // Through a gate, which is connected, used and let go of.
        auto counters = client->make_counters(any_time, 4);
        ASSERT_TRUE(counters) << counters.error().message();
        auto gate = gate_of(AnyCap((*counters)[round % 4]), any_time);
        ASSERT_TRUE(gate) << gate.error().message();
        const auto through = *cap_of_gate<Counter>(std::move(*gate));
        ASSERT_EQ(through->value(any_time), round % 4);
        const auto asked = other->ask(any_time, through);
        ASSERT_TRUE(asked) << asked.error().message();
        ASSERT_EQ(*asked, round % 4);
    }
}

TEST_P(Interrupted, waits_go_on_until_there_is_an_answer) {
    const auto client = connect();
    std::stop_source stop;
    std::vector<std::jthread> waiting;
    for (const Call& call :
         {any_time, any_time.cancelled_by(stop.get_token()), Call::within(std::chrono::hours(1))})
        waiting.emplace_back([&, call] {
            const auto waited = client->wait(call);
            EXPECT_TRUE(waited) << waited.error().message();
        });
    serving.world->wait_for_waiting(3);
    storm.wait_for(enough_signals);
    EXPECT_EQ(serving.server.snapshot().channels.at(0).running_calls, 3u);
    serving.world->open();
}

TEST_P(Interrupted, waits_end_when_they_should) {
    const auto client = connect();
    const Call brief = Call::within(std::chrono::milliseconds(20));
    const auto late = client->wait(brief);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error(), std::errc::timed_out);
    EXPECT_TRUE(brief.expired());
    std::stop_source stop;
    std::jthread waiting([&] {
        EXPECT_EQ(client->wait(any_time.cancelled_by(stop.get_token())).error(),
                  std::errc::operation_canceled);
    });
    // The one before may not have heard yet that it is over.
    serving.world->wait_for_waiting(1);
    storm.wait_for(100);
    stop.request_stop();
}

TEST_P(Interrupted, clients_come_and_go) {
    const testing::TemporaryDirectory directory;
    const std::string path = directory / "socket";
    ASSERT_TRUE(serving.server.listen(
        path, [&](const Peer&) -> Result<AnyCap> { return AnyCap(serving.sample()); }));
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread)
        threads.emplace_back([&] {
            for (int i = 0; i < 100 || storm.handled() < enough_signals; ++i) {
                const auto client = ipc::connect<Sample>(path);
                ASSERT_TRUE(client) << client.error().message();
                ASSERT_TRUE((*client)->nothing(any_time));
            }
        });
    threads.clear();
    serving.wait_until([&] { return serving.server.snapshot().channels.empty(); });
    EXPECT_EQ(serving.server.snapshot().expelled_channels, 0u);
}

INSTANTIATE_TEST_SUITE_P(With, Interrupted, ::testing::Bool(),
                         [](const auto& what) { return what.param ? "slot" : "no_slot"; });

// With this kind of socket Linux has not sent it so far; others, and other kinds, do.
void expect_no_signal_of_pipes(const std::function<void()>& work) {
    Child child([&] {
        sigset_t pipes;
        ::sigemptyset(&pipes);
        ::sigaddset(&pipes, SIGPIPE);
        child_check(::signal(SIGPIPE, SIG_DFL) != SIG_ERR, "signal");
        child_check(::pthread_sigmask(SIG_UNBLOCK, &pipes, nullptr) == 0, "pthread_sigmask");
        work();
    });
    EXPECT_TRUE(child.succeeded());
}

TEST(SignalOfPipes, does_not_come_to_who_calls_a_server_that_is_gone) {
    expect_no_signal_of_pipes([] {
        SocketPair pair = *make_socket_pair();
        SocketPair lost = *make_socket_pair();
        const auto client = *adopt<Sample>(std::move(pair.ours));
        const auto gate = *cap_of_gate<Counter>(std::move(lost.ours));
        pair.theirs.reset();
        lost.theirs.reset();
        child_check(gate->value(any_time).error() == std::errc::connection_reset, "a gate");
        child_check(client->keep(any_time, gate).error() == std::errc::connection_reset,
                    "a call with a descriptor");
        child_check(client->nothing(any_time).error() == std::errc::connection_reset, "a call");
        gate->add(any_time, 1);
    });
}

TEST(SignalOfPipes, does_not_come_to_who_calls_one_that_goes) {
    ServerProcess server;
    UniqueFd end = server.take_client_end();
    expect_no_signal_of_pipes([&] {
        const auto client = *adopt<Sample>(std::move(end));
        const auto counters = client->make_counters(any_time, 3);
        child_check(counters.has_value(), "make_counters");
        const auto gate = cap_of_gate<Counter>(*gate_of(AnyCap((*counters)[0]), any_time));
        child_check((*gate)->value(any_time).has_value(), "the gate");
        ::kill(server.pid(), SIGKILL);
        // Until it is gone, and ever after.
        while ((*counters)[1]->value(any_time)) continue;
        for (int i = 0; i < 10; ++i) {
            (*counters)[1]->add(any_time, 1);
            (*gate)->add(any_time, 1);
            child_check(!(*gate)->value(any_time), "a gate of nobody");
            child_check(!client->nothing(any_time), "a call of nobody");
            child_check(!gate_of(AnyCap((*counters)[2]), any_time), "a new gate of nobody");
        }
    });
}

TEST(SignalOfPipes, does_not_come_to_a_server_whose_client_goes_while_it_is_answered) {
    /// Ends its client before it answers it.
    struct Rude final : SampleObject {
        Rude(std::shared_ptr<World> world, int client)
            : SampleObject(std::move(world)), client_(client) {}
        Result<void> nothing(const Call&) override {
            ::shutdown(client_, SHUT_RDWR);
            return {};
        }

    private:
        const int client_;
    };
    expect_no_signal_of_pipes([] {
        Serving serving;
        for (int round = 0; round < 300; ++round) {
            SocketPair pair = *make_socket_pair();
            RawClient client(std::move(pair.ours));
            const Cap<Sample> rude(std::make_shared<Rude>(serving.world, client.fd()));
            child_check(serving.server.adopt(std::move(pair.theirs), rude).has_value(), "adopt");
            const Header nothing{
                .kind = MessageKind::request, .call = 1, .object = 1, .opcode = 1, .left = -1};
            child_check(client.send(nothing), "send");
            serving.wait_until([&] { return serving.server.snapshot().channels.empty(); });
        }
        child_check(serving.connect()->nothing(any_time).has_value(), "another client");
    });
}

}  // namespace

}  // namespace quire::ipc
