// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "model/model.hpp"

namespace quire::idl {

/// The page of the compiled file for the documentation, in Markdown.
std::string emit_reference(const Model& model);

}  // namespace quire::idl
