// SPDX-License-Identifier: MIT

// Processes of other users at a served socket get what the kernel grants them in a directory of the
// host: who they are, supplementary groups included, is what the socket says.

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
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

constexpr std::array<uid_t, 4> owners{0, 1000, 1001, 1002};
constexpr std::array<gid_t, 5> owning_groups{0, 50, 51, 1000, 1001};
constexpr std::array<mode_t, 12> directory_modes{0777,  0755,  0711,  0070,  0007,  01777,
                                                 01775, 02775, 03777, 02755, 01770, 0333};
constexpr std::array<mode_t, 10> file_modes{0644, 0600, 0666,  0060,  0006,
                                            0400, 0200, 04755, 02775, 0};
const std::array<std::string, 7> directory_names{"p", "q", "r", "p/s", "q/t", "p/s/u", "r/v"};
const std::array<std::string, 5> entry_names{"f", "g", "l", "d", "new"};

/// Whether a rule about links, which is the machine's own choice, is in force.
bool is_in_force(const std::string& rule) {
    int value = 0;
    std::ifstream("/proc/sys/fs/" + rule) >> value;
    return value != 0;
}

struct Person {
    uid_t uid;
    gid_t gid;
    std::vector<gid_t> groups;
    mode_t umask;
};

std::string told(int number) {
    return number == 0 ? "ok" : ::strerrorname_np(number);
}
std::string told_by_kernel(long result) {
    return told(result < 0 ? errno : 0);
}
template <typename T>
std::string told(const Result<T>& result) {
    return told(result ? 0 : static_cast<int>(result.error().code()));
}
std::string described(mode_t mode, uid_t uid, gid_t gid, std::uint64_t links) {
    return fmt::format("ok {:o} {}:{} {}", mode, uid, gid, links);
}
std::string joined(std::vector<std::string> listed) {
    std::ranges::sort(listed);
    std::string all = "ok";
    for (const std::string& name : listed) all += " " + name;
    return all;
}

/// What is asked of both.
struct Question {
    unsigned verb;
    std::string path;
    std::string other;
    unsigned number;

    std::string text() const {
        return fmt::format("verb {} on {}, {}, number {}", verb, path, other, number);
    }
    mode_t mode() const { return number % 010000; }
    bool follows() const { return (number & 1) != 0; }
    uid_t uid() const { return number & 64 ? owners.at(number % owners.size()) : ~uid_t{0}; }
    gid_t gid() const {
        return !(number & 64) || number & 128 ? owning_groups.at(number % owning_groups.size())
                                              : ~gid_t{0};
    }
};

/// Asks the kernel, in the current directory.
std::string ask_kernel(const Question& asked) {
    const char* const path = asked.path.c_str();
    const char* const other = asked.other.c_str();
    const int no_follow = asked.follows() ? 0 : AT_SYMLINK_NOFOLLOW;
    switch (asked.verb) {
        case 0: {
            const int file = ::open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, asked.mode());
            const std::string answer = told_by_kernel(file);
            if (file >= 0) ::close(file);
            return answer;
        }
        case 1:
            return told_by_kernel(::mkdir(path, asked.mode()));
        case 2:
            return told_by_kernel(::symlink("f", path));
        case 3:
            return told_by_kernel(::link(path, other));
        case 4:
            return told_by_kernel(::unlink(path));
        case 5:
            return told_by_kernel(::rmdir(path));
        case 6:
            return told_by_kernel(::rename(path, other));
        case 7: {
            DIR* const open = ::opendir(path);
            if (open == nullptr) return told_by_kernel(-1);
            std::vector<std::string> listed;
            while (const dirent* const entry = ::readdir(open)) {
                const std::string name = entry->d_name;
                if (name != "." && name != "..") listed.push_back(name);
            }
            ::closedir(open);
            return joined(listed);
        }
        case 8: {
            const int flags = asked.number % 3 == 0   ? O_RDONLY
                              : asked.number % 3 == 1 ? O_WRONLY
                                                      : O_RDWR;
            struct stat status{};
            // The server has another operation for them.
            if (::stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return "EISDIR";
            const int file = ::open(path, flags | O_CLOEXEC);
            std::string answer = told_by_kernel(file);
            if (file < 0) return answer;
            char byte = 'x';
            answer += flags == O_RDONLY ? told_by_kernel(::pread(file, &byte, 1, 0))
                                        : told_by_kernel(::pwrite(file, &byte, 1, 0));
            ::close(file);
            return answer;
        }
        case 9: {
            struct stat status{};
            if (::fstatat(AT_FDCWD, path, &status, no_follow) != 0) return told_by_kernel(-1);
            return described(status.st_mode & 07777, status.st_uid, status.st_gid, status.st_nlink);
        }
        case 10:
            return told_by_kernel(
                ::faccessat(AT_FDCWD, path, static_cast<int>(asked.number % 8), AT_EACCESS));
        case 11:
            return told_by_kernel(::chmod(path, asked.mode()));
        case 12:
            return told_by_kernel(::fchownat(AT_FDCWD, path, asked.uid(), asked.gid(), no_follow));
        case 13: {
            const std::array<timespec, 2> times{timespec{1, 0}, timespec{2, 0}};
            return told_by_kernel(::utimensat(AT_FDCWD, path, times.data(), no_follow));
        }
        case 14: {
            const std::array<timespec, 2> times{timespec{0, UTIME_NOW}, timespec{0, UTIME_NOW}};
            return told_by_kernel(::utimensat(AT_FDCWD, path, times.data(), no_follow));
        }
        case 15:
            return told_by_kernel(::truncate(path, asked.number % 10));
        default:
            return told_by_kernel(::renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE));
    }
}

