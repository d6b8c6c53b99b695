// SPDX-License-Identifier: MIT

// kill -9 of the command while it writes, two hundred times on one image, each time followed at
// once by another verb that writes, with nothing between. What a verb that returned has made must
// be there, and e2fsck must have nothing to say.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "crash/judges.hpp"
#include "crash/traced_program.hpp"
#include "crash/workload.hpp"
#include "quire/block/file_device.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::tests {
namespace {

namespace stdfs = std::filesystem;
using Words = std::vector<std::string>;

class Kill : public ::testing::Test {
protected:
    Kill() : tree_((directory_ / "tree").string()), image_((directory_ / "image").string()) {
        stdfs::create_directories(tree_ + "/sub/deep");
        for (int i = 0; i < 30; ++i) {
            const std::string folder = i % 3 == 0 ? "/sub" : i % 3 == 1 ? "/sub/deep" : "";
            write_host(fmt::format("{}{}/file{}", tree_, folder, i),
                       static_cast<std::size_t>(i) * 1700, static_cast<std::uint64_t>(i));
        }
        stdfs::create_hard_link(tree_ + "/sub/file3", tree_ + "/second");
        stdfs::create_symlink("sub/file3", tree_ + "/symlink");
    }

    static void write_host(const std::string& path, std::size_t length, std::uint64_t seed) {
        const testing::Bytes bytes = testing::pattern(length, seed);
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
    }

    Words quire(Words words) const {
        words.insert(words.begin(), QUIRE_PROGRAM);
        return words;
    }
    std::string inside(const std::string& path) const { return image_ + ":" + path; }

    /// Writing verbs as people use them; some need what others have made.
    std::vector<Words> verbs(int round) const {
        const std::string top = fmt::format("/round{}", round);
        return {
            {"cp", "-a", tree_, inside(top)},
            {"rm", "-r", "-f", inside(fmt::format("/round{}", round - 3))},
            {"mkdir", "-p", inside(top + "/x/y/z")},
            {"cp", "-a", tree_ + "/sub", inside(top + "-sub")},
            {"mv", "-f", inside("/kept/moving"), inside("/kept/moved")},
            {"chmod", "-R", "u=rwX,go=rX", inside("/")},
            {"truncate", "-s", "300K", inside("/kept/growing")},
            {"rm", "-r", "-f", inside(top + "-sub")},
        };
    }

    void make_image(const Words& extra) {
        Words words{"create", image_, "--from", tree_, "--size", "64M"};
        words.insert(words.end(), extra.begin(), extra.end());
        const auto made = run_program(quire(words));
        ASSERT_TRUE(made && made->exit_code == 0) << (made ? made->output : made.error().message());
        ASSERT_EQ(run_program(quire({"mkdir", inside("/kept")}))->exit_code, 0);
    }

    Facts facts() {
        ext::Options options;
        options.read_only = true;
        std::shared_ptr<block::Device> device = *block::FileDevice::open(image_);
        auto volume = ext::Volume::open(device, options);
        EXPECT_TRUE(volume) << volume.error().message();
        if (!volume) return {};
        auto now = read_facts(*fs::Tree::open(*volume));
        EXPECT_TRUE(now) << now.error().message();
        return now ? *now : Facts();
    }

    std::string complaint() {
        auto device = *block::FileDevice::open(image_);
        return judges_.complaint(*device).value_or("clean");
    }

