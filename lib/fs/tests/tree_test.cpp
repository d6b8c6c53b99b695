// SPDX-License-Identifier: MIT
//
// What the framework promises to a volume (counts of lookups, the thread model) and what it does
// with one that leaves nearly everything out. The rules that all volumes share are in
// testing/conformance.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <limits>
#include <set>
#include <thread>

#include "quire/base/units.hpp"
#include "quire/block/source_device.hpp"
#include "quire/fs/file_source.hpp"
#include "quire/testing/computed_volume.hpp"
#include "quire/testing/gate.hpp"

namespace quire::fs {
namespace {

using testing::ComputedVolume;
using testing::Gate;

const Call as_root = Call::as_root();

Name name(std::string_view text) {
    return *Name::parse(text);
}

NodeReference find(const std::shared_ptr<Tree>& tree, std::string_view path) {
    auto node = tree->walk(as_root, *Path::parse(path));
    EXPECT_TRUE(node) << path << ": " << node.error().message();
    return node ? *node : nullptr;
}

std::uint64_t number_at(OpenFile& file, std::uint64_t offset) {
    std::uint64_t number = 0;
    const auto got = file.read(as_root, offset, std::as_writable_bytes(std::span(&number, 1)));
    EXPECT_TRUE(got && *got == sizeof number);
    return number;
}

std::vector<std::jthread> start(int count, const std::function<void(int)>& work) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(work, i);
    return threads;
}

TEST(ComputedContent, of_any_size_is_read_where_it_is_asked_for) {
    constexpr std::uint64_t huge = std::numeric_limits<std::int64_t>::max() - 7;
    const auto volume = std::make_shared<ComputedVolume>(
        std::vector<ComputedVolume::File>{{"a/b/huge", huge, ComputedVolume::offsets()}});
    const auto tree = *Tree::open(volume);
    const auto file = *tree->open(as_root, find(tree, "/a/b/huge"), {});
    for (const std::uint64_t offset : {std::uint64_t{0}, 15 * TiB, huge - 8})
        EXPECT_EQ(number_at(*file, offset), offset);
    std::array<std::byte, 16> memory{};
    EXPECT_EQ(*file->read(as_root, huge - 3, memory), 3u);
    EXPECT_EQ(*file->read(as_root, huge, memory), 0u);
}

TEST(ComputedContent, that_fails_is_the_readers_error) {
    const auto tree = *Tree::open(std::make_shared<ComputedVolume>(
        std::vector<ComputedVolume::File>{{"bad", 100, [](auto, auto) {
                                               return fail(std::errc::io_error, "a computed fault");
                                           }}}));
    const auto file = *tree->open(as_root, find(tree, "/bad"), {});
    std::array<std::byte, 16> memory{};
    const auto got = file->read(as_root, 0, memory);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error(), std::errc::io_error);
}

TEST(ComputedContent, carries_a_device_of_sixteen_tebibytes) {
    const auto tree = *Tree::open(std::make_shared<ComputedVolume>(
        std::vector<ComputedVolume::File>{{"disk", 16 * TiB, ComputedVolume::offsets()}}));
    const auto file = *tree->open(as_root, find(tree, "/disk"), {});
    const auto device =
        *block::SourceDevice::open(std::make_shared<FileSource>(file, as_root, "disk"));
    EXPECT_EQ(device->geometry().size, 16 * TiB);
    std::uint64_t number = 0;
    ASSERT_TRUE(device->read(16 * TiB - 8, std::as_writable_bytes(std::span(&number, 1))));
    EXPECT_EQ(number, 16 * TiB - 8);
    EXPECT_EQ(device->write(0, std::as_bytes(std::span(&number, 1))).error(),
              std::errc::read_only_file_system);
}

class Small : public ::testing::Test {
protected:
    const std::shared_ptr<ComputedVolume> volume =
        std::make_shared<ComputedVolume>(std::vector<ComputedVolume::File>{
            {"d/file", 4096, ComputedVolume::offsets()}, {"top", 8, ComputedVolume::offsets()}});
    const std::shared_ptr<Tree> tree = *Tree::open(volume);
};

