// SPDX-License-Identifier: MIT
//
// Files that are lent to their sessions: who gets them, and what becomes of what was written there.

#include "quire/memory/page_writer.hpp"
#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using enum std::errc;

class LentSessions : public FileGround {
protected:
    static constexpr std::uint64_t run = paging::run_size;

    /// A client's side of a context.
    struct Writer {
        explicit Writer(ipc::Cap<OpenerContext> its_context) : context(std::move(its_context)) {}

        Result<void> lend(FileObject& file, std::uint64_t position, std::uint64_t least) {
            QUIRE_TRY_ASSIGN(const auto where, file.lend(in_time, position, least, least));
            for (const std::uint32_t number :
                 {where.control_segment, where.head_segment, where.chunk_segment})
                map_segment(number);
            EXPECT_TRUE(writer.set_loan({where.control_segment, where.control_offset},
                                        {where.head_segment, where.head_offset}, where.loan));
            EXPECT_TRUE(writer.set_chunk(position, {where.chunk_segment, where.chunk_offset}));
            return {};
        }
        void map_segment(std::uint32_t number) {
            if (map->has(number)) return;
            const auto segment = context->write_segment(in_time, number);
            ASSERT_TRUE(segment) << segment.error().message();
            ASSERT_TRUE(map->add(number, segment->fd(), segment->size()));
        }
        paging::PageWriter::Outcome put(std::uint64_t position, std::string_view text) {
            auto attempt = writer.write(position, bytes_of(text));
            if (attempt.outcome == paging::PageWriter::Outcome::unmapped) {
                map_segment(attempt.segment);
                attempt = writer.write(position, bytes_of(text));
            }
            return attempt.outcome;
        }

        ipc::Cap<OpenerContext> context;
        std::shared_ptr<paging::MemoryMap> map =
            std::make_shared<paging::MemoryMap>(paging::MemoryMap::For::writing);
        paging::WriteTurn turn;
        paging::PageWriter writer{map, turn};
    };
    using Outcome = paging::PageWriter::Outcome;

    Writer writer() { return Writer(context); }
};

TEST_F(LentSessions, are_those_who_may_read_and_write_it) {
    file("f", "content");
    EXPECT_EQ(code_of(open("f", to_read)->lend(in_time, 0, 1, 1)), bad_file_descriptor);
    EXPECT_EQ(code_of(open("f", to_write | protocols::open_append)->lend(in_time, 0, 1, 1)),
              bad_file_descriptor);
    EXPECT_EQ(code_of(open("f")->lend(in_time, ~std::uint64_t{0}, 1, 1)), operation_not_supported);
    EXPECT_EQ(code_of(open("f")->lend(in_time, 0, ~std::uint64_t{0}, 1)), operation_not_supported);
    const auto nobody = files->opener(
        Authority(tree, {.uid = 1000, .gid = 1000, .groups = {}, .umask = 0, .pid = 0}));
    ASSERT_TRUE(context->set_attributes(
        in_time, "f", true, {.which = protocols::change_permissions, .permissions = 0622}));
    const auto theirs = *nobody->context(in_time);
    const auto blind = theirs->open(in_time, "f", protocols::open_write, 0, 0);
    ASSERT_TRUE(blind);
    EXPECT_EQ(code_of(blind->file->lend(in_time, 0, 1, 1)), permission_denied);
    ASSERT_TRUE(context->set_attributes(
        in_time, "f", true, {.which = protocols::change_permissions, .permissions = 0666}));
    EXPECT_TRUE(blind->file->lend(in_time, 0, 1, 1));
    EXPECT_EQ(code_of(theirs->write_segment(in_time, 99)), no_such_file_or_directory);
}

// A second call comes when it is being asked whether the first one's caller may read.
TEST_F(LentSessions, lend_nothing_before_it_is_known_who_may_read) {
    file("f", "content");
    ASSERT_TRUE(context->set_attributes(
        in_time, "f", true, {.which = protocols::change_permissions, .permissions = 0622}));
    const auto nobody = files->opener(
        Authority(tree, {.uid = 1000, .gid = 1000, .groups = {}, .umask = 0, .pid = 0}));
    const auto theirs = *nobody->context(in_time);
    const auto blind = theirs->open(in_time, "f", protocols::open_write, 0, 0)->file;
    int calls = 0;
    const auto hooked = set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        // Of a loan that has begun: by then the volume is asked only for attributes.
        if (operation == fs::Operation::getattr && ++calls == 2) {
            const auto second = blind->lend(in_time, 0, 1, 1);
            EXPECT_FALSE(second);
        }
        EXPECT_NE(operation, fs::Operation::read);
        return {};
    });
    EXPECT_EQ(code_of(blind->lend(in_time, 0, 1, 1)), permission_denied);
    EXPECT_GT(calls, 1);
}

