// SPDX-License-Identifier: MIT

#include "pack/pack_walk.hpp"

#include "quire/transfer/exclude.hpp"

namespace quire::transfer {

std::optional<Step> PackWalk::next() {
    while (auto step = walker_.next()) {
        if (step->kind == Step::Kind::problem) {
            account_.problem(step->path, *step->error);
            continue;
        }
        if (skipping_) {
            skipping_ = false;  // nothing lies between, since the children were skipped
            continue;
        }
        if (step->kind != Step::Kind::leave && !step->path.empty() &&
            is_excluded(options_.exclude, step->path)) {
            if (step->kind == Step::Kind::enter) {
                walker_.skip_children();
                skipping_ = true;
            }
            continue;
        }
        return step;
    }
    return std::nullopt;
}

}  // namespace quire::transfer
