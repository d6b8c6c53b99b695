// SPDX-License-Identifier: MIT

#include "pack_walk.hpp"

#include <fnmatch.h>

namespace quire::transfer {

bool PackWalk::excluded(const Step& step) const {
    if (step.path.empty()) return false;
    const std::string path(step.path);
    const std::string name(step.name);
    for (std::string pattern : options_.exclude) {
        while (pattern.ends_with('/')) pattern.pop_back();
        if (pattern.starts_with("./")) pattern.erase(0, 1);
        const bool anchored = pattern.find('/') != pattern.npos;
        if (pattern.starts_with('/')) pattern.erase(0, 1);
        const std::string& subject = anchored ? path : name;
        if (::fnmatch(pattern.c_str(), subject.c_str(), 0) == 0) return true;
    }
    return false;
}

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
        if (step->kind != Step::Kind::leave && excluded(*step)) {
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