TEST_F(LentSessions, give_it_back_when_others_come) {
    file("f", "content");
    const auto mine = open("f");
    const auto yours = open("f");
    Writer hand = writer();
    ASSERT_TRUE(hand.lend(*mine, 0, 10));
    EXPECT_EQ(hand.put(0, "C"), Outcome::done);
    EXPECT_EQ(code_of(yours->lend(in_time, 0, 1, 1)), resource_unavailable_try_again);
    EXPECT_EQ(yours->attributes(in_time)->size, 7u);
    EXPECT_EQ(hand.put(7, "!"), Outcome::done);
    EXPECT_EQ(yours->attributes(in_time)->size, 8u);
    EXPECT_EQ(hand.put(0, "K"), Outcome::done);
    EXPECT_EQ(text_of(*yours->read(in_time, 0, 100)), "Kontent!");
    EXPECT_EQ(hand.put(0, "X"), Outcome::ended);
    EXPECT_TRUE(yours->lend(in_time, 0, 1, 1));
    EXPECT_EQ(code_of(mine->lend(in_time, 0, 1, 1)), resource_unavailable_try_again);
    // To oneself as well.
    EXPECT_EQ(text_of(*yours->read(in_time, 0, 100)), "Kontent!");
    EXPECT_TRUE(mine->lend(in_time, 0, 1, 1));
    EXPECT_TRUE(mine->settle(in_time));
    EXPECT_TRUE(yours->lend(in_time, 0, 1, 1));
}

TEST_F(LentSessions, are_told_when_there_is_no_space) {
    file("f", "content");
    const auto mine = open("f");
    EXPECT_EQ(code_of(mine->lend(in_time, 10 * MiB, 1, 1)), operation_not_supported);
    ASSERT_TRUE(mine->set_attributes(in_time, {.which = protocols::change_size, .size = 4 * MiB}));
    EXPECT_EQ(code_of(mine->lend(in_time, MiB, 1, 1)), operation_not_supported) << "a hole";
    const auto hooked = set_hook([](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::fallocate) return fail(no_space_on_device);
        return {};
    });
    const auto other = open("g");
    EXPECT_EQ(code_of(other->lend(in_time, 0, 1, 1)), no_space_on_device);
    EXPECT_TRUE(other->write(in_time, 0, bytes_of("by message")));
}

TEST_F(LentSessions, write_back_with_the_end_of_the_session_and_of_the_client) {
    file("f", std::string(2 * run, '.'));
    Writer hand = writer();
    auto mine = open("f");
    ASSERT_TRUE(hand.lend(*mine, 0, 10));
    EXPECT_EQ(hand.put(5, "session"), Outcome::done);
    mine = {};
    EXPECT_EQ(content("f").substr(0, 14), ".....session..");
}

TEST_F(LentSessions, write_back_after_a_while) {
    files = std::make_unique<FileServer>(
        tree, FileServerOptions{
                  .pages = *paging::PagePool::create({.budget = paging::PagePool::least_budget}),
                  .age = std::chrono::milliseconds(20)});
    opener = files->opener(Authority(tree, fs::Credentials::root()));
    context = *opener->context(in_time);
    file("f", "content");
    Writer hand = writer();
    const auto mine = open("f");
    ASSERT_TRUE(hand.lend(*mine, 0, 10));
    std::atomic<int> writes = 0;
    const auto hooked = set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::write) ++writes;
        return {};
    });
    for (int i = 1; i < 4; ++i) {
        EXPECT_EQ(hand.put(0, "C"), Outcome::done);
        while (writes < i) std::this_thread::yield();
    }
}

// A device that fails when what was written is written back: who flushes or settles hears of it, each
// writer once; who only reads does not.
TEST_F(LentSessions, hear_of_errors_of_what_was_accepted) {
    file("f", "content");
    const auto mine = open("f");
    const auto yours = open("f");
    const auto reader = open("f", to_read);
    Writer hand = writer();
    ASSERT_TRUE(hand.lend(*mine, 0, 10));
    EXPECT_EQ(hand.put(0, "C"), Outcome::done);
    std::atomic<bool> broken = true;
    const auto hooked = set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::write && broken) return fail(io_error);
        return {};
    });
    EXPECT_EQ(code_of(mine->flush(in_time, 0)), io_error);
    broken = false;
    EXPECT_TRUE(mine->flush(in_time, 0)) << "it was tried again";
    EXPECT_EQ(code_of(yours->flush(in_time, 0)), io_error);
    EXPECT_TRUE(yours->flush(in_time, 0));
    EXPECT_EQ(text_of(*reader->read(in_time, 0, 100)), "Content");
    ASSERT_TRUE(hand.lend(*mine, 0, 10));
    EXPECT_EQ(hand.put(0, "X"), Outcome::done);
    broken = true;
    EXPECT_EQ(code_of(mine->settle(in_time)), io_error);
    EXPECT_TRUE(mine->settle(in_time));
    EXPECT_EQ(code_of(yours->settle(in_time)), io_error);
    EXPECT_TRUE(reader->flush(in_time, 0));
}

}  // namespace
}  // namespace quire::server
