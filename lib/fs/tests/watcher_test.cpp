// SPDX-License-Identifier: MIT
//
// Who watches a tree hears of everything that changes in it: what is another attribute or another name
// after an operation was announced before the volume was called, and is over when it is.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "quire/fs/tree.hpp"
#include "quire/fs/tree_watcher.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::fs {
namespace {

const Call as_owner = Call::as_root();

class ChangeListener final : public TreeWatcher {
public:
    void begin_change(const TreeChange& change) override {
        ++under_way;
        nodes.insert(change.nodes.begin(), change.nodes.end());
        for (const auto& [directory, name] : change.names) names.emplace(directory, name->text());
        access = access || change.access;
    }
    void end_change(const TreeChange&) override { --under_way; }

    int under_way = 0;
    bool access = false;
    std::set<Cookie> nodes;
    std::set<std::pair<Cookie, std::string>> names;
};

bool is_change(Operation operation) {
    switch (operation) {
        case Operation::create:
        case Operation::mknod:
        case Operation::mkdir:
        case Operation::symlink:
        case Operation::link:
        case Operation::remove:
        case Operation::rmdir:
        case Operation::rename:
        case Operation::setattr:
        case Operation::write:
        case Operation::fallocate:
        case Operation::discard:
        case Operation::copy_range:
        case Operation::setxattr:
        case Operation::removexattr:
            return true;
        default:
            return false;
    }
}

auto what_may_change(const Attributes& of) {
    return std::tuple(of.permissions, of.uid, of.gid, of.links, of.size, of.allocated, of.flags,
                      of.access, of.modify, of.change, of.birth);
}

class WatchedTree : public ::testing::Test {
protected:
    WatchedTree() {
        const auto hook = [this](Operation operation, Cookie) -> Result<void> {
            if (is_change(operation)) {
                ++changes;
                EXPECT_GT(listener->under_way, 0);
            }
            return {};
        };
        volume = std::make_shared<testing::HookedVolume>(
            *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()}), hook);
        tree = *Tree::open(volume);
        tree->watch(listener);
        for (const char* path : {"a", "a/b", "empty"}) directory(path);
        for (const char* path : {"f", "g", "a/h", "a/b/i"}) file(path);
        EXPECT_TRUE(tree->link(as_owner, at("g"), at("a"), *Name::parse("also")));
        EXPECT_TRUE(tree->make_symlink(as_owner, at("a"), *Name::parse("l"), "b/i"));
    }

    NodeReference at(std::string_view path) {
        return *tree->walk(as_owner, *Path::parse(path), Follow::no);
    }
    void directory(std::string_view path) {
        const Parent to = *tree->walk_parent(as_owner, *Path::parse(path));
        EXPECT_TRUE(tree->make_directory(as_owner, to.directory, to.name, 0755));
    }
    void file(std::string_view path) {
        const Parent to = *tree->walk_parent(as_owner, *Path::parse(path));
        EXPECT_TRUE(tree->create(as_owner, to.directory, to.name, 0644));
    }
    std::shared_ptr<OpenFile> open(std::string_view path, bool append = false) {
        return *tree->open(as_owner, at(path), {.read = true, .write = true, .append = append});
    }

    struct State {
        std::map<Cookie, Attributes> nodes;
        std::map<std::pair<Cookie, std::string>, Cookie> names;
    };
    State state() {
        State state;
        std::vector<NodeReference> directories{tree->root()};
        state.nodes[tree->root()->cookie()] = *tree->attributes(as_owner, tree->root());
        while (!directories.empty()) {
            const NodeReference directory = directories.back();
            directories.pop_back();
            std::vector<std::string> names;
            EXPECT_TRUE(tree->list(as_owner, directory, 0, WithAttributes::no,
                                   [&](const DirectoryEntry& entry) {
                                       names.emplace_back(entry.name);
                                       return true;
                                   }));
            for (const std::string& name : names) {
                if (name == "." || name == "..") continue;
                const Found found = *tree->find(as_owner, directory, *Name::parse(name));
                state.nodes[found.node->cookie()] = found.attributes;
                state.names[{directory->cookie(), name}] = found.node->cookie();
                if (found.node->type() == FileType::directory) directories.push_back(found.node);
            }
        }
        return state;
    }

    /// Does it, and compares what has become different with what was announced.
    void watch(const char* what, const std::function<bool()>& act) {
        const State before = state();
        *listener = {};
        const int changes_before = changes;
        EXPECT_TRUE(act()) << what;
        EXPECT_GT(changes, changes_before) << what << " changes nothing";
        EXPECT_EQ(listener->under_way, 0) << what;
        const std::set<Cookie> nodes = listener->nodes;
        const auto names = listener->names;
        const State after = state();
        for (const auto& [place, node] : before.names) {
            const auto now = after.names.find(place);
            if (now != after.names.end() && now->second == node) continue;
            EXPECT_TRUE(names.contains(place)) << what << ": " << place.second;
        }
        for (const auto& [place, node] : after.names)
            EXPECT_TRUE(before.names.contains(place) || names.contains(place))
                << what << ": " << place.second;
        // What goes by a name that was announced may have changed with it, if it has no other name.
        std::map<Cookie, int> others;
        for (const auto& [place, node] : before.names)
            if (!names.contains(place)) ++others[node];
        for (const auto& [node, attributes] : before.nodes) {
            const auto now = after.nodes.find(node);
            if (now == after.nodes.end() ||
                what_may_change(now->second) == what_may_change(attributes))
                continue;
            const bool by_name = others[node] == 0 && attributes.links == 1;
            const bool moved = attributes.type == FileType::directory && others[node] == 0;
            EXPECT_TRUE(nodes.contains(node) || by_name || moved)
                << what << ": inode " << attributes.inode;
        }
    }

    const std::shared_ptr<ChangeListener> listener = std::make_shared<ChangeListener>();
    int changes = 0;
    std::shared_ptr<testing::HookedVolume> volume;
    std::shared_ptr<Tree> tree;
};

