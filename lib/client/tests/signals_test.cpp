// SPDX-License-Identifier: MIT
//
// Signals that interrupt client and server in whatever they do.

#include <thread>

#include "client_ground.hpp"
#include "quire/client/events.hpp"
#include "quire/testing/signal_storm.hpp"

namespace quire::client {
namespace {

constexpr std::uint64_t enough_signals = 2000;

class InterruptedContexts : public ClientGround {
protected:
    const testing::SignalStorm storm;
};
INSTANTIATE_TEST_SUITE_P(Far, InterruptedContexts, ::testing::Values(Way::remote), name_of_way);

TEST_P(InterruptedContexts, move_all_bytes) {
    for (unsigned round = 0; round < 20 || storm.handled() < enough_signals; ++round) {
        // A new context makes new memory to share.
        context.emplace(*Context::create(opener()));
        const std::string whole = pattern(round % 4 == 0 ? 1'300'000 : 20'011 * (round % 7), round);
        for (const bool buffered : {true, false}) {
            File file = open("f", "w+", {.buffered = buffered});
            for (std::size_t at = 0; at < whole.size(); at += 70'000) {
                const auto written =
                    file.write(bytes_of(std::string_view(whole).substr(at, 70'000)));
                ASSERT_TRUE(written) << written.error().message();
            }
            ASSERT_TRUE(file.flush());
            ASSERT_TRUE(file.seek(0, Whence::set));
            ASSERT_TRUE(read(file, whole.size() + 1) == whole);
            ASSERT_TRUE(file.close());
        }
        ASSERT_TRUE(content("f") == whole);
    }
}

TEST_P(InterruptedContexts, change_all_names) {
    ASSERT_TRUE(context->mkdir("d"));
    std::size_t made = 0;
    while (made < 400 || storm.handled() < enough_signals) {
        const std::string name = "d/" + std::to_string(made++);
        make(name + "~", name);
        const auto renamed = context->rename(name + "~", name);
        ASSERT_TRUE(renamed) << renamed.error().message();
        ASSERT_EQ(content(name), name);
    }
    const auto listed = context->list("d");
    ASSERT_TRUE(listed) << listed.error().message();
    EXPECT_EQ(listed->size(), made);
}

TEST_P(InterruptedContexts, wait_for_events) {
    EventQueue queue;
    File watched = open("f", "w+");
    ASSERT_TRUE(watched.subscribe(queue, protocols::event_modified, 5));
    std::jthread waiting([&] {
        const auto event = queue.wait(ipc::Call::forever());
        ASSERT_TRUE(event) << event.error().message();
        EXPECT_EQ(*event, (Event{5, protocols::event_modified}));
    });
    storm.wait_for(enough_signals);
    make("f", "x");
    waiting.join();
    const ipc::Call brief = ipc::Call::within(std::chrono::milliseconds(10));
    while (queue.wait(brief)) continue;
    EXPECT_TRUE(brief.expired());
}

}  // namespace
}  // namespace quire::client
