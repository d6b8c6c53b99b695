// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "frame/options.hpp"

namespace quire::app {

/// One option of a command line with its value, or an operand (no item).
struct Parsed {
    const Options::Item* item = nullptr;
    std::string text;
};

/// Takes a command line apart as GNU programs do: options and operands in any order, `-la` for
/// `-l -a`, `--name value` and `--name=value`, `--` before operands that begin with a dash.
/// Answers all of it in the order given. `is_operand`, where it is set, knows words that begin
/// with a dash and are operands all the same.
/// Fails: invalid_argument (a usage error).
Result<std::vector<Parsed>> parse_arguments(
    const std::vector<Options::Item>& items, const std::vector<std::string>& arguments,
    const std::function<bool(std::string_view)>& is_operand);

}  // namespace quire::app
