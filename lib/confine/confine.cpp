// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "descriptors.hpp"
#include "filter.hpp"
#include "landlock.hpp"
#include "privileges.hpp"
#include "quire/confine/confinement.hpp"
#include "sanitizers.hpp"
#include "trapped_calls.hpp"

namespace quire::confine {

Result<Report> confine(const Confinement& wanted) {
    QUIRE_TRY(check_unconfined());
    QUIRE_TRY(check_only_thread());
    QUIRE_TRY(check_descriptors(wanted.keep));

    Report report;
    QUIRE_TRY(forbid_new_privileges());
    QUIRE_TRY(forbid_inspection());
    QUIRE_TRY_ASSIGN(report.bounding_set_dropped, drop_capabilities());
    QUIRE_TRY_ASSIGN(report.descriptors, close_other_descriptors(wanted.keep));
    QUIRE_TRY_ASSIGN(LandlockUse landlock, restrict_by_landlock());
    report.landlock_abi = landlock.abi;
    report.landlock_missing = std::move(landlock.missing);
    // Last, for what came before needs calls that are gone afterwards.
    search_no_leaks();
    QUIRE_TRY(answer_trapped_calls());
    QUIRE_TRY_ASSIGN(report.system_calls, install_filter(wanted));
    return report;
}

std::string Report::line() const {
    const std::string landlock = landlock_abi > 0
                                     ? fmt::format("Landlock ABI {}", landlock_abi)
                                     : fmt::format("no Landlock ({})", landlock_missing);
    return fmt::format(
        "confined: no new privileges, no capabilities{}, not dumpable, {}, seccomp with {} calls, "
        "{} descriptors",
        bounding_set_dropped ? " (bounding set empty)" : "", landlock, system_calls, descriptors);
}

}  // namespace quire::confine
