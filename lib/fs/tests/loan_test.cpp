// SPDX-License-Identifier: MIT
//
// Content on loan: whoever looks at a file sees what its borrower has, and nobody but him changes it.

#include "quire/fs/loan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "quire/fs/tree.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::fs {
namespace {

const Call as_lender = Call::as_root();
constexpr OpenMode lent_both_ways{.read = true, .write = true};

std::span<const std::byte> bytes_in(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// Has all of a small file, and writes it when it is asked to.
class Keeper final : public Borrower, public std::enable_shared_from_this<Keeper> {
public:
    explicit Keeper(std::shared_ptr<OpenFile> file) : file_(std::move(file)) {}
    ~Keeper() override { end(); }

    Result<void> borrow() {
        const std::lock_guard lock(mutex_);
        QUIRE_TRY_ASSIGN(loan_, file_->lend(as_lender, shared_from_this()));
        content_.resize(*loan_->size());
        const auto room = std::as_writable_bytes(std::span(content_));
        EXPECT_EQ(*loan_->read(0, room), content_.size());
        return {};
    }
    bool has_it() const {
        const std::lock_guard lock(mutex_);
        return loan_ != nullptr;
    }
    /// False: it has been given back.
    bool write(std::string_view text) {
        const std::lock_guard lock(mutex_);
        if (!loan_) return false;
        content_ = text;
        newer_ = true;
        return true;
    }
    void bring_up_to_date() override {
        const std::lock_guard lock(mutex_);
        write_out();
    }
    void give_back() override { end(); }
    Loan& loan() { return *loan_; }

    std::atomic<int> written = 0;

private:
    void write_out() {
        if (!loan_ || !std::exchange(newer_, false)) return;
        (void)loan_->write_all(0, bytes_in(content_));
        ++written;
    }
    void end() {
        const std::lock_guard lock(mutex_);
        write_out();
        loan_.reset();
    }

    const std::shared_ptr<OpenFile> file_;
    mutable std::mutex mutex_;
    std::unique_ptr<Loan> loan_;
    std::string content_;
    bool newer_ = false;
};

class Loans : public ::testing::Test {
protected:
    Loans() {
        const auto hook = [this](Operation operation, Cookie) -> Result<void> {
            if (broken && operation == Operation::write) return fail(std::errc::io_error);
            return {};
        };
        volume = std::make_shared<testing::HookedVolume>(
            *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()}), hook);
        tree = *Tree::open(volume);
        file = *tree->create_open(as_lender, tree->root(), name, 0644, lent_both_ways);
        other = *tree->open(as_lender, file->node(), lent_both_ways);
        EXPECT_TRUE(other->write_all(as_lender, 0, bytes_in("as it was")));
        keeper = std::make_shared<Keeper>(file);
    }
    void borrow_and_write(std::string_view text) {
        const auto borrowed = keeper->borrow();
        ASSERT_TRUE(borrowed) << borrowed.error().message();
        ASSERT_TRUE(keeper->write(text));
    }
    std::string content() {
        std::string text(100, '\0');
        text.resize(*other->read(as_lender, 0, std::as_writable_bytes(std::span(text))));
        return text;
    }

    const Name name = *Name::parse("file");
    std::atomic<bool> broken = false;
    std::shared_ptr<testing::HookedVolume> volume;
    std::shared_ptr<Tree> tree;
    std::shared_ptr<OpenFile> file;
    std::shared_ptr<OpenFile> other;
    std::shared_ptr<Keeper> keeper;
};

TEST_F(Loans, are_brought_up_to_date_for_those_who_ask_for_attributes) {
    std::vector<std::function<std::uint64_t()>> ways = {
        [&] { return other->attributes(as_lender)->size; },
        [&] { return file->attributes(as_lender)->size; },
        [&] { return tree->attributes(as_lender, other->node())->size; },
        [&] { return tree->find(as_lender, tree->root(), name)->attributes.size; },
        [&] { return tree->find_handle(as_lender, other->node()->handle())->attributes.size; },
        [&] {
            return tree->find_below(as_lender, tree->root(), *Path::parse("file"), Follow::yes)
                ->attributes.size;
        },
        [&] {
            std::uint64_t size = 0;
            EXPECT_TRUE(tree->list(as_lender, tree->root(), {}, WithAttributes::yes,
                                   [&](const DirectoryEntry& entry) {
                                       if (entry.name == "file") size = entry.attributes->size;
                                       return true;
                                   }));
            return size;
        },
    };
    ASSERT_TRUE(keeper->borrow());
    std::string text = "as it was";
    for (std::size_t i = 0; i < ways.size(); ++i) {
        text += '+';
        ASSERT_TRUE(keeper->write(text));
        EXPECT_EQ(ways[i](), text.size()) << i;
        EXPECT_TRUE(keeper->has_it()) << i;
    }
    EXPECT_EQ(keeper->written, static_cast<int>(ways.size()));
    ASSERT_TRUE(keeper->write(text + "more"));
    EXPECT_TRUE(other->sync(as_lender));
    EXPECT_EQ(keeper->written, static_cast<int>(ways.size()) + 1);
    ASSERT_TRUE(keeper->write(text));
    EXPECT_TRUE(tree->sync(as_lender));
    EXPECT_EQ(keeper->written, static_cast<int>(ways.size()) + 2);
}

