// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <vector>

#include "system/fork_watch.hpp"
#include "tests/kit/child.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

std::vector<std::byte> mark_of(int process, int call) {
    std::vector<std::byte> bytes(16 + static_cast<std::size_t>(process));
    const int mark[2] = {process, call};
    std::memcpy(bytes.data(), mark, sizeof(mark));
    return bytes;
}

Cap<Sample> through_gate(Serving& serving) {
    return *cap_of_gate<Sample>(*serving.server.gate(AnyCap(serving.sample())));
}

TEST(Fork, four_processes_share_a_gate_and_never_see_each_other_s_replies) {
    Serving serving;
    const auto sample = through_gate(serving);
    ASSERT_TRUE(sample->nothing(any_time)) << "it is in use when the process forks";
    const auto work = [&](int process) {
        for (int call = 0; call < 500; ++call) {
            const auto bytes = mark_of(process, call);
            const auto echo = sample->echo(any_time, bytes);
            child_check(echo.has_value(), "echo");
            child_check(*echo == bytes, "a reply of another process");
        }
    };
    std::vector<Child> children;
    for (int process = 1; process <= 3; ++process)
        children.emplace_back([&, process] { work(process); });
    work(4);
    for (Child& child : children) EXPECT_TRUE(child.succeeded());
    serving.wait_until([&] { return serving.server.snapshot().channels.size() == 1; });
    EXPECT_TRUE(sample->nothing(any_time));
}

TEST(Fork, a_child_s_child_shares_it_too) {
    Serving serving;
    const auto sample = through_gate(serving);
    Child child([&] {
        child_check(sample->nothing(any_time).has_value(), "in the child");
        Child grandchild(
            [&] { child_check(sample->nothing(any_time).has_value(), "in its child"); });
        child_check(grandchild.succeeded(), "the grandchild");
        child_check(sample->nothing(any_time).has_value(), "in the child again");
    });
    EXPECT_TRUE(child.succeeded());
    EXPECT_TRUE(sample->nothing(any_time));
    EXPECT_EQ(serving.world->calls, 4);
}

TEST(Fork, objects_of_the_parent_s_channel_are_dead_in_the_child_at_once) {
    Serving serving;
    const auto client = serving.connect();
    auto counter = *client->make_counter(any_time, 5);
    Child child([&] {
        child_check(client->nothing(any_time).error() == std::errc::connection_reset, "the root");
        child_check(counter->value(any_time).error() == std::errc::connection_reset, "an object");
        counter->add(any_time, 1);
        counter = {};
    });
    EXPECT_TRUE(child.succeeded());
    EXPECT_EQ(counter->value(any_time), 5u) << "the parent's is as before";
}

TEST(Fork, a_child_of_a_process_in_the_middle_of_calls_is_not_stuck) {
    Serving serving;
    const auto sample = through_gate(serving);
    ASSERT_TRUE(sample->nothing(any_time));
    std::atomic<bool> done = false;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
        callers.emplace_back([&] {
            while (!done) ASSERT_TRUE(sample->nothing(any_time));
        });
    }
    for (int i = 0; i < 20; ++i) {
        Child child([&] { child_check(sample->nothing(any_time).has_value(), "in the child"); });
        EXPECT_TRUE(child.succeeded());
    }
    done = true;
}

TEST(Fork, a_waiting_child_does_not_hide_the_death_of_its_parent_from_the_server) {
    Serving serving;
    Turnstile let_parent_go;
    Turnstile let_grandchild_go;
    Turnstile is_running;
    UniqueFd end = serving.raw_client();
    Child holder([&] {
        const auto client = *adopt<Sample>(std::move(end));
        child_check(client->nothing(any_time).has_value(), "a call");
        Child grandchild([&] {
            is_running.open();
            let_grandchild_go.pass();
        });
        is_running.pass();
        let_parent_go.pass();
        // Ends without waiting for its child.
        ::_exit(0);
    });
    end.reset();
    serving.wait_until([&] { return serving.world->calls == 1; });
    EXPECT_EQ(serving.server.snapshot().channels.size(), 1u);
    let_parent_go.open();
    serving.wait_until([&] { return serving.server.snapshot().channels.empty(); });
    let_grandchild_go.open();
}

TEST(Fork, a_child_s_copies_of_a_channel_are_dead_and_still_its_own) {
    SocketPair pair = *make_socket_pair();
    const int number = pair.ours.get();
    auto guarded = std::make_unique<ProcessFd>(std::move(pair.ours));
    const auto generation = process_generation();
    Child child([&] {
        child_check(process_generation() != generation, "another process");
        RawClient inherited{UniqueFd(number)};
        child_check(!inherited.send({.kind = MessageKind::control, .opcode = 1}), "it is dead");
        child_check(!inherited.receive(), "it is dead");
        // The number is not free for others until its owner gives it up.
        UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        child_check(other.get() != number, "the number");
        ::_exit(0);
    });
    EXPECT_TRUE(child.succeeded());
    EXPECT_EQ(process_generation(), generation);
    Incoming message;
    EXPECT_EQ(receive_message(pair.theirs.get(), message, false), Arrival::nothing)
        << "the parent's is open";
    guarded.reset();
    EXPECT_EQ(receive_message(pair.theirs.get(), message, true), Arrival::gone);
}

TEST(Fork, a_child_made_behind_the_library_s_back_is_another_process_too) {
    Serving serving;
    const auto sample = through_gate(serving);
    const auto client = serving.connect();
    ASSERT_TRUE(sample->nothing(any_time));
    ASSERT_TRUE(client->nothing(any_time));
    const auto pid =
        static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
    if (pid == 0) {
        child_check(client->nothing(any_time).error() == std::errc::connection_reset, "a channel");
        child_check(sample->nothing(any_time).has_value(), "a gate");
        ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(sample->nothing(any_time));
    EXPECT_TRUE(client->nothing(any_time));
}

TEST(Fork, a_child_may_end_its_parent_s_server_object) {
    auto serving = std::make_unique<Serving>();
    const auto client = serving->connect();
    const Home home = serving->server.home();
    Child child([&] {
        const AnyCap cap(serving->sample());
        child_check(home.gate(cap).error() == std::errc::operation_not_supported, "a home");
        serving.reset();
    });
    EXPECT_TRUE(child.succeeded());
    EXPECT_TRUE(client->nothing(any_time));
}

}  // namespace

}  // namespace quire::ipc
