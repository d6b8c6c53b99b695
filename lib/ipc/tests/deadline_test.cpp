// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "quire/ipc/request.hpp"
#include "tests/kit/giving_up.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

using std::chrono::milliseconds;

TEST(Call, counts_until_its_deadline) {
    EXPECT_FALSE(any_time.deadline());
    EXPECT_FALSE(any_time.left());
    EXPECT_FALSE(any_time.expired());
    EXPECT_FALSE(any_time.cancelled());
    EXPECT_TRUE(Call::within(milliseconds(0)).expired());
    EXPECT_TRUE(Call::within(milliseconds(-5)).expired());
    EXPECT_TRUE(Call::until(Call::Deadline()).expired());
    const Call later = Call::within(std::chrono::hours(1));
    EXPECT_FALSE(later.expired());
    EXPECT_GT(later.left(), std::chrono::minutes(59));
    EXPECT_FALSE(Call::within(std::chrono::nanoseconds::max()).deadline());
}

TEST(Call, is_cancelled_by_its_token) {
    std::stop_source stop;
    const Call call = Call::within(std::chrono::hours(1)).cancelled_by(stop.get_token());
    EXPECT_TRUE(call.deadline());
    EXPECT_FALSE(call.cancelled());
    stop.request_stop();
    EXPECT_TRUE(call.cancelled());
}

class Deadlines : public ::testing::Test {
protected:
    std::uint64_t running() const {
        std::uint64_t sum = 0;
        for (const auto& channel : serving_.server.snapshot().channels)
            sum += channel.running_calls;
        return sum;
    }

    Serving serving_;
};

TEST_F(Deadlines, the_callee_sees_what_is_left) {
    const auto client = serving_.connect();
    EXPECT_EQ(client->left(any_time), -1);
    const auto left = client->left(Call::within(std::chrono::hours(1)));
    ASSERT_TRUE(left);
    EXPECT_LE(*left, std::chrono::nanoseconds(std::chrono::hours(1)).count());
    EXPECT_GT(*left, std::chrono::nanoseconds(std::chrono::minutes(59)).count());
}

TEST_F(Deadlines, nothing_is_sent_when_it_has_passed) {
    const auto client = serving_.connect();
    EXPECT_EQ(client->nothing(Call::within(milliseconds(0))).error(), std::errc::timed_out);
    EXPECT_EQ(client->remote()->counters().sent_messages, 0u);
    EXPECT_TRUE(client->nothing(any_time));
}

TEST_F(Deadlines, a_one_way_message_without_time_is_sent_when_there_is_room) {
    const auto both = serving_.connect(Cap<Both>(std::make_shared<BothObject>(serving_.world)));
    both->add(Call::within(milliseconds(0)), 3);
    EXPECT_EQ(both->value(any_time), 10u);
}

TEST_F(Deadlines, a_call_that_takes_too_long_fails_at_once_and_is_cancelled) {
    const auto client = serving_.connect();
    EXPECT_EQ(client->wait(Call::within(milliseconds(5))).error(), std::errc::timed_out);
    EXPECT_TRUE(client->nothing(any_time)) << "the channel goes on";
    serving_.wait_until([this] { return running() == 0; });
}

TEST_F(Deadlines, an_object_that_minds_no_deadline_is_told_by_cancellation) {
    // The callee's deadline is far away, as if its clock had stopped.
    RawClient client(serving_.raw_client());
    ASSERT_TRUE(client.send(
        {.kind = MessageKind::request, .call = 5, .object = 1, .opcode = 3, .left = -1}));
    serving_.world->wait_for_waiting(1);
    Encoder body;
    body.put(std::uint32_t{5});
    ASSERT_TRUE(client.send(
        {.kind = MessageKind::control, .opcode = static_cast<std::uint32_t>(Control::cancel)},
        std::move(body)));
    const auto reply = client.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header.call, 5u);
    EXPECT_EQ(reply->header.opcode, static_cast<std::uint32_t>(ECANCELED));
    EXPECT_EQ(serving_.world->cancelled(), 1);
}

