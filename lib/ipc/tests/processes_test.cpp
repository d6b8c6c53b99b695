// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/kit/child.hpp"
#include "tests/kit/other_program.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

TEST(Processes, a_capability_goes_through_three_of_them) {
    // The first process makes a counter; the second is handed it and keeps it; this one is the
    // second's client.
    ServerProcess first;
    UniqueFd to_first = first.take_client_end();
    ServerProcess second({}, [&](const Server& server) {
        const auto maker = *adopt<Sample>(std::move(to_first), server.home());
        const Cap<Sample> root(std::make_shared<SampleObject>(std::make_shared<World>()));
        child_check(root->keep(any_time, *maker->make_counter(any_time, 17)).has_value(), "keep");
        return root;
    });
    to_first.reset();
    const auto middle = *adopt<Sample>(second.take_client_end());
    auto counter = *middle->kept(any_time);
    ASSERT_TRUE(counter);
    EXPECT_EQ(counter->value(any_time), 17u);
    counter->add(any_time, 5);
    EXPECT_EQ(counter->value(any_time), 22u);
    EXPECT_EQ(middle->ask(any_time, counter), 22u) << "all mean the same object";
    ASSERT_TRUE(middle->keep(any_time, {}));
    // Who handed it on may go; the object is elsewhere.
    second.kill();
    EXPECT_EQ(counter->value(any_time), 22u);
    EXPECT_EQ(middle->nothing(any_time).error(), std::errc::connection_reset);
    first.kill();
    EXPECT_EQ(counter->value(any_time).error(), std::errc::connection_reset);
}

TEST(Processes, a_killed_server_fails_every_waiting_and_later_call) {
    ServerProcess server;
    const auto client = *adopt<Sample>(server.take_client_end());
    const auto counter = *client->make_counter(any_time, 1);
    std::vector<std::jthread> waiting;
    std::atomic<int> sent = 0;
    std::atomic<int> reset = 0;
    for (int i = 0; i < 4; ++i) {
        waiting.emplace_back([&] {
            ++sent;
            if (client->wait(any_time).error() == std::errc::connection_reset) ++reset;
        });
    }
    while (sent < 4 || client->remote()->counters().sent_messages < 5) std::this_thread::yield();
    server.kill();
    waiting.clear();
    EXPECT_EQ(reset, 4);
    EXPECT_EQ(client->nothing(any_time).error(), std::errc::connection_reset);
    EXPECT_EQ(counter->value(any_time).error(), std::errc::connection_reset);
    counter->add(any_time, 1);
}

TEST(Processes, a_killed_client_releases_all_it_held) {
    Serving serving;
    for (int round = 0; round < 100; ++round) {
        UniqueFd end = serving.raw_client();
        Turnstile ready;
        Child child([&] {
            const auto client = *adopt<Sample>(std::move(end));
            const auto counters = client->make_counters(any_time, 16);
            child_check(counters.has_value(), "make_counters");
            auto gate = gate_of(AnyCap((*counters)[3]), any_time);
            child_check(gate.has_value(), "gate_of");
            child_check((*counters)[3]->value(any_time).has_value(), "value");
            ready.open();
            while (true) ::pause();
        });
        end.reset();
        ready.pass();
        child.kill();
    }
    serving.wait_until([&] {
        const Snapshot now = serving.server.snapshot();
        return now.channels.empty() && now.gates.empty() && serving.world->counters == 0;
    });
}

