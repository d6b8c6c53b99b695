// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <vector>

#include "tests/kit/hostile_client.hpp"

namespace quire::ipc {

namespace {

/// Each client may use so much, as the fixture says.
using Quotas = HostileClient;

TEST_F(Quotas, more_calls_than_may_wait_are_refused) {
    for (std::uint32_t call = 1; call <= 2 + 5 + 3; ++call)
        ASSERT_TRUE(bad_.send(request(call, 3)));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(errno_of(bad_.receive()), static_cast<std::uint32_t>(ENOBUFS));
    serving_.world->open();
    for (int i = 0; i < 7; ++i) EXPECT_EQ(errno_of(bad_.receive()), 0u);
}

TEST_F(Quotas, more_bytes_than_may_wait_are_refused) {
    for (std::uint32_t call = 1; call <= 2; ++call) ASSERT_TRUE(bad_.send(request(call, 3)));
    serving_.world->wait_for_waiting(2);
    for (std::uint32_t call = 3; call <= 4; ++call) {
        Encoder body;
        body.put_bytes(std::vector<std::byte>(60'000), 60'000);
        ASSERT_TRUE(bad_.send(request(call, 2), std::move(body)));
    }
    EXPECT_EQ(errno_of(bad_.receive()), static_cast<std::uint32_t>(ENOBUFS));
    serving_.world->open();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(errno_of(bad_.receive()), 0u);
}

// Each channel has room, all of them together have not.
TEST_F(Quotas, count_the_bytes_that_all_channels_have_the_server_keep) {
    Serving serving({.quota = {.kept_bytes = 150'000, .running_calls = 1}});
    const Header slow{
        .kind = MessageKind::request, .call = 1, .object = 1, .opcode = 3, .left = -1};
    const Header long_call{
        .kind = MessageKind::request, .call = 2, .object = 1, .opcode = 2, .left = -1};
    RawClient first(serving.raw_client());
    SocketPair gate = *make_socket_pair();
    Encoder make;
    make.put(std::uint32_t{1});
    make.put(std::uint32_t{0});
    ASSERT_TRUE(first.send({.kind = MessageKind::control, .opcode = code(Control::make_gate)},
                           std::move(make), std::array{gate.theirs.get()}));
    gate.theirs.reset();
    RawClient through(std::move(gate.ours));
    std::vector<RawClient> channels;
    for (std::size_t i = 0; i < 4; ++i) {
        SocketPair pair = *make_socket_pair();
        Encoder connect;
        connect.put(std::uint32_t{0});
        ASSERT_TRUE(through.send({.kind = MessageKind::control, .opcode = code(Control::connect)},
                                 std::move(connect), std::array{pair.theirs.get()}));
        channels.emplace_back(std::move(pair.ours));
        ASSERT_TRUE(channels.back().send(slow));
        serving.world->wait_for_waiting(i + 1);
        Encoder body;
        body.put_bytes(std::vector<std::byte>(60'000), 60'000);
        ASSERT_TRUE(channels.back().send(long_call, std::move(body)));
        if (i < 2)
            serving.wait_until([&] {
                std::size_t waiting = 0;
                for (const auto& channel : serving.server.snapshot().channels)
                    waiting += channel.waiting_calls;
                return waiting == i + 1;
            });
        else
            EXPECT_EQ(errno_of(channels.back().receive()), static_cast<std::uint32_t>(ENOBUFS));
    }
    // Another client has bytes of its own.
    RawClient other(serving.raw_client());
    ASSERT_TRUE(other.send(slow));
    serving.world->wait_for_waiting(5);
    Encoder body;
    body.put_bytes(std::vector<std::byte>(60'000), 60'000);
    ASSERT_TRUE(other.send(long_call, std::move(body)));
    serving.world->open();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(errno_of(other.receive()), 0u);
    for (std::size_t i = 0; i < 2; ++i)
        for (int reply = 0; reply < 2; ++reply) EXPECT_EQ(errno_of(channels[i].receive()), 0u);
}

TEST_F(Quotas, more_objects_than_its_quota_are_refused) {
    std::uint32_t refused = 0;
    for (std::uint32_t call = 1; call <= 50; ++call) {
        Encoder body;
        body.put(std::uint64_t{1});
        ASSERT_TRUE(bad_.send(request(call, 4), std::move(body)));
        const auto status = errno_of(bad_.receive());
        if (status != 0) {
            EXPECT_EQ(status, static_cast<std::uint32_t>(EMFILE));
            ++refused;
        }
    }
    EXPECT_EQ(refused, 50u - 39);
    serving_.wait_until([this] { return serving_.world->counters == 39; });
    EXPECT_EQ(bad_.call(1, 1), 0u);
}

TEST_F(Quotas, a_reply_that_breaks_the_quota_half_way_leaves_nothing_behind) {
    for (std::uint32_t call = 1; call <= 3; ++call) {
        Encoder body;
        body.put(std::uint32_t{16});
        bad_.send(request(call, 5), std::move(body));
        EXPECT_EQ(errno_of(bad_.receive()), call < 3 ? 0u : static_cast<std::uint32_t>(EMFILE));
    }
    serving_.wait_until([this] { return serving_.world->counters == 32; });
}

// Its calls are counted off with it, those too that it had sent before it was cut off.
TEST(QuotaOfTheDead, leaves_nothing_that_a_stop_waits_for) {
    const auto request = [](std::uint32_t call, std::uint32_t opcode) {
        return Header{
            .kind = MessageKind::request, .call = call, .object = 1, .opcode = opcode, .left = -1};
    };
    for (int round = 0; round < 30; ++round) {
        Serving serving(
            {.quota = {.running_calls = 1, .waiting_calls = 5, .unread_bytes = 10'000}});
        RawClient bad(serving.raw_client());
        EXPECT_TRUE(bad.send(request(1, 3)));
        serving.world->wait_for_waiting(1);
        for (std::uint32_t call = 2; serving.server.snapshot().expelled_channels == 0; ++call) {
            if (!bad.send(request(call, 1))) std::this_thread::yield();
        }
        EXPECT_TRUE(serving.server.stop(Call::Deadline::max()));
    }
}

TEST_F(Quotas, more_gates_than_its_quota_are_not_made) {
    std::vector<UniqueFd> gates;
    for (int i = 0; i < 6; ++i) {
        SocketPair gate = *make_socket_pair();
        Encoder body;
        body.put(std::uint32_t{1});
        body.put(std::uint32_t{0});
        bad_.send({.kind = MessageKind::control, .opcode = code(Control::make_gate)},
                  std::move(body), std::array{gate.theirs.get()});
        gates.push_back(std::move(gate.ours));
    }
    EXPECT_EQ(bad_.call(1, 1), 0u);
    EXPECT_EQ(serving_.server.snapshot().gates.size(), 4u);
    gates.erase(gates.begin(), gates.begin() + 5);
    const auto beyond = *cap_of_gate<Sample>(std::move(gates.front()));
    EXPECT_EQ(beyond->nothing(any_time).error(), std::errc::connection_reset);
}

TEST_F(Quotas, more_connections_through_its_gates_than_its_quota_are_closed) {
    SocketPair gate = *make_socket_pair();
    Encoder body;
    body.put(std::uint32_t{1});
    body.put(std::uint32_t{0});
    bad_.send({.kind = MessageKind::control, .opcode = code(Control::make_gate)}, std::move(body),
              std::array{gate.theirs.get()});
    gate.theirs.reset();
    RawClient through(std::move(gate.ours));
    std::vector<RawClient> ends;
    for (int i = 0; i < 6; ++i) {
        SocketPair pair = *make_socket_pair();
        Encoder connect;
        connect.put(std::uint32_t{0});
        through.send({.kind = MessageKind::control, .opcode = code(Control::connect)},
                     std::move(connect), std::array{pair.theirs.get()});
        ends.emplace_back(std::move(pair.ours));
    }
    // Its own channel counts.
    for (std::size_t i = 0; i < ends.size(); ++i) {
        if (i < 2) {
            EXPECT_EQ(ends[i].call(1, 1), 0u);
        } else {
            EXPECT_FALSE(ends[i].call(1, 1));
        }
    }
}

TEST_F(Quotas, more_descriptors_than_its_quota_are_refused_while_they_are_in_use) {
    // Each keeps a gate: two descriptors.
    const auto keep = [&](RawClient& through, std::uint32_t call) {
        SocketPair pair = *make_socket_pair();
        Encoder body;
        body.put(std::uint32_t{3});
        body.put(std::uint32_t{0});
        through.send(request(call, 7), std::move(body), std::array{pair.theirs.get()});
        return errno_of(through.receive());
    };
    // A new one replaces what was kept before, after it has been read itself.
    for (std::uint32_t call = 1; call <= 20; ++call) EXPECT_EQ(keep(bad_, call), 0u);
    // With calls that wait, descriptors pile up.
    for (std::uint32_t call = 31; call <= 32; ++call) bad_.send(request(call, 3));
    serving_.world->wait_for_waiting(2);
    std::vector<std::uint32_t> refused;
    const UniqueFd some(::memfd_create("test", MFD_CLOEXEC));
    for (std::uint32_t call = 33; call <= 34; ++call) {
        std::vector<int> descriptors(5, some.get());
        bad_.send(request(call, 1), Encoder(), descriptors);
    }
    const auto reply = bad_.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header.call, 34u);
    EXPECT_EQ(reply->header.opcode, static_cast<std::uint32_t>(EMFILE));
}

TEST_F(Quotas, who_never_reads_loses_its_channel) {
    std::uint32_t call = 0;
    const std::vector<std::byte> much(60'000);
    while (serving_.server.snapshot().expelled_channels == 0) {
        Encoder body;
        body.put_bytes(much, much.size());
        bad_.send(request(++call, 2), std::move(body));
        ASSERT_TRUE(good_->nothing(any_time));
    }
}

}  // namespace

}  // namespace quire::ipc
