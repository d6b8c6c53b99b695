// SPDX-License-Identifier: MIT

#include "output/transfer_listener.hpp"

#include <fmt/core.h>

#include "quire/base/name.hpp"

namespace quire::app {

void TransferListener::done(transfer::Action, std::string_view from, std::string_view to) {
    if (!session_.manner().verbose) return;
    session_.note(from == to ? printable(to)
                             : fmt::format("{} -> {}", printable(from), printable(to)));
}

void TransferListener::problem(std::string_view path, const Error& error) {
    session_.report(Error(error).within(printable(path)));
}

void TransferListener::warning(std::string_view path, std::string_view sentence) {
    session_.warn(fmt::format("{}: {}", printable(path), sentence));
}

}  // namespace quire::app
