// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/fs/tree.hpp"

namespace quire::tests {

/// Everything that is to be kept of a tree: a line for each path, content included.
using Facts = std::map<std::string, std::string>;

/// Reads a whole tree. Fails: whatever can't be read.
Result<Facts> read_facts(const std::shared_ptr<fs::Tree>& tree);

/// One verb of a workload: a name and what it does to a tree.
struct Verb {
    std::string name;
    std::function<Result<void>(fs::Tree&)> act;
};

/// Verbs that touch what crashes hurt: files of all sizes, renames over files and directories,
/// unlinking, links, truncation both ways, overwriting, holes, attributes in the inode and in a
/// block, directories that grow beyond a block and go again.
std::vector<Verb> crash_workload(std::uint64_t seed);

}  // namespace quire::tests
