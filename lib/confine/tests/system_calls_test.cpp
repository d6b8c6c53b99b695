// SPDX-License-Identifier: MIT

// The list of allowed calls is as long as it has to be: strace watches the tests of what works, and
// what none of them calls needs a reason in the list.

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "calls.hpp"
#include "child.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::confine::tests {
namespace {

std::string name_of_call(int call) {
    char* const name = ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
    std::string result = name == nullptr ? std::string() : std::string(name);
    std::free(name);
    return result;
}

/// One line of strace -f: who, and the call that begins there; no call: the rest of one.
struct Line {
    std::string_view who;
    std::string_view call;
    std::string_view text;
};

Line parse(std::string_view text) {
    const std::size_t space = std::min(text.find(' '), text.size());
    Line line{text.substr(0, space), {}, text};
    text.remove_prefix(std::min(text.find_first_not_of(' ', space), text.size()));
    const std::size_t parenthesis = text.find('(');
    const bool begins = parenthesis != text.npos && !text.starts_with('<') &&
                        !text.starts_with('+') && !text.starts_with('-');
    if (begins) line.call = text.substr(0, parenthesis);
    return line;
}

/// The thread that a line says to have been made; empty when it does not.
std::string_view made_thread(std::string_view text) {
    const std::size_t result = text.rfind(") = ");
    const bool makes = text.find("clone") != text.npos && text.find("tls=0x") != text.npos;
    return makes && result != text.npos ? text.substr(result + 4) : std::string_view();
}

/// What confined processes and their threads called.
std::set<std::string> calls_of_confined(const std::filesystem::path& trace) {
    std::vector<std::string> lines;
    std::ifstream file(trace);
    for (std::string line; std::getline(file, line);) lines.push_back(line);

    // A thread's own first lines may come before the line that says it was made.
    std::set<std::string, std::less<>> confined;
    for (const std::string& line : lines)
        if (const auto thread = made_thread(line); !thread.empty()) confined.emplace(thread);

    std::set<std::string> called;
    for (const std::string& text : lines) {
        const Line line = parse(text);
        if (confined.contains(line.who)) called.emplace(line.call);
        // libseccomp asks about flags first, by filters at NULL.
        const bool filter = line.call == "seccomp" && text.find("MODE_FILTER") != text.npos &&
                            text.find("NULL") == text.npos;
        if (filter && text.ends_with(" = 0")) confined.emplace(line.who);
    }
    called.erase("");
    return called;
}

TEST(SystemCalls, that_are_allowed_are_used_or_have_a_reason) {
#if defined(QUIRE_SANITIZED)
    GTEST_SKIP() << "a sanitizer makes calls of its own";
#endif
    if (!succeeds("command -v strace")) GTEST_SKIP() << "strace is not installed";
    const testing::TemporaryDirectory directory;
    const std::string trace = directory / "trace";
    const std::string command =
        fmt::format("strace -f -qq -o {} {} --gtest_filter='*Works.*:*Volumes.*'", trace,
                    std::filesystem::read_symlink("/proc/self/exe").string());
    if (!succeeds("strace -qq -o /dev/null true")) GTEST_SKIP() << "strace may not trace";
    ASSERT_TRUE(succeeds(command));

    const std::set<std::string> called = calls_of_confined(trace);
    ASSERT_TRUE(called.contains("exit_group") && called.contains("sendmsg")) << "a bad trace";

    std::map<std::string, bool> allowed;  // and whether there is a reason
    for (const CallRule& rule :
         allowed_calls({.keep = {}, .writable_device = true, .makes_channels = true}, 1)) {
        if (rule.call < 0) continue;  // this machine has none of the name
        const std::string name = name_of_call(rule.call);
        allowed[name] = allowed[name] || !rule.seldom.empty();
    }
    for (const auto& [name, reason] : allowed) {
        EXPECT_TRUE(reason || called.contains(name)) << name << " is allowed without need";
    }
    EXPECT_TRUE(called.contains("newfstatat") || called.contains("fstat"));
}

TEST(SystemCalls, are_in_one_group_each_when_arguments_do_not_count) {
    std::map<int, std::string_view> group;
    const auto take = [&](const std::vector<CallRule>& rules, std::string_view name) {
        for (const CallRule& rule : rules) {
            if (!rule.arguments.empty() || rule.call < 0) continue;
            const auto [at, fresh] = group.emplace(rule.call, name);
            EXPECT_TRUE(fresh || at->second == name)
                << name_of_call(rule.call) << " is " << at->second << " and " << name;
        }
    };
    take(allowed_calls({.keep = {}, .writable_device = false, .makes_channels = true}, 1),
         "allowed");
    take(trapped_calls(), "trapped");
    take(deadly_calls(), "deadly");
    take(missing_calls(), "missing");
}

}  // namespace
}  // namespace quire::confine::tests
