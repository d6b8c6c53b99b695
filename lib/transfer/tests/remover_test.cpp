// SPDX-License-Identifier: MIT

#include "quire/transfer/remover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "quire/testing/temporary_directory.hpp"
#include "tests/nasty_tree.hpp"

namespace quire::transfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr RemoveOptions recursive{.recursive = true};

struct Removed {
    Summary summary;
    Recorder heard;
};

Removed remove(const std::shared_ptr<fs::Tree>& tree, std::string_view directory,
               std::string_view what, RemoveOptions options = recursive, Recorder heard = {}) {
    Removed removed{{}, std::move(heard)};
    NoProgress progress;
    Remover remover(tree, root_call(), options, removed.heard, progress);
    remover.remove(find(*tree, directory), name(what), what);
    removed.summary = remover.summary();
    return removed;
}

bool exists(fs::Tree& tree, std::string_view path) {
    return tree.walk(root_call(), *Path::parse(path), fs::Follow::no).has_value();
}

// Looks like another program that is busy in the same tree.
class Meddler final : public Listener {
public:
    explicit Meddler(std::function<void(std::string_view)> act) : act_(std::move(act)) {}
    void done(Action, std::string_view from, std::string_view) override { act_(from); }
    void problem(std::string_view path, const Error& error) override {
        problems.push_back(std::string(path) + ": " + error.message());
    }
    void warning(std::string_view, std::string_view) override {}
    bool stop() override { return false; }

    std::vector<std::string> problems;

private:
    std::function<void(std::string_view)> act_;
};

TEST(Remover, everything_below_a_name_goes_and_nothing_else) {
    for (const bool on_host : {false, true}) {
        testing::TemporaryDirectory directory;
        auto tree = on_host ? host_tree(directory.path()) : memory_tree();
        make_nasty_tree(*tree, !on_host || is_root());
        make_directory(*tree, "/top");
        make_directory(*tree, "/top/kept");
        const std::vector<std::string> kept = lines_of(tree, "/top");
        std::vector<std::string> names;
        ASSERT_TRUE(tree->list(root_call(), tree->root(), 0, fs::WithAttributes::no,
                               [&](const fs::DirectoryEntry& entry) {
                                   if (entry.name != "top") names.emplace_back(entry.name);
                                   return true;
                               }));
        for (const std::string& one : names)
            EXPECT_THAT(remove(tree, "/", one).heard.problems, IsEmpty());
        EXPECT_EQ(lines_of(tree, "/top"), kept);
        EXPECT_TRUE(tree->remove_directory(root_call(), find(*tree, "/top"), name("kept")));
        EXPECT_THAT(remove(tree, "/", "top").heard.problems, IsEmpty());
        EXPECT_EQ(lines_of(tree).size(), lines_of(memory_tree()).size());
    }
}

TEST(Remover, counts_what_it_removed) {
    auto tree = memory_tree();
    make_directory(*tree, "/a");
    make_file(*tree, "/a/b", "x");
    make_directory(*tree, "/a/c");
    const Removed removed = remove(tree, "/", "a");
    EXPECT_EQ(removed.summary.entries, 3U);
    EXPECT_EQ(removed.summary.problems, 0U);
    EXPECT_THAT(removed.heard.actions,
                ElementsAre(HasSubstr("a/b"), HasSubstr("a/c"), HasSubstr("a")));
}

TEST(Remover, a_directory_needs_to_be_asked_for) {
    auto tree = memory_tree();
    make_directory(*tree, "/full");
    make_file(*tree, "/full/file", "x");
    make_directory(*tree, "/empty");
    EXPECT_THAT(remove(tree, "/", "empty", {}).heard.problems,
                ElementsAre(HasSubstr("empty: Is a directory")));
    for (const bool dry : {true, false}) {
        const RemoveOptions options{.empty_directories = true, .dry_run = dry};
        EXPECT_THAT(remove(tree, "/", "full", options).heard.problems,
                    ElementsAre(HasSubstr("full: Directory not empty")));
        EXPECT_THAT(remove(tree, "/", "empty", options).heard.problems, IsEmpty());
    }
    EXPECT_FALSE(exists(*tree, "/empty"));
    EXPECT_TRUE(exists(*tree, "/full/file"));
}

TEST(Remover, symbolic_links_are_not_followed) {
    auto tree = memory_tree();
    make_directory(*tree, "/kept");
    make_file(*tree, "/kept/file", "x");
    make_directory(*tree, "/a");
    make_link(*tree, "/a/link", "/kept");
    make_link(*tree, "/b", "/kept");
    EXPECT_TRUE(remove(tree, "/", "a").summary.ok());
    EXPECT_TRUE(remove(tree, "/", "b").summary.ok());
    EXPECT_FALSE(exists(*tree, "/b"));
    EXPECT_TRUE(exists(*tree, "/kept/file"));
}

TEST(Remover, a_missing_name_is_a_problem_unless_it_is_fine) {
    auto tree = memory_tree();
    EXPECT_THAT(remove(tree, "/", "none", {}).heard.problems,
                ElementsAre(HasSubstr("none: No such file")));
    EXPECT_TRUE(remove(tree, "/", "none", {.missing_is_fine = true}).summary.ok());
}

