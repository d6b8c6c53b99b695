// SPDX-License-Identifier: MIT

// kill -9 of a server while clients write through it: they fail at once, its socket is served again
// at once, and what each verb has done that returned before the kill is there, whatever came after.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string_view>
#include <thread>

#include "crash/judges.hpp"
#include "crash/traced_program.hpp"
#include "crash/workload.hpp"
#include "quire/block/file_device.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/volumes/ext/volume.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

using SteadyClock = std::chrono::steady_clock;

const ipc::Call for_ever = ipc::Call::forever();

/// A field of a line of facts, as tree_hash.hpp counts them behind the path.
std::string field(std::string_view fact, int number) {
    for (; number > 0; --number) fact.remove_prefix(std::min(fact.find('\t') + 1, fact.size()));
    return std::string(fact.substr(0, fact.find('\t')));
}
constexpr int permission_field = 4;
constexpr int time_field = 7;
/// Type, size and content.
std::string content_in(std::string_view fact) {
    return field(fact, 0) + ' ' + field(fact, 1) + ' ' + field(fact, 3);
}

/// How many have connected to a socket and were not accepted yet.
int waiting_to_be_let_in(const std::string& socket) {
    std::ifstream sockets("/proc/net/unix");
    int count = 0;
    for (std::string line; std::getline(sockets, line);)
        if (line.ends_with(' ' + socket) && line.find(" 02 ") != std::string::npos) ++count;
    return count;
}

/// Whether all threads of a process stand still.
bool stands_still(pid_t process) {
    for (const auto& thread :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process))) {
        std::ifstream file(thread.path() / "stat");
        const std::string stat{std::istreambuf_iterator<char>(file), {}};
        // Behind the program's name, which stands in parentheses.
        if (stat.find(") T ") == std::string::npos) return false;
    }
    return true;
}

class KilledServer : public ::testing::Test {
protected:
    void SetUp() override {
        if (const auto reason = judges_.without_e2fsck()) GTEST_SKIP() << *reason;
        std::filesystem::create_directories(served_.tree() + "/sub/deep");
        for (int i = 0; i < file_count; ++i) {
            const testing::Bytes bytes =
                testing::pattern(static_cast<std::size_t>(i) * 2100, static_cast<unsigned>(i));
            std::ofstream(fmt::format("{}/{}", served_.tree(), file(i)), std::ios::binary)
                .write(reinterpret_cast<const char*>(bytes.data()),
                       static_cast<std::streamsize>(bytes.size()));
        }
        served_.create({"--size", "64M"});
    }

