// SPDX-License-Identifier: MIT
//
// A server that answers nonsense, or does not answer.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <random>

#include "client_ground.hpp"
#include "quire/memory/name_layout.hpp"
#include "quire/testing/gate.hpp"

namespace quire::client {
namespace {

constexpr auto nonsense = std::errc::protocol_error;

/// Answers what a test says; what none says fails with connection_reset.
class LyingFile final : public protocols::FileObjectProxy {
public:
    const ipc::RemoteObject* remote() const override { return &nobody_; }
    Result<std::vector<std::byte>> read(const ipc::Call&, std::uint64_t position,
                                        std::uint32_t length) override {
        furthest = std::max(furthest, position + length);
        return std::vector<std::byte>(endless ? length : answer);
    }
    Result<std::uint64_t> read_to(const ipc::Call&, std::uint64_t position, std::uint64_t,
                                  std::uint64_t length) override {
        furthest = std::max(furthest, position + length);
        return endless ? length : answer;
    }
    Result<protocols::FileWriteResult> write(const ipc::Call&, std::uint64_t,
                                             std::span<const std::byte>) override {
        return protocols::FileWriteResult{answer, answer};
    }
    Result<protocols::FileWriteFromResult> write_from(const ipc::Call&, std::uint64_t,
                                                      std::uint64_t, std::uint64_t) override {
        return protocols::FileWriteFromResult{answer, answer};
    }
    Result<std::uint64_t> seek(const ipc::Call&, std::uint64_t, protocols::SeekTo) override {
        return answer;
    }
    Result<protocols::Attributes> attributes(const ipc::Call&) override {
        protocols::Attributes attributes;
        attributes.size = answer;
        return attributes;
    }
    Result<std::vector<std::byte>> get_extended_attribute(const ipc::Call&,
                                                          std::string_view) override {
        return fail(std::errc::message_size);
    }
    Result<std::uint64_t> get_extended_attribute_to(const ipc::Call&, std::string_view,
                                                    std::uint64_t, std::uint64_t) override {
        return answer;
    }
    Result<std::vector<std::byte>> list_extended_attributes(const ipc::Call&) override {
        return list;
    }

    Result<protocols::PageMap> bring_in(const ipc::Call&, std::uint64_t, std::uint64_t) override {
        return pages;
    }

    Result<protocols::LoanMap> lend(const ipc::Call&, std::uint64_t, std::uint64_t,
                                    std::uint64_t) override {
        return loan;
    }
    Result<void> settle(const ipc::Call&) override { return {}; }

    Result<protocols::LoanMap> loan = fail(std::errc::function_not_supported);
    Result<protocols::PageMap> pages = fail(std::errc::function_not_supported);
    std::uint64_t answer = 0;
    /// There is always as much as is asked for.
    bool endless = false;
    /// How far somebody has asked.
    std::uint64_t furthest = 0;
    std::vector<std::byte> list;

private:
    ipc::RemoteObject nobody_;
};

class LyingDirectory final : public protocols::DirectoryProxy {
public:
    const ipc::RemoteObject* remote() const override { return &nobody_; }
    Result<protocols::DirectoryPage> page(const ipc::Call&, std::uint64_t, std::uint32_t,
                                          bool) override {
        return answer;
    }
    protocols::DirectoryPage answer;

private:
    ipc::RemoteObject nobody_;
};

class LyingContext final : public protocols::OpenerContextProxy {
public:
    const ipc::RemoteObject* remote() const override { return &nobody_; }
    Result<protocols::OpenerContextOpenResult> open(const ipc::Call&, std::string_view,
                                                    std::uint32_t, std::uint16_t,
                                                    std::uint32_t) override {
        protocols::OpenerContextOpenResult result;
        result.file = ipc::Cap<protocols::FileObject>(file);
        result.attributes.size = size;
        result.content.resize(content);
        return result;
    }
    Result<protocols::OpenerContextReadResult> read(const ipc::Call&, std::string_view,
                                                    std::uint32_t) override {
        protocols::OpenerContextReadResult result;
        result.attributes.size = size;
        result.content.resize(content);
        return result;
    }
    Result<protocols::OpenerContextOpenDirectoryResult> open_directory(const ipc::Call&,
                                                                       std::string_view,
                                                                       std::uint32_t,
                                                                       bool) override {
        protocols::OpenerContextOpenDirectoryResult result;
        result.directory = ipc::Cap<protocols::Directory>(directory);
        result.page = directory->answer;
        return result;
    }
    Result<void> set_buffer(const ipc::Call&, ipc::Memory) override { return buffer(); }
    Result<void> set_umask(const ipc::Call&, std::uint16_t) override { return umask; }
    Result<void> mkdir(const ipc::Call&, std::string_view, std::uint16_t permissions) override {
        made_with = permissions;
        return {};
    }

