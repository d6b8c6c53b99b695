// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "quire/fs/tree.hpp"
#include "subject.hpp"

namespace quire::conformance {

/// A volume behind the framework, seen as root. Needs: the tree lives as long as the subject is used.
std::shared_ptr<Subject> make_tree_subject(const std::shared_ptr<fs::Tree>& tree);

}  // namespace quire::conformance
