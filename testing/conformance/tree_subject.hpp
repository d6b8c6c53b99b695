// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "quire/fs/tree.hpp"
#include "subject.hpp"

namespace quire::conformance {

/// A volume behind the framework, seen as root.
std::shared_ptr<Subject> make_tree_subject(std::shared_ptr<fs::Tree> tree);

}  // namespace quire::conformance
