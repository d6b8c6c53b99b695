// SPDX-License-Identifier: MIT

#include "quire/base/path.hpp"

namespace quire {

Result<Path> Path::parse(std::string_view text) {
    if (text.empty()) return fail(std::errc::no_such_file_or_directory, "the path is empty");
    if (text.size() > max_length)
        return fail(std::errc::filename_too_long, "the path is longer than 4095 bytes");
    Path path;
    path.absolute_ = text.front() == '/';
    while (!text.empty()) {
        const std::size_t slash = text.find('/');
        const std::string_view part = text.substr(0, slash);
        path.must_be_directory_ = slash != text.npos || part == "." || part == "..";
        if (part == "..") {
            path.components_.push_back(Component::up());
        } else if (!part.empty() && part != ".") {
            QUIRE_TRY_ASSIGN(Name name, Name::parse(part));
            path.components_.emplace_back(std::move(name));
        }
        if (slash == text.npos) break;
        text.remove_prefix(slash + 1);
    }
    return path;
}

Path Path::operator/(const Name& name) const {
    Path path = *this;
    path.components_.emplace_back(name);
    path.must_be_directory_ = false;
    return path;
}

Path Path::parent() const {
    Path path = *this;
    path.components_.pop_back();
    path.must_be_directory_ = true;
    return path;
}

std::string Path::text() const {
    std::string text = absolute_ ? "/" : "";
    for (const Component& component : components_) {
        if (!text.empty() && text.back() != '/') text += '/';
        text += component.view();
    }
    if (text.empty()) text = ".";
    return text;
}

}  // namespace quire
