// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "slot/slot_memory.hpp"
#include "tests/kit/giving_up.hpp"
#include "tests/kit/processors.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"
#include "tests/kit/slot_messages.hpp"

namespace quire::ipc {

namespace {

/// Memory of a slot in the hands of a client that does what it likes with it.
class HostileSlot : public ::testing::Test {
protected:
    HostileSlot() {
        EXPECT_TRUE(offer(created_.descriptor.get()));
        EXPECT_EQ(client_.call(1, 1), 0u);
        EXPECT_TRUE(serving_.server.snapshot().channels.at(0).slot);
    }

    bool offer(int fd) {
        Encoder body;
        body.put(std::uint32_t{0});
        return client_.send({.kind = MessageKind::control,
                             .opcode = static_cast<std::uint32_t>(Control::offer_slot)},
                            std::move(body), std::array{fd});
    }
    /// Makes the server watch and puts something in front of it.
    void post(const std::vector<std::byte>& bytes) {
        std::memcpy(created_.memory.request_area().data(), bytes.data(), bytes.size());
        while (true) {
            created_.memory.client_processor() = elsewhere;
            if (!client_.call(1, 1)) return;
            for (int i = 0; i < 1000; ++i) {
                if (created_.memory.change(SlotState::watching, SlotState::posted)) return;
            }
        }
    }
    void expect_expelled() {
        client_.wait_for_end();
        serving_.wait_until([this] { return serving_.server.snapshot().expelled_channels == 1; });
    }

