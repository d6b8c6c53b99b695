// SPDX-License-Identifier: MIT

#pragma once

#include <expected>
#include <string>
#include <utility>

#include "quire/base/error.hpp"

namespace quire {

/// What every operation that can fail returns.
template <typename T>
using Result = std::expected<T, Error>;

/// The failed result of a code, with a sentence where it helps.
inline std::unexpected<Error> fail(std::errc code) {
    return std::unexpected(Error(code));
}
inline std::unexpected<Error> fail(std::errc code, std::string sentence) {
    return std::unexpected(Error(code, std::move(sentence)));
}
inline std::unexpected<Error> fail(Error error) {
    return std::unexpected(std::move(error));
}

/// The failed result of the calling thread's errno.
inline std::unexpected<Error> fail_errno() {
    return std::unexpected(Error::from_errno());
}
inline std::unexpected<Error> fail_errno(std::string sentence) {
    return std::unexpected(Error::from_errno(std::move(sentence)));
}

}  // namespace quire

#define QUIRE_JOIN_(a, b) a##b
#define QUIRE_JOIN(a, b) QUIRE_JOIN_(a, b)

/// Evaluates an expression of type Result<…> and returns its error from this function, if any.
#define QUIRE_TRY(...)                                                  \
    do {                                                                \
        if (auto quire_tried = (__VA_ARGS__); !quire_tried)             \
            return ::std::unexpected(::std::move(quire_tried).error()); \
    } while (false)

/// QUIRE_TRY_ASSIGN(auto x, expression): declares or assigns the value, or returns the error.
#define QUIRE_TRY_ASSIGN(target, ...) \
    QUIRE_TRY_ASSIGN_(QUIRE_JOIN(quire_tried_, __LINE__), target, __VA_ARGS__)
#define QUIRE_TRY_ASSIGN_(name, target, ...)                        \
    auto name = (__VA_ARGS__);                                      \
    if (!name) return ::std::unexpected(::std::move(name).error()); \
    target = *::std::move(name)
