// SPDX-License-Identifier: MIT
//
// Walks that may not leave a subtree, whatever others do to it meanwhile.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "quire/fs/tree.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::fs {
namespace {

const Call root_call = Call::as_root();

// jail/a/b/c and jail/file are inside; outside and secret are not.
class Walks : public ::testing::Test {
protected:
    Walks() {
        auto hook = [this](Operation operation, Cookie) -> Result<void> {
            if (operation == Operation::lookup) ++asked;
            if (before) before(operation);
            return {};
        };
        tree = *Tree::open(std::make_shared<testing::HookedVolume>(
            *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()}), hook));
        for (const char* path : {"jail", "jail/a", "jail/a/b", "jail/a/b/c", "outside"}) make(path);
        for (const char* path : {"jail/file", "outside/secret", "secret"}) file(path);
        jail = *tree->walk(root_call, *Path::parse("jail"));
        asked = 0;
    }

    void make(std::string_view path) {
        const Parent at = *tree->walk_parent(root_call, *Path::parse(path));
        ASSERT_TRUE(tree->make_directory(root_call, at.directory, at.name, 0755));
    }
    void file(std::string_view path) {
        const Parent at = *tree->walk_parent(root_call, *Path::parse(path));
        ASSERT_TRUE(tree->create(root_call, at.directory, at.name, 0644));
    }
    void link(std::string_view path, std::string_view target) {
        const Parent at = *tree->walk_parent(root_call, *Path::parse(path));
        ASSERT_TRUE(tree->make_symlink(root_call, at.directory, at.name, target));
    }
    void move(std::string_view from, std::string_view to) {
        const Parent source = *tree->walk_parent(root_call, *Path::parse(from));
        const Parent target = *tree->walk_parent(root_call, *Path::parse(to));
        EXPECT_TRUE(
            tree->rename(root_call, source.directory, source.name, target.directory, target.name));
    }
    Result<Found> below(std::string_view path, Follow follow = Follow::yes) {
        return tree->find_below(root_call, jail, *Path::parse(path), follow);
    }
    NodeReference at(std::string_view path) {
        return *tree->walk(root_call, *Path::parse(path), Follow::no);
    }

    std::atomic<int> asked = 0;
    std::function<void(Operation)> before;
    std::shared_ptr<Tree> tree;
    NodeReference jail;
};

