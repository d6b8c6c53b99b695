// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <random>
#include <stop_token>
#include <thread>
#include <vector>

#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

/// Bytes that tell which thread's call they are of.
std::vector<std::byte> marked(unsigned thread, unsigned call) {
    std::vector<std::byte> bytes(8 + (thread * 37 + call * 11) % 500);
    const std::uint32_t mark[2] = {thread, call};
    std::memcpy(bytes.data(), mark, sizeof(mark));
    return bytes;
}

TEST(ManyThreads, share_one_channel_and_each_gets_its_own_reply) {
    Serving serving;
    const auto client =
        *adopt<Sample>(serving.raw_client(), {serving.server.home(), /*may_use_slot=*/false});
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 16; ++thread) {
        threads.emplace_back([&client, thread] {
            for (unsigned call = 0; call < 300; ++call) {
                const auto bytes = marked(thread, call);
                const auto echo = client->echo(any_time, bytes);
                ASSERT_TRUE(echo) << echo.error().message();
                ASSERT_EQ(*echo, bytes);
            }
        });
    }
    threads.clear();
    const ChannelCounters counters = client->remote()->counters();
    EXPECT_EQ(counters.sent_messages, 16u * 300);
    EXPECT_EQ(counters.received_messages, 16u * 300);
}

TEST(ManyThreads, more_calls_than_run_at_once_wait_their_turn) {
    Serving serving({.quota = {.running_calls = 3}});
    const auto client = serving.connect();
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 20; ++thread)
        threads.emplace_back([&] { EXPECT_TRUE(client->wait(any_time)); });
    serving.wait_until([&] {
        const auto channel = serving.server.snapshot().channels.at(0);
        return channel.running_calls == 3 && channel.waiting_calls == 17;
    });
    serving.world->open();
}

TEST(ManyThreads, a_slow_call_delays_no_other_of_its_channel) {
    Serving serving;
    const auto client = serving.connect();
    std::jthread slow([&] { EXPECT_TRUE(client->wait(any_time)); });
    serving.world->wait_for_waiting(1);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(client->nothing(any_time));
    serving.world->open();
}

TEST(ManyThreads, a_slow_object_delays_no_other_client) {
    Serving serving;
    std::vector<Cap<Sample>> slow_clients;
    std::vector<std::jthread> slow;
    for (int i = 0; i < 20; ++i) slow_clients.push_back(serving.connect());
    for (const auto& client : slow_clients)
        slow.emplace_back([&client] { EXPECT_TRUE(client->wait(any_time)); });
    serving.world->wait_for_waiting(20);
    const auto client = serving.connect();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(client->nothing(any_time));
    EXPECT_GE(serving.server.snapshot().workers, 21u) << "they have grown with the need";
    serving.world->open();
}

// However many channels it makes: some workers are for others.
TEST(ManyThreads, all_slow_calls_of_one_client_delay_no_other_client) {
    constexpr std::size_t workers =
        9;  // one of them sees to the others, and half of those are for one
    Serving serving({.max_workers = workers});
    const auto greedy = serving.connect();
    std::vector<Cap<Sample>> channels;
    for (int i = 0; i < 20; ++i)
        channels.push_back(*cap_of_gate<Sample>(*gate_of(AnyCap(greedy), any_time)));
    std::vector<std::jthread> slow;
    for (const auto& channel : channels)
        slow.emplace_back([&channel] { EXPECT_TRUE(channel->wait(any_time)); });
    serving.world->wait_for_waiting(4);
    const auto calls_of = [&](auto count) {
        std::size_t sum = 0;
        for (const auto& channel : serving.server.snapshot().channels) sum += channel.*count;
        return sum;
    };
    serving.wait_until([&] { return calls_of(&Snapshot::Channel::waiting_calls) == 16; });
    const auto client = serving.connect();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(client->nothing(any_time));
    // The last call of this client may not quite be over.
    serving.wait_until([&] { return calls_of(&Snapshot::Channel::running_calls) == 4; });
    serving.world->open();
    slow.clear();
    EXPECT_TRUE(greedy->nothing(any_time));
}

TEST(ManyThreads, workers_go_when_they_are_not_needed) {
    Serving serving({.idle_worker_time = std::chrono::milliseconds(1)});
    {
        std::vector<Cap<Sample>> clients;
        std::vector<std::jthread> slow;
        for (int i = 0; i < 10; ++i) clients.push_back(serving.connect());
        for (const auto& client : clients)
            slow.emplace_back([&client] { EXPECT_TRUE(client->wait(any_time)); });
        serving.world->wait_for_waiting(10);
        serving.world->open();
    }
    serving.wait_until([&] { return serving.server.snapshot().workers == 1; });
    EXPECT_TRUE(serving.connect()->nothing(any_time));
}

