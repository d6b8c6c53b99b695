// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "names/leases.hpp"
#include "quire/fs/tree.hpp"
#include "quire/fs/tree_watcher.hpp"
#include "quire/memory/name_table.hpp"
#include "quire/server/authority.hpp"

namespace quire::server {

/// What the clients of one tree are shown of its names and attributes, each domain in a table of its
/// own: what walks of its identity have found, until it changes.
///
/// Only what has one name is shown, and directories: who changes a name changes what it leads to, and
/// not what has other names besides.
/// Threads: any. Its lock is a leaf but for the pool's.
class ShownNames final : public fs::TreeWatcher {
public:
    /// A moment, to be asked for before a walk begins.
    std::uint64_t now() const;

    /// The table hears of changes from now on, and who looks there and has `leases` keeps what goes.
    void add(const std::shared_ptr<paging::NameTable>& table,
             const std::shared_ptr<Leases>& leases);

    /// Of a file that the walk led to: all of it, and who walked may read it.
    using Content = std::span<const std::byte>;
    /// Shows what a walk of `authority` found after `since` and has not changed, and content that was
    /// read after it.
    void show(const std::shared_ptr<paging::NameTable>& table, const Authority& authority,
              const fs::Call& call, const fs::Trail& trail, std::uint64_t since,
              const std::optional<Content>& content = {});

    /// A file that a client has open by itself, or could: kept for it, or in the table yet.
    /// nullptr: neither.
    fs::NodeReference find_open(const paging::NameTable* table, const Leases& leases,
                                std::uint64_t identity) const;

    void begin_change(const fs::TreeChange& change) override;
    void end_change(const fs::TreeChange& change) override;

private:
    // Many names and nodes share one: a change of one makes all of them wait for the next walk.
    struct Mark {
        std::uint64_t last = 0;     // when a change of it began or ended
        std::uint32_t changes = 0;  // under way
    };
    static constexpr std::size_t mark_count = 4096;

    struct Watching {
        std::weak_ptr<paging::NameTable> table;
        std::vector<std::weak_ptr<Leases>> leases;  // of who looks there

        bool is_of(const std::shared_ptr<paging::NameTable>& other) const {
            return !table.owner_before(other) && !other.owner_before(table);
        }
    };

    Mark& of_node(fs::Cookie node);
    Mark& of_name(fs::Cookie directory, const Name& name);
    static bool is_settled(const Mark& mark, std::uint64_t since) {
        return mark.changes == 0 && mark.last <= since;
    }
    /// `gone` gets what this may have been the last one to hold, for later.
    static void keep_for_those_who_have_it(const Watching& watching,
                                           const paging::NameTable::Gone& left,
                                           paging::NameTable::Gone& gone);
    template <typename Do>
    void for_all_marks(const fs::TreeChange& change, Do act);
    void show_step(paging::NameTable& table, const fs::Trail& trail, std::size_t step,
                   std::uint64_t since, const std::optional<Content>& content,
                   paging::NameTable::Gone& gone);

    mutable std::mutex mutex_;  // guards what follows
    std::uint64_t now_ = 0;
    std::array<Mark, mark_count> marks_;
    std::vector<Watching> tables_;
    paging::NameTable::Gone gone_;  // what changes that are under way have taken away
};

}  // namespace quire::server
