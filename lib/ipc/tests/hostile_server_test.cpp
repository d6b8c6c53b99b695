// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <thread>
#include <vector>

#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

/// A server that misbehaves: the client believes nothing.
class HostileServer : public ::testing::Test {
protected:
    HostileServer() {
        SocketPair pair = *make_socket_pair();
        client_ = *adopt<Sample>(std::move(pair.ours));
        server_.emplace(std::move(pair.theirs));
    }
    /// Answers the next request like this, while a client makes the call.
    template <typename Answer>
    void serve(Answer answer) {
        thread_ = std::jthread([this, answer] {
            const auto request = server_->receive();
            ASSERT_TRUE(request);
            answer(request->header);
        });
    }
    void expect_dead(std::string_view what) {
        EXPECT_EQ(client_->make_counter(any_time, 1).error(), std::errc::connection_reset) << what;
        thread_.join();
        EXPECT_EQ(client_->nothing(any_time).error(), std::errc::connection_reset) << what;
    }

    Cap<Sample> client_;
    std::optional<RawClient> server_;
    std::jthread thread_;
};

class HostileReply : public HostileServer, public ::testing::WithParamInterface<const char*> {};

TEST_P(HostileReply, ends_the_channel) {
    serve([this](const Header& request) {
        Encoder body;
        for (const std::byte byte : bytes_of_hex(GetParam()))
            body.put(static_cast<std::uint8_t>(byte));
        server_->send({.kind = MessageKind::reply, .call = request.call}, std::move(body));
    });
    expect_dead(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Bodies, HostileReply,
                         ::testing::Values("",                   // nothing
                                           "00000000 00000000",  // null, where it may not be
                                           "01000000 00000000",  // object 0
                                           "02000000 01000000",  // we have no table
                                           "03000000 00000000",  // no such descriptor
                                           "01000000 01000000 01000000", "09000000 01000000"));

TEST_F(HostileServer, a_reply_to_another_call_ends_the_channel) {
    serve([this](const Header& request) {
        server_->send({.kind = MessageKind::reply, .call = request.call + 1});
    });
    expect_dead("another number");
}

TEST_F(HostileServer, a_message_that_is_no_reply_ends_the_channel) {
    serve([this](const Header&) {
        server_->send({.kind = MessageKind::request, .call = 1, .object = 1, .left = -1});
    });
    expect_dead("a request");
}

TEST_F(HostileServer, garbage_ends_the_channel) {
    serve([this](const Header&) { server_->send(bytes_of_hex("00112233")); });
    expect_dead("four bytes");
}

TEST_F(HostileServer, a_status_that_is_no_error_number_ends_the_channel) {
    serve([this](const Header& request) {
        Encoder body;
        body.put_string("", max_sentence);
        server_->send({.kind = MessageKind::reply, .call = request.call, .opcode = 0x80000000},
                      std::move(body));
    });
    expect_dead("a status");
}

TEST_F(HostileServer, two_replies_to_one_call_end_the_channel) {
    serve([this](const Header& request) {
        Encoder body;
        body.put(std::uint32_t{1});
        body.put(std::uint32_t{1});
        Encoder again = body;
        server_->send({.kind = MessageKind::reply, .call = request.call}, std::move(body));
        server_->send({.kind = MessageKind::reply, .call = request.call}, std::move(again));
    });
    EXPECT_TRUE(client_->make_counter(any_time, 1));
    thread_.join();
    EXPECT_EQ(client_->nothing(any_time).error(), std::errc::connection_reset);
}

TEST_F(HostileServer, descriptors_that_nobody_asked_for_are_closed) {
    SocketPair watched = *make_socket_pair();
    serve([&](const Header& request) {
        Encoder body;
        const std::array descriptors{watched.theirs.get()};
        server_->send({.kind = MessageKind::reply, .call = request.call}, std::move(body),
                      descriptors);
        watched.theirs.reset();
    });
    EXPECT_EQ(client_->nothing(any_time).error(), std::errc::connection_reset);
    thread_.join();
    Incoming message;
    EXPECT_EQ(receive_message(watched.ours.get(), message, true), Arrival::gone);
}

TEST_F(HostileServer, more_descriptors_than_a_message_may_have_end_the_channel_and_are_closed) {
    SocketPair watched = *make_socket_pair();
    serve([&](const Header& request) {
        Encoder body;
        const std::vector<int> descriptors(17, watched.theirs.get());
        EXPECT_TRUE(server_->send({.kind = MessageKind::reply, .call = request.call}, Encoder(),
                                  descriptors));
        watched.theirs.reset();
    });
    expect_dead("17 descriptors");
    Incoming message;
    EXPECT_EQ(receive_message(watched.ours.get(), message, true), Arrival::gone);
}

}  // namespace

}  // namespace quire::ipc
