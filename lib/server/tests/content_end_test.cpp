// SPDX-License-Identifier: MIT
//
// Sessions on one file that move its end, or write there, while another one is in the middle of
// moving it.

#include <atomic>
#include <functional>
#include <thread>

#include "tests/kit/file_ground.hpp"
#include "tests/kit/guard_ground.hpp"

namespace quire::server {
namespace {

class EndOfContent : public FileGround {
protected:
    EndOfContent() {
        file("file", "0123456789");
        const auto node = *tree->walk(as_owner, *Path::parse("file"));
        probe = *tree->open(as_owner, node, {});
        appender = open("file", to_write | protocols::open_append);
        other = open("file", to_write);
    }
    void TearDown() override {
        probe.reset();
        appender = {};
        other = {};
        FileGround::TearDown();
    }

    /// When `work` is about to do `operation`, `others` begins, and ends before, or waits for
    /// `work` to end.
    void in_the_middle_of(fs::Operation operation, const std::function<void()>& work,
                          const std::function<void()>& others) {
        std::jthread thread;
        std::atomic<bool> done = false;
        std::atomic<bool> begun = false;
        {
            const auto hooked = set_hook([&](fs::Operation now, fs::Cookie) -> Result<void> {
                if (now != operation || begun.exchange(true)) return {};
                thread = std::jthread([&] {
                    others();
                    done = true;
                });
                while (!done && probe->waiting() == 0) std::this_thread::yield();
                return {};
            });
            work();
            if (thread.joinable()) thread.join();
        }
        EXPECT_TRUE(begun);
    }
    static protocols::AttributeChanges size(std::uint64_t value) {
        protocols::AttributeChanges changes;
        changes.which = protocols::change_size;
        changes.size = value;
        return changes;
    }

    const fs::Call as_owner = fs::Call::as_root();
    std::shared_ptr<fs::OpenFile> probe;
    ipc::Cap<FileObject> appender;
    ipc::Cap<FileObject> other;
};

TEST_F(EndOfContent, is_where_it_was_found_though_another_session_cuts_the_file) {
    in_the_middle_of(
        fs::Operation::write,
        [&] { EXPECT_EQ(appender->write(in_time, 0, bytes_of("ab"))->position_after, 12U); },
        [&] { EXPECT_TRUE(other->set_attributes(in_time, size(0))); });
    EXPECT_EQ(content("file"), "");
}

TEST_F(EndOfContent, is_where_it_was_found_though_the_file_is_cut_by_its_path) {
    in_the_middle_of(
        fs::Operation::write, [&] { EXPECT_TRUE(appender->write(in_time, 0, bytes_of("ab"))); },
        [&] { EXPECT_TRUE(context->set_attributes(in_time, "file", true, size(0))); });
    EXPECT_EQ(content("file"), "");
}

TEST_F(EndOfContent, is_where_it_was_found_though_somebody_opens_the_file_to_cut_it) {
    in_the_middle_of(
        fs::Operation::write, [&] { EXPECT_TRUE(appender->write(in_time, 0, bytes_of("ab"))); },
        [&] { EXPECT_EQ(open_error("file", to_write | protocols::open_truncate), std::errc()); });
    EXPECT_EQ(content("file"), "");
}

TEST_F(EndOfContent, keeps_what_another_session_has_written_there) {
    in_the_middle_of(
        fs::Operation::write, [&] { EXPECT_TRUE(appender->write(in_time, 0, bytes_of("ab"))); },
        [&] { EXPECT_TRUE(other->write(in_time, 10, bytes_of("XYZ"))); });
    EXPECT_EQ(content("file"), "0123456789XYZ");
}

TEST_F(EndOfContent, keeps_what_the_holder_of_a_guard_has_written_there) {
    Guard guard(Authority(tree, fs::Credentials::root()));
    const fs::Cookie root = guard.root(as_owner)->node;
    const fs::Cookie node = guard.lookup(as_owner, root, *Name::parse("file"))->node;
    ASSERT_TRUE(guard.open(as_owner, node, {.read = true, .write = true}));
    in_the_middle_of(
        fs::Operation::write, [&] { EXPECT_TRUE(appender->write(in_time, 0, bytes_of("ab"))); },
        [&] { EXPECT_TRUE(guard.write(as_owner, node, 10, bytes_of("XYZ"))); });
    EXPECT_EQ(content("file"), "0123456789XYZ");
}

TEST_F(EndOfContent, that_a_flush_moves_cuts_nothing_off) {
    in_the_middle_of(
        fs::Operation::setattr, [&] { EXPECT_TRUE(other->flush(in_time, 12)); },
        [&] { EXPECT_TRUE(appender->write(in_time, 0, bytes_of("abcdef"))); });
    EXPECT_EQ(content("file"), std::string("0123456789\0\0abcdef", 18));
}

TEST_F(EndOfContent, is_moved_by_a_flush_only_outwards) {
    EXPECT_EQ(other->flush(in_time, 5).value_or(0), 10U);
    EXPECT_EQ(other->flush(in_time, 11).value_or(0), 11U);
    const auto reader = open("file", to_read);
    EXPECT_EQ(code_of(reader->flush(in_time, 12)), std::errc::bad_file_descriptor);
    EXPECT_EQ(reader->flush(in_time, 0).value_or(0), 11U);
}

}  // namespace
}  // namespace quire::server
