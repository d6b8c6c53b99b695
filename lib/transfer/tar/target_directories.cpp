// SPDX-License-Identifier: MIT

#include "tar/target_directories.hpp"

#include "quire/transfer/metadata.hpp"

namespace quire::transfer {

TargetDirectories::TargetDirectories(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                                     const fs::NodeReference& target)
    : tree_(*tree), call_(call), chain_(tree, call) {
    chain_.push(target);
    inherits_.push_back(tree_.get_attribute(call_, target, default_list_name).has_value());
}

Result<fs::NodeReference> TargetDirectories::enter(std::span<const Name> path) {
    std::size_t common = 0;
    while (common < path_.size() && common < path.size() && path_[common] == path[common]) ++common;
    while (path_.size() > common) {
        path_.pop_back();
        inherits_.pop_back();
        chain_.pop();
    }
    for (const Name& name : path.subspan(common)) QUIRE_TRY(descend(name));
    return chain_.top();
}

Result<void> TargetDirectories::descend(const Name& name) {
    QUIRE_TRY_ASSIGN(fs::NodeReference directory, chain_.top());
    auto next = tree_.lookup(call_, directory, name);
    if (!next && next.error() == std::errc::no_such_file_or_directory)
        next = tree_.make_directory(call_, directory, name, 0755);
    if (!next) return fail(next.error());
    if ((*next)->type() == fs::FileType::symbolic_link)
        return fail(std::errc::not_a_directory,
                    "its path passes through a symbolic link, " + printable(name.text()));
    if ((*next)->type() != fs::FileType::directory)
        return fail(
            std::errc::not_a_directory,
            "its path passes through " + printable(name.text()) + ", which is no directory");
    inherits_.push_back(tree_.get_attribute(call_, *next, default_list_name).has_value());
    chain_.push(*next, name.text());
    path_.push_back(name);
    return {};
}

}  // namespace quire::transfer