TEST_F(Deadlines, a_cancelled_call_returns_at_once) {
    const auto client = serving_.connect();
    std::stop_source stop;
    std::jthread canceller([&] {
        serving_.world->wait_for_waiting(1);
        stop.request_stop();
    });
    EXPECT_EQ(client->wait(any_time.cancelled_by(stop.get_token())).error(),
              std::errc::operation_canceled);
    serving_.wait_until([this] { return serving_.world->cancelled() == 1; });
    EXPECT_TRUE(client->nothing(any_time));
}

TEST_F(Deadlines, a_follower_is_cancelled_as_well_as_a_leader) {
    const auto client = serving_.connect();
    std::stop_source stop;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
        callers.emplace_back([&] {
            EXPECT_EQ(client->wait(any_time.cancelled_by(stop.get_token())).error(),
                      std::errc::operation_canceled);
        });
    }
    serving_.world->wait_for_waiting(4);
    stop.request_stop();
    callers.clear();
    serving_.wait_until([this] { return serving_.world->cancelled() == 4; });
}

TEST_F(Deadlines, who_is_left_takes_the_lead_from_a_leader_that_gives_up) {
    const auto client = serving_.connect();
    std::stop_source stop;
    std::jthread first([&] {
        EXPECT_EQ(client->wait(any_time.cancelled_by(stop.get_token())).error(),
                  std::errc::operation_canceled);
    });
    serving_.world->wait_for_waiting(1);
    std::jthread second([&] { EXPECT_TRUE(client->wait(any_time)); });
    serving_.world->wait_for_waiting(2);
    stop.request_stop();
    first.join();
    serving_.world->open();
}

TEST_F(Deadlines, a_call_cancelled_before_it_is_made_is_not_made) {
    const auto client = serving_.connect();
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(client->nothing(any_time.cancelled_by(stop.get_token())).error(),
              std::errc::operation_canceled);
    EXPECT_EQ(serving_.world->calls, 0);
}

/// Makes a counter only after the test lets it, whether or not somebody still waits for it.
class SlowMaker final : public SampleObject {
public:
    explicit SlowMaker(const std::shared_ptr<World>& world) : SampleObject(world), world_(world) {}
    Result<std::vector<Cap<Counter>>> make_counters(const Call& call,
                                                    std::uint32_t count) override {
        (void)world_->wait(Call::forever());
        return SampleObject::make_counters(call, count);
    }

private:
    std::shared_ptr<World> world_;
};

TEST_F(Deadlines, capabilities_in_a_late_reply_are_released) {
    const auto client = serving_.connect(Cap<Sample>(std::make_shared<SlowMaker>(serving_.world)));
    give_up([&](const Call& call) { return client->make_counters(call, 16); },
            [&] { serving_.world->wait_for_waiting(1); });
    serving_.world->open();
    // The late reply comes before that of a later call.
    while (running() > 0) EXPECT_TRUE(client->nothing(any_time));
    EXPECT_TRUE(client->nothing(any_time));
    serving_.wait_until([this] { return serving_.world->counters == 0; });
}

TEST(LateReply, its_capabilities_are_released_and_its_descriptors_closed) {
    // A server that answers although it was told that nobody waits.
    SocketPair pair = *make_socket_pair();
    const auto client = *adopt<Sample>(std::move(pair.ours));
    RawClient server(std::move(pair.theirs));
    give_up([&](const Call& call) { return client->make_counter(call, 1); },
            [&] { wait_for_message(server.fd()); });
    const auto request = server.receive();
    ASSERT_TRUE(request);
    const auto cancel = server.receive();
    ASSERT_TRUE(cancel);
    EXPECT_EQ(cancel->header.opcode, static_cast<std::uint32_t>(Control::cancel));
    give_up([&](const Call& call) { return client->kept(call); },
            [&] { wait_for_message(server.fd()); });
    const auto second_request = server.receive();
    ASSERT_TRUE(second_request);
    Encoder counter;
    counter.put(std::uint32_t{1});
    counter.put(std::uint32_t{77});
    server.send({.kind = MessageKind::reply, .call = request->header.call}, std::move(counter));
    SocketPair gate = *make_socket_pair();
    Encoder kept;
    kept.put(std::uint32_t{3});
    kept.put(std::uint32_t{0});
    server.send({.kind = MessageKind::reply, .call = second_request->header.call}, std::move(kept),
                std::array{gate.theirs.get()});
    gate.theirs.reset();
    std::jthread answers([&] {
        (void)server.receive();  // the second cancel
        const auto third = server.receive();
        server.send({.kind = MessageKind::reply, .call = third->header.call});
        const auto release = server.receive();
        ASSERT_TRUE(release);
        EXPECT_EQ(release->header.opcode, static_cast<std::uint32_t>(Control::release));
        EXPECT_EQ(hex_of_bytes(release->body()), "01000000 4d000000 01000000 00000000");
    });
    EXPECT_TRUE(client->nothing(any_time));
    Incoming message;
    EXPECT_EQ(receive_message(gate.ours.get(), message, true), Arrival::gone);
}

