// SPDX-License-Identifier: MIT

// Landlock without the filter in front of it, which would answer first.

#include "landlock.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "child.hpp"
#include "privileges.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::confine::tests {
namespace {

int restricted(const Voice& voice) {
    voice.expect(forbid_new_privileges().has_value(), "privileges");
    const auto use = restrict_by_landlock();
    voice.expect(use.has_value(), "Landlock fails");
    return use ? use->abi : 0;
}

int abi_here() {
    static const int abi = [] {
        const Ending ending = in_child(Who::as_we_are, [](const Voice& voice) {
            voice.say(std::to_string(restricted(voice)));
        });
        return std::stoi(ending.said);
    }();
    return abi;
}

#define NEEDS_ABI(version) \
    if (abi_here() < (version)) GTEST_SKIP() << "this kernel's Landlock has ABI " << abi_here()

class Landlock : public ::testing::TestWithParam<Who> {
protected:
    void SetUp() override { SKIP_WHEN_SAME(GetParam()); }

    /// What a call says before, and after.
    template <typename Call>
    void expect(const std::string& before, const std::string& after, Call&& make) {
        EXPECT_EQ(in_child(GetParam(), [&](const Voice& voice) { voice.say(make()); }).said,
                  before);
        EXPECT_EQ(in_child(GetParam(),
                           [&](const Voice& voice) {
                               restricted(voice);
                               voice.say(make());
                           })
                      .said,
                  after);
    }
};

TEST_P(Landlock, lets_nobody_open_a_file_or_a_directory) {
    NEEDS_ABI(1);
    expect("ok", "EACCES", [] { return outcome(::open("/dev/null", O_RDWR)); });
    expect("ok", "EACCES", [] { return outcome(::open("/", O_RDONLY | O_DIRECTORY)); });
}

TEST_P(Landlock, leaves_what_is_open) {
    NEEDS_ABI(1);
    const testing::TemporaryDirectory directory;
    const UniqueFd file(::open((directory / "file").c_str(), O_RDWR | O_CREAT, 0600));
    EXPECT_TRUE(content(in_child(GetParam(), [&](const Voice& voice) {
        restricted(voice);
        char byte = 'x';
        voice.expect(::pwrite(file.get(), &byte, 1, 0) == 1, "cannot write");
        voice.expect(::pread(file.get(), &byte, 1, 0) == 1, "cannot read");
        voice.expect(::ftruncate(file.get(), 4096) == 0, "cannot truncate");
        const UniqueFd memory(::memfd_create("memory", 0));
        voice.expect(::ftruncate(memory.get(), 4096) == 0, "cannot size shared memory");
    })));
}

TEST_P(Landlock, lets_nobody_connect_by_tcp) {
    NEEDS_ABI(4);
    // A port that is bound but not listening, so that nobody answers.
    const UniqueFd bound(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    ASSERT_TRUE(static_cast<bool>(bound));
    ASSERT_EQ(::bind(bound.get(), where, size), 0);
    ASSERT_EQ(::getsockname(bound.get(), where, &size), 0);
    const UniqueFd probe(::socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_TRUE(static_cast<bool>(probe));
    expect("ECONNREFUSED", "EACCES", [&] { return outcome(::connect(probe.get(), where, size)); });
}

TEST_P(Landlock, lets_nobody_signal_others) {
    NEEDS_ABI(6);
    Child other(GetParam(), [](const Voice& voice) { voice.pause(); });
    ASSERT_TRUE(other.paused());
    expect("ok", "EPERM", [&] { return outcome(::kill(other.pid(), 0)); });
    expect("ok", "ok", [&] { return outcome(::kill(::getpid(), 0)); });
}

TEST_P(Landlock, lets_nobody_find_an_abstract_socket) {
    NEEDS_ABI(6);
    const UniqueFd listener(::socket(AF_UNIX, SOCK_DGRAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The kernel chooses a name.
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)),
              0);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    const UniqueFd handed_over(::socket(AF_UNIX, SOCK_DGRAM, 0));
    expect("ok", "EPERM", [&] {
        return outcome(::sendto(handed_over.get(), "x", 1, MSG_DONTWAIT,
                                reinterpret_cast<const sockaddr*>(&address), size));
    });
}

INSTANTIATE_TEST_SUITE_P(Alone, Landlock, everybody,
                         [](const auto& who) { return name_of(who.param); });

TEST(LandlockRights, grow_with_the_version) {
    EXPECT_EQ(landlock_rights(0).files, 0U);
    EXPECT_EQ(landlock_rights(1).files, 0x1fffU);
    EXPECT_EQ(landlock_rights(3).files, 0x7fffU);
    EXPECT_EQ(landlock_rights(3).network, 0U);
    EXPECT_EQ(landlock_rights(4).network, 0x3U);
    EXPECT_EQ(landlock_rights(5).files, 0xffffU);
    EXPECT_EQ(landlock_rights(7).scopes, 0x3U);
    EXPECT_EQ(landlock_rights(9).files, 0x1ffffU);
    EXPECT_EQ(landlock_rights(99).network, 0xfU);
}

}  // namespace
}  // namespace quire::confine::tests
