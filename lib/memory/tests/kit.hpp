// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "quire/memory/page_pool.hpp"
#include "quire/memory/page_reader.hpp"

namespace quire::paging {

/// A file in memory.
class TestFile final : public ContentSource {
public:
    explicit TestFile(std::string content) : content_(std::move(content)) {}

    Result<std::uint64_t> size() override {
        if (const auto hook = before) hook();
        const std::scoped_lock lock(mutex_);
        return content_.size();
    }
    Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) override {
        ++reads;
        if (const auto hook = before) hook();
        if (broken) return fail(std::errc::io_error);
        const std::scoped_lock lock(mutex_);
        const std::string part =
            position < content_.size() ? content_.substr(position, memory.size()) : std::string();
        std::memcpy(memory.data(), part.data(), part.size());
        return part.size();
    }
    /// Changes it as a server does, in whoever's pages it is.
    void change(FilePages& pages, std::uint64_t offset, std::uint64_t length,
                const std::function<void(std::string&)>& how) {
        pages.begin_change(offset, length);
        {
            const std::scoped_lock lock(mutex_);
            how(content_);
        }
        pages.end_change();
    }

    std::atomic<int> reads = 0;
    std::atomic<bool> broken = false;
    std::function<void()> before;

private:
    std::mutex mutex_;
    std::string content_;
};

inline constexpr std::uint64_t to_the_end = ~std::uint64_t{0};

/// A client of a domain: maps what it meets, and asks for what it misses.
class TestClient {
public:
    TestClient(std::shared_ptr<Domain> domain, std::shared_ptr<FilePages> pages)
        : domain_(std::move(domain)),
          pages_(std::move(pages)),
          map_(std::make_shared<MemoryMap>()),
          reader_(map_) {
        map(life_segment);
    }

    void map(std::uint32_t number) {
        const auto segment = domain_->segment(number);
        ASSERT_TRUE(segment) << segment.error().message();
        const auto added = map_->add(number, (*segment)->fd(), (*segment)->size());
        ASSERT_TRUE(added) << added.error().message();
    }
    Result<void> bring_in(ContentSource& source, std::uint64_t position, std::uint64_t length) {
        ++misses;
        QUIRE_TRY_ASSIGN(const FilePages::Where where,
                         pages_->bring_in({}, position, length, source));
        if (!map_->has(where.cell.segment)) map(where.cell.segment);
        if (!reader_.has_cell()) {
            EXPECT_TRUE(reader_.set_cell(where.cell, where.identity));
        }
        if (where.has_chunk) {
            if (!map_->has(where.chunk.segment)) map(where.chunk.segment);
            EXPECT_TRUE(reader_.set_chunk(position, where.chunk));
        }
        return {};
    }
    /// Without asking.
    PageReader::Attempt try_to_read(std::uint64_t position, std::span<char> memory) {
        auto attempt = reader_.read(position, std::as_writable_bytes(memory));
        while (attempt.outcome == PageReader::Outcome::unmapped) {
            map(attempt.segment);
            attempt = reader_.read(position, std::as_writable_bytes(memory));
        }
        return attempt;
    }
    /// The same where it lies.
    PageReader::Stretch find(std::uint64_t position, std::uint64_t length, std::size_t most) {
        auto stretch = reader_.find(position, length, most);
        while (stretch.outcome == PageReader::Outcome::unmapped) {
            map(stretch.segment);
            stretch = reader_.find(position, length, most);
        }
        return stretch;
    }
    /// Asks, often if it must.
    std::string read(ContentSource& source, std::uint64_t position, std::size_t length) {
        std::string content(length, '?');
        while (true) {
            const auto attempt = try_to_read(position, content);
            if (attempt.outcome == PageReader::Outcome::done) {
                content.resize(attempt.count);
                return content;
            }
            const auto brought = bring_in(source, position, length);
            if (!brought && brought.error() != std::errc::resource_unavailable_try_again) {
                ADD_FAILURE() << brought.error().message();
                return {};
            }
        }
    }
    const PageReader& reader() const { return reader_; }

    int misses = 0;

private:
    std::shared_ptr<Domain> domain_;
    std::shared_ptr<FilePages> pages_;
    std::shared_ptr<MemoryMap> map_;
    PageReader reader_;
};

/// Bytes that differ from one place to another.
inline std::string bytes_of(std::size_t size, unsigned seed) {
    std::string bytes(size, '\0');
    std::uint64_t state = seed + 1;
    for (char& byte : bytes) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        byte = static_cast<char>(state >> 56U);
    }
    return bytes;
}

}  // namespace quire::paging