    Serving serving_;
    RawClient client_{serving_.raw_client()};
    SlotMemory::Created created_ = *SlotMemory::create();
};

TEST_F(HostileSlot, garbage_in_it_ends_the_channel) {
    post(message_of(32, 0xff));
    expect_expelled();
}

TEST_F(HostileSlot, a_length_that_cannot_be_ends_the_channel) {
    post(bytes_of_hex("ffffffff ffffffff"));
    expect_expelled();
}

TEST_F(HostileSlot, a_message_that_is_no_request_ends_the_channel) {
    std::vector<std::byte> message(32);
    write_header(message, {.kind = MessageKind::control, .opcode = 1});
    post(message);
    expect_expelled();
}

TEST_F(HostileSlot, a_second_slot_ends_the_channel) {
    EXPECT_TRUE(offer(created_.descriptor.get()));
    expect_expelled();
}

TEST_F(HostileSlot, memory_that_may_shrink_ends_the_channel) {
    RawClient other(serving_.raw_client());
    std::swap(other, client_);
    const UniqueFd memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(::ftruncate(memory.get(), 20480), 0);
    EXPECT_TRUE(offer(memory.get()));
    expect_expelled();
}

TEST_F(HostileSlot, words_that_change_all_the_time_cost_only_its_own_channel) {
    const auto good = serving_.connect();
    std::atomic<bool> done = false;
    std::jthread storm([&] {
        std::mt19937 random(1);
        while (!done) {
            created_.memory.client_processor() = elsewhere;
            const auto from = static_cast<SlotState>(created_.memory.state());
            created_.memory.change(from, static_cast<SlotState>(random() % 9));
            created_.memory.request_area()[random() % 40] = static_cast<std::byte>(random());
        }
    });
    for (int i = 0; i < 1000; ++i) {
        (void)client_.call(1, 1);
        ASSERT_TRUE(good->nothing(any_time));
    }
    done = true;
}

// What cancels a call goes by the socket, and may be there before the call is taken out of the slot.
TEST_F(HostileSlot, a_call_is_cancelled_that_has_not_been_taken_yet) {
    std::vector<std::byte> request(32);
    for (std::uint32_t call = first_slot_call + 1;; ++call) {
        constexpr std::uint32_t wait_opcode = 3;
        write_header(request, {.kind = MessageKind::request,
                               .call = call,
                               .object = 1,
                               .opcode = wait_opcode,
                               .left = -1});
        std::memcpy(created_.memory.request_area().data(), request.data(), request.size());
        Encoder body;
        body.put(call);
        client_.send(
            {.kind = MessageKind::control, .opcode = static_cast<std::uint32_t>(Control::cancel)},
            std::move(body));
        // Answered, so the message before it has been looked at, and the slot is looked at again.
        ASSERT_EQ(client_.call(1, 1), 0u);
        if (created_.memory.change(SlotState::watching, SlotState::posted) ||
            created_.memory.change(SlotState::answered, SlotState::posted))
            break;
    }
    serving_.wait_until([this] {
        return created_.memory.state() != static_cast<std::uint32_t>(SlotState::posted);
    });
    const auto header = read_header(created_.memory.reply_area().first(32), 0);
    EXPECT_EQ(serving_.world->cancelled(), 1);
    EXPECT_FALSE(header && header->opcode == 0);
}

// More slots than there are workers, each with a request again and again: there is a worker for
// others all the same.
TEST(HostileSlots, of_any_number_leave_a_worker_for_others) {
    // Who posts has a processor of its own, so that every worker sees a request whenever it looks.
    const Processors processors;
    if (processors.count() < 2) GTEST_SKIP() << "needs two processors";
    processors.run_on(1);
    Serving serving({.max_workers = 4});
    std::vector<RawClient> clients;
    std::vector<SlotMemory::Created> slots;
    for (int i = 0; i < 6; ++i) {
        clients.emplace_back(serving.raw_client());
        slots.push_back(*SlotMemory::create());
        Encoder body;
        body.put(std::uint32_t{0});
        ASSERT_TRUE(clients.back().send({.kind = MessageKind::control,
                                         .opcode = static_cast<std::uint32_t>(Control::offer_slot)},
                                        std::move(body),
                                        std::array{slots.back().descriptor.get()}));
        std::vector<std::byte> request(32);
        write_header(request, {.kind = MessageKind::request,
                               .call = first_slot_call + 1,
                               .object = 1,
                               .opcode = 1,
                               .left = -1});
        std::memcpy(slots.back().memory.request_area().data(), request.data(), request.size());
    }
    std::atomic<bool> done = false;
    std::jthread storm([&] {
        processors.run_on(0);
        while (!done) {
            for (SlotMemory::Created& slot : slots) {
                slot.memory.client_processor() = elsewhere;
                for (const SlotState state : {SlotState::answered, SlotState::watching,
                                              SlotState::by_socket, SlotState::answered_away})
                    slot.memory.change(state, SlotState::posted);
                slot.memory.wake(slot.memory.server_sleeper());
            }
        }
    });
    // Who calls by the socket is given a worker, and keeps it.
    std::jthread callers([&] {
        while (!done) {
            for (RawClient& client : clients) (void)client.call(1, 1);
        }
    });
    const auto good = serving.connect();
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(good->nothing(any_time));
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(serving.connect()->nothing(any_time));
    done = true;
}

// A request that its client has given up may be in the slot yet. What it names must not become the
// number of something else, so it is not released before.
TEST(ClientSlotOrder, what_a_given_up_request_names_is_released_after_it) {
    SocketPair pair = *make_socket_pair();
    auto client = *adopt<Sample>(std::move(pair.ours));
    RawClient server(std::move(pair.theirs));
    SlotMemory slot = [&] {
        std::optional<SlotMemory> offered;
        std::jthread answers([&] {
            while (!offered) {
                const auto message = server.receive();
                if (message->header.kind == MessageKind::request)
                    server.send({.kind = MessageKind::reply, .call = message->header.call});
                else
                    offered.emplace(*SlotMemory::open(message->descriptors()[0]));
            }
        });
        while (client->remote()->counters().sent_descriptors == 0)
            EXPECT_TRUE(client->nothing(any_time));
        answers.join();
        return std::move(*offered);
    }();
    const auto answer_counter = [&](std::uint32_t number) {
        Encoder body;
        body.put(std::uint32_t{1});  // the sender's
        body.put(number);
        server.send({.kind = MessageKind::reply, .call = server.receive()->header.call},
                    std::move(body));
    };
    std::optional<std::jthread> answers(std::in_place, [&] { answer_counter(5); });
    auto counter = *client->make_counter(any_time, 1);
    answers.reset();
    // Nobody takes what is posted.
    slot.server_processor() = elsewhere;
    ASSERT_TRUE(slot.change(SlotState::away, SlotState::watching));
    give_up([&](const Call& call) { return counter->value(call); },
            [&] {
                while (slot.state() == static_cast<std::uint32_t>(SlotState::watching))
                    std::this_thread::yield();
            });
    EXPECT_EQ(slot.state(), static_cast<std::uint32_t>(SlotState::asleep));
    const auto posted = read_header(slot.request_area().first(32), 0);
    ASSERT_TRUE(posted);
    EXPECT_EQ(posted->object, 5u);
    counter = {};
    std::vector<MessageKind> kinds;
    std::vector<std::uint32_t> opcodes;
    const auto take_all = [&] {
        std::uint32_t call = 0;
        while (call == 0) {
            const auto message = server.receive();
            kinds.push_back(message->header.kind);
            opcodes.push_back(message->header.opcode);
            if (message->header.kind == MessageKind::request) call = message->header.call;
        }
        return call;
    };
    // That it was given up, and a call by the socket, though the slot would be free.
    slot.change(SlotState::asleep, SlotState::watching);
    answers.emplace([&] {
        const std::uint32_t call = take_all();
        server.send({.kind = MessageKind::reply, .call = posted->call, .opcode = ECANCELED});
        server.send({.kind = MessageKind::reply, .call = call});
    });
    EXPECT_TRUE(client->nothing(any_time));
    answers.reset();
    const auto release = static_cast<std::uint32_t>(Control::release);
    EXPECT_EQ(kinds, (std::vector{MessageKind::control, MessageKind::request}));
    EXPECT_EQ(opcodes.at(0), static_cast<std::uint32_t>(Control::cancel));
    // It has been answered; now the release goes along.
    slot.change(SlotState::watching, SlotState::away);
    kinds.clear();
    opcodes.clear();
    answers.emplace([&] { server.send({.kind = MessageKind::reply, .call = take_all()}); });
    EXPECT_TRUE(client->nothing(any_time));
    answers.reset();
    EXPECT_EQ(kinds, (std::vector{MessageKind::control, MessageKind::request}));
    EXPECT_EQ(opcodes.at(0), release);
}

/// A server that misuses the slot that it was offered.
TEST(HostileSlotServer, ends_the_channel) {
    for (const std::uint32_t bad_length : {0U, 20U, 9000U, 32U}) {
        SocketPair pair = *make_socket_pair();
        const auto client = *adopt<Sample>(std::move(pair.ours));
        RawClient server(std::move(pair.theirs));
        std::jthread answers([&] {
            std::optional<SlotMemory> slot;
            Incoming message;
            while (true) {
                if (slot && slot->state() != static_cast<std::uint32_t>(SlotState::watching)) {
                    std::memcpy(slot->reply_area().data(), &bad_length, sizeof(bad_length));
                    // Or the client has fallen asleep, and learns by the socket that it is over.
                    slot->change(SlotState::posted, SlotState::answered);
                    return server.hang_up();
                }
                if (receive_message(server.fd(), message, false) != Arrival::message) {
                    std::this_thread::yield();
                    continue;
                }
                const auto header = read_header(message.bytes(), message.descriptors().size());
                if (header->kind == MessageKind::request) {
                    server.send({.kind = MessageKind::reply, .call = header->call});
                } else {
                    slot.emplace(*SlotMemory::open(message.descriptors()[0]));
                    slot->server_processor() = elsewhere;
                    slot->change(SlotState::away, SlotState::watching);
                }
            }
        });
        Result<void> last;
        for (int i = 0; i < 1000 && (last = client->nothing(any_time)); ++i) continue;
        EXPECT_EQ(last.error(), std::errc::connection_reset);
    }
}

}  // namespace

}  // namespace quire::ipc
