// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "quire/base/name.hpp"
#include "quire/base/result.hpp"

namespace quire {

/// A path as checked components. `.` and repeated slashes are dropped when parsing; `..` stays a
/// component of its own (its meaning depends on symbolic links, so only a walk can resolve it).
class Path {
public:
    static constexpr std::size_t max_length = 4095;

    /// A component: a name, or a step up.
    class Component {
    public:
        explicit Component(Name name) : text_(name.text()) {}
        static Component up() { return Component(); }
        bool is_up() const { return text_.empty(); }
        /// Needs: !is_up().
        Name name() const { return *Name::parse(text_); }
        std::string_view view() const { return is_up() ? std::string_view("..") : text_; }
        friend bool operator==(const Component&, const Component&) = default;

    private:
        Component() = default;
        std::string text_;
    };

    /// The root, `/`.
    Path() = default;

    /// Fails: no_such_file_or_directory (empty text), filename_too_long (a name over 255 bytes or
    /// a path over 4095), invalid_argument (NUL).
    static Result<Path> parse(std::string_view text);

    bool absolute() const { return absolute_; }
    /// True when the text ended in `/` or `/.`: the path names a directory or nothing.
    bool must_be_directory() const { return must_be_directory_; }
    const std::vector<Component>& components() const { return components_; }
    bool empty() const { return components_.empty(); }

    Path operator/(const Name& name) const;
    /// The path without its last component. Needs: !empty().
    Path parent() const;
    std::string text() const;

    friend bool operator==(const Path&, const Path&) = default;

private:
    std::vector<Component> components_;
    bool absolute_ = true;
    bool must_be_directory_ = false;
};

}  // namespace quire
