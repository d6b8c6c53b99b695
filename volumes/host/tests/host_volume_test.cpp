// SPDX-License-Identifier: MIT

// What only this volume has: walls. Everything else is in the conformance suite.

#include "quire/volumes/host/host_volume.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "quire/fs/tree.hpp"

namespace quire::host {
namespace {

namespace stdfs = std::filesystem;

class Host : public ::testing::Test {
protected:
    Host() {
        std::string pattern = (stdfs::temp_directory_path() / "quire-host-XXXXXX").string();
        top_ = ::mkdtemp(pattern.data());
        stdfs::create_directories(top_ / "inside/a/b");
        stdfs::create_directories(top_ / "outside");
        std::ofstream(top_ / "outside/secret") << "secret";
        std::ofstream(top_ / "inside/file") << "content";
        tree_ = *fs::Tree::open(*HostVolume::open((top_ / "inside").string()));
    }
    ~Host() override {
        tree_.reset();
        stdfs::remove_all(top_);
    }
    auto walk(std::string_view path) { return tree_->walk(call_, *Path::parse(path)); }

    stdfs::path top_;
    fs::Call call_ = fs::Call::as_root();
    std::shared_ptr<fs::Tree> tree_;
};

TEST_F(Host, steps_up_end_at_the_root) {
    const auto up = walk("/../../..");
    ASSERT_TRUE(up);
    EXPECT_EQ((*up)->handle(), tree_->root()->handle());
    EXPECT_TRUE(walk("/../a/../../file"));
    EXPECT_EQ(walk("/../outside").error(), std::errc::no_such_file_or_directory);
}

TEST_F(Host, symbolic_links_are_resolved_inside) {
    stdfs::create_symlink(top_ / "outside/secret", top_ / "inside/absolute");
    stdfs::create_symlink("../../outside/secret", top_ / "inside/relative");
    stdfs::create_symlink("/file", top_ / "inside/rooted");
    stdfs::create_symlink("/proc/self/root", top_ / "inside/magic");
    EXPECT_EQ(walk("/absolute").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(walk("/relative").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(walk("/magic").error(), std::errc::no_such_file_or_directory);
    EXPECT_TRUE(walk("/rooted"));
}

TEST_F(Host, a_directory_moved_out_has_no_way_up) {
    const auto held = walk("/a/b");
    ASSERT_TRUE(held);
    stdfs::rename(top_ / "inside/a/b", top_ / "outside/b");
    EXPECT_EQ(tree_->parent(call_, *held).error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(tree_->walk(call_, *held, *Path::parse("../secret"), fs::Follow::yes).error(),
              std::errc::no_such_file_or_directory);
}

TEST_F(Host, what_was_looked_up_is_what_is_read) {
    const auto held = walk("/file");
    ASSERT_TRUE(held);
    stdfs::remove(top_ / "inside/file");
    stdfs::create_symlink(top_ / "outside/secret", top_ / "inside/file");
    const auto file = tree_->open(call_, *held, {.read = true, .write = false});
    ASSERT_TRUE(file);
    std::array<std::byte, 16> bytes{};
    ASSERT_EQ((*file)->read(call_, 0, bytes), 7u);
    EXPECT_EQ(std::memcmp(bytes.data(), "content", 7), 0);
}

TEST_F(Host, read_only_changes_nothing) {
    const auto closed =
        *fs::Tree::open(*HostVolume::open((top_ / "inside").string(), {.read_only = true}));
    const Name name = *Name::parse("new");
    EXPECT_EQ(closed->create(call_, closed->root(), name, 0644).error(),
              std::errc::read_only_file_system);
    EXPECT_EQ(closed->remove(call_, closed->root(), *Name::parse("file")).error(),
              std::errc::read_only_file_system);
    EXPECT_FALSE(stdfs::exists(top_ / "inside/new"));
    EXPECT_TRUE(stdfs::exists(top_ / "inside/file"));
}

TEST_F(Host, two_names_of_one_inode_are_one_node) {
    stdfs::create_hard_link(top_ / "inside/file", top_ / "inside/again");
    EXPECT_EQ(*walk("/file"), *walk("/again"));
    EXPECT_NE(*walk("/file"), *walk("/a"));
}

TEST_F(Host, descriptors_end_with_their_nodes) {
    const auto open_now = [] {
        return std::distance(stdfs::directory_iterator("/proc/self/fd"), {});
    };
    const auto before = open_now();
    for (int i = 0; i < 100; ++i) {
        const auto node = walk("/file");
        ASSERT_TRUE(tree_->open(call_, *node, {.read = true, .write = true}));
    }
    EXPECT_EQ(open_now(), before);
}

TEST_F(Host, missing_or_not_a_directory_is_refused) {
    EXPECT_EQ(HostVolume::open((top_ / "none").string()).error(),
              std::errc::no_such_file_or_directory);
    EXPECT_EQ(HostVolume::open((top_ / "inside/file").string()).error(),
              std::errc::not_a_directory);
}

}  // namespace
}  // namespace quire::host
