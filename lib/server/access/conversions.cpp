// SPDX-License-Identifier: MIT

#include "access/conversions.hpp"

#include "quire/wire/values.hpp"

namespace quire::server {

namespace {

constexpr std::uint32_t present_times = protocols::change_access_now | protocols::change_modify_now;
constexpr std::uint32_t second = 1'000'000'000;

}  // namespace

Result<fs::Credentials> from_message(const protocols::Identity& identity) {
    if ((identity.umask & ~0777U) != 0) return fail(std::errc::invalid_argument);
    return fs::Credentials{.uid = identity.uid,
                           .gid = identity.gid,
                           .groups = identity.groups,
                           .umask = identity.umask,
                           .pid = 0};
}

Result<WantedChanges> from_message(const protocols::AttributeChanges& changes, const Clock& clock) {
    for (const protocols::Time& time :
         {changes.access, changes.modify, changes.change, changes.birth})
        if (time.nanoseconds >= second) return fail(std::errc::invalid_argument);
    protocols::AttributeChanges given = changes;
    given.which &= ~present_times;
    WantedChanges result;
    QUIRE_TRY_ASSIGN(result.changes, wire::ours(given));
    if ((changes.which & present_times) == 0) return result;

    fs::AttributeChanges& to = result.changes;
    const auto wanted = [&](std::uint32_t bit) { return (changes.which & bit) != 0; };
    result.touches = given.which == 0;
    const Time present = clock.now();
    if (wanted(protocols::change_access_now)) {
        if (to.access) return fail(std::errc::invalid_argument);
        to.access = present;
    }
    if (wanted(protocols::change_modify_now)) {
        if (to.modify) return fail(std::errc::invalid_argument);
        to.modify = present;
    }
    return result;
}

}  // namespace quire::server
