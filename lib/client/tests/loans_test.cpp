// SPDX-License-Identifier: MIT

// Files that are written in memory: without messages, seen by everybody at once, and
// never lost.

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "paged_ground.hpp"

namespace quire::client {
namespace {

class Loans : public PagedGround {
protected:
    using PagedGround::PagedGround;

    File open_both(std::string_view path) {
        return *context->open(path, "r+", {.buffered = false});
    }
    void put(File& file, std::uint64_t position, std::string_view text) {
        const auto written = file.pwrite(position, bytes_of(text));
        ASSERT_TRUE(written) << written.error().message();
    }
    /// Until it is written without messages.
    void warm(File& file, std::uint64_t size) {
        for (std::uint64_t position = 0; position < size; position += 4 * KiB)
            put(file, position, "warm");
        for (int i = 0; i < 10; ++i) put(file, 0, "warm");
    }
    std::string there(std::string_view path) {
        Context other = *Context::create(opener());
        return text_of(*other.read_file(path));
    }
};
INSTANTIATE_TEST_SUITE_P(Remote, Loans, ::testing::Values(Way::remote), name_of_way);

TEST_P(Loans, write_and_read_without_messages) {
    std::string content = pattern(1 * MiB);
    make("f", content);
    File file = open_both("f");
    warm(file, content.size());
    for (std::uint64_t position = 0; position < content.size(); position += 4 * KiB)
        content.replace(position, 4, "warm");
    std::mt19937 random(1);
    const std::uint64_t before = messages();
    const std::string page(4 * KiB, 'p');
    for (int i = 0; i < 10'000; ++i) {
        const std::uint64_t position = random() % (content.size() - page.size());
        ASSERT_TRUE(file.pwrite(position, bytes_of(page)));
        content.replace(position, page.size(), page);
        if (i % 100 == 0) {
            ASSERT_EQ(get(file, position - position % 1000, 5000),
                      content.substr(position - position % 1000, 5000));
        }
    }
    EXPECT_EQ(messages(), before);
    EXPECT_EQ(there("f"), content);
    EXPECT_TRUE(file.close());
    EXPECT_EQ(there("f"), content);
}

TEST_P(Loans, grow_files) {
    make("f", "");
    File file = open_both("f");
    std::string content;
    for (int i = 0; i < 3000; ++i) {
        const std::string text = std::to_string(i) + std::string(static_cast<std::size_t>(i), '.');
        put(file, content.size(), text);
        content += text;
        if (i % 500 == 0) {
            ASSERT_EQ(*file.seek(0, Whence::end), content.size());
            ASSERT_EQ(file.attributes()->size, content.size());
            ASSERT_EQ(context->stat("f")->size, content.size());
            ASSERT_EQ(there("f"), content);
        }
    }
    EXPECT_TRUE(file.close());
    EXPECT_EQ(there("f"), content);
    // What had been reserved and not written is free again.
    EXPECT_TRUE(context->truncate("f", 0));
    const auto free = context->statistics()->free_blocks;
    make("g", content);
    EXPECT_TRUE(context->remove("g"));
    while (context->statistics()->free_blocks < free) std::this_thread::yield();
}

TEST_P(Loans, take_few_messages) {
    make("f", "");
    File file = open_both("f");
    const std::string page(4 * KiB, 'p');
    const std::uint64_t before = messages();
    for (std::uint64_t position = 0; position < 64 * MiB / 4; position += page.size())
        put(file, position, page);
    // 4096 writes.
    EXPECT_LE(messages() - before, 60u);
}

// Whatever somebody else asks or does, he sees what has been written, and so does the writer.
TEST_P(Loans, are_seen_by_all_others) {
    Context other = *Context::create(opener());
    make("f", pattern(100'000));
    File file = open_both("f");
    int number = 0;
    const auto write_some = [&] {
        std::string text;
        for (int i = 0; i < 6; ++i) {
            text = "number " + std::to_string(++number);
            put(file, 100, text);
        }
        return text;
    };
    const auto starts_with = [&](const std::string& text) {
        return text_of(*other.read_file("f")).substr(100, text.size()) == text;
    };
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(starts_with(write_some()));
    File reader = *other.open("f", "r", {.buffered = false});
    for (int i = 0; i < 20; ++i) {
        const std::string text = write_some();
        EXPECT_EQ(get(reader, 100, text.size()), text);
    }
    File writer = *other.open("f", "r+", {.buffered = false});
    for (int i = 0; i < 20; ++i) {
        write_some();
        put(writer, 102, "both");
        EXPECT_EQ(get(file, 100, 6), "nuboth");
        EXPECT_EQ(get(writer, 100, 6), "nuboth");
    }
    for (int i = 0; i < 20; ++i) {
        const std::string text = write_some();
        ASSERT_TRUE(other.truncate("f", 200 + i));
        EXPECT_EQ(file.attributes()->size, 200u + i);
        put(file, 300 + i, "x");
        EXPECT_EQ(other.stat("f")->size, 301u + i);
        EXPECT_TRUE(starts_with(text));
    }
    const std::string text = write_some();
    ASSERT_TRUE(other.rename("f", "g"));
    EXPECT_EQ(text_of(*other.read_file("g")).substr(100, text.size()), text);
    write_some();
    ASSERT_TRUE(other.chmod("g", 0));
    const std::string after = write_some();
    EXPECT_EQ(text_of(*other.read_file("g")).substr(100, after.size()), after);
    ASSERT_TRUE(other.remove("g"));
    write_some();
    EXPECT_EQ(get(file, 100, 3), "num");
    EXPECT_TRUE(file.close());
}

TEST_P(Loans, set_times_that_others_set_afterwards) {
    make("f", pattern(1000));
    File file = open_both("f");
    for (int i = 0; i < 20; ++i) put(file, 0, "text");
    const protocols::Time time{1234, 0};
    ASSERT_TRUE(file.set_attributes({.which = protocols::change_modify, .modify = time}));
    EXPECT_TRUE(file.close());
    EXPECT_EQ(context->stat("f")->modify, time);
}

TEST_P(Loans, are_for_those_who_may_read) {
    make("f", pattern(10'000));
    ASSERT_TRUE(context->chmod("f", 0222));
    const fs::Credentials somebody{.uid = 1000, .gid = 1000, .groups = {}, .umask = 0, .pid = 0};
    Context user = *Context::create(opener(somebody));
    EXPECT_EQ(code_of(user.open("f", "r+")), std::errc::permission_denied);
    File writer = *user.open("f", protocols::open_write, {.buffered = false});
    for (int i = 0; i < 100; ++i) put(writer, 0, "text");
    EXPECT_TRUE(writer.close());
    EXPECT_EQ(there("f").substr(0, 4), "text");
}

class LoansInLittleMemory : public Loans {
protected:
    LoansInLittleMemory() : Loans(8 * MiB) {}
};
INSTANTIATE_TEST_SUITE_P(Remote, LoansInLittleMemory, ::testing::Values(Way::remote), name_of_way);

// Many contexts, each with files of its own and some that all share, in memory that is too little for
// all: everything that was written is there, and whoever shares a file sees whole records.
TEST_P(LoansInLittleMemory, are_right_for_many_at_once) {
    constexpr std::size_t threads = 6;
    constexpr std::size_t shared_files = 3;
    constexpr std::size_t records = 64;
    constexpr std::size_t record = 1000;
    constexpr int steps = 1500;
    for (std::size_t i = 0; i < shared_files; ++i)
        make("s" + std::to_string(i), std::string(records * record, 'a'));
    std::vector<std::jthread> all;
    std::atomic<int> loans = 0;
    for (std::size_t id = 0; id < threads; ++id)
        all.emplace_back([&, id] {
            std::mt19937 random(static_cast<unsigned>(id));
            Context own = *Context::create(opener());
            const std::string path = "own" + std::to_string(id);
            std::string model;
            std::optional<File> mine = *own.open(path, "w+", {.buffered = false});
            std::vector<File> shared;
            for (std::size_t i = 0; i < shared_files; ++i)
                shared.push_back(*own.open("s" + std::to_string(i), "r+", {.buffered = false}));
            for (int step = 0; step < steps; ++step) {
                const std::size_t position = random() % 400'000;
                const std::string text = pattern(1 + random() % 20'000);
                switch (random() % 40) {
                    case 0:
                        ASSERT_TRUE(mine->truncate(position));
                        model.resize(position);
                        break;
                    case 1:
                        ASSERT_TRUE(mine->flush());
                        break;
                    case 2:
                        ASSERT_TRUE(mine->close());
                        mine = *own.open(path, "r+", {.buffered = false});
                        break;
                    case 3:
                        ASSERT_EQ(text_of(*own.read_file(path)), model);
                        break;
                    case 4:
                    case 5: {
                        File& file = shared[random() % shared_files];
                        const std::string letters(record, static_cast<char>('a' + random() % 26));
                        ASSERT_TRUE(file.pwrite(random() % records * record, bytes_of(letters)));
                        break;
                    }
                    case 6:
                    case 7: {
                        File& file = shared[random() % shared_files];
                        const std::string letters = get(file, random() % records * record, record);
                        ASSERT_EQ(letters.size(), record);
                        break;
                    }
                    case 8:
                    case 9:
                    case 10:
                    case 11:
                    case 12:
                    case 13: {
                        const std::string expected =
                            position < model.size() ? model.substr(position, text.size()) : "";
                        ASSERT_EQ(get(*mine, position, text.size()), expected);
                        break;
                    }
                    default:
                        ASSERT_TRUE(mine->pwrite(position, bytes_of(text)));
                        if (model.size() < position + text.size())
                            model.resize(position + text.size());
                        model.replace(position, text.size(), text);
                }
            }
            ASSERT_TRUE(mine->close());
            ASSERT_EQ(text_of(*own.read_file(path)), model);
            ++loans;
        });
    all.clear();
    EXPECT_EQ(loans, static_cast<int>(threads));
    for (std::size_t i = 0; i < shared_files; ++i) {
        const std::string content = there("s" + std::to_string(i));
        ASSERT_EQ(content.size(), records * record);
        for (const char letter : content) ASSERT_TRUE('a' <= letter && letter <= 'z');
        for (std::size_t k = 0; k < records; ++k)
            EXPECT_EQ(content.substr(k * record, record), std::string(record, content[k * record]));
    }
}

}  // namespace
}  // namespace quire::client
