// SPDX-License-Identifier: MIT

#include "quire/server/authority.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace quire::server {

Authority::Authority(std::shared_ptr<fs::Tree> tree, fs::Credentials identity, bool read_only)
    : tree_(std::move(tree)),
      identity_(std::move(identity)),
      top_(tree_->root()),
      read_only_(read_only) {}

Result<void> Authority::may_change() const {
    if (read_only_) return fail(std::errc::read_only_file_system);
    return {};
}

Result<Authority> Authority::narrow(const Path& path, bool read_only, Deadline deadline) const {
    const fs::Call call = this->call(deadline);
    QUIRE_TRY_ASSIGN(const fs::Found found, find(call, path, fs::Follow::yes));
    if (found.node->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
    QUIRE_TRY(tree_->access(call, found.node, X_OK));
    Authority less = *this;
    less.top_ = found.node;
    less.read_only_ = read_only_ || read_only;
    less.whole_ = found.node == tree_->root();
    return less;
}

Result<std::uint64_t> Authority::still_below(const fs::Call& call,
                                             const fs::NodeReference& directory,
                                             std::uint64_t moves) const {
    if (whole_ || moves == tree_->moves()) return moves;
    QUIRE_TRY_ASSIGN(const auto where, tree_->locate(call, directory, top_));
    if (!where.below)
        return fail(std::errc(ESTALE), "the directory has been moved out of what can be reached");
    return where.moves;
}

Authority Authority::for_reading() const {
    Authority less = *this;
    less.read_only_ = true;
    return less;
}

Result<Authority> Authority::acting_as(fs::Credentials identity) const {
    if (!identity_.is_root()) return fail(std::errc::operation_not_permitted);
    Authority less = *this;
    less.identity_ = std::move(identity);
    return less;
}

}  // namespace quire::server
