// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <string_view>

#include "output/json.hpp"
#include "quire/fs/attributes.hpp"

namespace quire::app {

/// "-rwsr-xr-t", as ls prints it.
std::string mode_text(const fs::Attributes& attributes);
/// "file", "directory", "symlink", …: one word, for JSON.
std::string_view type_word(fs::FileType type);
/// "2024-02-29 23:59:59.123456789 +0000"; seconds alone where the calendar ends.
std::string time_text(Time time);

/// Adds what stat(2) would tell.
void add_facts(Json& json, const fs::Attributes& attributes);

}  // namespace quire::app