TEST_F(WatchedTree, tells_of_all_that_changes) {
    const Name fresh = *Name::parse("fresh");
    const auto root = tree->root();
    const std::vector<std::byte> bytes(5000, std::byte{7});
    watch("create", [&] { return tree->create(as_owner, root, fresh, 0600).has_value(); });
    watch("remove", [&] { return tree->remove(as_owner, root, fresh).has_value(); });
    watch("mkdir",
          [&] { return tree->make_directory(as_owner, at("a"), fresh, 0700).has_value(); });
    watch("rmdir", [&] { return tree->remove_directory(as_owner, at("a"), fresh).has_value(); });
    watch("mknod", [&] {
        return tree->make_node(as_owner, root, fresh, 0600, FileType::fifo, {}).has_value();
    });
    watch("remove", [&] { return tree->remove(as_owner, root, fresh).has_value(); });
    watch("symlink", [&] { return tree->make_symlink(as_owner, root, fresh, "x").has_value(); });
    watch("link",
          [&] { return tree->link(as_owner, at("f"), at("a"), *Name::parse("f")).has_value(); });
    watch("remove one of two",
          [&] { return tree->remove(as_owner, at("a"), *Name::parse("h")).has_value(); });
    watch("rename", [&] {
        return tree->rename(as_owner, root, fresh, at("a"), *Name::parse("m")).has_value();
    });
    watch("rename over", [&] {
        return tree->rename(as_owner, at("a"), *Name::parse("m"), at("a/b"), *Name::parse("i"))
            .has_value();
    });
    watch("rename of a directory", [&] {
        return tree->rename(as_owner, at("a"), *Name::parse("b"), at("empty"), *Name::parse("b"))
            .has_value();
    });
    watch("exchange", [&] {
        return tree
            ->rename(as_owner, at("a"), *Name::parse("l"), at("empty"), *Name::parse("b"),
                     {.exchange = true})
            .has_value();
    });
    for (const char* path : {"f", "a"}) {
        watch("chmod", [&] {
            const bool done =
                tree->set_attributes(as_owner, at(path), {.permissions = 0751}).has_value();
            return done && listener->access;
        });
        watch("chown", [&] {
            return tree->set_attributes(as_owner, at(path), {.uid = 12, .gid = 13}).has_value();
        });
        watch("touch", [&] {
            return tree->touch(as_owner, at(path), {.access = Time{5, 6}, .modify = Time{7, 8}})
                .has_value();
        });
        watch("setxattr",
              [&] { return tree->set_attribute(as_owner, at(path), "user.x", bytes).has_value(); });
        watch("removexattr",
              [&] { return tree->remove_attribute(as_owner, at(path), "user.x").has_value(); });
    }
    watch("truncate",
          [&] { return tree->set_attributes(as_owner, at("f"), {.size = 10'000}).has_value(); });
    watch("write", [&] { return open("f")->write(as_owner, 3, bytes).has_value(); });
    watch("append", [&] {
        auto file = open("f");
        return (*file->append(as_owner)).write_all(as_owner, bytes).has_value();
    });
    watch("resize", [&] { return open("f")->resize(as_owner, 7000).has_value(); });
    watch("grow", [&] { return *open("f")->grow(as_owner, 9000); });
    watch("allocate", [&] {
        return open("f")->allocate(as_owner, AllocateMode::allocate, {0, 20'000}).has_value();
    });
    watch("discard", [&] { return open("f")->discard(as_owner, {0, 4096}).has_value(); });
    watch("copy", [&] { return open("f")->copy_to(as_owner, 0, *open("g"), 0, 5000).has_value(); });

    // What is not the superuser's loses its privileges when it is written.
    ASSERT_TRUE(tree->set_attributes(as_owner, at("g"), {.permissions = 06777}));
    const Call as_user =
        as_owner.as({.uid = 1000, .gid = 1000, .groups = {}, .umask = 0, .pid = 0});
    watch("write of a user", [&] {
        const auto file = *tree->open(as_user, at("g"), {.read = true, .write = true});
        return file->write(as_user, 0, bytes).has_value() &&
               (tree->attributes(as_owner, at("g"))->permissions & 06000) == 0;
    });
}

TEST_F(WatchedTree, tells_who_comes_in_the_middle_of_both_ends) {
    const auto late = std::make_shared<ChangeListener>();
    int seen = -1;
    const auto in_the_middle = std::make_shared<testing::HookedVolume>(
        *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()}),
        [&](Operation operation, Cookie) -> Result<void> {
            if (operation != Operation::mkdir) return {};
            tree->watch(late);
            tree->watch(late);
            seen = late->under_way;
            return {};
        });
    tree = *Tree::open(in_the_middle);
    ASSERT_TRUE(tree->make_directory(as_owner, tree->root(), *Name::parse("d"), 0755));
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(late->under_way, 0);
    EXPECT_EQ(late->names.size(), 1u);
}

}  // namespace
}  // namespace quire::fs
