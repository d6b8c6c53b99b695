// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "frame/options.hpp"

namespace quire::app {

/// The value of an option that is a number below 2^32; `what` it is, for the sentence.
Options::Apply number_into(std::optional<std::uint32_t>& target, std::string_view what);

}  // namespace quire::app