/// Asks a served filesystem.
std::string ask_server(client::Context& context, const Question& asked) {
    const std::string& path = asked.path;
    const auto mode = static_cast<std::uint16_t>(asked.mode());
    const auto given = [](auto id) {
        return id == decltype(id)(-1) ? std::nullopt : std::optional<std::uint32_t>(id);
    };
    switch (asked.verb) {
        case 0:
            return told(context.open(
                path, protocols::open_create | protocols::open_exclusive | protocols::open_write,
                {.permissions = mode}));
        case 1:
            return told(context.mkdir(path, mode));
        case 2:
            return told(context.symlink("f", path));
        case 3:
            return told(context.link(path, asked.other));
        case 4:
            return told(context.remove(path));
        case 5:
            return told(context.rmdir(path));
        case 6:
            return told(context.rename(path, asked.other));
        case 7: {
            const auto entries = context.list(path);
            if (!entries) return told(entries);
            std::vector<std::string> listed;
            for (const client::Entry& entry : *entries) listed.push_back(entry.name);
            return joined(listed);
        }
        case 8: {
            const std::uint32_t flags = asked.number % 3 == 0 ? protocols::open_read
                                        : asked.number % 3 == 1
                                            ? protocols::open_write
                                            : protocols::open_read | protocols::open_write;
            auto file = context.open(path, flags);
            if (!file) return told(file);
            std::byte byte{'x'};
            if (flags == protocols::open_read) return "ok" + told(file->pread(0, {&byte, 1}));
            const auto written = file->pwrite(0, {&byte, 1});
            const auto closed = file->close();
            return "ok" + told(written ? closed : written);
        }
        case 9: {
            const auto found = asked.follows() ? context.stat(path) : context.lstat(path);
            if (!found) return told(found);
            return described(found->permissions, found->uid, found->gid, found->links);
        }
        case 10:
            return told(context.access(path, asked.number % 8));
        case 11:
            return told(context.chmod(path, mode));
        case 12:
            return told(
                context.chown(path, given(asked.uid()), given(asked.gid()), asked.follows()));
        case 13:
            return told(context.utimens(path, client::NewTime::at({1, 0}),
                                        client::NewTime::at({2, 0}), asked.follows()));
        case 14:
            return told(context.utimens(path, client::NewTime::now(), client::NewTime::now(),
                                        asked.follows()));
        case 15:
            return told(context.truncate(path, asked.number % 10));
        default:
            return told(context.rename(path, asked.other, protocols::rename_exchange));
    }
}

