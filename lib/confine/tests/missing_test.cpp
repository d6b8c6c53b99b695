// SPDX-License-Identifier: MIT

// What happens where the kernel, or a container around the server, lacks a mechanism: a filter of
// the test's own takes the call away first.

#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <ostream>
#include <tuple>

#include "child.hpp"

namespace quire::confine::tests {
namespace {

struct Missing {
    const char* name;
    int call;
    /// The first argument for which the call is taken away; none: for all.
    std::optional<scmp_datum_t> first;
    int error;
    std::errc expected;
    /// What the sentence has to speak of.
    const char* sentence;
};
std::ostream& operator<<(std::ostream& stream, const Missing& missing) {
    return stream << missing.name;
}

bool take_away(const Missing& missing) {
    void* const filter = ::seccomp_init(SCMP_ACT_ALLOW);
    const scmp_arg_cmp condition{0, SCMP_CMP_EQ, missing.first.value_or(0), 0};
    return ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(static_cast<unsigned>(missing.error)),
                                    missing.call, missing.first ? 1 : 0, &condition) == 0 &&
           ::seccomp_load(filter) == 0;
}

using Case = std::tuple<Who, Missing>;
std::string name_of_case(const ::testing::TestParamInfo<Case>& info) {
    return std::string(std::get<1>(info.param).name) + "_" + name_of(std::get<0>(info.param));
}

class Required : public ::testing::TestWithParam<Case> {};

TEST_P(Required, mechanism_is_missing_and_the_server_must_not_start) {
    const auto& [who, missing] = GetParam();
    SKIP_WHEN_SAME(who);
    EXPECT_TRUE(content(in_child(who, [&](const Voice& voice) {
        voice.expect(take_away(missing), "it can't be taken away");
        const auto report = voice.confine({});
        voice.expect(!report, "confined all the same\n");
        if (report) return;
        voice.expect(report.error() == missing.expected, report.error().message());
        voice.expect(report.error().sentence().find(missing.sentence) != std::string::npos,
                     report.error().message());
    })));
}

const Missing required[] = {
    {"seccomp_forbidden", SCMP_SYS(seccomp), SECCOMP_SET_MODE_FILTER, EPERM,
     std::errc::operation_not_permitted, "let the container allow seccomp"},
    {"seccomp_unknown",
     SCMP_SYS(seccomp),
     {},
     ENOSYS,
     std::errc::operation_not_supported,
     "use a kernel with seccomp filters"},
    {"no_new_privileges", SCMP_SYS(prctl), PR_SET_NO_NEW_PRIVS, EINVAL,
     std::errc::operation_not_supported, "no_new_privs, without which no server starts"},
    {"dumpable", SCMP_SYS(prctl), PR_SET_DUMPABLE, EPERM, std::errc::operation_not_permitted,
     "out of the server's memory"},
    {"prctl", SCMP_SYS(prctl), {}, EPERM, std::errc::operation_not_permitted, "prctl"},
    {"close_range",
     SCMP_SYS(close_range),
     {},
     ENOSYS,
     std::errc::operation_not_supported,
     "use Linux 5.9"},
    {"capset", SCMP_SYS(capset), {}, EPERM, std::errc::operation_not_permitted, "capabilities"},
    {"core_limit",
     SCMP_SYS(prlimit64),
     {},
     EPERM,
     std::errc::operation_not_permitted,
     "core files"},
    {"restriction_by_landlock",
     SCMP_SYS(landlock_restrict_self),
     {},
     E2BIG,
     std::errc::argument_list_too_long,
     "Landlock"},
};
INSTANTIATE_TEST_SUITE_P(Missing, Required,
                         ::testing::Combine(everybody, ::testing::ValuesIn(required)),
                         name_of_case);

class Optional : public ::testing::TestWithParam<Case> {};

TEST_P(Optional, landlock_is_missing_and_the_report_says_so) {
    const auto& [who, missing] = GetParam();
    SKIP_WHEN_SAME(who);
    EXPECT_TRUE(content(in_child(who, [&](const Voice& voice) {
        voice.expect(take_away(missing), "it can't be taken away");
        const auto report = voice.confine({});
        if (!report) return voice.say(report.error().message());
        voice.expect(report->landlock_abi == 0, "Landlock after all");
        voice.expect(report->line().find(missing.sentence) != std::string::npos, report->line());
        voice.expect(outcome(::open("/dev/null", O_RDONLY)) == "EPERM", "not confined");
    })));
}

const Missing landlock[] = {
    {"kernel",
     SCMP_SYS(landlock_create_ruleset),
     {},
     ENOSYS,
     {},
     "no Landlock (the kernel has none)"},
    {"boot",
     SCMP_SYS(landlock_create_ruleset),
     {},
     EOPNOTSUPP,
     {},
     "no Landlock (switched off at boot)"},
    {"container",
     SCMP_SYS(landlock_create_ruleset),
     {},
     EPERM,
     {},
     "no Landlock (forbidden from outside)"},
};
INSTANTIATE_TEST_SUITE_P(Missing, Optional,
                         ::testing::Combine(everybody, ::testing::ValuesIn(landlock)),
                         name_of_case);

}  // namespace
}  // namespace quire::confine::tests
