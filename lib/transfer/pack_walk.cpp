// SPDX-License-Identifier: MIT

#include "pack_walk.hpp"

#include <fnmatch.h>

namespace quire::transfer {

bool is_excluded(const PackOptions& options, std::string_view path) {
    const std::string whole(path);
    const std::size_t slash = path.rfind('/');
    const std::string name(slash == path.npos ? path : path.substr(slash + 1));
    for (std::string pattern : options.exclude) {
        while (pattern.ends_with('/')) pattern.pop_back();
        if (pattern.starts_with("./")) pattern.erase(0, 1);
        const bool anchored = pattern.find('/') != pattern.npos;
        if (pattern.starts_with('/')) pattern.erase(0, 1);
        const std::string& subject = anchored ? whole : name;
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
        if (step->kind != Step::Kind::leave && !step->path.empty() &&
            is_excluded(options_, step->path)) {
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
