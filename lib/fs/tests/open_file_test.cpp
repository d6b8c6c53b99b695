// SPDX-License-Identifier: MIT
//
// One open file, several users: where an end was found is where it is, and locks on whole files.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "quire/fs/tree.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::fs {
namespace {

const Call as_superuser = Call::as_root();
constexpr OpenMode both_ways{.read = true, .write = true};

std::span<const std::byte> raw(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// A file in memory. What the volume is about to do passes `before`.
class OneFile : public ::testing::Test {
protected:
    OneFile() {
        const auto hook = [this](Operation operation, Cookie) -> Result<void> {
            if (before) before(operation);
            return {};
        };
        tree = *Tree::open(std::make_shared<testing::HookedVolume>(
            *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()}), hook));
        file =
            *tree->create_open(as_superuser, tree->root(), *Name::parse("file"), 0644, both_ways);
        same = *tree->open(as_superuser, file->node(), both_ways);
        EXPECT_TRUE(file->write_all(as_superuser, 0, raw("0123456789")));
    }

    /// While `operation` of `work` is about to happen, `others` begins in another thread, and either
    /// ends before it happens or waits for `work` to end. Answers whether it has ended before.
    bool in_the_middle(Operation operation, const std::function<void()>& work,
                       const std::function<void()>& others) {
        std::jthread other;
        std::atomic<bool> done = false;
        bool begun = false;
        bool ended_before = false;
        before = [&](Operation now) {
            if (now != operation || begun) return;
            begun = true;
            other = std::jthread([&] {
                others();
                done = true;
            });
            while (!done && file->waiting() == 0) std::this_thread::yield();
            ended_before = done;
        };
        work();
        EXPECT_TRUE(begun);
        if (other.joinable()) other.join();
        before = nullptr;
        return ended_before;
    }
    void append(std::string_view text) {
        auto end = file->append(as_superuser);
        ASSERT_TRUE(end);
        ASSERT_TRUE(end->write_all(as_superuser, raw(text)));
    }
    std::string content() {
        std::string text(1000, '\0');
        text.resize(
            file->read(as_superuser, 0, std::as_writable_bytes(std::span(text))).value_or(0));
        return text;
    }

    std::function<void(Operation)> before;
    std::shared_ptr<Tree> tree;
    std::shared_ptr<OpenFile> file;
    std::shared_ptr<OpenFile> same;
};

TEST_F(OneFile, that_is_cut_while_something_is_appended_has_no_hole) {
    in_the_middle(
        Operation::write, [&] { append("ab"); },
        [&] { EXPECT_TRUE(same->resize(as_superuser, 0)); });
    EXPECT_EQ(content(), "");
}

TEST_F(OneFile, that_is_cut_by_its_name_while_something_is_appended_has_no_hole) {
    in_the_middle(
        Operation::write, [&] { append("ab"); },
        [&] {
            AttributeChanges changes;
            changes.size = 0;
            EXPECT_TRUE(tree->set_attributes(as_superuser, same->node(), changes));
        });
    EXPECT_EQ(content(), "");
}

TEST_F(OneFile, keeps_what_was_written_at_its_end_while_something_is_appended) {
    // Whoever writes at the end of before is first or second; neither loses all that it wrote.
    in_the_middle(
        Operation::write, [&] { append("ab"); },
        [&] { EXPECT_TRUE(same->write_all(as_superuser, 10, raw("XY"))); });
    EXPECT_EQ(content(), "0123456789XY");
}

TEST_F(OneFile, that_grows_loses_nothing_that_is_written_meanwhile) {
    in_the_middle(
        Operation::setattr, [&] { EXPECT_TRUE(file->grow(as_superuser, 12).value_or(false)); },
        [&] { EXPECT_TRUE(same->write_all(as_superuser, 10, raw("abcdef"))); });
    EXPECT_EQ(content(), "0123456789abcdef");
    EXPECT_FALSE(file->grow(as_superuser, 12).value_or(true));
    EXPECT_EQ(content().size(), 16U);
}