TEST_F(Loans, are_given_back_to_those_who_use_the_content) {
    const auto elsewhere = *tree->create_open(as_lender, tree->root(), *Name::parse("elsewhere"),
                                              0644, lent_both_ways);
    ASSERT_TRUE(elsewhere->write_all(as_lender, 0, bytes_in("ELSEWHERE")));
    const std::string text = "quite new!";
    struct Case {
        const char* what;
        std::function<bool()> use;
        std::string after;
    };
    const auto attributes = [&](const AttributeChanges& changes) {
        return static_cast<bool>(tree->set_attributes(as_lender, other->node(), changes));
    };
    AttributeChanges mode;
    mode.permissions = 0600;
    AttributeChanges size;
    size.size = 5;
    const std::vector<Case> cases = {
        {"read", [&] { return content() == text; }, text},
        {"write", [&] { return !!other->write(as_lender, 0, bytes_in("QU")); }, "QUite new!"},
        {"append",
         [&] {
             auto end = other->append(as_lender);
             return end && end->end() == text.size() && end->write_all(as_lender, bytes_in("!"));
         },
         "quite new!!"},
        {"resize", [&] { return !!other->resize(as_lender, 5); }, "quite"},
        {"grow", [&] { return !*other->grow(as_lender, 10); }, text},
        {"seek", [&] { return *other->seek(as_lender, 9, SeekTo::data) == 9; }, text},
        {"allocate",
         [&] {
             return !!other->allocate(as_lender, AllocateMode::zero_range, {0, 0x1000}) &&
                    !!other->resize(as_lender, 1);
         },
         std::string(1, '\0')},
        {"copy to", [&] { return *elsewhere->copy_to(as_lender, 0, *other, 0, 4) == 4; },
         "ELSEe new!"},
        {"copy from",
         [&] {
             std::string there(5, '\0');
             return *other->copy_to(as_lender, 0, *elsewhere, 0, 5) == 5 &&
                    *elsewhere->read(as_lender, 0, std::as_writable_bytes(std::span(there))) == 5 &&
                    there == "quite";
         },
         text},
        {"map", [&] { return !!other->map(as_lender, {.read = true}); }, text},
        {"chmod", [&] { return attributes(mode); }, text},
        {"truncate", [&] { return attributes(size); }, "quite"},
        {"touch", [&] { return !!tree->touch(as_lender, other->node(), {}); }, text},
        {"set access list",
         [&] {
             // user::rw-, group::r--, other::r--
             const std::string list(
                 "\2\0\0\0\1\0\6\0\377\377\377\377\4\0\4\0\377\377\377\377"
                 "\40\0\4\0\377\377\377\377",
                 28);
             return !!tree->set_attribute(as_lender, other->node(), "system.posix_acl_access",
                                          bytes_in(list));
         },
         text},
        {"remove access list",
         [&] {
             const auto removed =
                 tree->remove_attribute(as_lender, other->node(), "system.posix_acl_access");
             return removed || removed.error() == std::errc(ENODATA);
         },
         text},
        {"another's loan is refused until then",
         [&] {
             auto another = std::make_shared<Keeper>(other);
             const auto refused = another->borrow();
             keeper->give_back();
             return refused.error() == std::errc::resource_unavailable_try_again &&
                    !!another->borrow();
         },
         text},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.what);
        ASSERT_TRUE(file->resize(as_lender, 0));
        borrow_and_write(text);
        EXPECT_TRUE(one.use());
        EXPECT_FALSE(keeper->has_it());
        EXPECT_FALSE(keeper->write("too late"));
        EXPECT_EQ(content(), one.after);
    }
}

TEST_F(Loans, are_not_made_while_others_use_the_file) {
    {
        const OpenFile::Visit visit = other->visit();
        EXPECT_EQ(keeper->borrow().error(), std::errc::resource_unavailable_try_again);
    }
    {
        const auto appending = other->append(as_lender);
        EXPECT_EQ(keeper->borrow().error(), std::errc::resource_unavailable_try_again);
    }
    EXPECT_TRUE(keeper->borrow());
    const auto reader = *tree->open(as_lender, file->node(), {.read = true});
    EXPECT_EQ(std::make_shared<Keeper>(reader)->borrow().error(), std::errc::bad_file_descriptor);
}

