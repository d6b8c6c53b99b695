// SPDX-License-Identifier: MIT

// kill -9 of a server while clients write through it: they fail at once, its socket is served again
// at once, and what a verb that returned has made is there.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "crash/judges.hpp"
#include "crash/traced_program.hpp"
#include "quire/block/file_device.hpp"
#include "quire/testing/bytes.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

using SteadyClock = std::chrono::steady_clock;

class KilledServer : public ::testing::Test {
protected:
    void SetUp() override {
        if (const auto reason = judges_.without_e2fsck()) GTEST_SKIP() << *reason;
        std::filesystem::create_directories(served_.tree() + "/sub/deep");
        for (int i = 0; i < 20; ++i) {
            const char* const folder = i % 2 == 0 ? "/sub" : "/sub/deep";
            const testing::Bytes bytes =
                testing::pattern(static_cast<std::size_t>(i) * 2100, static_cast<unsigned>(i));
            std::ofstream(fmt::format("{}{}/file{}", served_.tree(), folder, i), std::ios::binary)
                .write(reinterpret_cast<const char*>(bytes.data()),
                       static_cast<std::streamsize>(bytes.size()));
        }
        served_.create({"--size", "64M"});
    }

    std::vector<std::vector<std::string>> verbs(int round) const {
        const std::string top = fmt::format("/round{}", round);
        return {
            quire_words({"cp", "-a", served_.tree(), served_.inside(top)}),
            quire_words({"mv", served_.inside(top + "/sub/deep"), served_.inside(top + "/deep")}),
            quire_words({"chmod", "-R", "u=rwX,go=", served_.inside(top)}),
            quire_words({"rm", "-r", served_.inside(top + "/sub")}),
        };
    }

    void expect_promised() {
        served_.stop();
        auto device = *block::FileDevice::open(served_.image());
        EXPECT_EQ(judges_.complaint(*device).value_or("clean"), "clean");
        device.reset();
        for (const auto& [name, source] : promised_) {
            const auto same =
                run_program({"/bin/sh", "-c",
                             fmt::format("'{}' cat '{}:{}' | cmp - '{}'", QUIRE_PROGRAM,
                                         served_.image(), name, source)});
            EXPECT_TRUE(same && same->exit_code == 0) << name << ": " << same->output;
        }
    }

    Judges judges_;
    ServedImage served_;
    std::map<std::string, std::string> promised_;
};

TEST_F(KilledServer, loses_nothing_that_was_acknowledged_and_is_replaced_at_once) {
    constexpr int kills = 40;
    std::mt19937_64 random(20261130);
    ASSERT_EQ(served_.serve(), "");
    // How long the verbs take when they are left alone.
    auto begin = SteadyClock::now();
    for (const auto& words : verbs(0)) ASSERT_EQ(run_program(words)->exit_code, 0);
    const auto whole = SteadyClock::now() - begin;

    int failed = 0;
    for (int round = 1; round <= kills; ++round) {
        std::atomic<bool> over = false;
        std::thread client([&] {
            for (const auto& words : verbs(round)) {
                const auto ended = run_program(words);
                EXPECT_TRUE(ended);
                if (!ended || ended->exit_code == 0) continue;
                ++failed;
                break;
            }
            over = true;
        });
        const auto moment = SteadyClock::now() + whole * (random() % 1000) / 1000;
        while (SteadyClock::now() < moment && !over) std::this_thread::yield();
        served_.kill();
        client.join();
        // At once, on the same socket.
        ASSERT_EQ(served_.serve(), "") << "after kill " << round;
        const std::string name = fmt::format("/after{}", round);
        const std::string source = fmt::format("{}/sub/file{}", served_.tree(), round % 10 * 2);
        const auto next = run_program(quire_words({"cp", source, served_.inside(name)}));
        ASSERT_TRUE(next && next->exit_code == 0) << next->output;
        promised_[name] = source;
        if (round % 10 != 0) continue;
        expect_promised();
        ASSERT_FALSE(HasFailure()) << "after kill " << round;
        ASSERT_EQ(served_.serve(), "");
    }
    expect_promised();
    EXPECT_GT(failed, kills / 4) << "the server was rarely killed in the middle of something";
}

TEST_F(KilledServer, fails_what_waits_for_it) {
    ASSERT_EQ(served_.serve(), "");
    // A verb that has connected and waits for its input.
    std::thread client([&] {
        const auto ended =
            run_program({"/bin/sh", "-c",
                         fmt::format("(while [ -e '{}' ]; do :; done; echo late) | '{}' cp - '{}'",
                                     served_.socket(), QUIRE_PROGRAM, served_.inside("/late"))});
        EXPECT_TRUE(ended && ended->exit_code == 1);
        EXPECT_NE(ended->output.find("onnection reset"), std::string::npos) << ended->output;
    });
    // The verb is there when the server has two clients, one of them the question.
    while (true) {
        const auto asked = run_program(quire_words({"ps", "--json", served_.socket()}));
        ASSERT_TRUE(asked && asked->exit_code == 0) << asked->output;
        if (asked->output.find("},{") != std::string::npos) break;
    }
    served_.kill();
    client.join();
}

}  // namespace
}  // namespace quire::tests
