// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
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

TEST(Collection, a_gate_sent_through_itself_by_a_killed_client_comes_back) {
    Serving serving({.collection_interval = std::chrono::milliseconds(5)});
    for (int round = 0; round < 5; ++round) {
        UniqueFd gate = *serving.server.gate(AnyCap(serving.sample()));
        Child child([&] {
            // A pair that nobody reads: its one end lies in its own queue, and so does the gate.
            SocketPair pair = *make_socket_pair();
            RawClient sender(std::move(pair.ours));
            const std::array descriptors{gate.get(), pair.theirs.get()};
            child_check(sender.send(std::vector<std::byte>(8), descriptors), "send");
            // The order in which the kernel closes what a killed process has is its own affair;
            // this one leaves the circle to be found later.
            sender.hang_up();
            gate.reset();
            pair.theirs.reset();
            while (true) ::pause();
        });
        gate.reset();
        child.kill();
        serving.wait_until([&] { return serving.server.snapshot().gates.empty(); });
    }
}

TEST(Collection, a_channel_sent_through_itself_comes_back) {
    Serving serving({.collection_interval = std::chrono::milliseconds(5)});
    RawClient client(serving.raw_client());
    SocketPair pair = *make_socket_pair();
    RawClient sender(std::move(pair.ours));
    EXPECT_TRUE(sender.send(std::vector<std::byte>(8), std::array{client.fd(), pair.theirs.get()}));
    client.hang_up();
    sender.hang_up();
    pair.theirs.reset();
    serving.wait_until([&] { return serving.server.snapshot().channels.empty(); });
}

}  // namespace

}  // namespace quire::ipc
