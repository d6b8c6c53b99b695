// SPDX-License-Identifier: MIT

#include "quire/transfer/exclude.hpp"

#include <fnmatch.h>

namespace quire::transfer {

bool is_excluded(const std::vector<std::string>& patterns, std::string_view path) {
    if (patterns.empty()) return false;
    const std::string whole(path);
    const std::size_t slash = path.rfind('/');
    const std::string name(slash == path.npos ? path : path.substr(slash + 1));
    for (std::string pattern : patterns) {
        while (pattern.ends_with('/')) pattern.pop_back();
        if (pattern.starts_with("./")) pattern.erase(0, 1);
        const bool anchored = pattern.find('/') != pattern.npos;
        if (pattern.starts_with('/')) pattern.erase(0, 1);
        const std::string& subject = anchored ? whole : name;
        if (::fnmatch(pattern.c_str(), subject.c_str(), 0) == 0) return true;
    }
    return false;
}

}  // namespace quire::transfer
