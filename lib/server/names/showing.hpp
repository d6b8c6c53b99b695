// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "names/shown_names.hpp"
#include "session/file_session.hpp"
#include "session/session_host.hpp"

namespace quire::server {

/// One walk of a context whose client looks into a table: what it finds is shown there. For others
/// this is nothing.
class Showing {
public:
    /// Before the walk begins.
    Showing(const SessionHost& host, const SessionOwner& owner, const fs::Call& call)
        : names_(*host.names), owner_(owner), call_(call), table_(owner.memory->names()) {
        if (table_) since_ = names_.now();
    }

    /// For the walk; nullptr: nobody looks.
    fs::Trail* trail() { return table_ ? &trail_ : nullptr; }
    /// Where the link leads that was found at the end.
    void found_target(const std::string& target) {
        if (!trail_.steps.empty()) trail_.steps.back().target = target;
    }
    void show(const std::optional<ShownNames::Content>& content = {}) {
        if (table_) names_.show(table_, owner_.authority, call_, trail_, since_, content);
    }

private:
    ShownNames& names_;
    const SessionOwner& owner_;
    const fs::Call& call_;
    const std::shared_ptr<paging::NameTable> table_;
    std::uint64_t since_ = 0;
    fs::Trail trail_;
};

}  // namespace quire::server