    Result<ipc::Memory> segment(const ipc::Call&, std::uint32_t number) override {
        if (const auto found = segments.find(number); found != segments.end()) return found->second;
        return fail(std::errc::no_such_file_or_directory);
    }

    Result<protocols::OpenerContextNamesResult> names(const ipc::Call&) override {
        if (table.records == 0) return fail(std::errc::operation_not_supported);
        return table;
    }

    protocols::OpenerContextNamesResult table;
    std::map<std::uint32_t, ipc::Memory> segments;
    Result<void> umask;
    std::uint16_t made_with = 0;
    std::shared_ptr<LyingFile> file = std::make_shared<LyingFile>();
    std::shared_ptr<LyingDirectory> directory = std::make_shared<LyingDirectory>();
    std::uint64_t size = 0;
    std::size_t content = 0;
    std::function<Result<void>()> buffer = [] { return Result<void>(); };

private:
    ipc::RemoteObject nobody_;
};

class NonsenseOfServers : public ::testing::Test {
protected:
    std::shared_ptr<LyingContext> liar = std::make_shared<LyingContext>();
    LyingFile& file = *liar->file;
    Context context{ipc::Cap<OpenerContext>(liar)};
};

TEST_F(NonsenseOfServers, that_know_no_umask_are_asked_for_less) {
    liar->umask = fail(std::errc::function_not_supported);
    EXPECT_TRUE(context.mkdir("d", 0777));
    EXPECT_EQ(liar->made_with, 0755);
    context.set_umask(077);
    EXPECT_TRUE(context.mkdir("d", 0777));
    EXPECT_EQ(liar->made_with, 0700);
}

TEST_F(NonsenseOfServers, that_know_the_umask_take_it_away_themselves) {
    EXPECT_TRUE(context.mkdir("d", 0777));
    EXPECT_EQ(liar->made_with, 0777);
    // One that was not told of the latest makes nothing.
    liar->umask = fail(std::errc::io_error);
    liar->made_with = 0;
    context.set_umask(077);
    EXPECT_EQ(code_of(context.mkdir("d", 0777)), std::errc::io_error);
    EXPECT_EQ(liar->made_with, 0);
}

TEST_F(NonsenseOfServers, in_content_is_an_error) {
    File opened = *context.open("f", "r+", {.buffered = false});
    std::vector<std::byte> small(100);
    std::vector<std::byte> large(200'000);
    file.answer = 101;
    EXPECT_EQ(code_of(opened.read(small)), nonsense);
    EXPECT_EQ(code_of(opened.write(small)), nonsense);
    file.answer = 200'001;
    EXPECT_EQ(code_of(opened.read(large)), nonsense);
    EXPECT_EQ(code_of(opened.write(large)), nonsense);
    file.answer = UINT64_MAX;
    EXPECT_EQ(code_of(opened.pread(0, large)), nonsense);
    EXPECT_EQ(code_of(opened.seek(0, Whence::end)), std::errc::value_too_large);
    EXPECT_EQ(code_of(opened.seek(0, Whence::data)), std::errc::value_too_large);
    file.answer = 3;
    EXPECT_EQ(code_of(opened.seek(4, Whence::data)), nonsense);
    file.answer = 65'537;
    EXPECT_EQ(code_of(opened.extended_attribute("user.a")), nonsense);
    for (const std::string_view list : {std::string_view("abc"), std::string_view("a\0\0", 3)}) {
        file.list.assign(bytes_of(list).begin(), bytes_of(list).end());
        EXPECT_EQ(code_of(opened.extended_attributes()), nonsense);
    }
    EXPECT_TRUE(opened.close());

    File appending = *context.open("f", "a", {.buffered = false});
    file.answer = 99;
    EXPECT_EQ(code_of(appending.write(small)), nonsense);
    file.answer = 1000;
    EXPECT_TRUE(appending.write(small));
    EXPECT_EQ(*appending.position(), 1000u);
}

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

TEST_F(NonsenseOfServers, in_what_is_opened_is_an_error) {
    liar->content = 16 * KiB + 1;
    EXPECT_EQ(code_of(context.open("f", "r")), nonsense);
    liar->content = 1;
    EXPECT_EQ(code_of(context.open("f", "w")), nonsense);
    liar->content = 61'441;
    EXPECT_EQ(code_of(context.read_file("f")), nonsense);
    liar->content = 61'440;
    liar->size = UINT64_MAX;
    EXPECT_EQ(code_of(context.read_file("f")), std::errc::file_too_large);
    // A size that is not true costs no memory.
    EXPECT_TRUE(context.read_file("f", UINT64_MAX)->empty());
    file.answer = 2 * MiB;
    EXPECT_EQ(code_of(context.read_file("f", UINT64_MAX)), nonsense);
    liar->content = 0;
    EXPECT_TRUE(context.read_file("f", UINT64_MAX)->empty());
}

TEST_F(NonsenseOfServers, without_end_is_read_as_far_as_the_reader_says) {
    constexpr std::uint64_t most = 3 * MiB + 5;
    liar->content = 61'440;
    file.endless = true;
    for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{61'441}}) {
        liar->size = size;
        file.furthest = 0;
        const auto got = context.read_file("f", most);
        // A file of the size that it says is one; what goes on behind it is not looked at.
        if (size > 0)
            EXPECT_EQ(got->size(), size);
        else
            EXPECT_EQ(code_of(got), std::errc::file_too_large);
        EXPECT_LE(file.furthest, most + 1);
    }
}

TEST_F(NonsenseOfServers, in_listings_is_an_error) {
    protocols::DirectoryPage& page = liar->directory->answer;
    page = {.count = 0, .entries = {}, .last = false};
    EXPECT_EQ(code_of(context.list("d")), nonsense);
    page = {.count = UINT32_MAX, .entries = {}, .last = true};
    EXPECT_EQ(code_of(context.list("d")), nonsense);
    const auto of_name = [&](std::string name, std::uint64_t next) {
        ipc::Encoder out;
        encode(out,
               protocols::DirectoryEntry{std::move(name), 1, protocols::FileType::regular, next});
        page.entries.assign(out.body().begin(), out.body().end());
        page.count = 1;
    };
    for (const std::string& name : {std::string(), std::string("."), std::string(".."),
                                    std::string("a/b"), std::string("a\0b", 3)}) {
        of_name(name, 1);
        EXPECT_EQ(code_of(context.list("d")), nonsense) << name;
    }
    of_name("a", 1);
    EXPECT_EQ(context.list("d")->size(), 1u);
    EXPECT_EQ(code_of(context.list("d", true)), nonsense);
    // The same page for ever.
    page.last = false;
    EXPECT_EQ(code_of(context.list("d")), nonsense);
    page.entries.resize(page.entries.size() / 2);
    EXPECT_EQ(code_of(context.list("d")), nonsense);
}

TEST_F(NonsenseOfServers, without_a_buffer_leaves_messages) {
    int asked = 0;
    liar->buffer = [&] {
        ++asked;
        return Result<void>(fail(std::errc(EDQUOT)));
    };
    File opened = *context.open("f", "r", {.buffered = false});
    std::vector<std::byte> large(200'000);
    file.answer = 61'440;  // a message's most, and at last too much
    EXPECT_EQ(code_of(opened.pread(0, large)), nonsense);
    EXPECT_EQ(*opened.pread(0, std::span(large).first(3 * std::size_t{61'440})), 184'320u);
    EXPECT_EQ(asked, 1);
}

using SilenceOfServers = ClientGround;
QUIRE_BOTH_WAYS(SilenceOfServers);

TEST_P(SilenceOfServers, is_borne_as_long_as_one_likes) {
    if (GetParam() == Way::in_process) GTEST_SKIP() << "a direct call ends when it ends";
    const std::string large = pattern(200'000);
    make("f", large);
    File file = open("f", "r+", {.buffered = false});
    testing::Gate gate;
    set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation == fs::Operation::write) gate.pass();
        return {};
    });
    // The calls that were given up go on with what they had; none touches another's content.
    std::vector<std::string> versions;
    context->set_patience(std::chrono::milliseconds(20));
    for (unsigned i = 0; i < 3; ++i) {
        versions.push_back(pattern(large.size(), i + 7));
        EXPECT_EQ(code_of(file.pwrite(large.size() * (i + 1), bytes_of(versions.back()))),
                  std::errc::timed_out);
    }
    context->set_patience(std::nullopt);
    std::stop_source stop;
    stop.request_stop();
    context->set_stop(stop.get_token());
    EXPECT_EQ(code_of(file.pwrite(0, bytes_of("x"))), std::errc::operation_canceled);
    context->set_stop({});
    std::vector<std::byte> memory(large.size());
    EXPECT_TRUE(file.pread(0, memory));
    EXPECT_TRUE(text_of(memory) == large);
    gate.open();
    file = open("g", "w+", {.buffered = false});
    EXPECT_TRUE(file.write(bytes_of(large)));
    EXPECT_TRUE(file.pread(0, memory));
    EXPECT_TRUE(text_of(memory) == large);
    EXPECT_TRUE(file.close());
    context.reset();
    carrier.reset();
    // Each is there as it was meant, or not at all.
    const auto whole =
        Context::create(files->opener(server::Authority(tree, fs::Credentials::root())))
            ->read_file("f");
    const std::string found = text_of(*whole);
    EXPECT_TRUE(found.substr(0, large.size()) == large);
    for (std::size_t i = 0; i < versions.size(); ++i) {
        const std::size_t at = large.size() * (i + 1);
        if (found.size() <= at) break;
        const std::string part = found.substr(at, large.size());
        EXPECT_TRUE(part == versions[i] || part == std::string(part.size(), '\0')) << i;
    }
}

}  // namespace
}  // namespace quire::client
