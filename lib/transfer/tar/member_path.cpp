// SPDX-License-Identifier: MIT

#include "tar/member_path.hpp"

namespace quire::transfer {

Result<MemberPath> MemberPath::parse(std::string_view text) {
    MemberPath path;
    path.was_absolute = text.starts_with('/');
    while (!text.empty()) {
        auto slash = text.find('/');
        std::string_view part = text.substr(0, slash);
        text = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
        if (part.empty() || part == ".") continue;
        if (part == "..")
            return fail(std::errc::invalid_argument,
                        "its path has `..`, which could lead out of the target");
        QUIRE_TRY_ASSIGN(Name name, Name::parse(part));
        path.names.push_back(std::move(name));
    }
    return path;
}

std::string MemberPath::text() const {
    std::string text;
    for (const Name& name : names) {
        if (!text.empty()) text += '/';
        text += name.text();
    }
    return text;
}

}  // namespace quire::transfer
