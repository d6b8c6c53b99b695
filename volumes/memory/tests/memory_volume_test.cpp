// SPDX-License-Identifier: MIT

#include "quire/volumes/memory/memory_volume.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <thread>

namespace quire::memory {
namespace {

const fs::Call call = fs::Call::as_root();
const fs::NewNode plain{.permissions = 0644};

Name name(std::string_view text) {
    return *Name::parse(text);
}

std::shared_ptr<MemoryVolume> make(MemoryVolume::Options options = {}) {
    if (!options.clock) options.clock = std::make_shared<FixedClock>(Time{1, 2});
    return *MemoryVolume::create(std::move(options));
}

template <typename T>
std::errc error_of(const Result<T>& result) {
    return result ? std::errc{} : result.error().code();
}

TEST(MemoryVolume, needs_a_clock) {
    EXPECT_EQ(error_of(MemoryVolume::create({})), std::errc::invalid_argument);
}

TEST(MemoryVolume, unknown_cookie_is_stale) {
    const auto volume = make();
    EXPECT_EQ(error_of(volume->getattr(call, 77)), std::errc(ESTALE));
}

TEST(MemoryVolume, removed_node_lives_until_its_lookups_are_answered) {
    const auto volume = make();
    const auto root = volume->root(call)->node;
    const auto file = volume->create(call, root, name("f"), plain)->node;
    ASSERT_TRUE(volume->lookup(call, root, name("f")));
    ASSERT_TRUE(volume->remove(call, root, name("f")));
    EXPECT_EQ(volume->getattr(call, file)->links, 0U);
    volume->reclaim(file, 1);
    EXPECT_TRUE(volume->getattr(call, file));
    volume->reclaim(file, 1);
    EXPECT_EQ(error_of(volume->getattr(call, file)), std::errc(ESTALE));
}

TEST(MemoryVolume, inode_given_again_has_a_new_generation) {
    const auto volume = make();
    const auto root = volume->root(call)->node;
    const auto first = *volume->create(call, root, name("a"), plain);
    const auto handle = *volume->node_to_handle(call, first.node);
    ASSERT_TRUE(volume->remove(call, root, name("a")));
    volume->reclaim(first.node, 1);
    const auto second = *volume->create(call, root, name("b"), plain);
    ASSERT_EQ(second.attributes.inode, first.attributes.inode);
    EXPECT_NE(second.attributes.generation, first.attributes.generation);
    EXPECT_EQ(error_of(volume->handle_to_node(call, handle)), std::errc(ESTALE));
    EXPECT_EQ(volume->handle_to_node(call, *volume->node_to_handle(call, second.node))->node,
              second.node);
}

TEST(MemoryVolume, space_comes_back_with_the_last_lookup) {
    const auto volume = make({.byte_limit = 64 * KiB});
    const auto root = volume->root(call)->node;
    const auto before = volume->statistics(call)->free_blocks;
    const auto file = volume->create(call, root, name("f"), plain)->node;
    const std::vector<std::byte> data(40 * KiB, std::byte{1});
    ASSERT_EQ(volume->write(call, file, 0, data), data.size());
    ASSERT_TRUE(volume->setxattr(call, file, "user.a", data, fs::SetAttributeMode::either) ==
                fail(std::errc::no_space_on_device));
    ASSERT_TRUE(volume->remove(call, root, name("f")));
    EXPECT_LT(volume->statistics(call)->free_blocks, before);
    volume->reclaim(file, 1);
    EXPECT_EQ(volume->statistics(call)->free_blocks, before);
}

TEST(MemoryVolume, inode_limit_counts_nodes) {
    const auto volume = make({.inode_limit = 2});
    const auto root = volume->root(call)->node;
    ASSERT_TRUE(volume->create(call, root, name("a"), plain));
    EXPECT_EQ(error_of(volume->mkdir(call, root, name("b"), plain)), std::errc::no_space_on_device);
    EXPECT_EQ(volume->statistics(call)->free_inodes, 0U);
    EXPECT_EQ(error_of(volume->lookup(call, root, name("b"))),
              std::errc::no_such_file_or_directory);
}

TEST(MemoryVolume, link_limit_holds_for_names_and_directories) {
    const auto volume = make({.link_limit = 3});
    const auto root = volume->root(call)->node;
    const auto file = volume->create(call, root, name("a"), plain)->node;
    ASSERT_TRUE(volume->link(call, file, root, name("b")));
    ASSERT_TRUE(volume->link(call, file, root, name("c")));
    EXPECT_EQ(error_of(volume->link(call, file, root, name("d"))), std::errc::too_many_links);
    const auto d = volume->mkdir(call, root, name("d"), plain)->node;
    EXPECT_EQ(error_of(volume->mkdir(call, root, name("e"), plain)), std::errc::too_many_links);
    ASSERT_TRUE(volume->mkdir(call, d, name("x"), plain));
    EXPECT_EQ(error_of(volume->rename(call, d, name("x"), root, name("x"), {})),
              std::errc::too_many_links);
}

TEST(MemoryVolume, file_size_limit_shortens_writes) {
    const auto volume = make({.file_size_limit = 100});
    const auto root = volume->root(call)->node;
    const auto file = volume->create(call, root, name("f"), plain)->node;
    const std::vector<std::byte> data(20, std::byte{1});
    EXPECT_EQ(volume->write(call, file, 90, data), 10U);
    EXPECT_EQ(error_of(volume->write(call, file, 100, data)), std::errc::file_too_large);
    EXPECT_EQ(error_of(volume->setattr(call, file, {.size = 101})), std::errc::file_too_large);
    EXPECT_EQ(volume->getattr(call, file)->size, 100U);
}

TEST(MemoryVolume, read_only_refuses_every_change) {
    const auto volume = make();
    const auto root = volume->root(call)->node;
    const auto file = volume->create(call, root, name("f"), plain)->node;
    volume->set_read_only(true);
    const auto refused = std::errc::read_only_file_system;
    EXPECT_EQ(error_of(volume->create(call, root, name("g"), plain)), refused);
    EXPECT_EQ(error_of(volume->remove(call, root, name("f"))), refused);
    EXPECT_EQ(error_of(volume->rename(call, root, name("f"), root, name("g"), {})), refused);
    EXPECT_EQ(error_of(volume->setattr(call, file, {.permissions = 0})), refused);
    EXPECT_EQ(error_of(volume->write(call, file, 0, {})), refused);
    EXPECT_TRUE(volume->statistics(call)->read_only);
}

TEST(MemoryVolume, position_never_given_is_refused) {
    const auto volume = make();
    const auto root = volume->root(call)->node;
    EXPECT_EQ(error_of(volume->readdir(call, root, 5, fs::WithAttributes::no,
                                       [](const auto&) { return true; })),
              std::errc::invalid_argument);
}

// The sink runs without locks: it may change the directory that is being listed.
TEST(MemoryVolume, sink_may_call_the_volume) {
    const auto volume = make();
    const auto root = volume->root(call)->node;
    for (int i = 0; i < 200; ++i)
        ASSERT_TRUE(volume->create(call, root, name("f" + std::to_string(i)), plain));
    std::map<std::string, int> seen;
    ASSERT_TRUE(volume->readdir(call, root, 0, fs::WithAttributes::yes,
                                [&](const fs::DirectoryEntry& entry) {
                                    ++seen[std::string(entry.name)];
                                    EXPECT_TRUE(volume->remove(call, root, name(entry.name)));
                                    return true;
                                }));
    EXPECT_EQ(seen.size(), 200U);
}

TEST(MemoryVolume, tree_a_hundred_thousand_deep_ends_without_deep_recursion) {
    const auto volume = make({.byte_limit = GiB});
    auto at = volume->root(call)->node;
    for (int i = 0; i < 100'000; ++i) at = volume->mkdir(call, at, name("d"), plain)->node;
}

TEST(MemoryVolume, busy_while_a_file_is_open) {
    const auto volume = make();
    const auto root = volume->root(call)->node;
    const auto file = volume->create(call, root, name("f"), plain)->node;
    ASSERT_TRUE(volume->open(call, file, {}));
    EXPECT_EQ(error_of(volume->unmount(call, false)), std::errc::device_or_resource_busy);
    ASSERT_TRUE(volume->close(call, file, {}));
    EXPECT_TRUE(volume->unmount(call, false));
}

// Names come and go while others look them up, list and forget: no lookup in flight is reclaimed,
// and at the end nothing is left.
TEST(MemoryVolume, names_race_with_lookups_and_reclaims) {
    const auto volume = make();
    const auto root = volume->root(call)->node;
    constexpr int rounds = 2000;
    auto maker = [&](int self) {
        for (int i = 0; i < rounds; ++i) {
            const Name own = name("n" + std::to_string((self + i) % 5));
            if (const auto made = volume->create(call, root, own, plain))
                volume->reclaim(made->node, 1);
            (void)volume->remove(call, root, own);
        }
    };
    auto looker = [&] {
        for (int i = 0; i < rounds; ++i) {
            const auto found = volume->lookup(call, root, name("n" + std::to_string(i % 5)));
            if (!found) continue;
            EXPECT_TRUE(volume->getattr(call, found->node));
            volume->reclaim(found->node, 1);
        }
    };
    {
        const std::jthread first(maker, 0);
        const std::jthread second(maker, 2);
        const std::jthread third(looker);
        const std::jthread fourth(looker);
    }
    for (int i = 0; i < 5; ++i) (void)volume->remove(call, root, name("n" + std::to_string(i)));
    EXPECT_EQ(volume->statistics(call)->free_inodes, volume->statistics(call)->inodes - 1);
}

}  // namespace
}  // namespace quire::memory
