// SPDX-License-Identifier: MIT

#pragma once

#include <span>
#include <vector>

#include "quire/base/name.hpp"
#include "quire/transfer/directory_chain.hpp"

namespace quire::transfer {

/// Goes from directory to directory below a target, keeping the way that two paths have in common,
/// and makes those that are missing. Symbolic links are no directories.
///
/// Directories that it stands in are never removed by whoever extracts; everything else may be.
class TargetDirectories {
public:
    TargetDirectories(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                      const fs::NodeReference& target);

    /// Fails: not_a_directory (something else has the name), and what making one reports.
    Result<fs::NodeReference> enter(std::span<const Name> path);

    /// Whether new nodes where it stands inherit an access list.
    bool inherits() const { return inherits_.back(); }

private:
    Result<void> descend(const Name& name);

    fs::Tree& tree_;
    fs::Call call_;
    DirectoryChain chain_;
    std::vector<Name> path_;
    std::vector<bool> inherits_;
};

}  // namespace quire::transfer
