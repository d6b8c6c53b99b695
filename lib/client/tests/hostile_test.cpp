// SPDX-License-Identifier: MIT
//
// A server that answers nonsense, or does not answer.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "lying_server.hpp"
#include "quire/testing/gate.hpp"

namespace quire::client {
namespace {

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
