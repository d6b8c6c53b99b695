// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "client/client_slot.hpp"
#include "server/session/session_slot.hpp"
#include "tests/kit/slot_messages.hpp"

namespace quire::ipc {

namespace {

/// A slot with both sides in one thread, which plays them in turns, and a third view of its memory.
class SlotProtocol : public ::testing::Test {
protected:
    SlotProtocol() : SlotProtocol(*SlotMemory::create()) {}

    /// Each side believes that the other is on another processor.
    void separate() {
        view_.client_processor() = elsewhere;
        view_.server_processor() = elsewhere;
    }
    bool begin() {
        separate();
        const bool begun = server_.begin();
        separate();
        return begun;
    }
    bool post(const std::vector<std::byte>& request) {
        if (!client_.claim()) return false;
        separate();
        const bool posted = client_.post(request, false);
        separate();
        return posted;
    }
    /// Without sleeping.
    bool await_request() { return server_.watch() || server_.go_away(); }
    void set_state(std::uint32_t from, std::uint32_t to) {
        ASSERT_TRUE(view_.change(static_cast<SlotState>(from), static_cast<SlotState>(to)));
    }
    SlotState state() const { return static_cast<SlotState>(view_.state()); }

    SlotMemory view_;
    ClientSlot client_;
    SessionSlot server_;
    Incoming message_;

private:
    explicit SlotProtocol(SlotMemory::Created created)
        : view_(std::move(created.memory)),
          client_(*SlotMemory::open(created.descriptor)),
          server_(*SlotMemory::open(created.descriptor)) {}
};

TEST_F(SlotProtocol, request_and_reply_change_places) {
    const auto request = message_of(40, 1);
    const auto reply = message_of(64, 2);
    ASSERT_TRUE(begin());
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(post(request));
        ASSERT_TRUE(await_request());
        ASSERT_TRUE(server_.take_request(message_));
        EXPECT_TRUE(std::ranges::equal(message_.bytes(), request));
        ASSERT_TRUE(server_.answer(reply));
        server_.go_on();
        ASSERT_EQ(client_.await(message_, {}), ClientSlot::Outcome::answered);
        EXPECT_TRUE(std::ranges::equal(message_.bytes(), reply));
        client_.give_up();
    }
}

TEST_F(SlotProtocol, nothing_is_posted_when_nobody_watches) {
    EXPECT_FALSE(post(message_of(32, 1)));
    EXPECT_EQ(state(), SlotState::away);
    ASSERT_TRUE(begin());
    EXPECT_FALSE(await_request()) << "nothing comes";
    server_.end();
    EXPECT_FALSE(post(message_of(32, 1)));
    EXPECT_EQ(state(), SlotState::away);
}

TEST_F(SlotProtocol, one_worker_watches_and_one_thread_calls) {
    ASSERT_TRUE(begin());
    EXPECT_FALSE(begin());
    ASSERT_TRUE(client_.claim());
    EXPECT_FALSE(client_.claim());
    client_.give_up();
    EXPECT_TRUE(client_.claim());
}

TEST_F(SlotProtocol, nothing_is_posted_on_the_server_s_processor_unless_one_may_sleep) {
    ASSERT_TRUE(begin());
    ASSERT_TRUE(client_.claim());
    const auto here = [&] {
        view_.server_processor() = this_processor();
        return view_.server_processor() == this_processor();
    };
    // Who was moved in between tries again.
    bool posted = true;
    while (posted) {
        if (!here()) continue;
        posted = client_.post(message_of(32, 1), false);
        if (posted) set_state(2, 1);
    }
    EXPECT_TRUE(client_.post(message_of(32, 1), true));
    EXPECT_EQ(state(), SlotState::posted);
}

// A side that is not woken sleeps for hours here.
TEST_F(SlotProtocol, who_sleeps_is_woken) {
    constexpr std::chrono::hours long_time{5};
    constexpr int calls = 3000;
    std::jthread server([&] {
        Incoming request;
        ASSERT_TRUE(server_.begin());
        for (int i = 0; i < calls; ++i) {
            ASSERT_TRUE(server_.sleep(long_time));
            ASSERT_TRUE(server_.take_request(request));
            ASSERT_TRUE(server_.answer(request.bytes()));
            server_.go_on();
        }
    });
    for (int i = 0; i < calls;) {
        if (!client_.claim()) continue;
        const auto request = message_of(32, static_cast<std::uint8_t>(i));
        if (client_.post(request, true)) {
            ASSERT_EQ(client_.await(message_, long_time), ClientSlot::Outcome::answered);
            ASSERT_TRUE(std::ranges::equal(message_.bytes(), request));
            ++i;
        }
        client_.give_up();
    }
}

TEST_F(SlotProtocol, who_sleeps_in_vain_uses_the_socket) {
    ASSERT_TRUE(begin());
    EXPECT_FALSE(server_.sleep(std::chrono::milliseconds(1)));
    EXPECT_EQ(state(), SlotState::watching);
    ASSERT_TRUE(post(message_of(32, 1)));
    EXPECT_EQ(client_.await(message_, std::chrono::milliseconds(1)),
              ClientSlot::Outcome::by_socket);
    EXPECT_EQ(state(), SlotState::asleep);
    EXPECT_EQ(view_.client_sleeper(), 0u);
    EXPECT_EQ(view_.server_sleeper(), 0u);
}

TEST_F(SlotProtocol, a_server_that_goes_after_its_reply_is_not_posted_to) {
    ASSERT_TRUE(begin());
    ASSERT_TRUE(post(message_of(32, 1)));
    ASSERT_TRUE(await_request());
    ASSERT_TRUE(server_.answer(message_of(32, 2)));
    separate();
    EXPECT_FALSE(await_request());
    EXPECT_EQ(state(), SlotState::answered_away);
    EXPECT_EQ(client_.await(message_, {}), ClientSlot::Outcome::answered);
    client_.give_up();
    EXPECT_FALSE(post(message_of(32, 3)));
    EXPECT_EQ(state(), SlotState::away);
    client_.give_up();
    server_.end();
    EXPECT_TRUE(begin());
}

TEST_F(SlotProtocol, a_client_that_has_waited_long_gets_its_reply_by_the_socket) {
    ASSERT_TRUE(begin());
    ASSERT_TRUE(post(message_of(32, 1)));
    EXPECT_EQ(client_.await(message_, {}), ClientSlot::Outcome::by_socket);
    client_.give_up();
    EXPECT_FALSE(post(message_of(32, 1))) << "the slot is not free yet";
    ASSERT_TRUE(await_request());
    ASSERT_TRUE(server_.take_request(message_));
    EXPECT_FALSE(server_.answer(message_of(32, 2)));
    server_.go_on();
    EXPECT_EQ(state(), SlotState::watching);
}

TEST_F(SlotProtocol, a_second_request_is_not_lost_when_the_server_is_late_after_the_first) {
    ASSERT_TRUE(begin());
    ASSERT_TRUE(post(message_of(32, 1)));
    ASSERT_TRUE(await_request());
    ASSERT_TRUE(server_.take_request(message_));
    ASSERT_TRUE(server_.answer(message_of(32, 2)));
    ASSERT_EQ(client_.await(message_, {}), ClientSlot::Outcome::answered);
    client_.give_up();
    ASSERT_TRUE(post(message_of(32, 3)));
    ASSERT_EQ(client_.await(message_, {}), ClientSlot::Outcome::by_socket);
    server_.go_on();
    ASSERT_TRUE(await_request()) << "its client is asleep, and waits";
    ASSERT_TRUE(server_.take_request(message_));
    EXPECT_EQ(message_.bytes()[4], std::byte{3});
}

TEST_F(SlotProtocol, a_reply_that_does_not_fit_goes_by_the_socket) {
    ASSERT_TRUE(begin());
    ASSERT_TRUE(post(message_of(32, 1)));
    EXPECT_FALSE(server_.answer(message_of(SlotMemory::area_size + 8, 2)));
    server_.answer_by_socket();
    server_.go_on();
    EXPECT_FALSE(await_request());
    server_.end();
    EXPECT_EQ(client_.await(message_, {}), ClientSlot::Outcome::by_socket);
    client_.give_up();
    EXPECT_EQ(state(), SlotState::away);
    EXPECT_TRUE(begin());
}

TEST_F(SlotProtocol, lengths_that_cannot_be_are_malformed) {
    for (const std::uint32_t length : {0U, 31U, 8193U, 0x80000000U, 0xffffffffU}) {
        std::memcpy(view_.request_area().data(), &length, sizeof(length));
        std::memcpy(view_.reply_area().data(), &length, sizeof(length));
        EXPECT_FALSE(server_.take_request(message_)) << length;
    }
    ASSERT_TRUE(begin());
    ASSERT_TRUE(post(message_of(32, 1)));
    set_state(static_cast<std::uint32_t>(SlotState::posted),
              static_cast<std::uint32_t>(SlotState::answered));
    EXPECT_EQ(client_.await(message_, {}), ClientSlot::Outcome::malformed);
}

TEST_F(SlotProtocol, words_that_are_none_end_its_use) {
    ASSERT_TRUE(begin());
    ASSERT_TRUE(post(message_of(32, 1)));
    set_state(static_cast<std::uint32_t>(SlotState::posted), 77);
    EXPECT_EQ(client_.await(message_, {}), ClientSlot::Outcome::malformed);
    EXPECT_FALSE(await_request());
    EXPECT_FALSE(server_.answer(message_of(32, 2)));
    server_.go_on();
    server_.end();
    EXPECT_FALSE(begin());
    client_.give_up();
    EXPECT_FALSE(post(message_of(32, 1)));
    EXPECT_EQ(view_.state(), 77u);
}

TEST_F(SlotProtocol, watching_in_vain_stops_but_for_a_try_now_and_then) {
    int begun = 0;
    for (int i = 0; i < 100; ++i) {
        if (!begin()) continue;
        ++begun;
        EXPECT_FALSE(await_request());
        server_.end();
    }
    EXPECT_GE(begun, 4);
    EXPECT_LE(begun, 10);
}

TEST_F(SlotProtocol, two_threads_agree_on_every_message_or_use_the_socket) {
    std::atomic<bool> done = false;
    std::uint64_t answered = 0;
    std::uint64_t posted = 0;
    std::uint64_t taken = 0;
    std::jthread server([&] {
        Incoming request;
        while (!done) {
            separate();
            if (!server_.begin()) continue;
            separate();
            std::mt19937 random(4);
            while (server_.watch() ||
                   (random() % 2 == 0 && server_.sleep(std::chrono::microseconds(100))) ||
                   server_.go_away()) {
                ++taken;
                ASSERT_TRUE(server_.take_request(request));
                std::vector<std::byte> reply(request.bytes().begin(), request.bytes().end());
                for (std::size_t i = 4; i < reply.size(); ++i) reply[i] ^= std::byte{0xff};
                (void)server_.answer(reply);
                server_.go_on();
                separate();
            }
            server_.end();
        }
    });
    std::mt19937 random(3);
    for (int i = 0; i < 2000 || (answered == 0 && i < 50'000); ++i) {
        const auto fill = static_cast<std::uint8_t>(random());
        auto request = message_of(32 + random() % 20 * 8, fill);
        separate();
        if (!client_.claim()) {
            std::this_thread::yield();
            continue;
        }
        separate();
        const bool may_sleep = random() % 2 == 0;
        if (client_.post(request, may_sleep)) {
            ++posted;
            const std::chrono::microseconds at_most(may_sleep ? 100 : 0);
            if (client_.await(message_, at_most) == ClientSlot::Outcome::answered) {
                ++answered;
                for (std::size_t k = 4; k < request.size(); ++k) request[k] ^= std::byte{0xff};
                ASSERT_TRUE(std::ranges::equal(message_.bytes(), request));
            }
        }
        client_.give_up();
    }
    done = true;
    server.join();
    EXPECT_EQ(taken, posted) << "none is forgotten, whoever goes or falls asleep";
    if (answered == 0) GTEST_SKIP() << "so busy is the machine that the two never met";
}

TEST(SlotMemory, is_only_what_cannot_make_us_fault) {
    const auto refuses = [](int fd) {
        const UniqueFd descriptor(fd);
        const auto opened = SlotMemory::open(descriptor);
        return !opened && opened.error() == std::errc::invalid_argument;
    };
    const auto memory = [](off_t size, int seals) {
        const int fd = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        EXPECT_EQ(::ftruncate(fd, size), 0);
        EXPECT_EQ(::fcntl(fd, F_ADD_SEALS, seals), 0);
        return fd;
    };
    constexpr int all = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    EXPECT_TRUE(refuses(::open("/dev/zero", O_RDWR | O_CLOEXEC)));
    EXPECT_TRUE(refuses(::memfd_create("test", MFD_CLOEXEC)));
    EXPECT_TRUE(refuses(memory(20480, F_SEAL_GROW)));
    EXPECT_TRUE(refuses(memory(20480, F_SEAL_SHRINK)));
    EXPECT_TRUE(refuses(memory(20472, all)));
    EXPECT_TRUE(refuses(memory(40960, all)));
    EXPECT_TRUE(refuses(-1));
    const UniqueFd good(memory(20480, all));
    EXPECT_TRUE(SlotMemory::open(good));
    const auto created = *SlotMemory::create();
    EXPECT_EQ(::ftruncate(created.descriptor.get(), 0), -1);
    EXPECT_EQ(::ftruncate(created.descriptor.get(), 1 << 20), -1);
}

}  // namespace

}  // namespace quire::ipc
