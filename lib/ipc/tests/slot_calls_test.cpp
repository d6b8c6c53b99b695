// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>
#include <vector>

#include "tests/kit/child.hpp"
#include "tests/kit/processors.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

/// Server and client on processors of their own, so that they watch.
class SlotCalls : public ::testing::Test {
protected:
    void SetUp() override {
        if (processors_.count() < 2) GTEST_SKIP() << "needs two processors";
        processors_.run_on(1);
        serving_.emplace();
        processors_.run_on(0);
    }
    /// Calls until some have gone through the slot. On a busy machine that may take a while.
    void use_slot(const Cap<Sample>& client) {
        const auto before = client->remote()->counters().slot_messages;
        while (client->remote()->counters().slot_messages < before + 100)
            ASSERT_TRUE(client->nothing(any_time));
    }

    const Processors processors_;
    std::optional<Serving> serving_;
};

TEST_F(SlotCalls, many_calls_go_through_shared_memory) {
    const auto client = serving_->connect();
    use_slot(client);
    const Snapshot now = serving_->server.snapshot();
    EXPECT_TRUE(now.channels.at(0).slot);
    EXPECT_GE(now.slot_messages, 100u);
    const ChannelCounters counters = client->remote()->counters();
    EXPECT_EQ(counters.received_messages, static_cast<std::uint64_t>(serving_->world->calls));
    EXPECT_EQ(counters.sent_descriptors, 1u);
}

TEST_F(SlotCalls, who_does_not_want_a_slot_has_none) {
    const auto client = *adopt<Sample>(serving_->raw_client(), {serving_->server.home(), false});
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(client->nothing(any_time));
    EXPECT_EQ(client->remote()->counters().slot_messages, 0u);
    EXPECT_EQ(client->remote()->counters().sent_descriptors, 0u);
}

TEST_F(SlotCalls, a_server_may_refuse_slots) {
    Serving serving({.slots = false});
    const auto client = serving.connect();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(client->nothing(any_time));
    EXPECT_EQ(client->remote()->counters().slot_messages, 0u);
    EXPECT_FALSE(serving.server.snapshot().channels.at(0).slot);
}

TEST_F(SlotCalls, all_kinds_of_calls_come_back_right) {
    const auto client = serving_->connect();
    use_slot(client);
    std::mt19937 random(5);
    for (int i = 0; i < 100; ++i) {
        std::vector<std::byte> bytes(random() % 12'000 >> random() % 12);
        for (auto& byte : bytes) byte = static_cast<std::byte>(random());
        ASSERT_EQ(client->echo(any_time, bytes), bytes);
        const auto value = random();
        const auto counter = client->make_counter(any_time, value);
        ASSERT_TRUE(counter);
        ASSERT_EQ((*counter)->value(any_time), value);
        ASSERT_EQ(client->ask(any_time, *counter), value);
        ASSERT_EQ(client->refuse(any_time, ENOENT, "no").error(),
                  std::errc::no_such_file_or_directory);
    }
    const Cap<Counter> mine(std::make_shared<CounterObject>(serving_->world, 3));
    EXPECT_EQ(client->ask(any_time, mine), 3u);
    use_slot(client);
}

TEST_F(SlotCalls, one_way_messages_are_not_overtaken) {
    const auto both = serving_->connect(Cap<Both>(std::make_shared<BothObject>(serving_->world)));
    use_slot(both);
    for (std::uint64_t i = 1; i <= 200; ++i) {
        both->add(any_time, 1);
        ASSERT_EQ(both->value(any_time), 7 + i);
        ASSERT_TRUE(both->nothing(any_time));
        ASSERT_TRUE(both->nothing(any_time));
    }
    use_slot(both);
}

TEST_F(SlotCalls, threads_share_it_with_the_socket) {
    const auto client = serving_->connect();
    use_slot(client);
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 6; ++thread) {
        threads.emplace_back([&client, thread] {
            for (unsigned call = 0; call < 100; ++call) {
                std::vector<std::byte> bytes(8 + thread, static_cast<std::byte>(call));
                ASSERT_EQ(client->echo(any_time, bytes), bytes);
            }
        });
    }
    threads.clear();
    use_slot(client);
}

TEST_F(SlotCalls, slow_calls_fall_asleep_and_can_be_cancelled) {
    const auto client = serving_->connect();
    use_slot(client);
    for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(client->wait(Call::within(std::chrono::milliseconds(1))).error(),
                  std::errc::timed_out);
        ASSERT_TRUE(client->nothing(any_time));
        ASSERT_TRUE(client->nothing(any_time));
    }
    std::stop_source stop;
    std::jthread canceller([&] {
        serving_->world->wait_for_waiting(1);
        stop.request_stop();
    });
    EXPECT_EQ(client->wait(any_time.cancelled_by(stop.get_token())).error(),
              std::errc::operation_canceled);
    serving_->world->open();
    EXPECT_TRUE(client->wait(any_time));
    use_slot(client);
}

TEST_F(SlotCalls, a_stopping_server_ends_them) {
    const auto client = serving_->connect();
    use_slot(client);
    std::jthread stopping([&] { serving_->server.stop(Call::Deadline::max()); });
    Result<void> last;
    while ((last = client->nothing(any_time))) continue;
    EXPECT_TRUE(last.error() == std::errc::operation_canceled ||
                last.error() == std::errc::connection_reset);
}

TEST(SlotDeath, a_server_killed_in_the_middle_of_calls_ends_them) {
    for (int round = 0; round < 10; ++round) {
        ServerProcess server;
        const auto client = *adopt<Sample>(server.take_client_end());
        for (int i = 0; i < 500; ++i) ASSERT_TRUE(client->nothing(any_time));
        std::jthread killer([&] { server.kill(); });
        Result<void> last;
        while ((last = client->nothing(any_time))) continue;
        EXPECT_EQ(last.error(), std::errc::connection_reset);
    }
}

}  // namespace

}  // namespace quire::ipc
