// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::confine {

/// Fails: bad_file_descriptor (one of them is not open; the sentence says which).
Result<void> check_descriptors(const std::vector<int>& keep);

/// Closes all descriptors but these; standard streams among the others become /dev/null. Says how
/// many were kept.
/// Needs: check_descriptors() has succeeded.
/// Fails: operation_not_supported (no close_range), and as open(2).
Result<std::size_t> close_other_descriptors(std::vector<int> keep);

}  // namespace quire::confine
