// SPDX-License-Identifier: MIT

// What one client takes of a server, and what it leaves when it is gone.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "quire/testing/temporary_directory.hpp"
#include "server/session/stock.hpp"
#include "tests/kit/giving_up.hpp"
#include "tests/kit/hostile_client.hpp"

namespace quire::ipc {

namespace {

std::size_t take_all(Stock& stock, Stock::Use& user, Stock::Use& client) {
    std::size_t taken = 0;
    while (stock.take(user, client, 1)) ++taken;
    return taken;
}

TEST(Stocks, leave_as_much_to_others_as_a_client_takes) {
    Stock stock(90);
    Stock::Use user;
    Stock::Use greedy;
    EXPECT_EQ(take_all(stock, user, greedy), 30u);
    Stock::Use second;
    EXPECT_EQ(take_all(stock, user, second), 10u);
    // However many clients a user has, he gets less than a half.
    std::vector<Stock::Use> many(50);
    for (Stock::Use& client : many) take_all(stock, user, client);
    EXPECT_EQ(stock.used(), 44u);
    // And whoever comes finds something.
    Stock::Use other;
    Stock::Use client_of_other;
    EXPECT_EQ(take_all(stock, other, client_of_other), 15u);
    stock.give_back(user, greedy, 30);
    EXPECT_TRUE(stock.take(user, second, 1));
}

TEST(Stocks, are_one_s_own_to_the_last) {
    Stock stock(5);
    Stock::Use use;
    Stock::Use own;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(stock.take_for_itself(use, own, 1));
    EXPECT_FALSE(stock.take_for_itself(use, own, 1));
    Stock::Use user;
    Stock::Use client;
    EXPECT_FALSE(stock.take(user, client, 1));
}

/// Clients of a server that come by its socket.
class Sharing : public ::testing::Test {
protected:
    explicit Sharing(ServerOptions options = {}) : serving_(options) {
        EXPECT_TRUE(serving_.server.listen(
            path_, [this](const Peer&) -> Result<AnyCap> { return AnyCap(serving_.sample()); }));
    }

    RawClient come() const {
        UniqueFd end(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
        EXPECT_EQ(
            ::connect(end.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
        return RawClient(std::move(end));
    }
    static Header request(std::uint32_t call, std::uint32_t opcode) {
        return {
            .kind = MessageKind::request, .call = call, .object = 1, .opcode = opcode, .left = -1};
    }
    /// The client's end of a gate to object 1.
    static UniqueFd make_gate(RawClient& client) {
        SocketPair pair = *make_socket_pair();
        Encoder body;
        body.put(std::uint32_t{1});
        body.put(std::uint32_t{0});
        EXPECT_TRUE(client.send({.kind = MessageKind::control, .opcode = code(Control::make_gate)},
                                std::move(body), std::array{pair.theirs.get()}));
        return std::move(pair.ours);
    }
    /// Has an object keep what leads to a notifier, or so it is told.
    static std::uint32_t keep(RawClient& client, int descriptor) {
        Encoder body;
        body.put(std::uint32_t{3});
        body.put(std::uint32_t{0});
        EXPECT_TRUE(client.send(request(1, 7), std::move(body), std::array{descriptor}));
        const auto reply = client.receive();
        return reply ? reply->header.opcode : 9999;
    }

    const testing::TemporaryDirectory directory_;
    const std::string path_ = directory_.path() / "socket";
    Serving serving_;
};

class ScarceDescriptors : public Sharing {
protected:
    ScarceDescriptors() : Sharing({.max_descriptors = 60}) {}
};

TEST_F(ScarceDescriptors, are_not_taken_away_by_one_client) {
    RawClient greedy = come();
    std::vector<UniqueFd> gates;
    for (int i = 0; i < 100; ++i) gates.push_back(make_gate(greedy));
    EXPECT_EQ(greedy.call(1, 1), 0u);
    EXPECT_EQ(serving_.server.snapshot().gates.size(), 19u);
    // Others come, and may send what they need; so may the greedy one's next connection.
    std::vector<RawClient> others;
    for (int i = 0; i < 5; ++i) {
        others.push_back(come());
        EXPECT_EQ(others.back().call(1, 1), 0u);
    }
    SocketPair pair = *make_socket_pair();
    EXPECT_EQ(keep(others.back(), pair.theirs.get()), 0u);
}

TEST_F(Sharing, a_message_whose_descriptors_find_no_room_is_refused) {
    RawClient client = come();
    EXPECT_EQ(client.call(1, 1), 0u);
    const UniqueFd memory(::memfd_create("test", MFD_CLOEXEC));
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
    // All numbers below this one are in use.
    const UniqueFd next(::fcntl(memory.get(), F_DUPFD_CLOEXEC, 0));
    rlimit scarce = usual;
    scarce.rlim_cur = static_cast<rlim_t>(next.get()) + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &scarce), 0);
    const bool sent = client.send(request(1, 1), Encoder(), std::array{memory.get(), memory.get()});
    const auto reply = client.receive();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
    EXPECT_TRUE(sent);
    ASSERT_TRUE(reply) << "the channel was ended";
    EXPECT_EQ(reply->header.opcode, static_cast<std::uint32_t>(EMFILE));
    EXPECT_EQ(client.call(1, 1), 0u);
}

// A call that was given up may be at work yet on what came with it.
TEST(Lending, ends_with_the_reply_of_a_call_that_was_given_up) {
    Serving serving;
    const auto client = serving.connect();
    auto memory = std::make_shared<int>(1);
    const std::weak_ptr<int> lent = memory;
    give_up([&](const Call& call) { return client->wait(call.lending(std::move(memory))); },
            [&] { serving.world->wait_for_waiting(1); });
    EXPECT_FALSE(lent.expired());
    while (!lent.expired()) ASSERT_TRUE(client->nothing(any_time));
}

// Of a server that never answers.
TEST(Lending, ends_with_the_channel) {
    SocketPair pair = *make_socket_pair();
    const auto client = *adopt<Sample>(std::move(pair.ours));
    auto memory = std::make_shared<int>(1);
    const std::weak_ptr<int> lent = memory;
    give_up([&](const Call& call) { return client->nothing(call.lending(std::move(memory))); },
            [&] { wait_for_message(pair.theirs.get()); });
    client->remote()->take_late_replies();
    EXPECT_FALSE(lent.expired());
    pair.theirs.reset();
    client->remote()->take_late_replies();
    EXPECT_TRUE(lent.expired());
}

/// Looks for circles all the time.
class Circles : public Sharing {
protected:
    Circles() : Sharing({.collection_interval = std::chrono::milliseconds(2)}) {}

