// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "quire/memory/page_pool.hpp"
#include "quire/memory/page_writer.hpp"
#include "quire/memory/write_memory.hpp"

namespace quire::paging {

using LentOutcome = PageWriter::Outcome;

/// A file in memory that can be written.
class LentFile final : public LentContent {
public:
    explicit LentFile(std::string content = {}) : content_(std::move(content)) {}

    Result<std::uint64_t> size() override {
        const std::scoped_lock lock(mutex_);
        return content_.size();
    }
    Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) override {
        const std::scoped_lock lock(mutex_);
        const std::string part =
            position < content_.size() ? content_.substr(position, memory.size()) : std::string();
        std::memcpy(memory.data(), part.data(), part.size());
        return part.size();
    }
    Result<void> reserve(std::uint64_t position, std::uint64_t length) override {
        const std::scoped_lock lock(mutex_);
        if (position + length > space) return fail(std::errc::no_space_on_device);
        reserved = std::max({reserved, position + length, std::uint64_t{content_.size()}});
        return {};
    }
    Result<void> write(std::uint64_t position, std::span<const std::byte> memory) override {
        if (broken) return fail(std::errc::io_error);
        ++writes;
        const std::scoped_lock lock(mutex_);
        EXPECT_LE(position + memory.size(), std::max<std::uint64_t>(reserved, content_.size()));
        if (content_.size() < position + memory.size()) content_.resize(position + memory.size());
        std::memcpy(content_.data() + position, memory.data(), memory.size());
        return {};
    }
    std::string content() const {
        const std::scoped_lock lock(mutex_);
        return content_;
    }

    std::atomic<std::uint64_t> space = ~std::uint64_t{0};
    std::atomic<int> writes = 0;
    std::atomic<bool> broken = false;
    std::uint64_t reserved = 0;

private:
    mutable std::mutex mutex_;
    std::string content_;
};

/// The memory of one client, as that has it.
class LentGround : public ::testing::Test {
protected:
    explicit LentGround(std::uint64_t budget = 64 * MiB)
        : pool(*PagePool::create({.budget = budget})),
          memory(pool->make_write_memory()),
          map(std::make_shared<MemoryMap>(MemoryMap::For::writing)) {
        map_segment(life_segment);
    }
    ~LentGround() override {
        memory.reset();
        const auto left = pool->counters();
        EXPECT_EQ(left.files, 0u);
        EXPECT_EQ(left.domains, 0u);
        EXPECT_EQ(left.segment_bytes, 0u);
        EXPECT_EQ(left.runs, 0u);
    }

    void map_segment(std::uint32_t number) {
        const auto segment = memory->segment(number);
        ASSERT_TRUE(segment) << segment.error().message();
        const auto added = map->add(number, (*segment)->fd(), (*segment)->size());
        ASSERT_TRUE(added) << added.error().message();
    }

    /// A file on loan, as its client has it.
    struct Holder {
        Holder(LentGround& ground, LentFile& its_file)
            : test(ground),
              file(its_file),
              pages(*ground.memory->lend(its_file)),
              writer(ground.map, ground.turn) {}
        ~Holder() { (void)pages->revoke(); }
        Holder(const Holder&) = delete;
        Holder& operator=(const Holder&) = delete;

        Result<void> bring_in(std::uint64_t position, std::uint64_t length) {
            ++misses;
            QUIRE_TRY_ASSIGN(where, pages->bring_in(position, length, length));
            for (const Place place : {where.control, where.head, where.chunk})
                if (!test.map->has(place.segment)) test.map_segment(place.segment);
            EXPECT_TRUE(writer.set_loan(where.control, where.head, where.loan));
            EXPECT_TRUE(writer.set_chunk(position, where.chunk));
            return {};
        }
        template <typename Try>
        Result<LentOutcome> until_settled(std::uint64_t position, std::size_t length,
                                          Try&& attempt) {
            for (int round = 0; round < 100; ++round) {
                const PageWriter::Attempt now = attempt();
                if (now.outcome == LentOutcome::unmapped)
                    test.map_segment(now.segment);
                else if (now.outcome == LentOutcome::missing ||
                         (round == 0 && now.outcome == LentOutcome::ended))
                    QUIRE_TRY(bring_in(position, length));
                else
                    return now.outcome;
            }
            return fail(std::errc::timed_out);
        }
        Result<LentOutcome> write(std::uint64_t position, std::string_view text) {
            return until_settled(position, text.size(), [&] {
                return writer.write(position, std::as_bytes(std::span(text)));
            });
        }
        Result<std::string> read(std::uint64_t position, std::size_t length) {
            std::string text(length, '?');
            QUIRE_TRY(until_settled(position, length, [&] {
                const auto attempt = writer.read(position, std::as_writable_bytes(std::span(text)));
                if (attempt.outcome == LentOutcome::done) text.resize(attempt.count);
                return attempt;
            }));
            return text;
        }

        LentGround& test;
        LentFile& file;
        const std::shared_ptr<LentPages> pages;
        PageWriter writer;
        LentPages::Where where;
        int misses = 0;
    };

    const std::shared_ptr<PagePool> pool;
    std::shared_ptr<WriteMemory> memory;
    const std::shared_ptr<MemoryMap> map;
    WriteTurn turn;
};

class LentInLittleMemory : public LentGround {
protected:
    LentInLittleMemory() : LentGround(PagePool::least_budget) {}
};

}  // namespace quire::paging