TEST(Exec, a_named_gate_survives_and_nothing_else) {
    Serving serving;
    UniqueFd gate = *serving.server.gate(AnyCap(serving.sample()));
    EXPECT_EQ(::fcntl(gate.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_TRUE(run_other_program("has a sample", gate.get(), true));
    EXPECT_EQ(serving.world->calls, 1);
    EXPECT_TRUE(run_other_program("has no gate", gate.get(), false));
    gate.reset();
    serving.wait_until([&] { return serving.server.snapshot().gates.empty(); });
}

TEST(Exec, an_object_of_another_server_is_inherited_as_a_gate) {
    ServerProcess other;
    const auto client = *adopt<Sample>(other.take_client_end());
    const auto again = *client->again(any_time);
    const UniqueFd gate = *gate_of(AnyCap(again), any_time);
    EXPECT_TRUE(run_other_program("has a sample", gate.get(), true));
    // And what is a gate already, as it is.
    const auto from_gate = *cap_of_gate<Sample>(*gate_of(AnyCap(again), any_time));
    const UniqueFd second = *gate_of(AnyCap(from_gate), any_time);
    EXPECT_TRUE(run_other_program("has a sample", second.get(), true));
}

TEST(Inherit, fails_for_what_is_not_open) {
    EXPECT_EQ(inherit(-1).error(), std::errc::bad_file_descriptor);
    EXPECT_EQ(cap_of_gate<Sample>(UniqueFd(::open("/dev/null", O_RDONLY))).error(),
              std::errc::not_a_socket);
    EXPECT_EQ(adopt<Sample>(UniqueFd()).error(), std::errc::not_a_socket);
}

/// Sends a socket, and both ends of a pair that nobody reads, through that pair, and is killed: what
/// was sent lies in a queue that only itself leads to.
///
/// Any Unix socket that the kernel closes makes it look for such circles. So the child has closed
/// all others before it begins, and closes no end of this pair for good: all are on their way.
void leave_circle_of_killed_client(UniqueFd sent) {
    Child child([&] {
        SocketPair pair = *make_socket_pair();
        std::array kept{STDERR_FILENO, sent.get(), pair.ours.get(), pair.theirs.get()};
        std::ranges::sort(kept);
        int first = 0;
        for (const int fd : kept) {
            if (fd > first)
                ::close_range(static_cast<unsigned>(first), static_cast<unsigned>(fd) - 1, 0);
            first = fd + 1;
        }
        ::close_range(static_cast<unsigned>(first), ~0U, 0);
        const int ours = pair.ours.get();
        RawClient sender(std::move(pair.ours));
        child_check(
            sender.send(std::vector<std::byte>(8), std::array{sent.get(), pair.theirs.get(), ours}),
            "send");
        sender.hang_up();
        sent.reset();
        pair.theirs.reset();
        ::raise(SIGSTOP);
        child_check(false, "it should have been killed");
    });
    sent.reset();
    siginfo_t info{};
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WSTOPPED | WEXITED | WNOWAIT),
              0);
    EXPECT_EQ(info.si_code, CLD_STOPPED);
    child.kill();
}

/// A server with two clients, one of whom is killed and leaves a circle of its gate or its channel.
class Collection : public ::testing::TestWithParam<const char*> {
protected:
    void begin(std::chrono::milliseconds interval) {
        serving_.emplace(ServerOptions{.collection_interval = interval});
        // The collector has nothing to do without clients.
        client_ = serving_->connect();
    }
    void leave_circle() {
        leave_circle_of_killed_client(std::string_view(GetParam()) == "gate"
                                          ? *serving_->server.gate(AnyCap(serving_->sample()))
                                          : serving_->raw_client());
    }
    std::uint64_t forced() { return serving_->server.snapshot().forced_collections; }
    bool has_come_back() {
        const Snapshot now = serving_->server.snapshot();
        return now.gates.empty() && now.channels.size() == 1;
    }

    std::optional<Serving> serving_;
    Cap<Sample> client_;
};

// Others on this machine may close sockets whenever they like; so the circle's end alone does not
// say that the collector works, and what it has done is counted.
TEST_P(Collection, of_what_a_killed_client_sent_through_itself_is_forced) {
    begin(std::chrono::milliseconds(5));
    for (int round = 0; round < 5; ++round) {
        leave_circle();
        const std::uint64_t before = forced();
        serving_->wait_until([&] { return has_come_back(); });
        serving_->wait_until([&] { return forced() > before; });
    }
}

TEST_P(Collection, waits_for_a_socket_to_be_closed) {
    begin(std::chrono::hours(1));
    for (int round = 0; round < 50; ++round) {
        leave_circle();
        for (int call = 0; call < 200; ++call) ASSERT_TRUE(client_->nothing(any_time));
        const bool was_left = !has_come_back();
        (void)make_socket_pair();
        serving_->wait_until([&] { return has_come_back(); });
        EXPECT_EQ(forced(), 0u);
        if (was_left) return;
    }
    GTEST_SKIP() << "sockets are closed all the time on this machine";
}

INSTANTIATE_TEST_SUITE_P(OfA, Collection, ::testing::Values("gate", "channel"),
                         [](const auto& what) { return std::string(what.param); });

}  // namespace

}  // namespace quire::ipc
