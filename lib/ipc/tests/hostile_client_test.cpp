// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <array>
#include <random>
#include <vector>

#include "tests/kit/hostile_client.hpp"

namespace quire::ipc {

namespace {

TEST_F(HostileClient, garbage_ends_its_channel) {
    bad_.send(bytes_of_hex("deadbeef"));
    expect_expelled();
}

TEST_F(HostileClient, a_truncated_header_ends_its_channel) {
    bad_.send(
        bytes_of_hex("1f000000 01000000 01000000 01000000 01000000 00000000 00000000 000000"));
    expect_expelled();
}

TEST_F(HostileClient, a_wrong_length_ends_its_channel) {
    bad_.send(
        bytes_of_hex("28000000 01000000 01000000 01000000 01000000 00000000 00000000 00000000"));
    expect_expelled();
}

TEST_F(HostileClient, a_message_over_the_limit_ends_its_channel) {
    bad_.send(std::vector<std::byte>(max_message_size + 8));
    expect_expelled();
}

TEST_F(HostileClient, a_reply_from_a_client_ends_its_channel) {
    bad_.send({.kind = MessageKind::reply, .call = 1});
    expect_expelled();
}

TEST_F(HostileClient, malformed_arguments_end_its_channel) {
    Encoder body;
    body.put(std::uint64_t{1});
    bad_.send(request(1, 1), std::move(body));
    expect_expelled();
}

TEST_F(HostileClient, a_malformed_one_way_message_ends_its_channel) {
    UniqueFd end = serving_.raw_client(Cap<Both>(std::make_shared<BothObject>(serving_.world)));
    bad_ = RawClient(std::move(end));
    serving_.wait_until([this] { return serving_.server.snapshot().channels.size() == 2; });
    bad_.send({.kind = MessageKind::one_way, .object = 1, .opcode = 102});
    expect_expelled();
}

TEST_F(HostileClient, an_object_of_its_own_table_is_refused_since_clients_have_none) {
    Encoder body;
    body.put(std::uint32_t{1});
    body.put(std::uint32_t{1});
    bad_.send(request(1, 6), std::move(body));
    expect_expelled();
}

TEST_F(HostileClient, descriptors_that_nobody_asked_for_end_its_channel_and_are_closed) {
    SocketPair watched = *make_socket_pair();
    bad_.send(request(1, 1), Encoder(), std::array{watched.theirs.get()});
    watched.theirs.reset();
    Incoming message;
    EXPECT_EQ(receive_message(watched.ours.get(), message, true), Arrival::gone);
    expect_expelled();
}

TEST_F(HostileClient, descriptors_by_the_hundred_end_its_channel_and_are_closed) {
    SocketPair watched = *make_socket_pair();
    EXPECT_TRUE(bad_.send(request(1, 1), Encoder(), std::vector<int>(253, watched.theirs.get())));
    watched.theirs.reset();
    Incoming message;
    EXPECT_EQ(receive_message(watched.ours.get(), message, true), Arrival::gone);
    expect_expelled();
}

TEST_F(HostileClient, an_unknown_control_message_ends_its_channel) {
    bad_.send({.kind = MessageKind::control, .opcode = 99});
    expect_expelled();
}

TEST_F(HostileClient, releasing_what_it_never_had_ends_its_channel) {
    bad_.send({.kind = MessageKind::control, .opcode = code(Control::release)}, release_of(2, 1));
    expect_expelled();
}

TEST_F(HostileClient, releasing_more_than_it_had_ends_its_channel) {
    bad_.send({.kind = MessageKind::control, .opcode = code(Control::release)}, release_of(1, 2));
    expect_expelled();
}

TEST_F(HostileClient, releasing_nothing_ends_its_channel) {
    bad_.send({.kind = MessageKind::control, .opcode = code(Control::release)}, release_of(1, 0));
    expect_expelled();
}

TEST_F(HostileClient, a_released_number_names_nothing) {
    bad_.send({.kind = MessageKind::control, .opcode = code(Control::release)}, release_of(1, 1));
    EXPECT_EQ(bad_.call(1, 1), static_cast<std::uint32_t>(EBADF));
}

TEST_F(HostileClient, a_forged_number_reaches_no_object_of_another_client) {
    const auto theirs = *good_->make_counter(any_time, 1);
    const auto number = theirs->remote()->number();
    EXPECT_EQ(bad_.call(number, 101), static_cast<std::uint32_t>(EBADF));
    Encoder body;
    body.put(std::uint32_t{2});
    body.put(number);
    bad_.send(request(1, 6), std::move(body));
    EXPECT_EQ(errno_of(bad_.receive()), static_cast<std::uint32_t>(EBADF));
}

TEST_F(HostileClient, a_gate_to_a_forged_number_leads_nowhere) {
    SocketPair gate = *make_socket_pair();
    Encoder body;
    body.put(std::uint32_t{2});
    body.put(std::uint32_t{0});
    bad_.send({.kind = MessageKind::control, .opcode = code(Control::make_gate)}, std::move(body),
              std::array{gate.theirs.get()});
    gate.theirs.reset();
    const auto counter = *cap_of_gate<Counter>(std::move(gate.ours));
    EXPECT_EQ(counter->value(any_time).error(), std::errc::connection_reset);
}

TEST_F(HostileClient, two_calls_with_one_number_end_its_channel) {
    bad_.send(request(7, 3));
    serving_.world->wait_for_waiting(1);
    bad_.send(request(7, 1));
    expect_expelled();
}

TEST_F(HostileClient, a_waiting_call_can_be_cancelled) {
    for (std::uint32_t call = 1; call <= 3; ++call) ASSERT_TRUE(bad_.send(request(call, 3)));
    Encoder body;
    body.put(std::uint32_t{3});
    bad_.send({.kind = MessageKind::control, .opcode = code(Control::cancel)}, std::move(body));
    const auto reply = bad_.receive();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->header.call, 3u);
    EXPECT_EQ(reply->header.opcode, static_cast<std::uint32_t>(ECANCELED));
    serving_.world->open();
}

TEST_F(HostileClient, cancelling_what_is_not_there_does_nothing) {
    Encoder body;
    body.put(std::uint32_t{3});
    bad_.send({.kind = MessageKind::control, .opcode = code(Control::cancel)}, std::move(body));
    EXPECT_EQ(bad_.call(1, 1), 0u);
}

TEST_F(HostileClient, garbage_on_a_gate_harms_no_other_holder) {
    auto end = serving_.server.gate(AnyCap(serving_.sample()));
    ASSERT_TRUE(end);
    UniqueFd copy(::fcntl(end->get(), F_DUPFD_CLOEXEC, 0));
    RawClient holder(std::move(copy));
    holder.send(bytes_of_hex("00"));
    holder.send(std::vector<std::byte>(max_message_size + 1));
    holder.send(request(1, 1));
    holder.send({.kind = MessageKind::control, .opcode = code(Control::connect)});
    Encoder body;
    body.put(std::uint32_t{0});
    const UniqueFd no_socket(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    holder.send({.kind = MessageKind::control, .opcode = code(Control::connect)}, std::move(body),
                std::array{no_socket.get()});
    const auto other = *cap_of_gate<Sample>(std::move(*end));
    EXPECT_TRUE(other->nothing(any_time));
}

TEST_F(HostileClient, connecting_and_vanishing_leaves_nothing) {
    for (int i = 0; i < 500; ++i) {
        RawClient client(serving_.raw_client());
        if (i % 3 == 1) client.send(request(1, 3));
        if (i % 3 == 2) {
            Encoder body;
            body.put(std::uint32_t{9});
            client.send(request(1, 5), std::move(body));
        }
    }
}

TEST_F(HostileClient, vanishing_before_its_replies_come_is_no_offence) {
    for (int i = 0; i < 200; ++i) {
        bad_ = RawClient(serving_.raw_client());
        for (std::uint32_t call = 1; call <= 3; ++call) EXPECT_TRUE(bad_.send(request(call, 1)));
        bad_.hang_up();
    }
    serving_.wait_until([this] { return serving_.server.snapshot().channels.size() == 1; });
    EXPECT_EQ(serving_.server.snapshot().expelled_channels, 0u);
}

TEST_F(HostileClient, random_messages_cost_only_its_own_channel) {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        RawClient client(serving_.raw_client());
        for (int i = 0; i < 10; ++i) {
            std::vector<std::byte> message(32 + random() % 8 * 8);
            for (auto& byte : message)
                byte = static_cast<std::byte>(random() % 4 == 0 ? random() % 256 : 0);
            if (random() % 8 != 0) {
                write_header(message, {.kind = static_cast<MessageKind>(1 + random() % 4),
                                       .call = static_cast<std::uint32_t>(random() % 3),
                                       .object = static_cast<std::uint32_t>(random() % 3),
                                       .opcode = static_cast<std::uint32_t>(random() % 14),
                                       .left = random() % 2 == 0 ? 0 : -1});
            }
            client.send(message);
        }
    }
    serving_.world->open();
}

}  // namespace

}  // namespace quire::ipc