TEST_F(Small, volume_that_leaves_changes_out_is_read_only) {
    const NodeReference root = tree->root();
    const NodeReference file = find(tree, "/top");
    using enum std::errc;
    const auto code = [](const auto& result) {
        return result ? std::errc{} : static_cast<std::errc>(result.error().code());
    };
    EXPECT_EQ(code(tree->create(as_root, root, name("x"), 0644)), read_only_file_system);
    EXPECT_EQ(code(tree->make_directory(as_root, root, name("x"), 0755)), read_only_file_system);
    EXPECT_EQ(code(tree->make_symlink(as_root, root, name("x"), "top")), read_only_file_system);
    EXPECT_EQ(code(tree->make_node(as_root, root, name("x"), 0644, FileType::fifo, {})),
              read_only_file_system);
    EXPECT_EQ(code(tree->link(as_root, file, root, name("x"))), read_only_file_system);
    EXPECT_EQ(code(tree->remove(as_root, root, name("top"))), read_only_file_system);
    EXPECT_EQ(code(tree->remove_directory(as_root, root, name("d"))), read_only_file_system);
    EXPECT_EQ(code(tree->rename(as_root, root, name("top"), root, name("x"))),
              read_only_file_system);
    EXPECT_EQ(code(tree->set_attributes(as_root, file, {.permissions = 0600})),
              read_only_file_system);
    EXPECT_EQ(code(tree->open(as_root, file, {.read = true, .write = true})),
              read_only_file_system);
}

TEST_F(Small, volume_that_leaves_attributes_out_has_none) {
    const NodeReference file = find(tree, "/top");
    EXPECT_EQ(tree->get_attribute(as_root, file, "user.x").error(),
              std::errc::operation_not_supported);
    EXPECT_EQ(tree->set_attribute(as_root, file, "user.x", {}).error(),
              std::errc::operation_not_supported);
    EXPECT_THAT(*tree->list_attributes(as_root, file), ::testing::IsEmpty());
}

TEST_F(Small, a_symbolic_link_is_asked_of_nothing_else) {
    EXPECT_EQ(tree->read_link(as_root, find(tree, "/top")).error(), std::errc::invalid_argument);
}

TEST_F(Small, a_file_without_holes_is_one_run_of_data) {
    const auto file = *tree->open(as_root, find(tree, "/d/file"), {});
    EXPECT_EQ(*file->seek(as_root, 17, SeekTo::data), 17u);
    EXPECT_EQ(*file->seek(as_root, 17, SeekTo::hole), 4096u);
    EXPECT_EQ(file->seek(as_root, 4096, SeekTo::data).error(),
              std::errc::no_such_device_or_address);
}

TEST_F(Small, lookups_are_answered_when_the_last_holder_lets_go) {
    EXPECT_EQ(volume->lookups_owed(), 1u);  // the root's
    NodeReference first = find(tree, "/d/file");
    NodeReference second = find(tree, "/d/../d/file");
    EXPECT_EQ(first, second);
    first.reset();
    EXPECT_GT(volume->lookups_owed(), 1u);
    second.reset();
    EXPECT_EQ(volume->lookups_owed(), 1u);
    ASSERT_TRUE(tree->unmount(as_root));
    EXPECT_EQ(volume->lookups_owed(), 0u);
}

TEST_F(Small, unmounting_waits_for_nobody_and_says_so) {
    NodeReference held = find(tree, "/top");
    EXPECT_EQ(tree->unmount(as_root).error(), std::errc::device_or_resource_busy);
    held.reset();
    EXPECT_TRUE(tree->unmount(as_root));
}

TEST_F(Small, a_tree_that_is_dropped_answers_its_root) {
    const auto other = std::make_shared<ComputedVolume>(std::vector<ComputedVolume::File>{});
    {
        const auto dropped = *Tree::open(other);
    }
    EXPECT_EQ(other->lookups_owed(), 0u);
}

