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
