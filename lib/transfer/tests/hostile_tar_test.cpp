// SPDX-License-Identifier: MIT

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quire/testing/temporary_directory.hpp"
#include "tests/tar_streams.hpp"

namespace quire::transfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A tree with a target and, beside it, what must not be touched.
struct Place {
    std::shared_ptr<fs::Tree> tree = memory_tree();
    Place() {
        make_directory(*tree, "/target");
        make_file(*tree, "/victim", "untouched");
        make_directory(*tree, "/outside");
        before = outside();
    }
    std::vector<std::string> outside() const {
        auto lines = lines_of(tree, "/outside");
        lines.push_back(content_of(*tree, "/victim"));
        lines.push_back(
            std::to_string(tree->attributes(root_call(), find(*tree, "/victim"))->links));
        return lines;
    }
    Extracted run(const std::string& archive) {
        auto extracted = extract(archive, tree, "/target");
        EXPECT_EQ(outside(), before);
        return extracted;
    }
    std::vector<std::string> before;
};

TEST(HostileTar, steps_up_are_refused) {
    Place place;
    auto in =
        place.run(member("../victim", '0', "", "evil") + member("a/../../victim", '0', "", "evil") +
                  member("..", '5') + member("fine", '0', "", "ok") + archive_end);
    EXPECT_THAT(in.heard.problems,
                ElementsAre(HasSubstr("`..`"), HasSubstr("`..`"), HasSubstr("`..`")));
    EXPECT_EQ(content_of(*place.tree, "/target/fine"), "ok");
}

TEST(HostileTar, absolute_paths_stay_below_the_target) {
    Place place;
    auto in = place.run(member("/victim", '0', "", "evil") + member("//victim2", '0', "", "evil") +
                        archive_end);
    EXPECT_THAT(in.heard.problems, IsEmpty());
    EXPECT_THAT(in.heard.warnings, ElementsAre(HasSubstr("leading /")));
    EXPECT_EQ(content_of(*place.tree, "/target/victim"), "evil");
}

TEST(HostileTar, links_are_not_followed_on_the_way) {
    Place place;
    auto in = place.run(member("up", '2', "..") + member("up/victim", '0', "", "evil") +
                        member("abs", '2', "/outside") + member("abs/new", '0', "", "evil") +
                        member("abs/dir/", '5') + member("self", '2', ".") +
                        member("self/x", '0', "", "x") + archive_end);
    EXPECT_THAT(in.heard.problems,
                ElementsAre(HasSubstr("symbolic link"), HasSubstr("symbolic link"),
                            HasSubstr("symbolic link"), HasSubstr("symbolic link")));
}

TEST(HostileTar, links_are_not_written_through) {
    Place place;
    auto in = place.run(member("v", '2', "../victim") + member("v", '0', "", "evil") +
                        member("d", '2', "../outside") + member("d/", '5') +
                        member("d/new", '0', "", "inside") + archive_end);
    EXPECT_THAT(in.heard.problems, IsEmpty());
    EXPECT_EQ(content_of(*place.tree, "/target/v"), "evil");
    EXPECT_EQ(content_of(*place.tree, "/target/d/new"), "inside");
}

TEST(HostileTar, links_that_were_there_before_are_not_followed) {
    Place place;
    make_link(*place.tree, "/target/way", "../outside");
    auto in = place.run(member("way/new", '0', "", "evil") + archive_end);
    EXPECT_THAT(in.heard.problems, ElementsAre(HasSubstr("symbolic link")));
}

TEST(HostileTar, hard_links_lead_into_the_target_only) {
    Place place;
    auto in = place.run(member("a", '1', "../victim") + member("b", '1', "/victim") +
                        member("up", '2', "..") + member("c", '1', "up/victim") +
                        member("dir/", '5') + member("e", '1', "dir") + member("f", '1', "f") +
                        member("g", '1', "") + archive_end);
    EXPECT_EQ(in.heard.problems.size(), 6U) << ::testing::PrintToString(in.heard.problems);
}

TEST(HostileTar, a_hard_link_to_a_link_is_the_link) {
    Place place;
    auto in = place.run(member("l", '2', "../victim") + member("h", '1', "l") +
                        member("h", '0', "", "evil") + archive_end);
    EXPECT_THAT(in.heard.problems, IsEmpty());
    EXPECT_EQ(find(*place.tree, "/target/l")->type(), fs::FileType::symbolic_link);
    EXPECT_EQ(content_of(*place.tree, "/target/h"), "evil");
}