    testing::TemporaryDirectory directory_;
    std::string tree_;
    std::string image_;
    Judges judges_;
};

TEST_F(Kill, at_two_hundred_moments_loses_nothing_that_was_acknowledged) {
    if (const auto reason = judges_.without_e2fsck()) GTEST_SKIP() << *reason;
    ASSERT_NO_FATAL_FAILURE(make_image({}));
    const auto probe = run_traced(quire({"mkdir", "-p", inside("/kept")}), 0);
    if (!probe) GTEST_SKIP() << probe.error().message();

    // How many system calls each verb makes when it is left alone.
    std::vector<std::uint64_t> lengths;
    for (const Words& words : verbs(0)) {
        const auto whole = run_traced(quire(words), 0);
        ASSERT_TRUE(whole);
        ASSERT_GT(whole->system_calls, 20u);
        lengths.push_back(whole->system_calls);
    }

    std::mt19937_64 random(20261122);
    std::map<std::string, std::string> promised;  // path in the image → what diff says of it
    int kills = 0;
    for (int round = 1; kills < 200; ++round) {
        ASSERT_LT(round, 100);
        const auto all = verbs(round);
        for (std::size_t i = 0; i < all.size() && kills < 200; ++i) {
            const auto ended = run_traced(quire(all[i]), 1 + random() % lengths[i]);
            ASSERT_TRUE(ended);
            if (!ended->killed) {
                // It may have been too late; then it did its work (mv may have had nothing to move).
                continue;
            }
            ++kills;
            // The next one, at once.
            const std::string name = fmt::format("/kept/after{}", kills);
            const std::string source = fmt::format("{}/file{}", tree_, 2 + 3 * (kills % 9));
            const auto next = run_program(quire({"cp", source, inside(name)}));
            ASSERT_TRUE(next && next->exit_code == 0)
                << "after kill " << kills << " of " << fmt::format("{}", fmt::join(all[i], " "))
                << ": " << next->output;
            promised[name.substr(1)] = source;
            if (kills % 20 == 0) {
                EXPECT_EQ(complaint(), "clean") << "after kill " << kills;
                const Facts now = facts();
                ASSERT_FALSE(HasFailure());
                for (const auto& [path, from] : promised)
                    EXPECT_TRUE(now.contains(path)) << path << " is lost after kill " << kills;
            }
        }
    }
    EXPECT_EQ(complaint(), "clean");
    for (const auto& [path, from] : promised) {
        const auto same = run_program(
            {"/bin/sh", "-c",
             fmt::format("'{}' cat '{}' | cmp - '{}'", QUIRE_PROGRAM, inside("/" + path), from)});
        EXPECT_EQ(same->exit_code, 0) << path << ": " << same->output;
    }
}

// Without a journal a half-made change can't be told from damage: the next writer is told so. The
// calls between the mark "not clean" and its end are few, so each of the last ones is a moment.
TEST_F(Kill, without_a_journal_sends_the_next_writer_to_e2fsck) {
    if (const auto reason = judges_.without_e2fsck()) GTEST_SKIP() << *reason;
    ASSERT_NO_FATAL_FAILURE(make_image({"--type", "ext2"}));
    ASSERT_EQ(run_program(quire({"cp", tree_ + "/file2", inside("/kept/before")}))->exit_code, 0);
    const std::string before = (directory_ / "before").string();
    stdfs::copy_file(image_, before);

    const Words words = quire({"cp", "-a", tree_, inside("/copy")});
    const auto whole = run_traced(words, 0);
    if (!whole) GTEST_SKIP() << whole.error().message();
    ASSERT_EQ(whole->exit_code, 0) << whole->output;
    ASSERT_GT(whole->system_calls, 100u);

    int refused = 0;
    int untouched = 0;  // killed before it wrote anything that counts
    for (std::uint64_t back = 0; back < 100 && untouched < 5; ++back) {
        stdfs::copy_file(before, image_, stdfs::copy_options::overwrite_existing);
        ASSERT_TRUE(run_traced(words, whole->system_calls - back));
        const auto next = run_program(quire({"mkdir", inside("/kept/next")}));
        ASSERT_TRUE(next);
        if (next->exit_code == 0) {
            untouched += refused > 0 ? 1 : 0;
            continue;
        }
        ++refused;
        EXPECT_EQ(next->exit_code, 1);
        EXPECT_NE(next->output.find("e2fsck"), std::string::npos) << next->output;
        // Reading still works, and e2fsck brings it back.
        EXPECT_EQ(run_program(quire({"ls", inside("/kept")}))->exit_code, 0);
        const auto repaired = run_program({"/sbin/e2fsck", "-fy", image_});
        EXPECT_LE(repaired->exit_code, 1) << repaired->output;
        EXPECT_EQ(complaint(), "clean");
        EXPECT_TRUE(facts().contains("kept/before"));
    }
    EXPECT_GE(refused, 8);
    EXPECT_GE(untouched, 5) << "no moment before the mark was met";
}

}  // namespace
}  // namespace quire::tests
