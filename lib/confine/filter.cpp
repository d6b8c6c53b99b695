// SPDX-License-Identifier: MIT

#include "filter.hpp"

#include <fmt/core.h>
#include <seccomp.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <set>
#include <system_error>
#include <type_traits>

#include "calls.hpp"

namespace quire::confine {

namespace {

struct ReleaseFilter {
    void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, ReleaseFilter>;

Error error_of_filter(int number, std::string_view step) {
    const std::errc code = number == EPERM || number == EACCES ? std::errc::operation_not_permitted
                                                               : std::errc::operation_not_supported;
    return Error(code,
                 fmt::format("cannot {} ({}), without which no server starts: use a kernel with "
                             "seccomp filters, and let the container allow seccomp(2)",
                             step, std::make_error_code(static_cast<std::errc>(number)).message()));
}

Result<void> add_rules(const Filter& filter, std::uint32_t action,
                       const std::vector<CallRule>& rules) {
    for (const CallRule& rule : rules) {
        if (rule.call < 0) continue;  // this machine has none of the name
        const int added = ::seccomp_rule_add_array(filter.get(), action, rule.call,
                                                   static_cast<unsigned>(rule.arguments.size()),
                                                   rule.arguments.data());
        if (added != 0) {
            return fail(error_of_filter(
                -added, fmt::format("put system call {} into the seccomp filter", rule.call)));
        }
    }
    return {};
}

Result<void> set_attributes(const Filter& filter) {
    // All threads at once; the kernel's own error numbers; a search tree instead of a list, for the
    // calls whose arguments the kernel has to look at each time.
    for (const auto& [attribute, value] :
         {std::pair(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
          std::pair(SCMP_FLTATR_CTL_TSYNC, 1U), std::pair(SCMP_FLTATR_API_SYSRAWRC, 1U),
          std::pair(SCMP_FLTATR_CTL_OPTIMIZE, 2U)}) {
        if (const int set = ::seccomp_attr_set(filter.get(), attribute, value); set != 0)
            return fail(error_of_filter(-set, "prepare the seccomp filter"));
    }
    return {};
}

}  // namespace

Result<std::size_t> install_filter(const Confinement& wanted) {
    const Filter filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter) return fail(std::errc::not_enough_memory, "cannot make a seccomp filter");
    QUIRE_TRY(set_attributes(filter));

    const std::vector<CallRule> allowed = allowed_calls(wanted, ::getpid());
    QUIRE_TRY(add_rules(filter, SCMP_ACT_ALLOW, allowed));
    QUIRE_TRY(add_rules(filter, SCMP_ACT_TRAP, trapped_calls()));
    QUIRE_TRY(add_rules(filter, SCMP_ACT_ERRNO(ENOSYS), missing_calls()));
    QUIRE_TRY(add_rules(filter, SCMP_ACT_KILL_PROCESS, deadly_calls()));

    errno = 0;
    if (const int loaded = ::seccomp_load(filter.get()); loaded != 0) {
        // The library reports only some of the kernel's answers as they are.
        return fail(error_of_filter(errno != 0 ? errno : -loaded, "install the seccomp filter"));
    }
    std::set<int> calls;
    for (const CallRule& rule : allowed)
        if (rule.call >= 0) calls.insert(rule.call);
    return calls.size();
}

}  // namespace quire::confine
