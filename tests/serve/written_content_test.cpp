// SPDX-License-Identifier: MIT

// Content that clients write in memory of a confined server of an image: without system calls and
// faults, there for everybody when the writer has been killed or stopped in the middle, and on the
// device when that was promised.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "crash/judges.hpp"
#include "crash/traced_program.hpp"
#include "quire/block/file_device.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

const ipc::Call as_long_as_it_takes = ipc::Call::forever();
constexpr client::OpenOptions without_buffers{.buffered = false};
constexpr std::size_t written_page = 4096;

std::span<const std::byte> raw_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// Words that parent and child both have.
struct Progress {
    std::atomic<std::uint64_t> told = 0;    // what is said to be written
    std::atomic<std::uint64_t> begun = 0;   // what may be
    std::atomic<std::uint64_t> faults = 0;  // that it cost
};

class WrittenContent : public ::testing::TestWithParam<const char*> {
protected:
    WrittenContent() {
        void* const place = ::mmap(nullptr, written_page, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        progress = new (place) Progress;
    }
    ~WrittenContent() override { ::munmap(progress, written_page); }

    void serve(const std::vector<std::string>& options = {}, std::size_t size = 1U << 20U,
               const char* image_size = "64M") {
        for (const char* const name : {"f", "g", "h"})
            std::ofstream(served_.tree() + "/" + name, std::ios::binary)
                << std::string(size, name[0]);
        served_.create({"--type", GetParam(), "--size", image_size});
        ASSERT_EQ(served_.serve(options), "");
    }
    client::Context come() const {
        const auto service = *ipc::connect<protocols::Service>(served_.socket());
        return *client::Context::create(*service->opener(as_long_as_it_takes, "", false));
    }
    /// In a process of its own, which ends with the answer of `work` unless something ends it before.
    pid_t begin(const std::function<bool(client::Context&)>& work) const {
        const pid_t child = ::fork();
        if (child != 0) return child;
        client::Context own = come();
        const bool well = work(own);
        ::syscall(SYS_exit_group, well ? 0 : 1);
        ::_exit(2);
    }
    static int end_of(pid_t child) {
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        return status;
    }
    static std::string all_of(client::Context& context, std::string_view path) {
        const auto bytes = context.read_file(path);
        EXPECT_TRUE(bytes) << bytes.error().message();
        if (!bytes) return {};
        return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
    }
    void expect_clean() {
        served_.stop();
        if (judges_.without_e2fsck()) return;
        const auto device = *block::FileDevice::open(served_.image());
        EXPECT_EQ(judges_.complaint(*device).value_or("clean"), "clean");
    }

    ServedImage served_;
    Judges judges_;
    Progress* progress = nullptr;
};

INSTANTIATE_TEST_SUITE_P(On, WrittenContent, ::testing::Values("ext4", "ext2"),
                         [](const auto& kind) { return std::string(kind.param); });

// Writes all pages again and again, each with the number of the turn in all its words.
bool write_stamps(client::File& file, std::size_t page_count, Progress& progress,
                  std::uint64_t turns) {
    std::vector<std::uint64_t> page(written_page / sizeof(std::uint64_t));
    for (std::uint64_t turn = 1; turn <= turns; ++turn) {
        for (std::uint64_t& word : page) word = turn;
        progress.begun = turn;
        if (!file.pwrite(turn % page_count * written_page, std::as_bytes(std::span(page))))
            return false;
        progress.told = turn;
    }
    return true;
}

TEST_P(WrittenContent, takes_no_system_calls_and_no_faults) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers make system calls of their own";
#endif
    serve();
    constexpr std::size_t pages = 256;
    const auto faults = [] {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        return static_cast<std::uint64_t>(used.ru_minflt + used.ru_majflt);
    };
    const pid_t child = begin([&](client::Context& own) {
        auto file = own.open("f", "r+", without_buffers);
        if (!file || !write_stamps(*file, pages, *progress, 2 * pages)) return false;
        const auto sent = [&] { return own.capability()->remote()->counters().sent_messages; };
        const std::uint64_t messages = sent();
        const std::uint64_t before = faults();
        if (!write_stamps(*file, pages, *progress, 10'000)) return false;
        progress->faults = faults() - before;
        if (sent() != messages) return false;
        if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) return false;
        if (!write_stamps(*file, pages, *progress, 10'000)) return false;
        // Without a close: what is written is there.
        ::syscall(SYS_exit, 0);
        return false;
    });
    EXPECT_EQ(end_of(child), 0);
    EXPECT_EQ(progress->faults, 0u);
    client::Context context = come();
    const std::string content = all_of(context, "f");
    ASSERT_EQ(content.size(), pages * written_page);
    for (std::uint64_t turn = 10'000 - pages + 1; turn <= 10'000; ++turn) {
        std::uint64_t stamp = 0;
        std::memcpy(&stamp, content.data() + turn % pages * written_page, sizeof(stamp));
        ASSERT_EQ(stamp, turn);
    }
    expect_clean();
}

// What the writer was told is there, and at most one page is half of what it was writing when it ended.
TEST_P(WrittenContent, is_there_when_its_writer_is_killed) {
    serve();
    constexpr std::size_t pages = 64;
    for (int round = 0; round < 20; ++round) {
        SCOPED_TRACE(round);
        progress->told = 0;
        const pid_t child = begin([&](client::Context& own) {
            auto file = own.open("f", "r+", without_buffers);
            return file && write_stamps(*file, pages, *progress, 1'000'000'000);
        });
        while (progress->told < 500 + 100 * static_cast<std::uint64_t>(round))
            std::this_thread::yield();
        ::kill(child, SIGKILL);
        EXPECT_TRUE(WIFSIGNALED(end_of(child)));
        const std::uint64_t told = progress->told;
        client::Context context = come();
        const std::string content = all_of(context, "f");
        std::size_t torn = 0;
        for (std::uint64_t turn = told - pages + 2; turn <= told; ++turn) {
            std::vector<std::uint64_t> page(written_page / sizeof(std::uint64_t));
            std::memcpy(page.data(), content.data() + turn % pages * written_page, written_page);
            bool whole = true;
            for (const std::uint64_t word : page) {
                ASSERT_TRUE(word == turn || word == told + 1) << word << " of " << turn;
                whole = whole && word == page[0];
            }
            torn += whole ? 0 : 1;
        }
        EXPECT_LE(torn, 1u);
        EXPECT_EQ(content.substr(pages * written_page),
                  std::string((1U << 20U) - pages * written_page, 'f'));
    }
    client::Context context = come();
    for (const char* const name : {"g", "h"})
        EXPECT_EQ(all_of(context, name), std::string(1U << 20U, name[0]));
    expect_clean();
}

// Stopped at any moment, also in the middle of a copy: others use the file meanwhile, nothing of what is
// written later lands anywhere else, and what the writer is told counts.
TEST_P(WrittenContent, is_written_nowhere_else_by_who_was_stopped) {
    serve({"--memory", "4M"}, 256 * 1024);
    constexpr std::size_t pages = 64;
    const pid_t child = begin([&](client::Context& own) {
        auto file = own.open("f", "r+", without_buffers);
        return file && write_stamps(*file, pages, *progress, 1'000'000'000);
    });
    client::Context context = come();
    client::File same = *context.open("f", "r+", without_buffers);
    std::mt19937 random(1);
    std::uint64_t last = 0;
    for (int round = 0; round < 60; ++round) {
        while (progress->told < last + 200) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
        ::kill(child, SIGSTOP);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
        ASSERT_TRUE(WIFSTOPPED(status));
        const std::uint64_t told = progress->told;
        const std::uint64_t page = told % pages;
        std::uint64_t stamp = 0;
        ASSERT_TRUE(same.pread(page * written_page, std::as_writable_bytes(std::span(&stamp, 1))));
        ASSERT_TRUE(stamp == told || stamp == progress->begun) << stamp << " and not " << told;
        // Its memory is not used for what others write and read.
        for (const char* const name : {"g", "h"}) {
            client::File other = *context.open(name, "r+", without_buffers);
            for (std::uint64_t i = 0; i < 8; ++i)
                ASSERT_TRUE(other.pwrite(random() % 60 * written_page,
                                         raw_bytes(std::string(written_page, name[0]))));
        }
        ::kill(child, SIGCONT);
        last = progress->told;
    }
    ::kill(child, SIGKILL);
    end_of(child);
    for (const char* const name : {"g", "h"})
        EXPECT_EQ(all_of(context, name), std::string(256 * 1024, name[0]));
    EXPECT_TRUE(same.close());
    expect_clean();
}

TEST_P(WrittenContent, is_on_the_device_when_it_has_been_flushed) {
    serve();
    constexpr std::size_t pages = 64;
    client::Context context = come();
    client::File file = *context.open("f", "r+", without_buffers);
    ASSERT_TRUE(write_stamps(file, pages, *progress, 1000));
    ASSERT_TRUE(file.flush());
    const auto service = *ipc::connect<protocols::Service>(served_.socket());
    EXPECT_THAT(*service->status(as_long_as_it_takes),
                ::testing::HasSubstr(" of content, 1 files, 1 of them lent\n"));
    served_.kill();
    EXPECT_EQ(file.pwrite(0, raw_bytes("x")).error(), std::errc::connection_reset);
    EXPECT_EQ(file.flush().error(), std::errc::connection_reset);
    if (judges_.without_e2fsck()) return;
    // Without any recovery.
    const auto dumped = run_program({"/usr/bin/env", "debugfs", "-R", "cat /f", served_.image()});
    ASSERT_TRUE(dumped && dumped->output.size() >= 1U << 20U);
    const std::size_t start = dumped->output.size() - (1U << 20U);
    const std::string content = dumped->output.substr(start);
    for (std::uint64_t turn = 1000 - pages + 1; turn <= 1000; ++turn) {
        std::uint64_t stamp = 0;
        std::memcpy(&stamp, content.data() + turn % pages * written_page, sizeof(stamp));
        ASSERT_EQ(stamp, turn);
    }
}

// A full image: the write that finds no space says so, and what was accepted before is there.
TEST_P(WrittenContent, is_refused_when_the_image_is_full) {
    serve({}, 64 * 1024, "8M");
    client::Context context = come();
    client::File file = *context.open("new", "w+", without_buffers);
    std::uint64_t size = 0;
    Result<void> written;
    while (true) {
        written = file.pwrite(size, raw_bytes(std::string(written_page, 'n')));
        if (!written) break;
        size += written_page;
        ASSERT_LT(size, 16U << 20U);
    }
    EXPECT_EQ(written.error(), std::errc::no_space_on_device);
    EXPECT_GT(size, 3U << 20U);
    EXPECT_TRUE(file.flush());
    EXPECT_TRUE(file.close());
    const std::string content = all_of(context, "new");
    ASSERT_GE(content.size(), size);
    EXPECT_EQ(content.substr(0, size), std::string(size, 'n'));
    expect_clean();
}

// What was accepted has its place, also page by page in no order, when others have taken all the rest.
TEST_P(WrittenContent, finds_its_space_when_others_have_taken_the_rest) {
    serve({}, 64 * 1024, "8M");
    client::Context context = come();
    client::File file = *context.open("new", "w+", without_buffers);
    std::string model;
    const auto put = [&](std::size_t page) {
        const std::string text(written_page, static_cast<char>('a' + page % 26));
        if (!file.pwrite(page * written_page, raw_bytes(text))) return false;
        model.resize(std::max(model.size(), (page + 1) * written_page));
        model.replace(page * written_page, written_page, text);
        return true;
    };
    for (std::size_t page = 0; page < 40; ++page) ASSERT_TRUE(put(page));
    client::Context greedy = come();
    client::File rest = *greedy.open("rest", "w+", without_buffers);
    const std::string page(written_page, 'r');
    for (std::uint64_t at = 0; rest.pwrite(at, raw_bytes(page)); at += written_page) continue;
    ASSERT_TRUE(rest.close());
    EXPECT_LE(greedy.statistics()->free_blocks, 8u);
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < 100; ++i) accepted += put(41 + 37 * i % 150 / 2 * 2) ? 1 : 0;
    if (GetParam() == std::string_view("ext4")) {
        EXPECT_GT(accepted, 5u) << "nothing was reserved";
    }
    EXPECT_TRUE(file.flush());
    EXPECT_TRUE(file.close());
    EXPECT_TRUE(all_of(greedy, "new") == model);
    expect_clean();
}

// What has been reserved behind the end, and not written, is free when the file is closed.
TEST_P(WrittenContent, leaves_no_space_taken) {
    serve();
    client::Context context = come();
    const auto grow = [&](std::string_view name, std::size_t pages) {
        const auto before = context.statistics()->free_blocks;
        client::File file = *context.open(name, "w+", without_buffers);
        for (std::size_t i = 0; i < pages; ++i)
            EXPECT_TRUE(file.pwrite(i * written_page, raw_bytes(std::string(written_page, 'g'))));
        EXPECT_TRUE(file.close());
        return before - context.statistics()->free_blocks;
    };
    // By message, and on loan.
    EXPECT_EQ(grow("few", 3), 3u * written_page / context.statistics()->block_size);
    const auto many = grow("many", 100) * context.statistics()->block_size / written_page;
    EXPECT_GE(many, 100u);
    EXPECT_LE(many, 102u) << "the blocks that say where the others are count too";
    expect_clean();
}

// All that a program does to a file, beside the same on a string.
TEST_P(WrittenContent, is_what_a_model_says) {
    serve({"--memory", "4M"});
    client::Context context = come();
    client::Context other = come();
    std::string model(1U << 20U, 'f');
    std::optional<client::File> file = *context.open("f", "r+", without_buffers);
    std::mt19937 random(5);
    for (int step = 0; step < 3000; ++step) {
        const std::size_t position = random() % (model.size() + 100'000);
        const std::string text(1 + random() % 30'000, static_cast<char>('a' + random() % 26));
        switch (random() % 60) {
            case 0:
                ASSERT_TRUE(file->truncate(position));
                model.resize(position);
                break;
            case 1:
                ASSERT_TRUE(file->flush());
                break;
            case 2:
                ASSERT_TRUE(file->close());
                file = *context.open("f", "r+", without_buffers);
                break;
            case 3:
                ASSERT_EQ(all_of(other, "f"), model);
                break;
            case 4:
                ASSERT_EQ(other.stat("f")->size, model.size());
                break;
            default:
                ASSERT_TRUE(file->pwrite(position, raw_bytes(text)));
                if (model.size() < position + text.size()) model.resize(position + text.size());
                model.replace(position, text.size(), text);
        }
    }
    ASSERT_EQ(all_of(other, "f"), model);
    EXPECT_TRUE(file->close());
    ASSERT_EQ(all_of(other, "f"), model);
    expect_clean();
}

}  // namespace
}  // namespace quire::tests
