// SPDX-License-Identifier: MIT

// Content that a confined server of an ext4 image shows in memory,
// and what becomes of it when the server is killed.

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "crash/traced_program.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "quire/testing/bytes.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

const ipc::Call patient = ipc::Call::forever();

class ShownContent : public ::testing::Test {
protected:
    void SetUp() override {
        const testing::Bytes bytes = testing::pattern(size, 1);
        std::ofstream(served_.tree() + "/f", std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), size);
        served_.create({"--size", "64M"});
        ASSERT_EQ(served_.serve(), "");
    }
    client::Context come() const {
        const auto service = *ipc::connect<protocols::Service>(served_.socket());
        return *client::Context::create(*service->opener(patient, "", false));
    }
    static std::uint64_t messages(const client::Context& context) {
        return context.capability()->remote()->counters().sent_messages;
    }

    static constexpr std::size_t size = 4 << 20;
    ServedImage served_;
};

TEST_F(ShownContent, is_read_without_messages_and_follows_what_a_verb_writes) {
    client::Context context = come();
    client::File file = *context.open("f", "r", {.buffered = false});
    testing::Bytes bytes(size);
    ASSERT_EQ(file.pread(0, bytes), size);
    EXPECT_TRUE(bytes == testing::pattern(size, 1));
    const std::uint64_t before = messages(context);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(file.pread(0, bytes), size);
    EXPECT_EQ(messages(context), before);
    // By a process of its own, as a Volume.
    const auto cut = run_program(quire_words({"truncate", "-s", "1000000", served_.inside("/f")}));
    ASSERT_TRUE(cut && cut->exit_code == 0) << cut->output;
    EXPECT_EQ(file.pread(0, bytes), 1'000'000u);
    EXPECT_EQ(file.pread(1'000'000, bytes), 0u);
}

TEST_F(ShownContent, ends_with_the_server) {
    client::Context context = come();
    client::File file = *context.open("f", "r", {.buffered = false});
    std::array<std::byte, 4096> bytes{};
    ASSERT_EQ(file.pread(8192, bytes), bytes.size());
    served_.kill();
    for (int i = 0; i < 3; ++i) {
        const auto got = file.pread(8192, bytes);
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error(), std::errc::connection_reset);
    }
    // The next server is another one.
    ASSERT_EQ(served_.serve(), "");
    client::Context again = come();
    client::File same = *again.open("f", "r", {.buffered = false});
    EXPECT_EQ(same.pread(8192, bytes), bytes.size());
    EXPECT_FALSE(file.pread(8192, bytes));
}

// After one pass over the file, by the same process.
TEST_F(ShownContent, is_read_at_random_without_messages_system_calls_and_faults) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers make system calls of their own";
#endif
    const pid_t child = ::fork();
    if (child == 0) {
        client::Context own = come();
        client::File file = *own.open("f", "r", {.buffered = false});
        std::array<std::byte, 4096> bytes{};
        for (std::uint64_t at = 0; at < size; at += bytes.size())
            if (!file.pread(at, bytes)) ::_exit(2);
        std::uint64_t state = 1;
        const auto read_many = [&] {
            for (int i = 0; i < 10'000; ++i) {
                state = state * 6364136223846793005U + 1442695040888963407U;
                const auto got = file.pread((state >> 33U) % (size - bytes.size()), bytes);
                if (!got || *got != bytes.size()) return false;
            }
            return true;
        };
        rusage before{};
        rusage after{};
        const std::uint64_t sent = messages(own);
        ::getrusage(RUSAGE_SELF, &before);
        if (!read_many()) ::_exit(3);
        ::getrusage(RUSAGE_SELF, &after);
        if (messages(own) != sent) ::_exit(4);
        if (after.ru_minflt != before.ru_minflt || after.ru_majflt != before.ru_majflt) ::_exit(5);
        if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) ::_exit(6);
        ::syscall(SYS_exit, read_many() ? 0 : 7);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

// A file that is read for the first time, from its beginning to its end.
TEST(ShownFiles, of_a_gibibyte_are_read_with_a_message_for_two_mebibytes) {
    constexpr std::uint64_t whole = 1U << 30U;
    ServedImage served;
    std::ofstream(served.tree() + "/f") << "begins";
    std::filesystem::resize_file(served.tree() + "/f", whole);
    served.create({"--size", "64M"});
    ASSERT_EQ(served.serve(), "");
    const auto service = *ipc::connect<protocols::Service>(served.socket());
    client::Context context = *client::Context::create(*service->opener(patient, "", false));
    client::File file = *context.open("f", "r", {.buffered = false});
    const auto sent = [&] { return context.capability()->remote()->counters().sent_messages; };
    const std::uint64_t before = sent();
    std::vector<std::byte> bytes(64 << 10);
    std::uint64_t read = 0;
    while (const std::size_t got = *file.read(bytes)) read += got;
    EXPECT_EQ(read, whole);
    EXPECT_LE(sent() - before, whole / (2 << 20));
}

// 4 GiB of files in 8 MiB of memory: all of it is what was written, by whomever it is read.
TEST(ShownFiles, are_right_in_little_memory) {
    constexpr std::size_t file_count = 16;
    constexpr std::uint64_t file_size = 256U << 20U;
    constexpr std::size_t record = 10'000;
    ServedImage served;
    for (std::size_t i = 0; i < file_count; ++i) {
        std::ofstream(served.tree() + "/" + std::to_string(i)) << "";
        std::filesystem::resize_file(served.tree() + "/" + std::to_string(i), file_size);
    }
    served.create({"--size", "512M"});
    ASSERT_EQ(served.serve({"--memory", "8M"}), "");
    std::vector<client::Context> contexts;
    std::vector<std::vector<client::File>> files(2);
    for (std::vector<client::File>& own : files) {
        const auto service = *ipc::connect<protocols::Service>(served.socket());
        contexts.push_back(*client::Context::create(*service->opener(patient, "", false)));
        for (std::size_t i = 0; i < file_count; ++i)
            own.push_back(*contexts.back().open(std::to_string(i), "r+", {.buffered = false}));
    }
    std::mt19937_64 random(1);
    std::map<std::pair<std::size_t, std::uint64_t>, char> model;
    for (int step = 0; step < 1500; ++step) {
        const std::size_t number = random() % file_count;
        client::File& file = files[random() % 2][number];
        const std::uint64_t place = random() % (file_size / record) * record;
        std::vector<std::byte> bytes(record);
        if (random() % 2 == 0) {
            const char letter = static_cast<char>('a' + random() % 26);
            std::ranges::fill(bytes, static_cast<std::byte>(letter));
            // Many in a row, which are worth a loan.
            const std::uint64_t last =
                std::min(place + (1 + random() % 10) * record, file_size - record);
            for (std::uint64_t at = place; at < last; at += record) {
                ASSERT_TRUE(file.pwrite(at, bytes));
                model[{number, at}] = letter;
            }
        } else {
            ASSERT_EQ(*file.pread(place, bytes), record);
            const auto found = model.find({number, place});
            const auto letter = static_cast<std::byte>(found == model.end() ? 0 : found->second);
            for (const std::byte byte : bytes) ASSERT_EQ(byte, letter);
        }
    }
    for (const auto& [where, letter] : model) {
        std::vector<std::byte> bytes(record);
        ASSERT_EQ(*files[random() % 2][where.first].pread(where.second, bytes), record);
        for (const std::byte byte : bytes) ASSERT_EQ(byte, static_cast<std::byte>(letter));
    }
}

}  // namespace
}  // namespace quire::tests