    /// Those with an even number are in `sub`, the others in `sub/deep`.
    static constexpr int file_count = 20;
    static std::string file(int number) {
        return fmt::format("{}/file{}", number % 2 == 0 ? "sub" : "sub/deep", number);
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
    static constexpr std::size_t copied = 1;
    static constexpr std::size_t moved = 2;
    static constexpr std::size_t changed = 3;
    static constexpr std::size_t removed = 4;

    /// What a round has left when that many of its verbs have returned, and the one after these was
    /// perhaps in the middle of its work, or already done with it.
    static void expect_done(const Facts& facts, int round, std::size_t returned) {
        const std::string top = fmt::format("round{}/", round);
        const auto at = [&](const std::string& path) {
            const auto found = facts.find(top + path);
            return found == facts.end() ? std::string() : found->second;
        };
        for (int i = 0; i < file_count && returned >= copied; ++i) {
            const std::string name = fmt::format("file{}", i);
            const std::string what = fmt::format("{}{} after {} verbs", top, name, returned);
            std::string fact = at(file(i));
            if (i % 2 != 0) {
                const std::string there = at("deep/" + name);
                EXPECT_NE(fact.empty(), there.empty()) << what << ": in one place";
                if (returned >= moved) {
                    EXPECT_EQ(fact, "") << what;
                }
                if (fact.empty()) fact = there;
            } else if (returned >= changed) {
                if (returned >= removed) {
                    EXPECT_EQ(fact, "") << what;
                }
                // Its removal may have come that far.
                if (fact.empty()) continue;
            }
            const std::string& source = facts.at(file(i));
            EXPECT_EQ(content_in(fact), content_in(source)) << what;
            EXPECT_EQ(field(fact, time_field), field(source, time_field)) << what;
            if (returned < moved) {
                EXPECT_EQ(field(fact, permission_field), field(source, permission_field)) << what;
            }
            if (returned >= changed) {
                EXPECT_EQ(field(fact, permission_field), "0600") << what;
            }
        }
        if (returned >= moved) {
            EXPECT_EQ(at("sub/deep"), "") << top;
            EXPECT_EQ(field(at("deep"), 0), "d") << top;
        }
        if (returned >= changed) {
            EXPECT_EQ(field(at("deep"), permission_field), "0700") << top;
        }
        if (returned >= removed) {
            EXPECT_EQ(at("sub"), "") << top;
        }
    }

    void expect_promised() {
        served_.stop();
        std::shared_ptr<block::Device> device = *block::FileDevice::open(served_.image());
        EXPECT_EQ(judges_.complaint(*device).value_or("clean"), "clean");
        ext::Options options;
        options.read_only = true;
        const auto volume = ext::Volume::open(device, options);
        ASSERT_TRUE(volume) << volume.error().message();
        const auto facts = read_facts(*fs::Tree::open(*volume));
        ASSERT_TRUE(facts) << facts.error().message();
        for (const auto& [round, returned] : returned_) expect_done(*facts, round, returned);
        for (const auto& [name, source] : promised_) {
            ASSERT_TRUE(facts->contains(name)) << name;
            EXPECT_EQ(content_in(facts->at(name)), content_in(facts->at(source))) << name;
        }
    }

    Judges judges_;
    ServedImage served_;
    /// By round: how many of its verbs have returned.
    std::map<int, std::size_t> returned_;
    /// Copies of files that returned.
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
    returned_[0] = removed;

    int failed = 0;
    for (int round = 1; round <= kills; ++round) {
        std::atomic<bool> over = false;
        std::size_t& returned = returned_[round];
        std::thread client([&] {
            for (const auto& words : verbs(round)) {
                const auto ended = run_program(words);
                EXPECT_TRUE(ended);
                if (!ended || ended->exit_code != 0) {
                    ++failed;
                    break;
                }
                ++returned;
            }
            over = true;
        });
        const auto moment = SteadyClock::now() + whole * (random() % 1000) / 1000;
        while (SteadyClock::now() < moment && !over) std::this_thread::yield();
        served_.kill();
        client.join();
        // At once, on the same socket.
        ASSERT_EQ(served_.serve(), "") << "after kill " << round;
        const std::string name = fmt::format("after{}", round);
        const std::string source = file(round % file_count);
        const auto next = run_program(
            quire_words({"cp", served_.tree() + "/" + source, served_.inside("/" + name)}));
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

// It stands still, so that calls wait for it and not for anything else, and never goes on.
TEST_F(KilledServer, fails_what_waits_for_it) {
    ASSERT_EQ(served_.serve(), "");
    const auto service = *ipc::connect<protocols::Service>(served_.socket());
    const auto opener = *service->opener(for_ever, "", false);
    const auto volume = *service->volume(for_ever, "", false);
    const auto top = *volume->root(for_ever, {});
    client::Context context = *client::Context::create(opener);
    client::File file = *context.open("waits", protocols::open_write | protocols::open_create);
    ASSERT_TRUE(file.write(testing::pattern(1000)));
    client::Context other = *client::Context::create(opener);
    const pid_t server = served_.server();
    ASSERT_GT(server, 0);
    ASSERT_EQ(::kill(server, SIGSTOP), 0);
    while (!stands_still(server)) std::this_thread::yield();
    const int let_in_late = waiting_to_be_let_in(served_.socket());

    std::array<std::errc, 3> ends{};
    const auto code = [](const auto& result) {
        return result ? std::errc() : result.error().code();
    };
    const auto sent = [&] { return service->remote()->counters().sent_messages; };
    const std::uint64_t before = sent();
    std::vector<std::jthread> waiting;
    waiting.emplace_back([&] { ends[0] = code(file.flush()); });
    waiting.emplace_back([&] { ends[1] = code(other.stat("sub")); });
    waiting.emplace_back([&] { ends[2] = code(volume->lookup(for_ever, {}, top.node, "sub")); });
    waiting.emplace_back([&] {
        const auto ended = run_program(quire_words({"ls", served_.inside("/")}));
        EXPECT_TRUE(ended && ended->exit_code == 1);
        // It looks once more, where nobody is any more.
        EXPECT_NE(ended->output.find("no server can be reached"), std::string::npos)
            << ended->output;
    });
    // They are on their way, and nobody answers.
    while (sent() < before + ends.size()) std::this_thread::yield();
    while (waiting_to_be_let_in(served_.socket()) == let_in_late) std::this_thread::yield();
    served_.kill();
    waiting.clear();
    for (const std::errc end : ends) EXPECT_EQ(end, std::errc::connection_reset);
    EXPECT_EQ(code(context.stat("sub")), std::errc::connection_reset);
}

}  // namespace
}  // namespace quire::tests
