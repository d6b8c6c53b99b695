// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <vector>

#include "quire/ipc/remote_object.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

class Capabilities : public ::testing::Test {
protected:
    /// The references that clients hold, by the server's count, without the roots.
    std::uint64_t references() const {
        std::uint64_t sum = 0;
        for (const auto& channel : serving_.server.snapshot().channels) {
            for (const auto& object : channel.objects) {
                if (object.number != 1) sum += object.references;
            }
        }
        return sum;
    }

    Serving serving_;
};

TEST_F(Capabilities, in_one_process_no_message_is_sent) {
    const Cap<Sample> here = serving_.sample();
    const auto counter = here->make_counter(any_time, 5);
    EXPECT_EQ(here->ask(any_time, *counter), 5u);
    ASSERT_TRUE(here->keep(any_time, *counter));
    EXPECT_EQ((*here->kept(any_time)).object(), counter->object());
    EXPECT_EQ(counter->object()->remote(), nullptr);
    EXPECT_EQ(serving_.server.snapshot().received_messages, 0u);
}

TEST_F(Capabilities, an_object_made_there_is_called_there) {
    const auto client = serving_.connect();
    auto counter = client->make_counter(any_time, 5);
    ASSERT_TRUE(counter);
    (*counter)->add(any_time, 3);
    EXPECT_EQ((*counter)->value(any_time), 8u);
    EXPECT_EQ(serving_.world->counters, 1);
}

TEST_F(Capabilities, the_last_reference_gone_ends_the_object) {
    const auto client = serving_.connect();
    {
        auto first = *client->make_counter(any_time, 5);
        const Cap<Counter> second = first;
        first = {};
        EXPECT_EQ(second->value(any_time), 5u);
        EXPECT_EQ(serving_.world->counters, 1);
    }
    serving_.wait_until([&] { return serving_.world->counters == 0; });
    EXPECT_EQ(references(), 0u);
}

TEST_F(Capabilities, the_channel_s_last_reference_releases_everything_without_a_message) {
    const std::uint64_t before = serving_.server.snapshot().received_messages;
    {
        auto client = serving_.connect();
        auto counter = *client->make_counter(any_time, 5);
        client = {};
        EXPECT_EQ(counter->value(any_time), 5u) << "the root is gone, the channel is not";
    }
    serving_.wait_until([&] { return serving_.server.snapshot().channels.empty(); });
    serving_.wait_until([&] { return serving_.world->counters == 0; });
    // Two calls and the release of the root.
    EXPECT_EQ(serving_.server.snapshot().received_messages - before, 3u);
}

TEST_F(Capabilities, one_object_handed_out_twice_is_counted_and_ends_after_the_second) {
    const auto client = serving_.connect();
    ASSERT_TRUE(client->keep(any_time, *client->make_counter(any_time, 9)));
    auto one = *client->kept(any_time);
    auto two = *client->kept(any_time);
    EXPECT_EQ(one->remote()->number(), two->remote()->number());
    ASSERT_TRUE(client->keep(any_time, {}));
    one = {};
    EXPECT_EQ(two->value(any_time), 9u);
    EXPECT_EQ(serving_.world->counters, 1);
    two = {};
    serving_.wait_until([&] { return serving_.world->counters == 0; });
}

TEST_F(Capabilities, given_back_it_is_the_object_itself) {
    const auto client = serving_.connect();
    const auto counter = *client->make_counter(any_time, 5);
    const auto before = serving_.server.snapshot().received_messages;
    EXPECT_EQ(client->ask(any_time, counter), 5u);
    EXPECT_EQ(serving_.server.snapshot().received_messages, before + 1)
        << "the server called its own object";
    EXPECT_EQ(client->remote()->counters().sent_descriptors, 0u);
}

TEST_F(Capabilities, a_compound_is_each_of_its_parts) {
    const auto both = serving_.connect(Cap<Both>(std::make_shared<BothObject>(serving_.world)));
    EXPECT_TRUE(both->nothing(any_time));
    EXPECT_EQ(both->value(any_time), 7u);
    const Cap<Sample> sample = both;
    const Cap<Counter> counter = both;
    EXPECT_EQ(sample->ask(any_time, counter), 7u);
}

TEST_F(Capabilities, a_part_handed_out_is_not_the_whole) {
    const Cap<Both> both(std::make_shared<BothObject>(serving_.world));
    RawClient client(serving_.raw_client(AnyCap(Cap<Counter>(both))));
    EXPECT_EQ(client.call(1, 101), 0u);
    EXPECT_EQ(client.call(1, 1), static_cast<std::uint32_t>(ENOSYS))
        << "an operation of another part";
}

TEST_F(Capabilities, of_another_interface_it_is_refused_and_the_channel_goes_on) {
    RawClient client(serving_.raw_client());
    Encoder body;
    body.put(std::uint32_t{2});  // given back
    body.put(std::uint32_t{1});  // the Sample, where a Counter belongs
    ASSERT_TRUE(
        client.send({.kind = MessageKind::request, .call = 1, .object = 1, .opcode = 6, .left = -1},
                    std::move(body)));
    EXPECT_EQ(client.receive()->header.opcode, static_cast<std::uint32_t>(EINVAL));
    EXPECT_EQ(client.call(1, 1), 0u);
}

TEST_F(Capabilities, an_object_of_the_client_is_called_back) {
    const auto client = serving_.connect();
    const Cap<Counter> mine(std::make_shared<CounterObject>(serving_.world, 11));
    EXPECT_EQ(client->ask(any_time, mine), 11u);
    EXPECT_EQ(client->remote()->counters().sent_descriptors, 1u);
    serving_.wait_until([&] { return serving_.server.snapshot().gates.empty(); });
}

