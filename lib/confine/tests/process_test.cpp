// SPDX-License-Identifier: MIT

// What a confined process is, as it sees itself and as others see it.

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "child.hpp"
#include "privileges.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "sanitizers.hpp"

namespace quire::confine::tests {
namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

/// The word after "KEY:" in /proc/PID/status.
std::string status_of(pid_t pid, const std::string& key) {
    std::istringstream lines(text_of(fmt::format("/proc/{}/status", pid)));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(key + ":")) continue;
        std::istringstream words(line.substr(key.size() + 1));
        words >> line;
        return line;
    }
    return {};
}

constexpr auto no_capabilities = "0000000000000000";

bool may_set_capabilities() {
    const auto effective = std::stoull(status_of(::getpid(), "CapEff"), nullptr, 16);
    return (effective >> CAP_SETPCAP & 1) != 0;
}

class Process : public ::testing::TestWithParam<Who> {};

TEST_P(Process, has_no_capabilities_no_new_privileges_and_a_filter) {
    SKIP_WHEN_SAME(GetParam());
    Child child(GetParam(), [](const Voice& voice) {
        if (voice.confined({})) voice.pause();
    });
    ASSERT_TRUE(child.paused());
    for (const auto* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
        EXPECT_EQ(status_of(child.pid(), set), no_capabilities) << set;
    EXPECT_EQ(status_of(child.pid(), "NoNewPrivs"), "1");
    EXPECT_EQ(status_of(child.pid(), "Seccomp"), "2");
    const std::string limits = text_of(fmt::format("/proc/{}/limits", child.pid()));
    EXPECT_NE(limits.find("Max core file size        0                    0 "), limits.npos)
        << limits;
    EXPECT_TRUE(content(child.end()));
}

TEST_P(Process, has_an_empty_bounding_set_where_it_could_empty_it) {
    SKIP_WHEN_SAME(GetParam());
    Child child(GetParam(), [](const Voice& voice) {
        const auto report = voice.confine({});
        voice.say(report ? report->line() : report.error().message());
        voice.pause();
    });
    ASSERT_TRUE(child.paused());
    const std::string bounds = status_of(child.pid(), "CapBnd");
    const bool might = GetParam() == Who::as_we_are && may_set_capabilities();
    EXPECT_EQ(bounds == no_capabilities,
              might || status_of(::getpid(), "CapBnd") == no_capabilities)
        << bounds;
    const Ending ending = child.end();
    EXPECT_TRUE(ending.said.starts_with("confined: no new privileges, no capabilities"))
        << ending.said;
    EXPECT_EQ(ending.said.find("(bounding set empty)") != std::string::npos, might) << ending.said;
    EXPECT_NE(ending.said.find("Landlock"), std::string::npos) << ending.said;
    EXPECT_EQ(ending.said.find('\n'), std::string::npos) << ending.said;
}

TEST_P(Process, is_seen_by_nobody_of_its_user) {
    const Who who = GetParam();
    SKIP_WHEN_SAME(who);
    // Root sees everything by its capabilities, so all three processes do without.
    const auto look_at = [&](pid_t pid) {
        return in_child(who, [&](const Voice& voice) {
            voice.expect(drop_capabilities().has_value(), "cannot drop capabilities");
            const std::string process = fmt::format("/proc/{}/", pid);
            char target[256];
            voice.say(outcome(::readlink((process + "exe").c_str(), target, sizeof(target))) + " ");
            voice.say(outcome(::open((process + "mem").c_str(), O_RDWR)) + " ");
            voice.say(outcome(::open((process + "maps").c_str(), O_RDONLY)));
        });
    };
    Child open(who, [](const Voice& voice) {
        voice.expect(drop_capabilities().has_value(), "cannot drop capabilities");
        voice.pause();
    });
    ASSERT_TRUE(open.paused());
    // What a security module such as Yama says of `mem` is not our subject.
    EXPECT_TRUE(look_at(open.pid()).said.starts_with("ok "));

    Child confined(who, [](const Voice& voice) {
        if (voice.confined({})) voice.pause();
    });
    ASSERT_TRUE(confined.paused());
    EXPECT_EQ(look_at(confined.pid()).said, "EACCES EACCES EACCES");
    EXPECT_TRUE(content(confined.end()));
}

TEST_P(Process, keeps_the_descriptors_it_names_and_no_others) {
    SKIP_WHEN_SAME(GetParam());
    EXPECT_TRUE(content(in_child(GetParam(), [](const Voice& voice) {
        const int kept = ::memfd_create("kept", 0);
        const int lost = ::memfd_create("lost", 0);
        const int far = ::fcntl(lost, F_DUPFD, 200);
        voice.expect(::pwrite(kept, "k", 1, 0) == 1 && ::pwrite(lost, "l", 1, 0) == 1 && far >= 200,
                     "nothing to keep or lose");
        // Named twice and out of order.
        if (!voice.confined({.keep = {kept, STDERR_FILENO, kept}})) return;
        char byte = 0;
        voice.expect(::read(kept, &byte, 1) == 1 && byte == 'k', "the kept one is lost");
        voice.expect(outcome(::read(lost, &byte, 1)) == "EBADF", "the lost one is there");
        voice.expect(outcome(::read(far, &byte, 1)) == "EBADF", "one far away is there");
    })));
}

TEST_P(Process, gives_no_channel_the_number_of_a_standard_stream) {
    SKIP_WHEN_SAME(GetParam());
    EXPECT_TRUE(content(in_child(GetParam(), [](const Voice& voice) {
        ::close(STDIN_FILENO);
        if (!voice.confined({.keep = {}, .writable_device = false, .makes_channels = true})) return;
        int ends[2] = {-1, -1};
        voice.expect(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0, "no channel");
        voice.expect(ends[0] > 2 && ends[1] > 2, "a channel among the standard streams");
        char byte = 0;
        voice.expect(::read(STDIN_FILENO, &byte, 1) == 0, "standard input is not empty");
        voice.expect(::write(STDOUT_FILENO, "gone", 4) == 4, "standard output refuses");
    })));
}

TEST_P(Process, refuses_to_keep_what_is_not_open) {
    SKIP_WHEN_SAME(GetParam());
    EXPECT_TRUE(content(in_child(GetParam(), [](const Voice& voice) {
        const auto report = voice.confine({.keep = {1234}});
        voice.expect(!report && report.error() == std::errc::bad_file_descriptor, "accepted");
        voice.expect(report || report.error().sentence().find("1234") != std::string::npos,
                     "does not say which");
    })));
}

TEST_P(Process, is_confined_once) {
    SKIP_WHEN_SAME(GetParam());
    EXPECT_TRUE(content(in_child(GetParam(), [](const Voice& voice) {
        if (!voice.confined({})) return;
        const auto again = voice.confine({});
        voice.expect(!again && again.error() == std::errc::operation_not_permitted, "twice");
    })));
}

TEST_P(Process, is_confined_before_it_has_threads) {
    SKIP_WHEN_SAME(GetParam());
    EXPECT_TRUE(content(in_child(GetParam(), [](const Voice& voice) {
        std::thread waits([] { ::pause(); });
        const auto report = voice.confine({});
        voice.expect(!report && report.error() == std::errc::device_or_resource_busy, "accepted");
        ::_exit(0);
    })));
}

TEST_P(Process, confines_the_threads_it_makes) {
    SKIP_WHEN_SAME(GetParam());
    EXPECT_TRUE(content(in_child(GetParam(), [](const Voice& voice) {
        if (!voice.confined({.keep = {}, .writable_device = false, .makes_channels = true})) return;
        std::string opened;
        std::thread([&] { opened = outcome(::open("/dev/null", O_RDONLY)); }).join();
        voice.expect(opened == "EPERM", opened);
    })));
}

TEST_P(Process, needs_neither_proc_nor_devices_when_it_keeps_its_streams) {
    if (GetParam() != Who::as_we_are || ::geteuid() != 0) GTEST_SKIP() << "chroot takes root";
    if (threads_of_sanitizer > 0)
        GTEST_SKIP() << "without /proc the sanitizer's thread is one of us";
    const testing::TemporaryDirectory empty;
    const auto in_empty = [&](const Child::Body& body) {
        return in_child(Who::as_we_are, [&](const Voice& voice) {
            if (::chroot(empty.path().c_str()) != 0 || ::chdir("/") != 0) ::_exit(2);
            body(voice);
        });
    };
    EXPECT_TRUE(content(in_empty([](const Voice& voice) {
        if (!voice.confined({.keep = {0, 1, 2}})) return;
        voice.expect(outcome(::open("/", O_RDONLY)) == "EPERM", "not confined");
    })));
    EXPECT_TRUE(content(in_empty([](const Voice& voice) {
        const auto report = voice.confine({});
        voice.expect(!report && report.error().sentence().find("/dev/null") != std::string::npos,
                     "nothing says that /dev/null is missing");
    })));
    EXPECT_TRUE(content(in_empty([](const Voice& voice) {
        std::thread waits([] { ::pause(); });
        const auto report = voice.confine({.keep = {0, 1, 2}});
        voice.expect(!report && report.error() == std::errc::device_or_resource_busy,
                     "the other thread goes unnoticed");
        ::_exit(0);
    })));
}

TEST_P(Process, has_no_memory_that_is_executable_by_habit) {
    SKIP_WHEN_SAME(GetParam());
    EXPECT_TRUE(content(in_child(GetParam(), [](const Voice& voice) {
        voice.expect(::personality(READ_IMPLIES_EXEC) >= 0, "no such habit");
        voice.expect(forbid_inspection().has_value(), "cannot forbid inspection");
        voice.expect(::personality(0xffffffff) == 0, "the habit stays");
        voice.expect(::prctl(PR_GET_DUMPABLE) == 0, "dumpable");
    })));
}

TEST_P(Process, has_locked_secure_bits_where_it_could_lock_them) {
    SKIP_WHEN_SAME(GetParam());
    EXPECT_TRUE(content(in_child(GetParam(), [](const Voice& voice) {
        const auto dropped = drop_capabilities();
        voice.expect(dropped.has_value(), "cannot drop capabilities");
        const int bits = ::prctl(PR_GET_SECUREBITS);
        constexpr int wanted = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                               SECBIT_NO_SETUID_FIXUP_LOCKED;
        voice.expect(!dropped || !*dropped || (bits & wanted) == wanted, "not locked");
    })));
}

INSTANTIATE_TEST_SUITE_P(Confined, Process, everybody,
                         [](const auto& who) { return name_of(who.param); });

}  // namespace
}  // namespace quire::confine::tests
