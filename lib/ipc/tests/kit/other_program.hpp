// SPDX-License-Identifier: MIT

#pragma once

#include <string>

namespace quire::ipc {

/// Starts this test program again as another one, with the number of a descriptor in its
/// environment, whether it inherits that or not, and says whether it found what its role says:
/// - "has a sample": it is the gate of a sample, which can be called;
/// - "has no gate": it is none;
/// - "may add to N", "may read N": it is the gate of a counter that has this value, and adding to it
///   does, or does nothing.
bool run_other_program(const std::string& role, int gate, bool inherited = true);

}  // namespace quire::ipc