TEST_F(Capabilities, an_object_of_the_client_lives_as_long_as_somebody_holds_it) {
    const auto client = serving_.connect();
    {
        const Cap<Counter> mine(std::make_shared<CounterObject>(serving_.world, 11));
        ASSERT_TRUE(client->keep(any_time, mine));
    }
    EXPECT_EQ(serving_.world->counters, 1);
    {
        const auto back = *client->kept(any_time);
        EXPECT_EQ(back->value(any_time), 11u);
    }
    ASSERT_TRUE(client->keep(any_time, {}));
    serving_.wait_until([&] { return serving_.world->counters == 0; });
}

TEST_F(Capabilities, without_a_home_own_objects_cannot_be_handed_on) {
    const auto client = *adopt<Sample>(serving_.raw_client());
    const Cap<Counter> mine(std::make_shared<CounterObject>(serving_.world, 11));
    EXPECT_EQ(client->ask(any_time, mine).error(), std::errc::operation_not_supported);
    EXPECT_TRUE(client->nothing(any_time));
}

TEST_F(Capabilities, an_object_of_one_server_is_handed_to_another_without_waiting) {
    Serving other;
    const auto here = serving_.connect();
    const auto there = other.connect();
    const auto counter = *here->make_counter(any_time, 21);
    EXPECT_EQ(there->ask(any_time, counter), 21u);
    ASSERT_TRUE(there->keep(any_time, counter));
    const auto again = *there->kept(any_time);
    EXPECT_EQ(again->value(any_time), 21u);
    // Given back to the server that it is from, it is its own object.
    EXPECT_EQ(here->ask(any_time, again), 21u);
}

TEST_F(Capabilities, a_gate_leads_to_the_object_until_it_is_closed) {
    auto gate = serving_.server.gate(
        AnyCap(Cap<Counter>(std::make_shared<CounterObject>(serving_.world, 4))));
    ASSERT_TRUE(gate);
    {
        const auto counter = *cap_of_gate<Counter>(std::move(*gate));
        EXPECT_EQ(counter->value(any_time), 4u);
        EXPECT_EQ(counter->value(any_time), 4u);
        const Snapshot now = serving_.server.snapshot();
        EXPECT_EQ(now.gates.size(), 1u);
        EXPECT_EQ(now.gates[0].interface_name, "Counter");
        EXPECT_EQ(now.channels.size(), 1u);
    }
    serving_.wait_until([&] { return serving_.world->counters == 0; });
    serving_.wait_until([&] { return serving_.server.snapshot().channels.empty(); });
    EXPECT_TRUE(serving_.server.snapshot().gates.empty());
}

TEST_F(Capabilities, a_gate_nobody_serves_is_reset) {
    auto gate = serving_.server.gate(
        AnyCap(Cap<Counter>(std::make_shared<CounterObject>(serving_.world, 4))));
    const auto counter = *cap_of_gate<Counter>(std::move(*gate));
    (void)serving_.server.stop(std::chrono::steady_clock::now());
    EXPECT_EQ(counter->value(any_time).error(), std::errc::connection_reset);
}

TEST_F(Capabilities, releases_in_a_batch_are_one_message) {
    const auto client = serving_.connect();
    auto counters = *client->make_counters(any_time, 16);
    auto more = *client->make_counters(any_time, 16);
    EXPECT_EQ(references(), 32u);
    const auto before = client->remote()->counters();
    {
        const ReleaseBatch batch;
        const ReleaseBatch within;
        counters.clear();
        more.clear();
    }
    const auto after = client->remote()->counters();
    EXPECT_EQ(after.release_messages - before.release_messages, 1u);
    EXPECT_EQ(after.sent_messages - before.sent_messages, 1u);
    serving_.wait_until([&] { return serving_.world->counters == 0; });
    EXPECT_EQ(references(), 0u);
}

TEST_F(Capabilities, numbers_are_used_again_but_never_two_at_once) {
    const auto client = serving_.connect();
    auto first = *client->make_counter(any_time, 1);
    const auto number = first->remote()->number();
    auto second = *client->make_counter(any_time, 2);
    EXPECT_NE(second->remote()->number(), number);
    first = {};
    const auto third = *client->make_counter(any_time, 3);
    EXPECT_EQ(third->remote()->number(), number);
    EXPECT_EQ(second->value(any_time), 2u);
    EXPECT_EQ(third->value(any_time), 3u);
}

TEST_F(Capabilities, the_snapshot_says_who_holds_what) {
    const auto client = serving_.connect();
    const auto counter = *client->make_counter(any_time, 1);
    const auto again = *client->again(any_time);
    // A reply is there before its call has quite ended.
    serving_.wait_until(
        [&] { return serving_.server.snapshot().channels.at(0).running_calls == 0; });
    const Snapshot now = serving_.server.snapshot();
    ASSERT_EQ(now.channels.size(), 1u);
    const auto& channel = now.channels[0];
    EXPECT_EQ(channel.peer.pid, ::getpid());
    EXPECT_EQ(channel.peer.uid, ::getuid());
    ASSERT_EQ(channel.objects.size(), 2u);
    EXPECT_EQ(channel.objects[0].interface_name, "Sample");
    EXPECT_EQ(channel.objects[0].references, 2u);
    EXPECT_EQ(channel.objects[1].interface_name, "Counter");
    EXPECT_EQ(channel.objects[1].references, 1u);
    EXPECT_EQ(channel.running_calls, 0u);
    EXPECT_EQ(now.received_messages, 2u);
    EXPECT_EQ(now.sent_messages, 2u);
    EXPECT_EQ(now.accepted_channels, 1u);
    EXPECT_EQ(now.expelled_channels, 0u);
}

}  // namespace

}  // namespace quire::ipc