    void wait_for_nothing_left() {
        serving_.wait_until([this] {
            const Snapshot now = serving_.server.snapshot();
            return now.channels.empty() && now.gates.empty();
        });
    }
};

TEST_F(Circles, of_a_gate_end_with_its_client) {
    RawClient client = come();
    UniqueFd gate = make_gate(client);
    EXPECT_EQ(keep(client, gate.get()), 0u);
    gate.reset();
    client.hang_up();
    wait_for_nothing_left();
}

TEST_F(Circles, of_a_channel_end_with_its_client) {
    RawClient client = come();
    // It may be found and ended before the answer comes.
    (void)keep(client, client.fd());
    client.hang_up();
    wait_for_nothing_left();
}

TEST_F(Circles, of_two_clients_end_with_both) {
    RawClient one = come();
    RawClient other = come();
    UniqueFd to_one = make_gate(one);
    UniqueFd to_other = make_gate(other);
    EXPECT_EQ(keep(one, to_other.get()), 0u);
    EXPECT_EQ(keep(other, to_one.get()), 0u);
    to_one.reset();
    to_other.reset();
    one.hang_up();
    other.hang_up();
    wait_for_nothing_left();
}

TEST_F(Circles, are_the_client_s_affair_while_it_is_there) {
    RawClient stays = come();
    UniqueFd kept = make_gate(stays);
    EXPECT_EQ(keep(stays, kept.get()), 0u);
    RawClient goes = come();
    UniqueFd left = make_gate(goes);
    EXPECT_EQ(keep(goes, left.get()), 0u);
    left.reset();
    goes.hang_up();
    serving_.wait_until([this] { return serving_.server.snapshot().gates.size() < 2; });
    EXPECT_EQ(serving_.server.snapshot().gates.size(), 1u);
    const auto through = *cap_of_gate<Sample>(std::move(kept));
    EXPECT_TRUE(through->nothing(any_time));
}

TEST_F(Circles, are_not_what_others_say) {
    RawClient client = come();
    const UniqueFd gate = make_gate(client);
    Encoder body;
    body.put(std::uint64_t{42});
    EXPECT_TRUE(client.send({.kind = MessageKind::control, .opcode = code(Control::probe)},
                            std::move(body)));
    EXPECT_EQ(client.call(1, 1), 0u);
    client.send({.kind = MessageKind::control, .opcode = code(Control::probe)});
    client.wait_for_end();
}

}  // namespace

}  // namespace quire::ipc
