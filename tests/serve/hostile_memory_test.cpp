// SPDX-License-Identifier: MIT

// A client that writes over all memory that it can map, and looks there for what it may not read,
// beside clients of several users that write and read their files: no byte of these is wrong, none of
// what it may not read is found, and the server lives.

#include <fmt/format.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "crash/judges.hpp"
#include "quire/block/file_device.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "serve/scribbler.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

constexpr uid_t hostile_user = 1000;
constexpr uid_t other_user = 1001;
constexpr client::OpenOptions straight{.buffered = false};
constexpr std::size_t stamped_pages = 64;  // of each file
constexpr std::size_t stamped_size = stamped_pages * 4096;
constexpr std::size_t honest_files = 6;
constexpr std::size_t public_file = 0;  // that all may read
constexpr Mark public_mark{0x79626F6479726576, 0x6E616320656573};

using StampedPage = std::array<std::uint64_t, 512>;

/// How often each page of a file was said to be written, and how often that was begun.
struct FileVersions {
    std::array<std::atomic<std::uint32_t>, stamped_pages> told{};
    std::array<std::atomic<std::uint32_t>, stamped_pages> begun{};
};
struct HostileStage {
    std::array<FileVersions, honest_files> files;
    ScribblerWords scribbler;
    std::atomic<bool> honest_done = false;
    std::atomic<std::uint64_t> written_in_memory = 0;
    /// Of a test whose processes take turns.
    std::atomic<int> step = 0;
};

StampedPage stamped_page(std::size_t file, std::size_t page, std::uint32_t version) {
    const Mark mark = file == public_file ? public_mark : never_shown;
    const std::uint64_t stamp = file << 56U | page << 40U | version;
    StampedPage words;
    for (std::size_t i = 0; i < words.size(); i += 4)
        std::tie(words[i], words[i + 1], words[i + 2], words[i + 3]) =
            std::tuple(mark[0], mark[1], stamp, (stamp + i) * 0x9E3779B97F4A7C15);
    return words;
}

std::string full_of(const Mark& mark, std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i + sizeof mark <= size; i += sizeof mark)
        std::memcpy(text.data() + i, mark.data(), sizeof mark);
    return text;
}

