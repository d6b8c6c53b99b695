// SPDX-License-Identifier: MIT

#include "ground.hpp"

#include "tree_subject.hpp"

namespace quire::conformance {

Result<std::unique_ptr<Ground>> TreeGround::make(Open open, Check check, const Traits& traits,
                                                 Through through) {
    std::unique_ptr<TreeGround> ground(
        new TreeGround(std::move(open), std::move(check), traits, through));
    QUIRE_TRY(ground->mount());
    return ground;
}

std::shared_ptr<Subject> TreeGround::subject() {
    return make_tree_subject(measured_);
}

Result<void> TreeGround::mount() {
    QUIRE_TRY_ASSIGN(auto volume, open_());
    QUIRE_TRY_ASSIGN(tree_, fs::Tree::open(std::move(volume)));
    measured_ = tree_;
    if (through_ == Through::nothing) return {};
    guard_ = std::make_shared<server::Guard>(server::Authority(tree_, fs::Credentials::root()));
    QUIRE_TRY_ASSIGN(measured_, fs::Tree::open(guard_));
    return {};
}

Result<void> TreeGround::unmount() {
    if (guard_) {
        // The holder ends its own tree; the volume is not its to end.
        const auto ended = measured_->unmount(fs::Call::as_root());
        if (ended || ended.error() != std::errc::operation_not_permitted) return ended;
        if (guard_->held() != 0)
            return fail(std::errc::device_or_resource_busy, "not every lookup was answered");
        guard_.reset();
    }
    measured_.reset();
    QUIRE_TRY(tree_->unmount(fs::Call::as_root()));
    tree_.reset();
    return {};
}

Result<void> TreeGround::remount() {
    QUIRE_TRY(unmount());
    return mount();
}

Result<void> TreeGround::finish() {
    QUIRE_TRY(unmount());
    open_ = nullptr;
    if (!check_) return {};
    return check_();
}

}  // namespace quire::conformance
