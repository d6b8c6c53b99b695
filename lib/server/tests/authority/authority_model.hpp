// SPDX-License-Identifier: MIT

#pragma once

#include <unistd.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace quire::server {

/// A tree and what may be done in it, said a second time and as plainly as possible.
///
/// Every operation answers whether it is granted, or what, and does it.
class AuthorityModel {
public:
    enum class Kind { directory, file, link };
    using Id = std::size_t;
    static constexpr Id root = 0;

    /// What a capability comes to.
    struct Grant {
        Id top = root;
        std::uint32_t uid = 0;
        bool read_only = false;
    };
    struct Place {
        Id directory;
        std::string name;
    };

    AuthorityModel();
    /// `text` is a file's content or a link's target.
    Id add(Id directory, const std::string& name, Kind kind, std::uint32_t uid, unsigned mode,
           const std::string& text = "");

    std::optional<std::string> read(const Grant& grant, std::string_view path) const;
    bool write(const Grant& grant, std::string_view path, const std::string& content);
    bool create(const Grant& grant, std::string_view path, unsigned mode,
                const std::string& content);
    bool remove(const Grant& grant, std::string_view path);
    /// Replaces nothing.
    bool rename(const Grant& grant, std::string_view from, std::string_view to);
    std::optional<std::set<std::string>> list(const Grant& grant, std::string_view path) const;
    std::optional<Grant> narrow(const Grant& grant, std::string_view path, bool read_only) const;

    /// What an open file, or directory, goes on with.
    std::optional<Id> opened(const Grant& grant, std::string_view path, Kind kind,
                             bool write) const;
    std::string& content(Id file) { return nodes_[file].text; }
    bool reaches(const Grant& grant, Id directory) const { return is_below(directory, grant.top); }
    std::set<std::string> names(Id directory) const;

private:
    struct Node {
        Id parent;
        std::string name;
        Kind kind;
        std::uint32_t uid;
        unsigned mode;
        std::string text;
        bool removed = false;
    };

    std::optional<Id> child(Id directory, std::string_view name) const;
    bool is_below(Id node, Id top) const;
    bool may(const Grant& grant, Id node, int mask) const;
    bool may_change(const Grant& grant, Id directory) const {
        return !grant.read_only && may(grant, directory, W_OK | X_OK);
    }
    std::optional<Id> walk(const Grant& grant, Id from, std::string_view path, int links) const;
    std::optional<Id> find(const Grant& grant, std::string_view path) const {
        return walk(grant, grant.top, path, 0);
    }
    std::optional<Place> find_place(const Grant& grant, std::string_view path) const;

    std::deque<Node> nodes_;
};

}  // namespace quire::server
