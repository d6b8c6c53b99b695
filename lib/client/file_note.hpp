// SPDX-License-Identifier: MIT

#pragma once

#include "quire/client/file.hpp"

// The body of what both sources of File need.
namespace quire::client {

template <typename T>
Result<T> File::note(Result<T> result) {
    if (!result) last_error_ = result.error();
    return result;
}

}  // namespace quire::client
