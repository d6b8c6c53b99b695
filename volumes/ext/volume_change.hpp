// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "quire/volumes/ext/volume.hpp"
#include "store/store.hpp"

namespace quire::ext {

/// Runs `attempt`, which is one change from beginning to end, and commits afterwards when that is
/// due. When it finds no space while freed blocks wait for a commit, that commit comes and it is
/// run once more; and again, because others may have taken that space, and freed some, before it
/// came to that.
template <typename Attempt>
auto with_space(Store& store, Attempt&& attempt) -> std::invoke_result_t<Attempt&> {
    constexpr int most_attempts = 10;
    std::uint64_t commits = store.commits();
    auto result = attempt();
    for (int i = 1; i < most_attempts; ++i) {
        if (result || result.error() != std::errc::no_space_on_device) break;
        QUIRE_TRY_ASSIGN(const bool gained, store.reclaim_space(commits));
        if (!gained) break;
        commits = store.commits();
        result = attempt();
    }
    if (result) QUIRE_TRY(store.commit_if_due());
    return result;
}

/// Runs `operation(change)` as one change, which happens as a whole or not at all.
template <typename Operation>
auto Volume::change(const fs::Call& call, Operation&& operation) {
    using Answer = std::invoke_result_t<Operation&, Store::Change&>;
    return with_space(*store_, [&]() -> Answer {
        QUIRE_TRY_ASSIGN(auto change, Store::Change::begin(*store_, call.credentials));
        Answer answer = operation(change);
        if (answer) change.keep();
        return answer;
    });
}

}  // namespace quire::ext
