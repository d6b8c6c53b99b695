// SPDX-License-Identifier: MIT
//
// A server whose memory holds nonsense.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <random>

#include "lying_server.hpp"
#include "quire/memory/name_layout.hpp"

namespace quire::client {
namespace {

/// Whose words are 64 bits each.
ipc::Memory segment_of(std::size_t size, const std::vector<std::uint64_t>& words,
                       int seals = F_SEAL_SHRINK) {
    UniqueFd fd(::memfd_create("segment", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
    const std::size_t bytes = words.size() * sizeof(words[0]);
    EXPECT_EQ(::pwrite(fd.get(), words.data(), bytes, 0), static_cast<ssize_t>(bytes));
    EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
    return {std::move(fd), size, false};
}

// Whatever a server says is on loan, and whatever stands there: a write is done, or fails, and lands
// where the server's own memory is.
TEST_F(NonsenseOfServers, in_content_on_loan_is_written_or_an_error) {
    constexpr std::size_t size = 256 * KiB;
    const std::string text(5000, 'w');
    const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    liar->segments[paging::life_segment] = segment_of(4096, {1});
    std::mt19937_64 random(5);
    const std::array<std::uint64_t, 8> likely{0, 1, 7, 64, 4096, size - 64, size, ~0U};
    const auto some = [&] { return random() % 8 == 0 ? random() : likely[random() % 8]; };
    const auto place = [&](std::uint64_t usual) {
        return static_cast<std::uint32_t>(random() % 4 == 0 ? some() : usual);
    };
    int written = 0;
    for (int round = 0; round < 400; ++round) {
        // A head at 64, and pairs from 4096 on, of runs that are in the segment or not.
        std::vector<std::uint64_t> words(size / 8, 0);
        words[8] = random() % 4 == 0 ? some() : 7;
        words[9] = some();
        words[10] = random() % 2 == 0 ? ~std::uint64_t{0} : some();
        words[11] = some();
        for (std::size_t pair = 0; pair < 256; ++pair) {
            const auto run = static_cast<std::uint32_t>(512 + random() % 5);
            words[512 + 2 * pair] = random() % 8 == 0 ? some() : paging::make_entry(run, 1);
            words[513 + 2 * pair] = some();
        }
        liar->segments[1] = segment_of(size, words);
        file.loan = protocols::LoanMap{.control_segment = place(1),
                                       .control_offset = place(0),
                                       .head_segment = place(1),
                                       .head_offset = place(64),
                                       .chunk_segment = place(1),
                                       .chunk_offset = place(4096),
                                       .loan = random() % 8 == 0 ? some() : 7};
        Context own{ipc::Cap<OpenerContext>(liar)};
        File opened = *own.open("f", "r+", {.buffered = false});
        for (int i = 0; i < 8; ++i) {
            const std::uint64_t position = random() % 2 == 0 ? random() % 300'000 : some();
            const auto done = opened.pwrite(position, bytes);
            if (done) ++written;
            std::vector<std::byte> back(5000);
            (void)opened.pread(position, back);
            (void)opened.seek(0, Whence::end);
        }
        (void)opened.close();
    }
    EXPECT_GT(written, 50) << "of 3200: nothing went through memory";
}

// Chains in circles, links and content that lead anywhere, lengths of all kinds: whatever is there,
// it is found, or not, or the server is asked.
TEST_F(NonsenseOfServers, in_tables_of_names_is_found_or_asked_for) {
    constexpr std::uint32_t buckets = 64;
    constexpr std::uint32_t records = 64;
    const paging::NameTableShape shape{.segment = 1, .buckets = buckets, .records = records};
    const std::size_t size = shape.records_offset() + 64 * KiB;
    liar->segments[paging::life_segment] = segment_of(4096, {1});
    std::mt19937_64 random(11);
    const std::array<std::uint64_t, 8> likely{0, 1, 2, 3, records, records + 1, ~0U, 0x0101010101};
    const auto some = [&] { return random() % 4 == 0 ? random() : likely[random() % 8]; };
    int found = 0;
    for (int round = 0; round < 300; ++round) {
        // Every record may be the root's, and everything below of it.
        std::vector<std::uint64_t> words(size / 8, 0);
        for (std::uint32_t i = 0; i < buckets / 2; ++i) words[i] = some() << 32U | random() % 65;
        for (std::uint32_t i = 0; i < records; ++i) {
            std::uint64_t* const record = &words[(shape.records_offset() + i * 256) / 8];
            const std::string_view name = random() % 2 == 0 ? "" : "a";
            const std::uint64_t directory = random() % 2;
            record[0] = random() % 8 != 0;
            record[1] = directory;
            record[2] = some() << 32U | paging::tag_of_hash(paging::hash_of_name(directory, name));
            record[3] = random() % 2 == 0 ? 1 : some();
            record[4] = some() << 32U | (random() % 4) << 16U | name.size() << 8U | random() % 3;
            if (random() % 8 == 0) record[4] = random();
            record[5] = some() << 32U | some() % (1U << 20U);
            record[6] = 'a';
            record[8] = random() % 4;
        }
        liar->segments[1] = segment_of(size, words);
        liar->table = {1, buckets, records};
        if (round % 16 == 0) liar->table = {static_cast<std::uint32_t>(some()), buckets, records};
        if (round % 16 == 1) liar->table.buckets = static_cast<std::uint32_t>(some());
        if (round % 16 == 2) liar->table.records = static_cast<std::uint32_t>(some()) | 1U;
        Context own{ipc::Cap<OpenerContext>(liar)};
        for (int i = 0; i < 6; ++i) (void)own.stat("/");
        for (const char* path : {"/", "a", "a/a", "a/../a/a/a", "a/", "x"}) {
            found += own.stat(path).has_value();
            (void)own.lstat(path);
            (void)own.readlink(path);
            (void)own.read_file(path);
        }
    }
    EXPECT_GT(found, 0);
}

// What is looked at where it lies is mapped, whatever leads there, and however many may be.
TEST_F(NonsenseOfServers, in_memory_is_looked_at_where_it_is_mapped) {
    constexpr std::size_t size = 256 * KiB;
    liar->segments[paging::life_segment] = segment_of(4096, {1});
    std::mt19937_64 random(6);
    file.pages = {.cell_segment = 1,
                  .cell_offset = 0,
                  .identity = 7,
                  .chunk_segment = 1,
                  .chunk_offset = 64 * KiB};
    file.answer = 1000;
    int shared = 0;
    for (int round = 0; round < 300; ++round) {
        std::vector<std::uint64_t> words(size / 8, 0);
        const auto some_entry = [&] {
            return random() % 16 == 0
                       ? random()
                       : paging::make_entry(static_cast<std::uint32_t>(512 + random() % 5), 1);
        };
        words[0] = 7;
        words[1] = random() % 8 == 0 ? random() : random() % (size * 2);
        for (std::size_t i = 2; i < 8; ++i) words[i] = some_entry();
        for (std::size_t i = 0; i < 512; ++i) words[64 * KiB / 8 + i] = some_entry();
        liar->segments[1] = segment_of(size, words);
        liar->pins = random() % 4 == 0 ? random() : random() % 70;
        Context own{ipc::Cap<OpenerContext>(liar)};
        File opened = *own.open("f", "r", {.buffered = false});
        std::vector<View> views;
        for (int i = 0; i < 20; ++i) {
            auto view =
                opened.view(random() % 4 == 0 ? random() : random() % size, random() % (2 * size));
            if (!view) continue;
            unsigned sum = 0;
            for (const std::byte byte : view->bytes()) sum += static_cast<unsigned>(byte);
            if (view->is_shared()) ++shared;
            if (sum != 1) views.push_back(*std::move(view));
        }
    }
    EXPECT_GT(shared, 100);
}

TEST_F(NonsenseOfServers, in_memory_is_an_error_or_read_by_message) {
    constexpr std::size_t size = 64 * KiB;
    std::vector<std::byte> bytes(100);
    file.answer = 100;
    const auto try_it = [&](protocols::PageMap where) {
        file.pages = where;
        Context own{ipc::Cap<OpenerContext>(liar)};
        File opened = *own.open("f", "r", {.buffered = false});
        return code_of(opened.read(bytes));
    };
    const protocols::PageMap good{
        .cell_segment = 1, .cell_offset = 0, .identity = 7, .chunk_segment = 0, .chunk_offset = 0};
    EXPECT_EQ(try_it(good), std::errc::no_such_file_or_directory) << "no segment";
    liar->segments[paging::life_segment] = segment_of(4096, {1});
    const auto with_cell = [&](std::vector<std::uint64_t> words) {
        liar->segments[1] = segment_of(size, words);
        return try_it(good);
    };
    // The cell says nothing that counts: another's, a size that is not known, runs that are not.
    EXPECT_EQ(with_cell({8, 100, paging::make_entry(512, 1)}), std::errc());
    EXPECT_EQ(with_cell({7, paging::unknown_size, paging::make_entry(512, 1)}), std::errc());
    EXPECT_EQ(with_cell({7, 100, 0}), std::errc());
    EXPECT_EQ(with_cell({7, 100, paging::make_entry((1U << 24U) - 1, 1)}),
              std::errc::no_such_file_or_directory);
    EXPECT_EQ(with_cell({7, 100, paging::make_entry(1, 1)}), nonsense) << "the life's segment";
    EXPECT_EQ(with_cell({7, 100, paging::make_entry(513, 1)}), nonsense) << "behind the end";
    EXPECT_EQ(with_cell({7, 100, paging::make_entry(512, 1)}), std::errc()) << "its own cells";
    EXPECT_EQ(with_cell({7, 50, paging::make_entry(512, 1)}), std::errc());
    // Places that are none.
    for (const protocols::PageMap& bad :
         {protocols::PageMap{1, size, 7, 0, 0}, protocols::PageMap{1, size - 8, 7, 0, 0},
          protocols::PageMap{1, 4, 7, 0, 0}, protocols::PageMap{1, 0, 0, 0, 0},
          protocols::PageMap{1, 0, 7, 1, size - 8}, protocols::PageMap{1, 0, 7, 1, 4},
          protocols::PageMap{~0U, 0, 7, 0, 0}, protocols::PageMap{1, ~0U, 7, 0, 0}})
        EXPECT_EQ(try_it(bad), nonsense) << bad.cell_segment << ' ' << bad.cell_offset;
    // Memory that is none.
    liar->segments[1] = segment_of(size, {}, 0);
    EXPECT_EQ(try_it(good), nonsense) << "it could be cut off";
    liar->segments[1] = segment_of(100, {});
    EXPECT_EQ(try_it(good), nonsense);
    const ipc::Memory all = segment_of(4096, {});
    liar->segments[1] = ipc::Memory(UniqueFd(::fcntl(all.fd(), F_DUPFD_CLOEXEC, 0)), size, false);
    EXPECT_EQ(try_it(good), nonsense) << "it is shorter than was said";
}

}  // namespace
}  // namespace quire::client