TEST(HostileTar, permissions_of_a_replaced_directory_go_nowhere) {
    Place place;
    // The directory waits for its permissions; meanwhile a link takes its name.
    auto in = place.run(member("d/", '5') + member("d", '2', "../outside") + archive_end);
    EXPECT_THAT(in.heard.problems, ElementsAre(HasSubstr("in its place")));
}

TEST(HostileTar, names_too_long_or_with_the_target_itself_are_problems) {
    Place place;
    std::string record = fmt::format("path={}\n", std::string(300, 'n'));
    record = fmt::format("{} {}", record.size() + 4, record);
    auto in = place.run(member(".", '2', "x") + member("PaxHeaders/x", 'x', "", record) +
                        member("short", '0', "", "x") + archive_end);
    EXPECT_EQ(in.heard.problems.size(), 2U) << ::testing::PrintToString(in.heard.problems);
}

TEST(HostileTar, sizes_that_are_not_there_end_with_an_error) {
    for (std::uint64_t claimed : {std::uint64_t{100000}, std::uint64_t{8589934591}}) {
        Place place;
        auto in =
            place.run(member("first", '0', "", "whole") + member("cut", '0', "", "short", claimed));
        ASSERT_FALSE(in.result);
        EXPECT_THAT(in.result.error().message(), HasSubstr("archive"));
        EXPECT_EQ(content_of(*place.tree, "/target/first"), "whole");
        EXPECT_LT(place.tree->attributes(root_call(), find(*place.tree, "/target/cut"))->allocated,
                  10000U);
    }
}

TEST(HostileTar, what_is_no_archive_is_refused) {
    for (const std::string& text : {std::string(), std::string("just text\n"),
                                    std::string(5000, 'x'), std::string("\x1f\x8b\x08 broken")}) {
        Place place;
        auto in = place.run(text);
        ASSERT_FALSE(in.result);
        EXPECT_EQ(in.result.error().code(), std::errc::invalid_argument);
        EXPECT_FALSE(in.result.error().sentence().empty());
    }
}

TEST(HostileTar, every_cut_of_an_archive_ends_without_harm) {
    auto from = memory_tree();
    make_directory(*from, "/d");
    auto file = make_file(*from, "/d/\xff", std::string(3000, 'x'));
    ASSERT_TRUE(from->set_attribute(root_call(), file, "user.a", std::as_bytes(std::span("v", 1))));
    make_link(*from, "/d/l", "t");
    auto open =
        *from->open(root_call(), make_file(*from, "/d/sparse", ""), {.read = true, .write = true});
    ASSERT_TRUE(open->write_all(root_call(), 100000, std::as_bytes(std::span("v", 1))));
    std::string archive = archive_of(from);
    for (std::size_t length = 0; length < archive.size() - 10240; length += 171) {
        Place place;
        place.run(archive.substr(0, length));
    }
}

TEST(HostileTar, damaged_bytes_end_without_harm) {
    auto from = memory_tree();
    make_directory(*from, "/d");
    auto file = make_file(*from, "/d/\xff", std::string(600, 'x'));
    ASSERT_TRUE(from->set_attribute(root_call(), file, "user.a", std::as_bytes(std::span("v", 1))));
    ASSERT_TRUE(from->link(root_call(), file, from->root(), name("hard")));
    std::string archive = archive_of(from);
    std::uint32_t random = 12345;
    for (int round = 0; round < 400; ++round) {
        std::string damaged = archive.substr(0, 6000);
        for (int i = 0; i < 3; ++i) {
            random = random * 1664525 + 1013904223;
            damaged[(random >> 8) % damaged.size()] = static_cast<char>(random >> 3);
        }
        Place place;
        place.run(damaged);
    }
}

TEST(HostileTar, deep_paths_cost_no_stack_and_few_nodes) {
    std::string path;
    for (int i = 0; i < 3000; ++i) path += "d/";
    std::string record = fmt::format("path={}\n", path);
    record = fmt::format("{} {}", record.size() + 5, record);
    auto place = memory_tree();
    auto in = extract(member("PaxHeaders/x", 'x', "", record) + member("short", '5') + archive_end,
                      place);
    EXPECT_THAT(in.heard.problems, IsEmpty());
    EXPECT_EQ(lines_of(place).size(), 3001U);
}

}  // namespace
}  // namespace quire::transfer
