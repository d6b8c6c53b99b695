// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <vector>

namespace quire::app {

/// How many columns of a terminal a text takes: one for each character (none for combining marks
/// is not known here; a name that uses them is only laid out a little wide).
std::size_t width_of(std::string_view text);

/// Names one below the other in as many columns as fit, as ls does on a terminal.
std::string in_columns(const std::vector<std::string>& names, unsigned width);

/// Rows with their cells under each other, numbers to the right, the last cell as it is; `end`
/// ends each row.
std::string as_table(const std::vector<std::vector<std::string>>& rows, char end = '\n');

}  // namespace quire::app