// What was reserved and not written is free again; and where there is a hole nothing is.
TEST_F(Loans, reserve_space) {
    const auto free = [&] { return tree->statistics(as_lender)->free_blocks; };
    const auto before = free();
    ASSERT_TRUE(keeper->borrow());
    EXPECT_TRUE(keeper->loan().reserve({0, 4}));
    EXPECT_TRUE(keeper->loan().reserve({0, MiB}));
    EXPECT_LT(free(), before);
    EXPECT_EQ(*keeper->loan().size(), 9u);
    keeper->give_back();
    EXPECT_EQ(free(), before);
    ASSERT_TRUE(other->resize(as_lender, 2 * MiB));
    ASSERT_TRUE(keeper->borrow());
    EXPECT_TRUE(keeper->loan().reserve({0, 4}));
    EXPECT_EQ(keeper->loan().reserve({MiB, 4096}).error(), std::errc::operation_not_supported);
    EXPECT_EQ(keeper->loan().reserve({0, MiB}).error(), std::errc::operation_not_supported);
}

TEST_F(Loans, that_cannot_be_written_back_are_told_to_every_writer_once) {
    const auto late = [&] { return *tree->open(as_lender, file->node(), lent_both_ways); };
    const auto reader = *tree->open(as_lender, file->node(), {.read = true});
    borrow_and_write("will be lost");
    broken = true;
    EXPECT_EQ(content(), "as it was");
    broken = false;
    const auto later = late();
    for (const auto& writer : {file, other}) {
        EXPECT_EQ(writer->sync(as_lender).error(), std::errc::io_error);
        EXPECT_TRUE(writer->sync(as_lender));
    }
    EXPECT_TRUE(reader->sync(as_lender));
    EXPECT_TRUE(later->sync(as_lender));
}

class BeginsAndEnds final : public ContentWatcher {
public:
    void begin_change(const ContentChange& change) override {
        ++under_way;
        to_the_end = change.offset == 0 && change.length == ContentChange::to_the_end;
    }
    void end_change(const ContentChange&) override { --under_way; }
    std::atomic<int> under_way = 0;
    bool to_the_end = false;
};

TEST_F(Loans, are_one_change_for_those_who_watch) {
    const auto watcher = std::make_shared<BeginsAndEnds>();
    other->watch(watcher);
    ASSERT_TRUE(keeper->borrow());
    EXPECT_EQ(watcher->under_way, 1);
    EXPECT_TRUE(watcher->to_the_end);
    keeper->bring_up_to_date();
    EXPECT_EQ(watcher->under_way, 1);
    EXPECT_EQ(content(), "as it was");
    EXPECT_EQ(watcher->under_way, 0);
}

// A number that grows: nobody sees it go back, whoever has the file on loan meanwhile.
TEST_F(Loans, race_with_all_the_others) {
    constexpr int rounds = 9000;
    std::atomic<int> told = 0;
    ASSERT_TRUE(other->resize(as_lender, 0));
    ASSERT_TRUE(other->write_all(as_lender, 0, bytes_in("0000")));
    std::vector<std::jthread> readers;
    std::atomic<bool> done = false;
    for (int i = 0; i < 2; ++i)
        readers.emplace_back([&, i] {
            const auto own = *tree->open(as_lender, file->node(), lent_both_ways);
            int seen = 0;
            while (!done) {
                const int before = told;
                std::array<char, 4> text{};
                ASSERT_EQ(*own->read(as_lender, 0, std::as_writable_bytes(std::span(text))), 4u);
                const int now = std::stoi(std::string(text.begin(), text.end()));
                ASSERT_GE(now, before);
                ASSERT_GE(now, seen);
                seen = now;
                if (i == 0) {
                    ASSERT_EQ(own->attributes(as_lender)->size, 4u);
                }
                std::this_thread::yield();
            }
        });
    int lent = 0;
    for (int round = 1; round < rounds; ++round) {
        const std::string text = std::to_string(10000 + round).substr(1);
        const bool by_loan = keeper->has_it() || keeper->borrow();
        lent += static_cast<int>(by_loan);
        const bool written = by_loan && keeper->write(text);
        ASSERT_TRUE(written || file->write_all(as_lender, 0, bytes_in(text)));
        told = round;
    }
    done = true;
    readers.clear();
    EXPECT_GT(lent, 0);
}

// Somebody takes the loan away when the volume has answered, and the answer is not there yet.
TEST_F(Loans, are_not_forgotten_when_they_end_in_the_middle_of_a_question) {
    const std::vector<std::function<std::uint64_t()>> ways = {
        [&] { return tree->find(as_lender, tree->root(), name)->attributes.size; },
        [&] { return tree->find_handle(as_lender, other->node()->handle())->attributes.size; },
    };
    std::string text = "as it was";
    for (const auto& size : ways) {
        text += '+';
        borrow_and_write(text);
        volume->set_after([&](Operation) {
            volume->set_after({});
            keeper->give_back();
        });
        EXPECT_EQ(size(), text.size());
    }
}

}  // namespace
}  // namespace quire::fs
