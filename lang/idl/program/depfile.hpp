// SPDX-License-Identifier: MIT

#pragma once

#include <span>
#include <string>

#include "model/model.hpp"

namespace quire::idl {

/// A make rule: `outputs` depend on every source of the model. What make would misread in a path is
/// escaped as gcc does.
std::string depfile(std::span<const std::string> outputs, const Model& model);

}  // namespace quire::idl