TEST_F(OneFile, is_written_at_positions_by_several_at_once) {
    // One who stops in the middle of a write keeps no other one from writing.
    EXPECT_TRUE(in_the_middle(
        Operation::write, [&] { EXPECT_TRUE(file->write_all(as_superuser, 0, raw("a"))); },
        [&] { EXPECT_TRUE(same->write_all(as_superuser, 9, raw("b"))); }));
    EXPECT_EQ(content(), "a12345678b");
    EXPECT_EQ(file->waiting(), 0U);
}

TEST_F(OneFile, lets_who_appends_go_before_writes_that_come_later) {
    std::jthread appender;
    std::jthread writer;
    std::atomic<int> ended = 0;
    bool stopped = false;
    before = [&](Operation operation) {
        if (operation != Operation::write || stopped) return;
        stopped = true;
        const auto wait_for = [&](std::size_t threads) {
            while (file->waiting() < threads && ended == 0) std::this_thread::yield();
        };
        // Both wait: one for the write that is in progress, the other for the one before it.
        appender = std::jthread([&] {
            append("ab");
            ++ended;
        });
        wait_for(1);
        writer = std::jthread([&] {
            EXPECT_TRUE(same->write_all(as_superuser, 10, raw("X")));
            ++ended;
        });
        wait_for(2);
    };
    EXPECT_TRUE(file->write_all(as_superuser, 0, raw("_")));
    appender.join();
    writer.join();
    EXPECT_EQ(content(), "_123456789Xb");
}

using Kind = AdvisoryLock::Kind;

std::errc lock_error(OpenFile& file, Kind kind) {
    const auto lock = file.lock(as_superuser, kind);
    return lock ? std::errc() : lock.error().code();
}

TEST_F(OneFile, has_one_exclusive_lock_or_many_shared_ones) {
    const auto busy = std::errc::device_or_resource_busy;
    {
        const auto one = file->lock(as_superuser, Kind::exclusive);
        ASSERT_TRUE(one);
        EXPECT_EQ(lock_error(*file, Kind::exclusive), busy);
        EXPECT_EQ(lock_error(*same, Kind::exclusive), busy);
        EXPECT_EQ(lock_error(*same, Kind::shared), busy);
    }
    const auto reader = file->lock(as_superuser, Kind::shared);
    EXPECT_TRUE(reader);
    EXPECT_TRUE(same->lock(as_superuser, Kind::shared));
    EXPECT_EQ(lock_error(*same, Kind::exclusive), busy);
}

TEST_F(OneFile, is_locked_only_by_who_could_do_that_to_it) {
    const auto reader = *tree->open(as_superuser, file->node(), {.read = true, .write = false});
    EXPECT_EQ(lock_error(*reader, Kind::exclusive), std::errc::bad_file_descriptor);
    EXPECT_EQ(lock_error(*reader, Kind::shared), std::errc());
    const auto writer = *tree->open(as_superuser, file->node(), {.read = false, .write = true});
    EXPECT_EQ(lock_error(*writer, Kind::shared), std::errc::bad_file_descriptor);
    EXPECT_EQ(lock_error(*writer, Kind::exclusive), std::errc());
}

TEST_F(OneFile, lock_becomes_another_kind_when_nobody_is_against_it) {
    const auto mine = *file->lock(as_superuser, Kind::shared);
    auto theirs = *same->lock(as_superuser, Kind::shared);
    EXPECT_FALSE(mine->become(as_superuser, Kind::exclusive));
    EXPECT_EQ(lock_error(*same, Kind::shared), std::errc());
    theirs.reset();
    EXPECT_TRUE(mine->become(as_superuser, Kind::exclusive));
    EXPECT_EQ(lock_error(*same, Kind::shared), std::errc::device_or_resource_busy);
    EXPECT_TRUE(mine->become(as_superuser, Kind::unlock));
    EXPECT_EQ(lock_error(*same, Kind::exclusive), std::errc());
}

TEST_F(OneFile, stays_locked_when_it_is_no_longer_open) {
    const auto lock = *file->lock(as_superuser, Kind::exclusive);
    const NodeReference node = file->node();
    file.reset();
    same.reset();
    const auto again = *tree->open(as_superuser, node, both_ways);
    EXPECT_EQ(lock_error(*again, Kind::shared), std::errc::device_or_resource_busy);
}

}  // namespace
}  // namespace quire::fs