TEST_F(Walks, begin_and_end_at_their_top) {
    for (const char* path : {"/", ".", "..", "/..", "a/../..", "../../..", "a/b/c/../../../../.."})
        EXPECT_EQ(below(path)->node, jail) << path;
    EXPECT_EQ(below("/file")->node, at("jail/file"));
    EXPECT_EQ(below("../../jail/file").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(below("../secret").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(below("a/b/../../../outside/secret").error(), std::errc::no_such_file_or_directory);
}

TEST_F(Walks, follow_links_from_their_top) {
    link("jail/absolute", "/file");
    link("jail/a/b/up", "../../../../secret");
    link("jail/a/b/home", "../../file");
    link("jail/escape", "/outside/secret");
    EXPECT_EQ(below("absolute")->node, at("jail/file"));
    EXPECT_EQ(below("a/b/home")->node, at("jail/file"));
    EXPECT_EQ(below("a/b/up").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(below("escape").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(below("escape", Follow::no)->node, at("jail/escape"));
    // Of the whole tree, they lead where the whole tree says.
    EXPECT_EQ(*tree->walk(root_call, *Path::parse("jail/escape")), at("outside/secret"));
}

TEST_F(Walks, find_where_a_new_name_belongs) {
    const auto place = [&](std::string_view path) {
        return tree->find_parent_below(root_call, jail, *Path::parse(path));
    };
    EXPECT_EQ(place("../new")->directory, jail);
    EXPECT_EQ(place("/a/../../new")->directory, jail);
    EXPECT_EQ(place("a/new/")->directory, at("jail/a"));
    EXPECT_TRUE(place("a/new/")->must_be_directory);
    EXPECT_EQ(place("..").error(), std::errc::invalid_argument);
    EXPECT_EQ(place("/").error(), std::errc::invalid_argument);
}

TEST_F(Walks, bring_the_attributes_of_what_they_end_at) {
    for (const char* path : {"file", "a/b", "a/b/..", "/"}) {
        const Found found = *below(path);
        EXPECT_EQ(found.attributes.inode, found.node->handle().inode) << path;
    }
}

TEST_F(Walks, ask_once_for_each_name) {
    EXPECT_TRUE(below("a/b/c/../../b/c"));
    EXPECT_EQ(asked, 5);
    asked = 0;
    EXPECT_TRUE(tree->walk(root_call, *Path::parse("jail/a/b/c/../../b/c")));
    EXPECT_EQ(asked, 6);
}

TEST_F(Walks, that_begin_below_the_root_ask_what_is_above) {
    const NodeReference c = at("jail/a/b/c");
    asked = 0;
    EXPECT_EQ(*tree->walk(root_call, c, *Path::parse("../../b/c/../.."), Follow::yes),
              at("jail/a"));
    EXPECT_EQ(*tree->walk(root_call, c, *Path::parse("../../../../secret"), Follow::yes),
              at("secret"));
    EXPECT_EQ(*tree->walk(root_call, c, *Path::parse("../../../../../.."), Follow::yes),
              tree->root());
}

TEST_F(Walks, of_others_than_root_ask_for_permission_at_each_step) {
    const NodeReference a = at("jail/a");
    ASSERT_TRUE(tree->set_attributes(root_call, a, {.permissions = 0700}));
    const Call user{{.uid = 1000, .gid = 1000, .groups = {}}, {}};
    const auto walk = [&](std::string_view path) {
        return tree->find_below(user, jail, *Path::parse(path), Follow::yes);
    };
    EXPECT_TRUE(walk("a"));
    EXPECT_EQ(walk("a/b").error(), std::errc::permission_denied);
    EXPECT_EQ(walk("a/..").error(), std::errc::permission_denied);
    EXPECT_EQ(walk("file/..").error(), std::errc::not_a_directory);
    ASSERT_TRUE(tree->set_attributes(root_call, a, {.permissions = 0711}));
    EXPECT_TRUE(walk("a/b/../../file"));
}

// The directory in which the walk is, is moved out before the walk's step up.
TEST_F(Walks, do_not_follow_a_directory_that_is_moved_out) {
    int step = 0;
    before = [&](Operation operation) {
        if (operation != Operation::lookup || ++step != 3) return;
        before = nullptr;
        move("jail/a/b", "outside/b");
    };
    // Above `c` is `b` and then, where the walk came from, `a`: not `outside`, where they are now.
    const auto found = below("a/b/c/../../../file");
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->node, at("jail/file"));
    EXPECT_EQ(at("outside/b")->type(), FileType::directory);

    step = 0;
    move("outside/b", "jail/a/b");
    before = [&](Operation operation) {
        if (operation != Operation::lookup || ++step != 3) return;
        before = nullptr;
        move("jail/a/b", "outside/b");
    };
    EXPECT_EQ(below("a/b/c/../../secret").error(), std::errc::no_such_file_or_directory);
}

TEST_F(Walks, of_many_threads_stay_inside_while_directories_move_in_and_out) {
    link("jail/a/b/c/out", "../../../../secret");
    link("jail/a/b/c/far", "../../../outside/secret");
    const NodeReference secret = at("secret");
    const NodeReference other = at("outside/secret");
    std::atomic<bool> done = false;
    std::atomic<int> inside = 0;
    {
        std::vector<std::jthread> walkers;
        for (int i = 0; i < 3; ++i)
            walkers.emplace_back([&, i] {
                const char* const paths[] = {"a/b/c/../../../secret", "a/b/c/../../secret",
                                             "a/b/c/out", "a/b/c/far", "a/b/../../outside/secret"};
                for (int round = 0; round < 4000; ++round) {
                    const auto found = below(paths[(i + round) % std::size(paths)]);
                    if (!found) continue;
                    EXPECT_NE(found->node, secret);
                    EXPECT_NE(found->node, other);
                    inside += found->node != nullptr;
                }
            });
        std::jthread mover([&] {
            while (!done) {
                move("jail/a/b", "outside/b");
                move("outside/b", "jail/a/b");
            }
        });
        walkers.clear();
        done = true;
    }
    EXPECT_EQ(inside, 0);
}

}  // namespace
}  // namespace quire::fs
