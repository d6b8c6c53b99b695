// SPDX-License-Identifier: MIT

#include "quire/transfer/tree_hash.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "quire/testing/temporary_directory.hpp"
#include "tests/nasty_tree.hpp"

namespace quire::transfer {
namespace {

std::string hash_of(const std::shared_ptr<fs::Tree>& tree, bool content_only = false) {
    Recorder recorder;
    NoProgress progress;
    TreeHashOptions options;
    options.content_only = content_only;
    auto hash = tree_hash(tree, root_call(), tree->root(), options, recorder, progress);
    return hash ? hash->digest : hash.error().message();
}

TEST(TreeHash, agrees_with_the_tool_that_does_not_know_quire) {
    std::string tool = QUIRE_SOURCE_DIR "/tools/tree-hash";
    if (!has_program("python3")) GTEST_SKIP() << "needs python3";
    testing::TemporaryDirectory directory;
    auto tree = host_tree(directory.path());
    make_nasty_tree(*tree, is_root());
    // Reading a hole of gigabytes takes the tool too long.
    ASSERT_TRUE(tree->remove(root_call(), find(*tree, "/holes"), name("only")));
    set_times(*tree, find(*tree, "/holes"), {1, 1});
    auto outcome = run_shell(tool + " " + directory.path().string());
    ASSERT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.output.substr(0, outcome.output.find(' ')), hash_of(tree));
    outcome = run_shell(tool + " --content " + directory.path().string());
    EXPECT_EQ(outcome.output.substr(0, outcome.output.find(' ')), hash_of(tree, true));
}

TEST(TreeHash, changes_with_everything_that_a_copy_should_keep) {
    auto tree = memory_tree();
    make_nasty_tree(*tree, true);
    std::set<std::string> seen = {hash_of(tree)};
    auto expect_new = [&](std::string_view what) {
        EXPECT_TRUE(seen.insert(hash_of(tree)).second) << what;
    };
    auto file = find(*tree, "/metadata/attributes");
    auto change = [&](auto set, std::string_view what) {
        fs::AttributeChanges changes;
        set(changes);
        ASSERT_TRUE(tree->set_attributes(root_call(), file, changes));
        expect_new(what);
    };
    change([](auto& c) { c.permissions = 0604; }, "permissions");
    change([](auto& c) { c.uid = 77; }, "uid");
    change([](auto& c) { c.gid = 77; }, "gid");
    change([](auto& c) { c.modify = Time{5, 6}; }, "time");
    change([](auto& c) { c.modify = Time{-5, 6}; }, "time before 1970");
    ASSERT_TRUE(tree->remove_attribute(root_call(), file, "user.empty"));
    expect_new("attribute");
    ASSERT_TRUE(tree->remove(root_call(), find(*tree, "/links"), name("second")));
    expect_new("a link");
    // Equal content, but a node of its own.
    make_file(*tree, "/links/second", "shared");
    expect_new("a hard link and a copy");
    make_file(*tree, "/lost", "");
    expect_new("a name");
}

TEST(TreeHash, holes_and_zeros_are_the_same) {
    auto sparse = memory_tree();
    make_file(*sparse, "/file", "begin");
    auto file = *sparse->open(root_call(), find(*sparse, "/file"), {.read = true, .write = true});
    ASSERT_TRUE(file->write_all(root_call(), 1 << 20, std::as_bytes(std::span("end", 3))));
    auto dense = memory_tree();
    std::string text = "begin" + std::string((1 << 20) - 5, '\0') + "end";
    make_file(*dense, "/file", text);
    for (auto& tree : {sparse, dense}) {
        set_times(*tree, find(*tree, "/file"), {1, 0});
        set_times(*tree, tree->root(), {1, 0});
    }
    EXPECT_EQ(hash_of(sparse), hash_of(dense));
}

TEST(TreeHash, times_beyond_64_bits_of_nanoseconds_are_told_apart) {
    auto tree = memory_tree();
    make_file(*tree, "/file", "");
    std::set<std::string> seen;
    for (std::int64_t seconds :
         {std::int64_t{-2147483648}, std::int64_t{15032385535}, std::int64_t{-1}, std::int64_t{0}})
        for (std::uint32_t nanoseconds : {0U, 1U, 999999999U}) {
            set_times(*tree, find(*tree, "/file"), {seconds, nanoseconds});
            set_times(*tree, tree->root(), {1, 0});
            seen.insert(hash_of(tree));
        }
    EXPECT_EQ(seen.size(), 12U);
    set_times(*tree, find(*tree, "/file"), {-1, 999999999});
    EXPECT_THAT(lines_of(tree).back(), ::testing::HasSubstr("\t-1\t"));
    set_times(*tree, find(*tree, "/file"), {-2, 500000000});
    EXPECT_THAT(lines_of(tree).back(), ::testing::HasSubstr("\t-1500000000\t"));
}

TEST(TreeHash, lost_and_found_belongs_to_the_filesystem) {
    auto tree = memory_tree();
    set_times(*tree, tree->root(), {1, 0});
    auto before = hash_of(tree);
    make_directory(*tree, "/lost+found");
    set_times(*tree, tree->root(), {1, 0});
    EXPECT_EQ(hash_of(tree), before);
}

}  // namespace
}  // namespace quire::transfer
