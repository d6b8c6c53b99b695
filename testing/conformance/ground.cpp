// SPDX-License-Identifier: MIT

#include "ground.hpp"

#include "tree_subject.hpp"

namespace quire::conformance {

Result<std::unique_ptr<Ground>> TreeGround::make(Open open, Check check, const Traits& traits) {
    std::unique_ptr<TreeGround> ground(new TreeGround(std::move(open), std::move(check), traits));
    QUIRE_TRY_ASSIGN(auto volume, ground->open_());
    QUIRE_TRY_ASSIGN(ground->tree_, fs::Tree::open(std::move(volume)));
    return ground;
}

std::shared_ptr<Subject> TreeGround::subject() {
    return make_tree_subject(tree_);
}

Result<void> TreeGround::unmount() {
    QUIRE_TRY(tree_->unmount(fs::Call::as_root()));
    tree_.reset();
    return {};
}

Result<void> TreeGround::remount() {
    QUIRE_TRY(unmount());
    QUIRE_TRY_ASSIGN(auto volume, open_());
    QUIRE_TRY_ASSIGN(tree_, fs::Tree::open(std::move(volume)));
    return {};
}

Result<void> TreeGround::finish() {
    QUIRE_TRY(unmount());
    open_ = nullptr;
    if (!check_) return {};
    return check_();
}

}  // namespace quire::conformance
