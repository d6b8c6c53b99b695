// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "names/content_store.hpp"
#include "pool/stores.hpp"
#include "quire/memory/name_table.hpp"

namespace quire::paging {

/// What is known of a table on this side; the records that clients see say no more than this.
///
/// A slot is one record. All slots that are used are one tree, by their directories: what is taken
/// away goes with all that is below it, so that no node is held that can't be found any more. Slots
/// of a bucket are chained as their records are.
/// Threads: one at a time (the pool's mutex).
class NameTable::Impl {
public:
    /// Nothing when there is no memory for a table.
    static std::unique_ptr<Impl> make(std::shared_ptr<PoolState> pool, Stores& memory);

    void put(std::uint32_t directory, std::string_view name, const HeldNode& node,
             const Details* details, Gone& gone);
    /// 0: it is not there.
    std::uint32_t find(std::uint32_t directory, std::string_view name) const;
    std::uint32_t find_key(std::uint64_t key) const;
    std::uint32_t find_identity(std::uint64_t identity) const;
    void remove(std::uint32_t slot, Gone& gone);
    void hide(std::uint32_t slot);
    /// And all below.
    void make_unreadable(std::uint32_t slot, Gone& left);
    Gone clear();

    bool is_readable(std::uint32_t slot) const { return slots_[slot].readable; }
    /// With all of the flags.
    bool is_shown(std::uint32_t slot, std::uint8_t flags) const {
        return slots_[slot].shown && (flags & ~slots_[slot].flags) == 0;
    }
    const HeldNode& node(std::uint32_t slot) const { return slots_[slot].node; }
    std::uint64_t identity(std::uint32_t slot) const { return slots_[slot].identity; }
    std::uint32_t root() const { return root_; }
    Counters counters() const;

    const std::shared_ptr<PoolState> pool;
    const NameTableShape shape;

private:
    struct Slot {
        HeldNode node;
        std::uint64_t identity = 0;  ///< 0: a name of nothing
        std::string name;
        std::uint64_t hash = 0;
        std::uint64_t generation = 0;
        std::uint32_t directory = 0;
        std::uint32_t first_child = 0;
        std::uint32_t next_sibling = 0;
        std::uint32_t previous_sibling = 0;
        std::uint32_t next = 0;  ///< of its bucket
        bool used = false;
        bool shown = false;
        bool readable = false;   ///< as in Left
        std::uint8_t flags = 0;  ///< as they are shown
        std::optional<ContentStore::Piece> content;
    };

    Impl(std::shared_ptr<PoolState> its_pool, Stores& memory, const NameTableShape& shape);

    NameRecord& record(std::uint32_t slot) const;
    BucketHead& head(std::uint64_t hash) const;
    std::uint32_t take_slot(std::uint32_t kept, Gone& gone);
    bool is_below(std::uint32_t slot, std::uint32_t top) const;
    /// Readers go no further, and who chooses names could make chains of any length.
    bool is_full(std::uint64_t hash) const;
    void enter(std::uint32_t slot, std::uint32_t directory, std::string_view name);
    void leave(std::uint32_t slot);
    void fill(std::uint32_t slot, const Details* details);
    static std::uint8_t flags_of(const Details* details);

    Segment& segment_;
    ContentStore contents_;
    std::vector<Slot> slots_;  // from number 1 on
    std::vector<std::uint32_t> heads_;
    std::vector<std::uint32_t> free_;
    std::unordered_map<std::uint64_t, std::uint32_t> keys_;
    std::unordered_map<std::uint64_t, std::uint32_t> identities_;
    std::uint32_t root_ = 0;
    std::uint32_t fresh_ = 1;  // from here on slots have never been used
    std::uint64_t last_identity_ = 0;
    std::uint64_t chance_ = 1;
    std::size_t shown_ = 0;
    std::size_t used_ = 0;
    std::uint64_t taken_ = 0;
};

}  // namespace quire::paging
