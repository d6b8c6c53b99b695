// SPDX-License-Identifier: MIT
//
// What a holder of a guard can do, who holds what, and that its words count for nothing.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <random>
#include <thread>

#include "tests/kit/guard_ground.hpp"

namespace quire::server {
namespace {

using GuardRights = GuardGround;
using GuardCookies = GuardGround;
using GuardIdentity = GuardGround;
using GuardContent = GuardGround;

constexpr fs::OpenMode reading{.read = true, .write = false};
constexpr fs::OpenMode writing{.read = true, .write = true};
constexpr std::array<std::byte, 4> four_bytes{};

/// Every operation that changes something, on one node or in one directory.
std::vector<std::errc> all_changes(Guard& guard, fs::Cookie directory, fs::Cookie file) {
    const fs::Call call = fs::Call::as_root();
    const Name old = name_of("file");
    const Name fresh = name_of("new");
    return {
        error_of(guard.create(call, directory, fresh, {})),
        error_of(guard.mknod(call, directory, fresh, {}, fs::FileType::fifo, {})),
        error_of(guard.mkdir(call, directory, fresh, {})),
        error_of(guard.symlink(call, directory, fresh, {}, "file")),
        error_of(guard.link(call, file, directory, fresh)),
        error_of(guard.remove(call, directory, old)),
        error_of(guard.rmdir(call, directory, name_of("a"))),
        error_of(guard.rename(call, directory, old, directory, fresh, {})),
        error_of(guard.open(call, file, writing)),
        error_of(guard.open(call, file, {.read = false, .write = true})),
        error_of(guard.setattr(call, file, {.permissions = 0600})),
        error_of(guard.setattr(call, file, {.size = 0})),
        error_of(guard.setattr(call, directory, {.modify = Time{}})),
        error_of(guard.write(call, file, 0, four_bytes)),
        error_of(guard.fallocate(call, file, fs::AllocateMode::allocate, {0, 1})),
        error_of(guard.discard(call, file, {0, 1})),
        error_of(guard.copy_range(call, file, 0, file, 8, 1)),
        error_of(guard.mmap(call, file, writing)),
        error_of(guard.setxattr(call, file, "user.x", four_bytes, fs::SetAttributeMode::either)),
        error_of(guard.removexattr(call, file, "user.x")),
        error_of(guard.access(call, file, W_OK)),
    };
}

std::vector<std::errc> all_reads(Guard& guard, fs::Cookie directory, fs::Cookie file) {
    const fs::Call call = fs::Call::as_root();
    const auto take = [](const fs::DirectoryEntry&) { return true; };
    return {
        error_of(guard.lookup(call, directory, name_of("file"))),
        error_of(guard.readdir(call, directory, 0, fs::WithAttributes::yes, take)),
        error_of(guard.parent(call, directory)),
        error_of(guard.getattr(call, directory)),
        error_of(guard.getattr(call, file)),
        error_of(guard.open(call, file, reading)),
        error_of(guard.mmap(call, file, reading)),
        error_of(guard.seek(call, file, 0, fs::SeekTo::hole)),
        error_of(guard.close(call, file, reading)),
        error_of(guard.access(call, file, R_OK)),
        error_of(guard.fsync(call, file)),
        error_of(guard.poll(call, file, 1)),
        error_of(guard.pathconf(call, file, fs::PathConfiguration::name_max)),
        error_of(guard.listxattr(call, file)),
        error_of(guard.node_to_handle(call, file)),
        error_of(guard.inactive(call, file)),
    };
}

TEST_F(GuardRights, of_a_read_only_guard_are_to_read) {
    Guard guard(Authority(tree, fs::Credentials::root(), true));
    const fs::Cookie jail = find(guard, "jail");
    const fs::Cookie file = find(guard, "jail/file");
    EXPECT_THAT(all_changes(guard, jail, file), ::testing::Each(std::errc::read_only_file_system));
    const auto reads = all_reads(guard, jail, file);
    for (std::size_t i = 0; i < reads.size(); ++i)
        // At the end of an empty file there is no hole.
        EXPECT_EQ(reads[i], i == 7 ? std::errc::no_such_device_or_address : std::errc()) << i;
    EXPECT_TRUE(guard.statistics(call)->read_only);
    EXPECT_EQ(tree->attributes(call, at("jail/file"))->permissions, 0644);
}

TEST_F(GuardRights, of_root_in_a_whole_tree_are_all) {
    Guard guard(whole());
    EXPECT_FALSE(guard.statistics(call)->read_only);
    const fs::Cookie root = guard.root(call)->node;
    const auto made = guard.create(call, root, name_of("new"), {.permissions = 0640});
    ASSERT_TRUE(made);
    EXPECT_EQ(at("new")->handle().inode, made->attributes.inode);
    EXPECT_TRUE(guard.rename(call, root, name_of("new"), find(guard, "jail"), name_of("x"), {}));
    EXPECT_TRUE(guard.remove(call, find(guard, "jail"), name_of("x")));
}

TEST_F(GuardRights, only_become_fewer) {
    const Authority read_only = *whole().narrow(*Path::parse("/"), true);
    EXPECT_TRUE(read_only.read_only());
    EXPECT_TRUE(read_only.whole());
    const Authority below = *read_only.narrow(*Path::parse("jail/a"), false);
    EXPECT_TRUE(below.read_only());
    EXPECT_EQ(below.top(), at("jail/a"));
    EXPECT_EQ(below.narrow(*Path::parse("/b/.."), false)->top(), at("jail/a"));
    EXPECT_EQ(below.narrow(*Path::parse("../../outside"), false).error(),
              std::errc::no_such_file_or_directory);
    EXPECT_EQ(whole().narrow(*Path::parse("secret"), false).error(), std::errc::not_a_directory);
    directory("private", 0700);
    EXPECT_EQ(whole(somebody(1000)).narrow(*Path::parse("private"), false).error(),
              std::errc::permission_denied);
}

TEST_F(GuardRights, end_at_the_volume_itself) {
    Guard guard(whole());
    EXPECT_EQ(guard.unmount(call, true).error(), std::errc::operation_not_permitted);
    EXPECT_EQ(guard.extended_attribute_control(call, "start user").error(),
              std::errc::operation_not_supported);
    const fs::Cookie file = find(guard, "secret");
    EXPECT_EQ(guard.ioctl(call, file, 1, {}).error(),
              std::errc::inappropriate_io_control_operation);
    for (const auto denied : {fs::Operation::unmount, fs::Operation::ioctl,
                              fs::Operation::extended_attribute_control, fs::Operation::access})
        EXPECT_FALSE(guard.supports(denied));
    EXPECT_TRUE(guard.supports(fs::Operation::rename));
}

TEST_F(GuardCookies, that_were_never_given_are_stale) {
    Guard guard(whole());
    const fs::Cookie known = find(guard, "jail");
    std::mt19937_64 random(1);
    for (int i = 0; i < 200; ++i) {
        // Numbers of the volume's own nodes are among the first ones.
        const fs::Cookie forged = i < 100 ? known + 1 + static_cast<fs::Cookie>(i) : random();
        EXPECT_THAT(all_changes(guard, forged, forged), ::testing::Each(stale));
        EXPECT_THAT(all_reads(guard, forged, forged), ::testing::Each(stale));
        EXPECT_EQ(error_of(guard.readlink(call, forged)), stale);
        EXPECT_EQ(error_of(guard.print(call, forged)), stale);
        EXPECT_EQ(error_of(guard.getxattr(call, forged, "user.x")), stale);
        EXPECT_EQ(error_of(guard.ioctl(call, forged, 1, {})), stale);
        EXPECT_EQ(error_of(guard.advisory_lock(call, forged, {})), stale);
        guard.reclaim(forged, 1);
    }
    EXPECT_EQ(guard.held(), 2u);
}

TEST_F(GuardCookies, are_one_for_each_node_and_dead_once_answered) {
    Guard guard(whole());
    const fs::Cookie root = guard.root(call)->node;
    const auto link = guard.link(call, find(guard, "secret"), root, name_of("again"));
    ASSERT_TRUE(link);
    const fs::Cookie file = link->node;
    EXPECT_EQ(guard.lookup(call, root, name_of("again"))->node, file);
    EXPECT_EQ(guard.lookup(call, root, name_of("secret"))->node, file);
    ASSERT_TRUE(guard.open(call, file, writing));
    guard.reclaim(file, 3);
    EXPECT_TRUE(guard.getattr(call, file));
    guard.reclaim(file, 1);
    EXPECT_EQ(error_of(guard.getattr(call, file)), stale);
    std::array<std::byte, 4> memory{};
    EXPECT_EQ(error_of(guard.read(call, file, 0, memory)), stale);
    // Found again it has another number: nobody takes one for the other.
    EXPECT_NE(guard.lookup(call, root, name_of("secret"))->node, file);
}

TEST_F(GuardCookies, of_two_guards_have_nothing_to_do_with_each_other) {
    Guard one(whole());
    Guard other(whole(somebody(1000)));
    const fs::Cookie secret = find(one, "outside/secret");
    EXPECT_EQ(error_of(other.getattr(call, secret)), stale);
    EXPECT_TRUE(one.getattr(call, secret));
}

TEST_F(GuardCookies, are_answered_by_the_guards_end) {
    {
        Guard guard(whole());
        const fs::Cookie file = find(guard, "jail/a/b/c");
        const fs::Cookie open = find(guard, "jail/file");
        ASSERT_TRUE(guard.open(call, open, writing));
        ASSERT_TRUE(guard.create(call, file, name_of("fresh"), {}));
        EXPECT_EQ(tree->unmount(call).error(), std::errc::device_or_resource_busy);
    }
    EXPECT_TRUE(tree->unmount(call));
}

TEST_F(GuardCookies, are_as_many_as_a_holder_may_hold) {
    Guard guard(whole(), {.nodes = 3});
    const fs::Cookie root = guard.root(call)->node;
    const fs::Cookie jail = find(guard, "jail");
    ASSERT_TRUE(guard.lookup(call, root, name_of("secret")));
    EXPECT_EQ(error_of(guard.lookup(call, jail, name_of("file"))), std::errc::too_many_files_open);
    EXPECT_TRUE(guard.lookup(call, root, name_of("jail")));
    guard.reclaim(guard.lookup(call, root, name_of("secret"))->node, 2);
    EXPECT_TRUE(guard.lookup(call, jail, name_of("file")));
}

TEST_F(GuardIdentity, is_the_guards_and_not_the_callers) {
    file("private", 0600);
    Guard guard(whole(somebody(1000)));
    const fs::Cookie root = guard.root(call)->node;
    const fs::Cookie secret = find(guard, "private");
    // The call claims to be root's.
    EXPECT_EQ(error_of(guard.open(call, secret, reading)), std::errc::permission_denied);
    EXPECT_EQ(error_of(guard.create(call, root, name_of("x"), {})), std::errc::permission_denied);
    EXPECT_EQ(error_of(guard.setattr(call, secret, {.permissions = 0777})),
              std::errc::operation_not_permitted);
    EXPECT_EQ(error_of(guard.print(call, secret)), std::errc::operation_not_supported);
    // And one that claims to be nobody's gets what the guard's identity may.
    Guard strong(whole());
    const fs::Call nobody{somebody(65534), {}};
    EXPECT_TRUE(strong.open(nobody, find(strong, "private"), writing));
}

TEST_F(GuardIdentity, owns_what_is_made) {
    directory("common", 0777);
    Guard guard(whole(somebody(1000, {50})));
    const fs::Cookie common = find(guard, "common");
    const fs::NewNode claim{.permissions = 0666, .uid = 0, .gid = 0};
    for (const auto& made : {guard.create(call, common, name_of("f"), claim),
                             guard.mkdir(call, common, name_of("d"), claim),
                             guard.symlink(call, common, name_of("l"), claim, "f")}) {
        ASSERT_TRUE(made);
        EXPECT_EQ(made->attributes.uid, 1000u);
        EXPECT_EQ(made->attributes.gid, 1000u);
    }
    EXPECT_EQ(tree->attributes(call, at("common/f"))->permissions, 0644);
    EXPECT_EQ(error_of(guard.mknod(call, common, name_of("n"), claim,
                                   fs::FileType::character_device, {1, 3})),
              std::errc::operation_not_permitted);
}

TEST_F(GuardIdentity, of_root_gives_new_nodes_to_whom_the_holder_names) {
    Guard guard(whole());
    const fs::Cookie root = guard.root(call)->node;
    const auto made =
        guard.create(call, root, name_of("x"), {.permissions = 0600, .uid = 7, .gid = 8});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->attributes.uid, 7u);
    EXPECT_EQ(made->attributes.gid, 8u);
    EXPECT_EQ(made->attributes.birth, made->attributes.change);
}

TEST_F(GuardContent, moves_through_what_was_opened_for_it) {
    Guard guard(whole());
    const fs::Cookie file = find(guard, "secret");
    std::array<std::byte, 4> memory{};
    EXPECT_EQ(error_of(guard.read(call, file, 0, memory)), std::errc::bad_file_descriptor);
    EXPECT_EQ(error_of(guard.write(call, file, 0, four_bytes)), std::errc::bad_file_descriptor);
    ASSERT_TRUE(guard.open(call, file, reading));
    ASSERT_TRUE(guard.open(call, file, reading));
    EXPECT_TRUE(guard.read(call, file, 0, memory));
    EXPECT_EQ(error_of(guard.write(call, file, 0, four_bytes)), std::errc::bad_file_descriptor);
    ASSERT_TRUE(guard.close(call, file, reading));
    EXPECT_TRUE(guard.read(call, file, 0, memory));
    ASSERT_TRUE(guard.close(call, file, reading));
    EXPECT_EQ(error_of(guard.close(call, file, reading)), std::errc::bad_file_descriptor);
    EXPECT_EQ(error_of(guard.read(call, file, 0, memory)), std::errc::bad_file_descriptor);
    ASSERT_TRUE(guard.open(call, file, {.read = false, .write = true}));
    EXPECT_EQ(*guard.write(call, file, 0, four_bytes), 4u);
    EXPECT_EQ(error_of(guard.read(call, file, 0, memory)), std::errc::bad_file_descriptor);
}

TEST_F(GuardContent, of_a_new_file_is_its_makers_whatever_the_permissions) {
    directory("common", 0777);
    Guard guard(whole(somebody(1000)));
    const fs::Cookie file =
        guard.create(call, find(guard, "common"), name_of("f"), {.permissions = 0400})->node;
    ASSERT_TRUE(guard.open(call, file, writing));
    EXPECT_TRUE(guard.write(call, file, 0, four_bytes));
    // Who has it open may cut it; a second time it is a file like others.
    EXPECT_TRUE(guard.setattr(call, file, {.size = 1}));
    EXPECT_EQ(error_of(guard.open(call, file, writing)), std::errc::permission_denied);
    ASSERT_TRUE(guard.close(call, file, writing));
    EXPECT_EQ(error_of(guard.setattr(call, file, {.size = 0})), std::errc::permission_denied);
}

TEST_F(GuardContent, is_copied_between_what_is_open) {
    Guard guard(whole());
    const fs::Cookie from = find(guard, "secret");
    const fs::Cookie to = find(guard, "jail/file");
    ASSERT_TRUE(guard.open(call, from, writing));
    EXPECT_EQ(error_of(guard.copy_range(call, from, 0, to, 0, 4)), std::errc::bad_file_descriptor);
    ASSERT_TRUE(guard.open(call, to, writing));
    ASSERT_TRUE(guard.write(call, from, 0, std::as_bytes(std::span("word", 4))));
    EXPECT_EQ(*guard.copy_range(call, from, 0, to, 2, 4), 4u);
    EXPECT_EQ(error_of(guard.copy_range(call, to, 0, to, 3, 4)), std::errc::invalid_argument);
    EXPECT_EQ(error_of(guard.copy_range(call, to, ~0ULL, to, 3, 4)), std::errc::value_too_large);
    EXPECT_EQ(guard.getattr(call, to)->size, 6u);
}

TEST_F(GuardContent, of_many_threads_is_answered_once) {
    {
        Guard guard(whole());
        std::vector<std::jthread> threads;
        for (unsigned seed = 0; seed < 4; ++seed)
            threads.emplace_back([&, seed] {
                std::mt19937 random(seed);
                const std::array names{name_of("secret"), name_of("jail"), name_of("outside")};
                const fs::Cookie root = guard.root(call)->node;
                for (int i = 0; i < 2000; ++i) {
                    const auto found = guard.lookup(call, root, names.at(random() % 3));
                    if (!found) continue;
                    // Others may answer what this one was given: that is stale then, no more.
                    if (guard.open(call, found->node, reading))
                        (void)guard.close(call, found->node, reading);
                    guard.reclaim(found->node, 1 + random() % 2);
                }
            });
    }
    EXPECT_TRUE(tree->unmount(call));
}

}  // namespace
}  // namespace quire::server