TEST(Remover, a_dry_run_says_all_and_removes_nothing) {
    auto tree = memory_tree();
    make_nasty_tree(*tree, true);
    make_directory(*tree, "/top");
    make_directory(*tree, "/top/a");
    make_file(*tree, "/top/a/file", "x");
    const auto before = lines_of(tree);
    const Removed dry = remove(tree, "/", "top", {.recursive = true, .dry_run = true});
    EXPECT_EQ(dry.summary.entries, 3U);
    EXPECT_EQ(lines_of(tree), before);
}

TEST(Remover, a_failure_keeps_only_the_way_to_it) {
    auto tree = memory_tree();
    auto top = make_directory(*tree, "/top");
    make_directory(*tree, "/top/a");
    make_directory(*tree, "/top/a/locked");
    make_file(*tree, "/top/a/locked/file", "x");
    make_file(*tree, "/top/a/other", "x");
    make_file(*tree, "/top/b", "x");
    for (const char* path : {"/top", "/top/a"})
        ASSERT_TRUE(tree->set_attributes(root_call(), find(*tree, path), {.permissions = 0777}));
    ASSERT_TRUE(
        tree->set_attributes(root_call(), find(*tree, "/top/a/locked"), {.permissions = 0755}));
    fs::Call other = root_call();
    other.credentials.uid = 1000;
    other.credentials.gid = 1000;
    Recorder heard;
    NoProgress progress;
    Remover remover(tree, other, recursive, heard, progress);
    ASSERT_TRUE(tree->set_attributes(root_call(), tree->root(), {.permissions = 0777}));
    remover.remove(tree->root(), name("top"), "top");
    EXPECT_THAT(heard.problems, ElementsAre(HasSubstr("top/a/locked/file: Permission denied")));
    EXPECT_TRUE(exists(*tree, "/top/a/locked/file"));
    EXPECT_FALSE(exists(*tree, "/top/a/other"));
    EXPECT_FALSE(exists(*tree, "/top/b"));
    EXPECT_EQ(remover.summary().entries, 2U);
}

TEST(Remover, names_that_vanish_meanwhile_are_no_problem) {
    auto tree = memory_tree();
    make_directory(*tree, "/top");
    make_directory(*tree, "/top/d");
    make_file(*tree, "/top/a", "x");
    make_file(*tree, "/top/b", "x");
    Meddler meddler([&](std::string_view path) {
        if (path != "top/a") return;
        ASSERT_TRUE(tree->remove(root_call(), find(*tree, "/top"), name("b")));
        ASSERT_TRUE(tree->remove_directory(root_call(), find(*tree, "/top"), name("d")));
    });
    NoProgress progress;
    Remover remover(tree, root_call(), recursive, meddler, progress);
    remover.remove(tree->root(), name("top"), "top");
    EXPECT_THAT(meddler.problems, IsEmpty());
    EXPECT_FALSE(exists(*tree, "/top"));
}

TEST(Remover, names_that_appear_meanwhile_stay_with_their_directory) {
    auto tree = memory_tree();
    make_directory(*tree, "/top");
    make_file(*tree, "/top/a", "x");
    Meddler meddler([&](std::string_view path) {
        if (path == "top/a") make_file(*tree, "/top/new", "x");
    });
    NoProgress progress;
    Remover remover(tree, root_call(), recursive, meddler, progress);
    remover.remove(tree->root(), name("top"), "top");
    EXPECT_THAT(meddler.problems, ElementsAre(HasSubstr("top: Directory not empty")));
    EXPECT_TRUE(exists(*tree, "/top/new"));
}

TEST(Remover, one_remover_takes_many_names_and_can_be_stopped) {
    auto tree = memory_tree();
    make_directory(*tree, "/a");
    make_file(*tree, "/a/x", "x");
    make_file(*tree, "/a/y", "x");
    make_file(*tree, "/b", "x");
    Recorder heard;
    heard.stop_after = 2;
    NoProgress progress;
    Remover remover(tree, root_call(), recursive, heard, progress);
    remover.remove(tree->root(), name("a"), "a");
    EXPECT_EQ(heard.problems.size(), 1U);
    EXPECT_TRUE(exists(*tree, "/a/y"));
    remover.remove(tree->root(), name("b"), "b");
    remover.remove(tree->root(), name("a"), "a");
    EXPECT_FALSE(exists(*tree, "/a"));
    EXPECT_FALSE(exists(*tree, "/b"));
}

// Ten thousand levels: more than there are descriptors, more than a stack bears, and longer than
// any path may be.
TEST(Remover, ten_thousand_levels) {
    constexpr int depth = 10000;
    for (const bool on_host : {false, true}) {
        testing::TemporaryDirectory directory;
        auto tree = on_host ? host_tree(directory.path()) : memory_tree();
        fs::NodeReference node = make_directory(*tree, "/top");
        for (int i = 0; i < depth; ++i) {
            auto below = tree->make_directory(root_call(), node, name("d"), 0755);
            ASSERT_TRUE(below) << below.error().message();
            node = *below;
        }
        ASSERT_TRUE(tree->create(root_call(), node, name("file"), 0644));
        node.reset();
        const Removed removed = remove(tree, "/", "top");
        EXPECT_THAT(removed.heard.problems, IsEmpty());
        EXPECT_EQ(removed.summary.entries, depth + 2U);
        EXPECT_FALSE(exists(*tree, "/top"));
    }
}

}  // namespace
}  // namespace quire::transfer
