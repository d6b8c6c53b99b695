// SPDX-License-Identifier: MIT

#pragma once

#include <utility>

#include "context_state.hpp"
#include "quire/client/context.hpp"

// Bodies of what both sources of Context need.
namespace quire::client {

template <typename T>
Result<T> Context::note(Result<T> result) {
    if (!result) last_error_ = result.error();
    return result;
}

// Does it if `path` can be one.
template <typename Do>
auto Context::on(std::string_view path, Do act) {
    using Done = decltype(act());
    if (auto checked = check_path(path); !checked)
        return note(Done(std::unexpected(std::move(checked).error())));
    return note(act());
}

}  // namespace quire::client