// Threads find and drop the same nodes, so that dying and newly found ones overlap.
TEST(Lookups, of_many_threads_are_all_answered) {
    for (const ThreadModel model :
         {ThreadModel::serial, ThreadModel::per_node, ThreadModel::parallel}) {
        const auto volume = std::make_shared<ComputedVolume>(
            std::vector<ComputedVolume::File>{{"d/x", 8, ComputedVolume::offsets()},
                                              {"d/y", 8, ComputedVolume::offsets()}},
            model);
        const auto tree = *Tree::open(volume);
        start(4, [&](int thread) {
            for (int i = 0; i < 2000; ++i)
                EXPECT_NE(find(tree, (i + thread) % 2 == 0 ? "/d/x" : "/d/y"), nullptr);
        });
        EXPECT_EQ(volume->lookups_owed(), 1u);
        EXPECT_FALSE(volume->model_broken());
    }
}

class Models : public ::testing::Test {
protected:
    // Two files whose readers stand at the gate, two that are read freely.
    std::shared_ptr<ComputedVolume> volume(ThreadModel model) {
        const auto wait = [this](std::uint64_t, std::span<std::byte>) -> Result<void> {
            gate.pass();
            return {};
        };
        return std::make_shared<ComputedVolume>(
            std::vector<ComputedVolume::File>{{"one", 8, wait},
                                              {"two", 8, wait},
                                              {"free", 1 * MiB, ComputedVolume::offsets()},
                                              {"open", 1 * MiB, ComputedVolume::offsets()}},
            model);
    }
    static void read(const std::shared_ptr<Tree>& tree, std::string_view path) {
        const auto file = *tree->open(as_root, find(tree, path), {});
        std::array<std::byte, 8> memory{};
        EXPECT_TRUE(file->read(as_root, 0, memory));
    }
    // Reads, looks up and lists from four threads at once.
    static void crowd(const std::shared_ptr<Tree>& tree) {
        start(4, [&](int thread) {
            for (int i = 0; i < 500; ++i) {
                read(tree, (thread + i) % 2 == 0 ? "/free" : "/open");
                std::size_t names = 0;
                EXPECT_TRUE(tree->list(as_root, tree->root(), 0, WithAttributes::yes,
                                       [&](const DirectoryEntry&) { return ++names > 0; }));
                EXPECT_EQ(names, 4u);
            }
        });
    }

    Gate gate;
};

TEST_F(Models, a_serial_volume_is_called_one_call_at_a_time) {
    const auto serial = volume(ThreadModel::serial);
    crowd(*Tree::open(serial));
    EXPECT_FALSE(serial->model_broken());
}

TEST_F(Models, calls_on_different_nodes_of_a_per_node_volume_run_at_once) {
    const auto per_node = volume(ThreadModel::per_node);
    const auto tree = *Tree::open(per_node);
    crowd(tree);
    // Opened before: a walk looks names up, and that waits for every node.
    const std::array files{*tree->open(as_root, find(tree, "/one"), {}),
                           *tree->open(as_root, find(tree, "/two"), {})};
    auto threads = start(2, [&](int thread) {
        std::array<std::byte, 8> memory{};
        EXPECT_TRUE(files.at(static_cast<std::size_t>(thread))->read(as_root, 0, memory));
    });
    gate.wait_for(2);
    gate.open();
    threads.clear();
    EXPECT_FALSE(per_node->model_broken());
}

TEST_F(Models, any_calls_on_a_parallel_volume_run_at_once) {
    const auto tree = *Tree::open(volume(ThreadModel::parallel));
    auto threads = start(3, [&](int) { read(tree, "/one"); });
    gate.wait_for(3);
    gate.open();
}

// A sink may ask the tree about what it is given.
TEST(Listing, of_a_serial_volume_may_call_back) {
    std::vector<ComputedVolume::File> files;
    for (int i = 0; i < 600; ++i)
        files.push_back({"f" + std::to_string(i), 8, ComputedVolume::offsets()});
    const auto tree =
        *Tree::open(std::make_shared<ComputedVolume>(std::move(files), ThreadModel::serial));
    std::set<std::string> seen;
    ASSERT_TRUE(
        tree->list(as_root, tree->root(), 0, WithAttributes::no, [&](const DirectoryEntry& entry) {
            EXPECT_TRUE(tree->lookup(as_root, tree->root(), name(entry.name)));
            EXPECT_TRUE(seen.emplace(entry.name).second);
            return true;
        }));
    EXPECT_EQ(seen.size(), 600u);
}

}  // namespace
}  // namespace quire::fs
