// SPDX-License-Identifier: MIT
//
// A guard of a subtree: no way leads out.

#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "quire/testing/gate.hpp"
#include "tests/kit/guard_ground.hpp"

namespace quire::server {
namespace {

using GuardedSubtree = GuardGround;

TEST_F(GuardedSubtree, begins_at_its_top) {
    Guard guard(jail());
    const fs::Entry root = *guard.root(call);
    EXPECT_EQ(root.attributes.inode, at("jail")->handle().inode);
    EXPECT_EQ(guard.parent(call, root.node)->node, root.node);
    EXPECT_EQ(guard.parent(call, find(guard, "a"))->node, root.node);
    EXPECT_EQ(guard.parent(call, find(guard, "a/b/c"))->node, find(guard, "a/b"));
    EXPECT_EQ(error_of(guard.parent(call, find(guard, "file"))), std::errc::not_a_directory);
    EXPECT_EQ(error_of(guard.lookup(call, root.node, name_of("secret"))),
              std::errc::no_such_file_or_directory);
}

TEST_F(GuardedSubtree, is_all_that_a_holders_walks_see) {
    const auto guard = std::make_shared<Guard>(jail());
    const auto seen = *fs::Tree::open(guard);
    const fs::Parent to = *seen->walk_parent(call, *Path::parse("a/link"));
    ASSERT_TRUE(seen->make_symlink(call, to.directory, to.name, "/file"));
    ASSERT_TRUE(seen->make_symlink(call, to.directory, name_of("out"), "../../secret"));
    EXPECT_EQ((*seen->walk(call, *Path::parse("a/link")))->handle(), at("jail/file")->handle());
    EXPECT_EQ(error_of(seen->walk(call, *Path::parse("a/out"))),
              std::errc::no_such_file_or_directory);
    EXPECT_EQ(error_of(seen->walk(call, *Path::parse("../../outside/secret"))),
              std::errc::no_such_file_or_directory);
}

TEST_F(GuardedSubtree, of_which_a_directory_is_moved_out_has_lost_it) {
    Guard guard(jail());
    const fs::Cookie b = find(guard, "a/b");
    const fs::Cookie c = find(guard, "a/b/c");
    const fs::Cookie a = find(guard, "a");
    move("jail/a/b", "outside/b");
    for (const fs::Cookie node : {b, c}) {
        EXPECT_EQ(error_of(guard.parent(call, node)), stale);
        EXPECT_EQ(error_of(guard.getattr(call, node)), stale);
        EXPECT_EQ(error_of(guard.lookup(call, node, name_of("x"))), stale);
        EXPECT_EQ(error_of(guard.mkdir(call, node, name_of("x"), {})), stale);
        EXPECT_EQ(error_of(guard.setattr(call, node, {.permissions = 0777})), stale);
        EXPECT_EQ(error_of(guard.handle_to_node(call, at("outside/b")->handle())), stale);
    }
    EXPECT_EQ(error_of(guard.rename(call, b, name_of("c"), a, name_of("c"), {})), stale);
    EXPECT_TRUE(guard.getattr(call, a));
    move("outside/b", "jail/b");
    EXPECT_TRUE(guard.getattr(call, b));
    EXPECT_EQ(guard.parent(call, c)->node, b);
    EXPECT_EQ(guard.parent(call, b)->node, guard.root(call)->node);
}

TEST_F(GuardedSubtree, whose_top_is_moved_stays_what_it_is) {
    Guard guard(jail());
    const fs::Cookie c = find(guard, "a/b/c");
    move("jail", "outside/jail");
    EXPECT_TRUE(guard.getattr(call, c));
    EXPECT_EQ(guard.parent(call, guard.root(call)->node)->node, guard.root(call)->node);
}

TEST_F(GuardedSubtree, does_not_follow_a_directory_that_is_just_being_moved_out) {
    Guard guard(jail());
    const fs::Cookie b = find(guard, "a/b");
    // It goes between the question whether it is below and the one what is above it.
    int asked = 0;
    move("jail/a/b/c", "jail/c");  // directories are asked again
    hook = [&](fs::Operation operation, fs::Cookie) {
        // Its parent is asked for to see that it is below, and then because the holder asks.
        if (operation != fs::Operation::lookup || ++asked != 3) return;
        hook = nullptr;
        move("jail/a/b", "outside/b");
    };
    EXPECT_EQ(error_of(guard.parent(call, b)), stale);
    EXPECT_FALSE(hook);
}

// Everything that can be asked about a directory, and made in one.
TEST_F(GuardedSubtree, does_not_answer_about_a_directory_that_is_moved_out_meanwhile) {
    using Ask = std::function<std::errc(Guard&, fs::Cookie)>;
    const fs::Handle handle = at("jail/a/b")->handle();
    const auto nothing = [](const fs::DirectoryEntry&) { return true; };
    const std::vector<std::pair<fs::Operation, Ask>> questions = {
        {fs::Operation::lookup,
         [&](Guard& guard, fs::Cookie node) {
             return error_of(guard.lookup(call, node, name_of("c")));
         }},
        {fs::Operation::lookup,
         [&](Guard& guard, fs::Cookie node) {
             return error_of(guard.lookup(call, node, name_of("nothing")));
         }},
        {fs::Operation::readdir,
         [&](Guard& guard, fs::Cookie node) {
             return error_of(guard.readdir(call, node, 0, fs::WithAttributes::no, nothing));
         }},
        {fs::Operation::getattr,
         [&](Guard& guard, fs::Cookie node) { return error_of(guard.getattr(call, node)); }},
        {fs::Operation::getattr,
         [&](Guard& guard, fs::Cookie node) { return error_of(guard.access(call, node, X_OK)); }},
        {fs::Operation::getattr,
         [&](Guard& guard, fs::Cookie) { return error_of(guard.handle_to_node(call, handle)); }},
        {fs::Operation::pathconf,
         [&](Guard& guard, fs::Cookie node) {
             return error_of(guard.pathconf(call, node, fs::PathConfiguration::name_max));
         }},
        {fs::Operation::getxattr,
         [&](Guard& guard, fs::Cookie node) {
             return error_of(guard.getxattr(call, node, "user.x"));
         }},
        {fs::Operation::listxattr,
         [&](Guard& guard, fs::Cookie node) { return error_of(guard.listxattr(call, node)); }}};
    for (std::size_t number = 0; number < questions.size(); ++number) {
        const auto& [operation, ask] = questions[number];
        Guard guard(jail());
        const fs::Cookie b = find(guard, "a/b");
        hook = [&](fs::Operation done, fs::Cookie) {
            if (done != operation) return;
            hook = nullptr;
            move("jail/a/b", "outside/b");
        };
        EXPECT_EQ(ask(guard, b), stale) << number;
        ASSERT_FALSE(hook) << number;
        move("outside/b", "jail/a/b");
    }
}

TEST_F(GuardedSubtree, is_used_while_a_directory_is_on_its_way) {
    Guard guard(jail());
    const fs::Cookie c = find(guard, "a/b/c");
    testing::Gate gate;
    hook = [&](fs::Operation operation, fs::Cookie) {
        if (operation == fs::Operation::rename) gate.pass();
    };
    std::jthread mover([&] { move("jail/a/b", "outside/b"); });
    gate.wait_for(1);
    // Nobody waits for the one who moves, however long that takes; it is where it was.
    EXPECT_TRUE(guard.getattr(call, c));
    EXPECT_TRUE(guard.mkdir(call, c, name_of("d"), {}));
    gate.open();
    mover.join();
    EXPECT_EQ(error_of(guard.getattr(call, c)), stale);
}

TEST_F(GuardedSubtree, knows_removed_directories) {
    Guard guard(jail());
    const fs::Cookie c = find(guard, "a/b/c");
    ASSERT_TRUE(guard.rmdir(call, find(guard, "a/b"), name_of("c")));
    move("jail/file", "jail/a/file");
    EXPECT_EQ(guard.getattr(call, c)->links, 0u);
    EXPECT_EQ(error_of(guard.mkdir(call, c, name_of("x"), {})),
              std::errc::no_such_file_or_directory);
}

TEST_F(GuardedSubtree, finds_by_handle_what_its_holder_holds) {
    Guard guard(jail());
    const fs::Cookie file = find(guard, "file");
    EXPECT_EQ(guard.handle_to_node(call, at("jail/file")->handle())->node, file);
    EXPECT_EQ(error_of(guard.handle_to_node(call, at("jail/a")->handle())), stale);
    EXPECT_EQ(error_of(guard.handle_to_node(call, at("outside/secret")->handle())), stale);
    EXPECT_EQ(error_of(guard.handle_to_node(call, {1, 0})), stale);
    EXPECT_FALSE(guard.supports(fs::Operation::handle_to_node));
    guard.reclaim(file, 2);
    EXPECT_EQ(error_of(guard.handle_to_node(call, at("jail/file")->handle())), stale);
}

TEST_F(GuardedSubtree, finds_by_handle_all_for_root_in_a_whole_tree) {
    Guard root(whole());
    EXPECT_TRUE(root.supports(fs::Operation::handle_to_node));
    EXPECT_TRUE(root.handle_to_node(call, at("outside/secret")->handle()));
    Guard user(whole(somebody(1000)));
    EXPECT_FALSE(user.supports(fs::Operation::handle_to_node));
    EXPECT_EQ(error_of(user.handle_to_node(call, at("outside/secret")->handle())), stale);
}

// Others move directories in and out as fast as they can; a holder climbs from wherever it can.
TEST_F(GuardedSubtree, keeps_its_border_in_a_race) {
    Guard guard(jail());
    std::atomic<bool> done = false;
    std::atomic<int> climbed = 0;
    std::vector<std::jthread> holders;
    const fs::Cookie root = guard.root(call)->node;
    for (int thread = 0; thread < 3; ++thread)
        holders.emplace_back([&] {
            for (int round = 0; round < 1500; ++round) {
                const auto a = guard.lookup(call, root, name_of("a"));
                if (!a) continue;
                const auto b = guard.lookup(call, a->node, name_of("b"));
                if (!b) continue;
                const auto c = guard.lookup(call, b->node, name_of("c"));
                fs::Cookie node = c ? c->node : b->node;
                for (int step = 0; step < 4; ++step) {
                    EXPECT_FALSE(guard.lookup(call, node, name_of("secret")));
                    const auto up = guard.parent(call, node);
                    if (!up) break;
                    ++climbed;
                    node = up->node;
                }
            }
        });
    std::jthread mover([&] {
        while (!done) {
            move("jail/a/b", "outside/b");
            move("outside/b", "jail/a/b");
        }
    });
    std::jthread other([&] {
        while (!done) {
            move("secret", "outside/other");
            move("outside/other", "secret");
        }
    });
    holders.clear();
    done = true;
    EXPECT_GT(climbed, 0);
}

}  // namespace
}  // namespace quire::server