TEST_F(Deadlines, deadline_and_cancellation_reach_the_server_behind_the_server) {
    Serving behind;
    class Forwarder final : public SampleObject {
    public:
        Forwarder(const std::shared_ptr<World>& world, Cap<Sample> next)
            : SampleObject(world), next_(std::move(next)) {}
        Result<void> wait(const Call& call) override { return next_->wait(call); }
        Result<std::int64_t> left(const Call& call) override { return next_->left(call); }

    private:
        Cap<Sample> next_;
    };
    const auto client = serving_.connect(
        Cap<Sample>(std::make_shared<Forwarder>(serving_.world, behind.connect())));
    const auto left = client->left(Call::within(std::chrono::hours(1)));
    ASSERT_TRUE(left);
    EXPECT_GT(*left, 0);
    EXPECT_LE(*left, std::chrono::nanoseconds(std::chrono::hours(1)).count());
    std::stop_source stop;
    std::jthread canceller([&] {
        behind.world->wait_for_waiting(1);
        stop.request_stop();
    });
    EXPECT_EQ(client->wait(any_time.cancelled_by(stop.get_token())).error(),
              std::errc::operation_canceled);
    behind.wait_until([&] { return behind.world->cancelled() == 1; });
}

TEST_F(Deadlines, a_client_that_vanishes_cancels_its_calls) {
    RawClient client(serving_.raw_client());
    for (std::uint32_t call = 1; call <= 3; ++call)
        client.send(
            {.kind = MessageKind::request, .call = call, .object = 1, .opcode = 3, .left = -1});
    serving_.world->wait_for_waiting(3);
    client.hang_up();
    serving_.wait_until([this] { return serving_.world->cancelled() == 3; });
    serving_.wait_until([this] { return serving_.server.snapshot().channels.empty(); });
}

TEST(FullQueue, a_sender_waits_for_room_as_long_as_its_call_says) {
    SocketPair pair = *make_socket_pair();
    // A server that never reads.
    const auto client = *adopt<Sample>(std::move(pair.ours));
    const std::vector<std::byte> much(60000);
    const RemoteObject& remote = *client->remote();
    // One-way, without waiting: what fails finds no room.
    int sent = 0;
    Result<void> last;
    while (sent < 1000) {
        Request request = remote.request();
        request.encoder().put_bytes(much, max_message_size);
        last = remote.send(Call::within(milliseconds(0)), 1, std::move(request));
        if (!last) break;
        ++sent;
    }
    ASSERT_FALSE(last) << "the queue is never full";
    EXPECT_EQ(last.error(), std::errc::timed_out);
    EXPECT_EQ(remote.counters().sent_messages, static_cast<std::uint64_t>(sent));
    EXPECT_EQ(client->echo(Call::within(milliseconds(2)), much).error(), std::errc::timed_out);
    std::stop_source stop;
    std::jthread canceller([&] { stop.request_stop(); });
    EXPECT_EQ(client->echo(any_time.cancelled_by(stop.get_token()), much).error(),
              std::errc::operation_canceled);
    // As soon as it reads, there is room.
    RawClient server(std::move(pair.theirs));
    std::jthread reader([&] { server.wait_for_end(); });
    give_up([&](const Call& call) { return client->echo(call, much); },
            [&] {
                while (remote.counters().sent_messages <= static_cast<std::uint64_t>(sent))
                    std::this_thread::yield();
            });
    ::shutdown(server.fd(), SHUT_RDWR);
}

}  // namespace

}  // namespace quire::ipc