TEST(ManyThreads, at_the_quota_of_workers_calls_wait_for_one) {
    Serving serving({.max_workers = 3});
    std::vector<Cap<Sample>> clients;
    std::vector<std::jthread> slow;
    for (int i = 0; i < 2; ++i) clients.push_back(serving.connect());
    for (const auto& client : clients)
        slow.emplace_back([&client] { EXPECT_TRUE(client->wait(any_time)); });
    serving.world->wait_for_waiting(2);
    const auto client = serving.connect();
    std::jthread another([&] { EXPECT_TRUE(client->nothing(any_time)); });
    EXPECT_EQ(serving.server.snapshot().workers, 3u);
    serving.world->open();
}

TEST(ManyThreads, with_every_worker_blocked_cancellations_and_ends_are_still_seen) {
    Serving serving({.max_workers = 3});
    const auto one = serving.connect();
    auto two = serving.connect();
    std::stop_source stop;
    std::vector<std::jthread> blocked;
    for (const auto& client : {one, two}) {
        blocked.emplace_back([&stop, client] {
            EXPECT_EQ(client->wait(any_time.cancelled_by(stop.get_token())).error(),
                      std::errc::operation_canceled);
        });
    }
    serving.world->wait_for_waiting(2);
    std::jthread next([&] { EXPECT_TRUE(one->nothing(any_time)); });
    const auto three = serving.connect();
    std::jthread another([&] { EXPECT_TRUE(three->nothing(any_time)); });
    stop.request_stop();
}

TEST(ManyThreads, of_many_clients_at_the_quota_none_is_forgotten) {
    Serving serving({.max_workers = 3});
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) {
        threads.emplace_back([client = serving.connect()] {
            for (int call = 0; call < 200; ++call) ASSERT_TRUE(client->nothing(any_time));
        });
    }
    threads.clear();
    EXPECT_EQ(serving.world->calls, 12 * 200);
    EXPECT_LE(serving.server.snapshot().workers, 3u);
}

TEST(ManyThreads, make_use_and_let_go_of_objects) {
    Serving serving;
    const auto client = serving.connect();
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&client, thread] {
            std::mt19937 random(thread);
            std::vector<Cap<Counter>> mine;
            for (unsigned step = 0; step < 200; ++step) {
                if (mine.empty() || random() % 3 == 0) {
                    const auto value = random();
                    auto counter = client->make_counter(any_time, value);
                    ASSERT_TRUE(counter);
                    ASSERT_EQ((*counter)->value(any_time), value);
                    mine.push_back(*counter);
                } else if (random() % 2 == 0) {
                    ASSERT_TRUE(client->ask(any_time, mine[random() % mine.size()]));
                } else {
                    mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(random() % mine.size()));
                }
            }
        });
    }
    threads.clear();
    serving.wait_until([&] { return serving.world->counters == 0; });
}

TEST(ManyThreads, deadlines_pass_amid_the_traffic) {
    Serving serving;
    const auto client = serving.connect();
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&client, thread] {
            for (unsigned call = 0; call < 200; ++call) {
                const auto bytes = marked(thread, call);
                const auto echo = client->echo(
                    thread % 2 == 0 ? any_time : Call::within(std::chrono::microseconds(call * 2)),
                    bytes);
                if (echo) {
                    ASSERT_EQ(*echo, bytes);
                } else {
                    ASSERT_EQ(echo.error(), std::errc::timed_out);
                    ASSERT_EQ(thread % 2, 1u);
                }
            }
        });
    }
    threads.clear();
    EXPECT_TRUE(client->nothing(any_time));
}

TEST(ManyThreads, all_learn_at_once_that_the_server_is_gone) {
    Serving serving;
    const auto client = serving.connect();
    std::atomic<int> reset = 0;
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&] {
            const auto waited = client->wait(any_time);
            if (!waited && (waited.error() == std::errc::connection_reset ||
                            waited.error() == std::errc::operation_canceled))
                ++reset;
        });
    }
    serving.world->wait_for_waiting(8);
    EXPECT_FALSE(serving.server.stop(std::chrono::steady_clock::now()));
    threads.clear();
    EXPECT_EQ(reset, 8);
    EXPECT_EQ(client->nothing(any_time).error(), std::errc::connection_reset);
}

}  // namespace

}  // namespace quire::ipc