class HostileMemory : public ::testing::Test {
protected:
    HostileMemory() {
        void* const place = ::mmap(nullptr, sizeof(HostileStage), PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        stage_ = new (place) HostileStage;
    }
    ~HostileMemory() override { ::munmap(stage_, sizeof(HostileStage)); }

    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "acting as other users needs root";
        if (::setegid(60'000) != 0 || ::setegid(0) != 0)
            GTEST_SKIP() << "there are no other users here";
        // Others may come in.
        ::chmod(std::filesystem::path(served_.tree()).parent_path().c_str(), 0755);
    }

    void make(const std::string& name, const std::string& content, mode_t mode, uid_t owner = 0) {
        const std::string path = served_.tree() + "/" + name;
        std::ofstream(path, std::ios::binary) << content;
        ASSERT_EQ(::chown(path.c_str(), owner, owner), 0);
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    }
    void make_stamped(std::size_t file, mode_t mode, uid_t owner) {
        std::string content;
        for (std::size_t page = 0; page < stamped_pages; ++page) {
            const StampedPage words = stamped_page(file, page, 0);
            content.append(reinterpret_cast<const char*>(words.data()), sizeof words);
        }
        make(name_of(file), content, mode, owner);
    }
    static std::string name_of(std::size_t file) { return fmt::format("stamped{}", file); }

    client::Context come() const {
        const auto service = *ipc::connect<protocols::Service>(served_.socket());
        return *client::Context::create(*service->opener(ipc::Call::forever(), "", false),
                                        {.umask = 0, .patience = std::chrono::minutes(1)});
    }

    /// A process of that user, which says what is wrong, or nothing.
    pid_t begin(uid_t user, const std::function<std::string()>& work) const {
        std::fflush(nullptr);
        const pid_t child = ::fork();
        if (child != 0) return child;
        // Whoever does not end is killed, and that is seen.
        ::alarm(300);
        if (user != 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(user, user, user) != 0 ||
                          ::setresuid(user, user, user) != 0))
            ::_exit(2);
        const std::string wrong = work();
        if (!wrong.empty()) std::fprintf(stderr, "user %u: %s\n", user, wrong.c_str());
        ::_exit(wrong.empty() ? 0 : 1);
    }
    static void expect_well(pid_t child, const char* who) {
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << who << ": " << status;
    }

    /// The processors are for those who are waited for.
    template <typename Condition>
    static void wait_until(Condition condition) {
        while (!condition()) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }

    /// Threads that write files of their own, one each.
    std::string write_files(std::size_t first, std::size_t count, int turns) const {
        std::vector<std::string> wrong(count);
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < count; ++i)
                threads.emplace_back([&, i] { wrong[i] = write_file(first + i, turns); });
        }
        std::string all;
        for (const std::string& one : wrong) all += one;
        return all;
    }
    std::string write_file(std::size_t number, int turns) const {
        client::Context context = come();
        client::Context other = come();
        std::optional<client::File> file;
        std::mt19937 random(static_cast<unsigned>(number));
        FileVersions& versions = stage_->files.at(number);
        for (int turn = 0; turn < turns; ++turn) {
            if (!file || random() % 256 == 0) {
                if (file && !file->close()) return "cannot close";
                auto opened = context.open(name_of(number), "r+", straight);
                if (!opened) return "cannot open: " + opened.error().message();
                file = *std::move(opened);
            }
            const std::size_t page = random() % stamped_pages;
            if (random() % 3 != 0) {
                const std::uint32_t version = ++versions.begun.at(page);
                const StampedPage words = stamped_page(number, page, version);
                const auto messages = [&] {
                    return context.capability()->remote()->counters().sent_messages;
                };
                const std::uint64_t before = messages();
                const auto written =
                    file->pwrite(page * sizeof words, std::as_bytes(std::span(words)));
                if (!written) return "cannot write: " + written.error().message();
                versions.told.at(page) = version;
                if (messages() == before) ++stage_->written_in_memory;
            } else if (std::string wrong = read_page(*file, number, page); !wrong.empty()) {
                return wrong;
            }
            if (random() % 128 == 0 && !file->flush()) return "cannot flush";
            if (random() % 64 == 0) {
                auto opened = other.open(name_of(number), "r", straight);
                if (!opened) return "cannot open again: " + opened.error().message();
                for (std::size_t i = 0; i < stamped_pages; ++i)
                    if (std::string wrong = read_page(*opened, number, i); !wrong.empty())
                        return wrong;
            }
        }
        return file->close() ? "" : "cannot close";
    }
    /// What is there was written at the latest before this has ended, and not before what had been told
    /// when it began. A page that is being written may be half of each.
    std::string read_page(client::File& file, std::size_t number, std::size_t page) const {
        FileVersions& versions = stage_->files.at(number);
        const std::uint32_t told = versions.told.at(page);
        StampedPage words{};
        const auto got = file.pread(page * sizeof words, std::as_writable_bytes(std::span(words)));
        const std::uint32_t begun = versions.begun.at(page);
        if (!got || *got != sizeof words) return "cannot read";
        const auto version = static_cast<std::uint32_t>(words[2]);
        if (version >= told && version <= begun && words == stamped_page(number, page, version))
            return "";
        if (begun != told) return "";
        return fmt::format("page {} of file {} is not of version {}", page, number, told);
    }
    /// One that shares memory with the hostile client, who can write nothing there.
    std::string read_public() const {
        client::Context context = come();
        std::uint64_t reads = 0;
        while (!stage_->honest_done) {
            auto file = context.open(name_of(public_file), "r", straight);
            if (!file) return "cannot open: " + file.error().message();
            for (std::size_t page = 0; page < stamped_pages; ++page, ++reads)
                if (std::string wrong = read_page(*file, public_file, page); !wrong.empty())
                    return wrong;
        }
        return reads > 0 ? "" : "nothing was read";
    }

    /// Lets everybody read files and takes that back, while they are being read, again and again.
    std::string show_and_hide(int rounds) const {
        client::Context context = come();
        ScribblerWords& words = stage_->scribbler;
        std::mt19937 random(7);
        const auto fill = [&](const std::string& name, const std::string& content) {
            auto file = context.open(name, "r+", straight);
            return file && file->pwrite(0, std::as_bytes(std::span(content))) && file->close();
        };
        for (int round = 1; round <= rounds; ++round) {
            const auto number = static_cast<std::uint64_t>(round);
            const std::string content = full_of(shown_in(number), shown_size);
            if (!fill(files_.shown, content) || !fill(files_.shown_to_lend, content) ||
                !fill(files_.shown_small, content.substr(0, 4000)))
                return "cannot write";
            for (const auto& [name, mode] :
                 {std::pair(files_.shown, 0644), std::pair(files_.shown_small, 0644),
                  std::pair(files_.shown_to_lend, 0666)})
                if (!context.chmod(name, static_cast<std::uint16_t>(mode))) return "cannot chmod";
            words.phase = 2 * number;
            const std::uint64_t until = words.uses + random() % 30;
            wait_until([&] { return words.uses >= until; });
            for (const auto& name : {files_.shown, files_.shown_small, files_.shown_to_lend})
                if (!context.chmod(name, 0600)) return "cannot chmod back";
            words.phase = 2 * number + 1;
            wait_until([&] { return words.searched == 2 * number + 1; });
        }
        return "";
    }

    void wait_for(int step) const {
        wait_until([&] { return stage_->step == step; });
    }
    /// As the hostile user: borrows a file that it may read just now, opened for writing only, and is
    /// stopped in the middle of a write, as far as anybody can see.
    std::string borrow_and_search(const std::string& name) const {
        const auto call = ipc::Call::within(std::chrono::minutes(1));
        const client::Context context = come();
        const auto raw = context.capability();
        const auto opened = raw->open(call, name, protocols::open_write, 0, 0);
        if (!opened) return "cannot open: " + opened.error().message();
        const auto lent = opened->file->lend(call, 0, 1, 1);
        if (!lent) return "cannot borrow: " + lent.error().message();
        std::vector<std::span<std::byte>> segments;
        for (std::uint32_t number = 1;; ++number) {
            const auto memory = raw->write_segment(call, number);
            if (!memory) break;
            void* const place = ::mmap(nullptr, memory->size(), PROT_READ | PROT_WRITE, MAP_SHARED,
                                       memory->fd(), 0);
            if (place == MAP_FAILED) return "cannot map";
            segments.emplace_back(static_cast<std::byte*>(place), memory->size());
        }
        const auto is_there = [&] {
            return std::ranges::any_of(segments, [](const auto& segment) {
                return ::memmem(segment.data(), segment.size(), never_shown.data(),
                                sizeof never_shown) != nullptr;
            });
        };
        if (!is_there()) return "what is lent is not there";
        auto* const control = segments.at(lent->control_segment - 1).data() + lent->control_offset;
        std::atomic_ref(*reinterpret_cast<std::uint64_t*>(control)).store(1);
        stage_->step = 1;
        wait_for(2);
        if (is_there()) return "it is still there";
        const auto again = opened->file->lend(call, shown_size / 2, 1, 1);
        if (again || again.error() != std::errc::permission_denied) return "it is lent again";
        return is_there() ? "it is there again" : "";
    }
    /// `take_away`: of the hostile user the right to read "borrowed", which it has at first.
    void expect_wiped_out(const std::function<Result<void>(client::Context&)>& take_away) {
        served_.create({"--type", "ext4", "--size", "64M"});
        ASSERT_EQ(served_.serve({"--mode", "666"}), "");
        client::Context context = come();
        // The same as of 0660, and for the hostile user what is for the group.
        const std::array<std::uint32_t, 11> list{
            2,  6U << 16U | 1, ~0U, 6U << 16U | 2, hostile_user, 4, ~0U, 6U << 16U | 16, ~0U, 32,
            ~0U};
        ASSERT_TRUE(context.set_extended_attribute("borrowed", "system.posix_acl_access",
                                                   std::as_bytes(std::span(list))));
        const pid_t hostile = begin(hostile_user, [&] { return borrow_and_search("borrowed"); });
        wait_for(1);
        EXPECT_TRUE(take_away(context));
        stage_->step = 2;
        expect_well(hostile, "who had borrowed it");
    }

    void expect_all_versions() {
        client::Context context = come();
        for (std::size_t number = 0; number < honest_files; ++number) {
            auto file = context.open(name_of(number), "r", straight);
            ASSERT_TRUE(file) << file.error().message();
            for (std::size_t page = 0; page < stamped_pages; ++page) {
                ASSERT_EQ(stage_->files.at(number).begun.at(page),
                          stage_->files.at(number).told.at(page));
                EXPECT_EQ(read_page(*file, number, page), "");
            }
        }
        const auto small = context.read_file("secret_small");
        ASSERT_TRUE(small);
        EXPECT_EQ(std::memcmp(small->data(), full_of(never_shown, 4000).data(), 4000), 0);
    }

    static constexpr std::size_t shown_size = 1U << 20U;
    const ScribblerFiles files_{.own = "own",
                                .read_only = name_of(public_file),
                                .write_only = "write_only",
                                .shown = "shown",
                                .shown_small = "shown_small",
                                .shown_to_lend = "shown_to_lend"};
    ServedImage served_;
    Judges judges_;
    HostileStage* stage_ = nullptr;
};