class Peers : public ::testing::TestWithParam<unsigned> {
protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "acting as other users needs root";
        if (::setegid(60'000) != 0 || ::setegid(0) != 0)
            GTEST_SKIP() << "there are no other users here";
        // Others may come in.
        ::chmod(std::filesystem::path(served_.tree()).parent_path().c_str(), 0755);
        fill();
        served_.create({"--size", "32M"});
        ASSERT_EQ(served_.serve({"--mode", "666"}), "");
    }

    template <typename Range>
    typename Range::value_type pick(const Range& range) {
        return range[random_() % range.size()];
    }
    std::string random_path() {
        return random_() % 5 == 0 ? pick(directory_names)
                                  : pick(directory_names) + "/" + pick(entry_names);
    }
    mode_t random_directory_mode() {
        const mode_t mode = pick(directory_modes);
        // Links in such directories are the machine's own affair where it protects them.
        const bool is_special = (mode & 01002) == 01002 && is_in_force("protected_symlinks");
        return is_special ? mode & ~mode_t{2} : mode;
    }
    void fill() {
        for (const std::string& directory : directory_names) {
            const std::string place = served_.tree() + "/" + directory;
            std::filesystem::create_directory(place);
            for (const char* const name : {"f", "g"}) {
                std::ofstream(place + "/" + name) << name << " in " << directory;
                give(place + "/" + name, pick(file_modes));
            }
            std::filesystem::create_symlink(random_() % 2 == 0 ? "f" : "../f", place + "/l");
            ::lchown((place + "/l").c_str(), pick(owners), pick(owning_groups));
            std::filesystem::create_directory(place + "/d");
            give(place + "/d", random_directory_mode());
        }
        for (const std::string& directory : directory_names)
            give(served_.tree() + "/" + directory, random_directory_mode());
    }
    void give(const std::string& path, mode_t mode) {
        ASSERT_EQ(::chown(path.c_str(), pick(owners), pick(owning_groups)), 0);
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    }

    /// In a child: becomes that person, asks both the same and writes down where they differ.
    [[noreturn]] void compare_as(const Person& person, unsigned seed, int count, int report) {
        random_.seed(seed);
        const bool links_protected = is_in_force("protected_hardlinks");
        if (::chdir(served_.tree().c_str()) != 0 ||
            ::setgroups(person.groups.size(), person.groups.data()) != 0 ||
            ::setresgid(person.gid, person.gid, person.gid) != 0 ||
            ::setresuid(person.uid, person.uid, person.uid) != 0)
            ::_exit(2);
        ::umask(person.umask);
        const auto service = ipc::connect<protocols::Service>(served_.socket());
        if (!service) ::_exit(3);
        const auto opener = (*service)->opener(ipc::Call::forever(), "", false);
        if (!opener) ::_exit(4);
        auto context = client::Context::create(
            *opener, {.umask = static_cast<std::uint16_t>(person.umask), .patience = {}});
        if (!context) ::_exit(5);
        std::string answers;
        int granted = 0;
        for (int i = 0; i < count; ++i) {
            const Question asked{static_cast<unsigned>(random_() % 17), random_path(),
                                 random_path(), static_cast<unsigned>(random_())};
            if (asked.verb == 3 && links_protected && person.uid != 0) continue;
            const std::string theirs = ask_kernel(asked);
            const std::string ours = ask_server(*context, asked);
            if (theirs.starts_with("ok")) ++granted;
            if (theirs != ours)
                answers += fmt::format("{}: {}: the kernel says {}, the server {}\n", i,
                                       asked.text(), theirs, ours);
            if (answers.size() > 1000) break;
        }
        if (granted == 0) answers += "nothing was granted\n";
        const bool written = ::write(report, answers.data(), answers.size()) >= 0;
        ::_exit(written ? 0 : 6);
    }

    void expect_no_difference(const Person& person, unsigned seed, int count) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        if (child == 0) compare_as(person, seed, count, ends[1]);
        ::close(ends[1]);
        std::string answers;
        std::array<char, 512> part;
        ssize_t size = 0;
        while ((size = ::read(ends[0], part.data(), part.size())) > 0)
            answers.append(part.data(), static_cast<std::size_t>(size));
        ::close(ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
            << "status " << status << " as " << person.uid;
        EXPECT_EQ(answers, "") << "as " << person.uid << ", seed " << seed;
    }

    Judges judges_;
    ServedImage served_;
    std::mt19937 random_{GetParam()};
};

TEST_P(Peers, get_what_the_kernel_would_grant_them) {
    const std::array<Person, 6> people{{
        {1000, 1000, {50, 51}, 022},
        {1000, 1000, {}, 0},
        {1001, 51, {1000, 1001}, 077},
        {1002, 1002, {50}, 02},
        {0, 0, {}, 022},
        {1002, 1001, {0}, 027},
    }};
    for (unsigned i = 0; i < people.size(); ++i) {
        expect_no_difference(people.at((i + GetParam()) % people.size()), 10 * GetParam() + i, 300);
        if (HasFailure()) return;
    }
    served_.stop();
    // All of them have left both in the same state.
    const auto diff =
        run_program(quire_words({"diff", "--no-times", served_.tree(), served_.image() + ":/"}));
    ASSERT_TRUE(diff);
    EXPECT_EQ(diff->exit_code, 0) << diff->output;
    if (judges_.without_e2fsck()) return;
    auto device = *block::FileDevice::open(served_.image());
    EXPECT_EQ(judges_.complaint(*device).value_or("clean"), "clean");
}

INSTANTIATE_TEST_SUITE_P(Worlds, Peers, ::testing::Range(1U, 7U));

}  // namespace
}  // namespace quire::tests
