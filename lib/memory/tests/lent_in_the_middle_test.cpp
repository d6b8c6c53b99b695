// SPDX-License-Identifier: MIT

// A client that is in the middle of a write while its loans end, its memory is wanted for others, and
// files are lent to it anew: as one whose call has timed out, and who goes on.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "lent_kit.hpp"
#include "write_steps.hpp"

namespace quire::paging {
namespace {

class LentInTheMiddle : public LentInLittleMemory {
protected:
    LentInTheMiddle() { EXPECT_EQ(*holder->write(run_size - 1, "."), LentOutcome::done); }

    template <typename T>
    T& at(Place place) const {
        return *reinterpret_cast<T*>(map->room(place, sizeof(T)).data());
    }
    std::byte* run_of_entry(std::uint64_t entry) const {
        const std::uint32_t run = run_of(entry);
        const auto offset = static_cast<std::uint32_t>(run % runs_in_segment * run_size);
        return map->room({run / runs_in_segment, offset}, run_size).data();
    }
    /// As PageWriter does it, as far as the copy.
    std::byte* begin() {
        begin_storing(control, turn.number);
        EXPECT_TRUE(has(head, where.loan));
        const std::uint64_t entry = look(pair);
        EXPECT_TRUE(is_valid(entry));
        return run_of_entry(entry);
    }
    /// And the rest; whether it counts.
    bool end() {
        mark(pair, 1);
        const bool lost = was_lost(head, where.loan);
        end_storing(control, turn.number);
        return !lost;
    }

    LentFile file{std::string(run_size, 'a')};
    std::unique_ptr<Holder> holder = std::make_unique<Holder>(*this, file);
    const LentPages::Where where = (void(holder->bring_in(0, run_size)), holder->where);
    WriteControl& control = at<WriteControl>(where.control);
    LoanHead& head = at<LoanHead>(where.head);
    LoanPair& pair = at<LoanPair>(where.chunk);
};

TEST_F(LentInTheMiddle, keeps_the_run_that_others_want) {
    std::byte* const run = begin();
    LentFile other(std::string(8 * MiB, 'b'));
    Holder another(*this, other);
    for (std::uint64_t position = 0; position < 8 * MiB; position += run_size)
        (void)another.pages->bring_in(position, 1, 1);
    std::memcpy(run, "NEW", 3);
    EXPECT_TRUE(end());
    EXPECT_TRUE(holder->pages->revoke());
    EXPECT_EQ(file.content().substr(0, 4), "NEWa");
    EXPECT_TRUE(another.pages->revoke());
    EXPECT_EQ(other.content(), std::string(8 * MiB, 'b'));
}

TEST_F(LentInTheMiddle, finds_no_other_file_where_its_own_was) {
    begin_storing(control, turn.number);
    ASSERT_TRUE(has(head, where.loan));
    EXPECT_TRUE(holder->pages->revoke());
    holder.reset();
    LentFile other(std::string(run_size, 'b'));
    Holder another(*this, other);
    ASSERT_EQ(*another.read(0, 1), "b");
    if (const std::uint64_t entry = look(pair); is_valid(entry))
        std::memcpy(run_of_entry(entry), "XXX", 3);
    EXPECT_FALSE(end());
    EXPECT_TRUE(another.pages->revoke());
    EXPECT_EQ(other.content(), std::string(run_size, 'b'));
}

TEST_F(LentInTheMiddle, is_told_of_a_loss_whatever_is_lent_since) {
    std::memcpy(begin(), "NEW", 3);
    EXPECT_TRUE(holder->pages->revoke());
    holder.reset();
    LentFile other(std::string(run_size, 'b'));
    Holder another(*this, other);
    ASSERT_EQ(*another.read(0, 1), "b");
    EXPECT_TRUE(another.pages->revoke());
    EXPECT_FALSE(end());
    EXPECT_EQ(file.content().substr(0, 4), "aaaa");
}

TEST_F(LentInTheMiddle, keeps_nothing_that_is_to_be_wiped_out) {
    std::byte* const run = begin();
    EXPECT_EQ(*run, std::byte{'a'});
    EXPECT_TRUE(holder->pages->revoke());
    pool->scrub();
    EXPECT_EQ(std::count(run, run + run_size, std::byte{0}), static_cast<std::ptrdiff_t>(run_size));
    EXPECT_FALSE(end());
}

/// Fails to be read as often as one likes.
class SometimesUnreadable final : public LentContent {
public:
    Result<std::uint64_t> size() override { return file.size(); }
    Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) override {
        if (fails) return fail(std::errc::io_error);
        return file.read(position, memory);
    }
    Result<void> reserve(std::uint64_t position, std::uint64_t length) override {
        return file.reserve(position, length);
    }
    Result<void> write(std::uint64_t position, std::span<const std::byte> memory) override {
        return file.write(position, memory);
    }

    LentFile file{std::string(run_size, 'a')};
    bool fails = true;
};

TEST_F(LentInTheMiddle, begins_with_the_first_content_that_can_be_read) {
    SometimesUnreadable content;
    const auto pages = *memory->lend(content);
    EXPECT_EQ(pages->bring_in(0, 1, 1).error(), std::errc::io_error);
    content.fails = false;
    const auto place = pages->bring_in(0, 1, 1);
    ASSERT_TRUE(place);
    PageWriter writer(map, turn);
    ASSERT_TRUE(writer.set_loan(place->control, place->head, place->loan));
    EXPECT_TRUE(writer.on_loan());
    EXPECT_TRUE(pages->revoke());
}

}  // namespace
}  // namespace quire::paging
