// SPDX-License-Identifier: MIT

// Landlock is a second wall behind seccomp: it knows what a name leads to, where seccomp sees a
// pointer. It also holds where seccomp cannot look: a datagram socket that a client hands over
// could send to any other by sendmsg(2).
//
// libc has no functions for it, and the kernel's headers may be older than the kernel: hence system
// calls by number and constants of our own.

#include "landlock.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "quire/base/unique_fd.hpp"

namespace quire::confine {

namespace {

struct RulesetAttributes {
    std::uint64_t handled_files = 0;
    std::uint64_t handled_network = 0;
    std::uint64_t scoped = 0;
};

struct Step {
    int abi;
    LandlockRights adds;
    std::size_t attributes_size;  ///< of RulesetAttributes as this version knows it
};

/// From Linux's uapi/linux/landlock.h. Versions 7 and 8 added nothing that can be taken away.
constexpr std::array<Step, 8> steps{{
    {1, {.files = 0x1fff}, 8},       // execute to make_sym
    {2, {.files = 1U << 13}, 8},     // link and rename between directories
    {3, {.files = 1U << 14}, 8},     // truncate
    {4, {.network = 0x3}, 16},       // bind and connect of TCP
    {5, {.files = 1U << 15}, 16},    // ioctl of devices
    {6, {.scopes = 0x3}, 24},        // abstract unix sockets; signals
    {9, {.files = 1U << 16}, 24},    // unix sockets by path
    {10, {.network = 0x3 << 2}, 24}  // bind, connect and send of UDP
}};
constexpr int newest_abi = steps.back().abi;

std::string why_missing(int error) {
    switch (error) {
        case ENOSYS:
            return "the kernel has none";
        case EOPNOTSUPP:
            return "switched off at boot";
        case EPERM:
        case EACCES:
            return "forbidden from outside";
        default:
            return std::make_error_code(static_cast<std::errc>(error)).message();
    }
}

}  // namespace

LandlockRights landlock_rights(int abi) {
    LandlockRights all;
    for (const Step& step : steps) {
        if (step.abi > abi) break;
        all.files |= step.adds.files;
        all.network |= step.adds.network;
        all.scopes |= step.adds.scopes;
    }
    return all;
}

Result<LandlockUse> restrict_by_landlock() {
    constexpr unsigned ask_version = 1;
    const long answer = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, ask_version);
    if (answer < 1) return LandlockUse{0, why_missing(errno)};
    const int abi = static_cast<int>(std::min<long>(answer, newest_abi));

    const LandlockRights rights = landlock_rights(abi);
    const RulesetAttributes attributes{rights.files, rights.network, rights.scopes};
    std::size_t size = 0;
    for (const Step& step : steps)
        if (step.abi <= abi) size = step.attributes_size;
    const UniqueFd ruleset(
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
    if (!ruleset) return fail_errno("cannot make a Landlock ruleset");
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        return fail_errno("cannot restrict the server by Landlock");
    return LandlockUse{abi, {}};
}

}  // namespace quire::confine