TEST_F(HostileMemory, that_one_client_scribbles_over_harms_nobody_else_and_shows_it_nothing) {
    make_stamped(public_file, 0644, 0);
    for (const std::size_t file : {1, 2}) make_stamped(file, 0600, 0);
    for (const std::size_t file : {3, 4, 5}) make_stamped(file, 0600, other_user);
    make("secret_small", full_of(never_shown, 4000), 0600);
    make(files_.own, std::string(100'000, 'o'), 0600, hostile_user);
    make(files_.write_only, full_of(never_shown, 1U << 20U), 0622);
    for (const auto& name : {files_.shown, files_.shown_to_lend})
        make(name, std::string(shown_size, 's'), 0600);
    make(files_.shown_small, std::string(4000, 's'), 0600);
    served_.create({"--type", "ext4", "--size", "64M"});
    ASSERT_EQ(served_.serve({"--mode", "666", "--memory", "24M"}), "");
    const pid_t server = served_.server();

    constexpr int turns = 2000;
    ScribblerWords& words = stage_->scribbler;
    const pid_t hostile = begin(hostile_user, [&] {
        scribble(served_.socket(), files_, words);
        return std::string();
    });
    const pid_t roots = begin(0, [&] { return write_files(0, 3, turns); });
    const pid_t others = begin(other_user, [&] { return write_files(3, 3, turns); });
    const pid_t reader = begin(hostile_user, [&] { return read_public(); });
    const pid_t turner = begin(0, [&] { return show_and_hide(30); });
    expect_well(roots, "root's clients");
    expect_well(others, "another user's clients");
    stage_->honest_done = true;
    expect_well(reader, "who may read the same");
    expect_well(turner, "who shows and hides");
    words.phase = ScribblerWords::over;
    expect_well(hostile, "the hostile client");

    EXPECT_EQ(words.findings(), "");
    EXPECT_GT(words.loans, 0u);
    EXPECT_GT(words.mapped, 0u);
    EXPECT_GT(stage_->written_in_memory, 0u);
    EXPECT_EQ(served_.server(), server);
    expect_all_versions();
    served_.stop();
    if (judges_.without_e2fsck()) return;
    const auto device = *block::FileDevice::open(served_.image());
    EXPECT_EQ(judges_.complaint(*device).value_or("clean"), "clean");
}

TEST_F(HostileMemory, that_was_lent_is_wiped_out_with_the_permission_to_read_it) {
    make("borrowed", full_of(never_shown, shown_size), 0600);
    expect_wiped_out([](client::Context& context) { return context.chmod("borrowed", 0600); });
}

TEST_F(HostileMemory, that_was_lent_is_wiped_out_with_the_access_list_that_let_it_be_read) {
    make("borrowed", full_of(never_shown, shown_size), 0600);
    expect_wiped_out([](client::Context& context) {
        return context.remove_extended_attribute("borrowed", "system.posix_acl_access");
    });
}

}  // namespace
}  // namespace quire::tests
