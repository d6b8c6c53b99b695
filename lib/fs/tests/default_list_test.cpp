// SPDX-License-Identifier: MIT
//
// What is made in a directory with a default access list: nobody may use it for more than the list
// will say, at no time, and it is there with its list or not at all.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "quire/fs/tree.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::fs {
namespace {

constexpr const char* list_for_itself = "system.posix_acl_access";
constexpr const char* list_for_others = "system.posix_acl_default";
const Call for_all = Call::as_root();

struct ListEntry {
    std::uint16_t tag = 0;
    std::uint16_t permissions = 0;
    std::uint32_t id = ~0U;
};

std::vector<std::byte> list_of(std::initializer_list<ListEntry> entries) {
    std::vector<std::byte> bytes;
    const auto put = [&](std::uint32_t value, int count) {
        for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
    };
    put(2, 4);
    for (const ListEntry& entry : entries) {
        put(entry.tag, 2);
        put(entry.permissions, 2);
        put(entry.id, 4);
    }
    return bytes;
}

// The mask lets named users write; the group may nothing, user 7 less than everybody else.
const std::vector<std::byte> the_list =
    list_of({{0x01, 7}, {0x02, 7, 5}, {0x02, 0, 7}, {0x04, 0}, {0x10, 7}, {0x20, 4}});

/// A directory `d` with that list. What the volume is about to do passes `before`.
class DefaultList : public ::testing::Test {
protected:
    DefaultList() {
        const auto hook = [this](Operation operation, Cookie node) -> Result<void> {
            return before ? before(operation, node) : Result<void>();
        };
        volume = std::make_shared<testing::HookedVolume>(
            *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()}), hook);
        tree = *Tree::open(volume);
        directory = *tree->make_directory(for_all, tree->root(), name("d"), 0777);
        EXPECT_TRUE(tree->set_attribute(for_all, directory, list_for_others, the_list));
    }

    static Name name(std::string_view text) { return *Name::parse(text); }
    std::errc lookup_error() {
        const auto found = tree->lookup(for_all, directory, name("new"));
        return found ? std::errc() : found.error().code();
    }

    using Maker = std::function<Result<void>()>;
    std::vector<Maker> makers() {
        const auto nothing = [](auto made) -> Result<void> {
            if (!made) return fail(made.error());
            return {};
        };
        return {
            [=, this] { return nothing(tree->create(for_all, directory, name("new"), 0666)); },
            [=, this] {
                return nothing(tree->create_open(for_all, directory, name("new"), 0666,
                                                 {.read = true, .write = true}));
            },
            [=, this] {
                return nothing(tree->make_directory(for_all, directory, name("new"), 0777));
            },
            [=, this] {
                return nothing(
                    tree->make_node(for_all, directory, name("new"), 0666, FileType::fifo, {}));
            },
        };
    }
    void remove_new() {
        if (!tree->remove(for_all, directory, name("new"))) {
            EXPECT_TRUE(tree->remove_directory(for_all, directory, name("new")));
        }
    }

    std::function<Result<void>(Operation, Cookie)> before;
    std::shared_ptr<testing::HookedVolume> volume;
    std::shared_ptr<Tree> tree;
    NodeReference directory;
};

TEST_F(DefaultList, grants_nobody_more_before_it_is_set) {
    for (const auto& maker : makers()) {
        int asked = 0;
        before = [&](Operation operation, Cookie node) -> Result<void> {
            if (operation != Operation::setxattr) return {};
            ++asked;
            const auto hook = std::exchange(before, nullptr);
            const auto seen = volume->getattr(for_all, node);
            EXPECT_TRUE(seen);
            EXPECT_EQ(seen->permissions & 0077, 0) << "before its list is there";
            before = hook;
            return {};
        };
        EXPECT_TRUE(maker());
        before = nullptr;
        EXPECT_GE(asked, 1);
        remove_new();
    }
}

TEST_F(DefaultList, is_there_in_the_end_with_the_permissions_that_show_it) {
    EXPECT_TRUE(tree->create(for_all, directory, name("new"), 0666));
    const NodeReference node = *tree->lookup(for_all, directory, name("new"));
    EXPECT_EQ(tree->attributes(for_all, node)->permissions, 0664);
    EXPECT_EQ(tree->get_attribute(for_all, node, list_for_itself).value(),
              list_of({{0x01, 6}, {0x02, 7, 5}, {0x02, 0, 7}, {0x04, 0}, {0x10, 6}, {0x20, 4}}));
    const Call as_seven{.credentials = {.uid = 7, .gid = 7, .groups = {}, .umask = 0, .pid = 0},
                        .deadline = for_all.deadline};
    EXPECT_EQ(tree->access(as_seven, node, R_OK).error(), std::errc::permission_denied);
}

TEST_F(DefaultList, that_cannot_be_set_leaves_nothing) {
    for (const Operation failing : {Operation::setxattr, Operation::setattr})
        for (const auto& maker : makers()) {
            before = [&](Operation operation, Cookie) -> Result<void> {
                if (operation == failing) return fail(std::errc::no_space_on_device);
                return {};
            };
            const auto made = maker();
            before = nullptr;
            ASSERT_FALSE(made);
            EXPECT_EQ(made.error(), std::errc::no_space_on_device);
            EXPECT_EQ(lookup_error(), std::errc::no_such_file_or_directory);
        }
}

TEST_F(DefaultList, that_cannot_be_set_leaves_what_somebody_else_has_put_there) {
    // While the list fails, the name becomes another node's.
    before = [&](Operation operation, Cookie) -> Result<void> {
        if (operation != Operation::setxattr) return {};
        before = nullptr;
        const NodeReference above = tree->root();
        EXPECT_TRUE(tree->rename(for_all, directory, name("new"), above, name("moved")));
        EXPECT_TRUE(tree->create(for_all, above, name("other"), 0600));
        EXPECT_TRUE(tree->rename(for_all, above, name("other"), directory, name("new")));
        return fail(std::errc::no_space_on_device);
    };
    EXPECT_FALSE(tree->create(for_all, directory, name("new"), 0666));
    EXPECT_EQ(lookup_error(), std::errc());
}

TEST_F(DefaultList, that_cannot_be_set_leaves_no_node_in_the_volume) {
    for (const auto& maker : makers()) {
        Cookie made = 0;
        before = [&](Operation operation, Cookie node) -> Result<void> {
            if (operation != Operation::setxattr) return {};
            made = node;
            return fail(std::errc::no_space_on_device);
        };
        EXPECT_FALSE(maker());
        before = nullptr;
        EXPECT_FALSE(volume->getattr(for_all, made)) << "the node is still held";
    }
}

}  // namespace
}  // namespace quire::fs
