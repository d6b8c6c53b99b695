// SPDX-License-Identifier: MIT

#include <mutex>

#include "node.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

// A rename is found (what is where), checked (may it be), then done; nothing fails half-way.
// Of several errors that apply, the one that Linux gives is given.

namespace quire::memory {

struct MemoryVolume::Move {
    NodePointer from_directory;
    const Name& from;
    NodePointer node;  // what moves
    NodePointer to_directory;
    const Name& to;
    NodePointer other;  // what has the new name, if anything
    fs::RenameFlags flags;

    bool across() const { return from_directory != to_directory; }
};

namespace {

bool is_or_is_below(std::shared_ptr<Node> node, const std::shared_ptr<Node>& above) {
    while (node) {
        if (node == above) return true;
        std::shared_ptr<Node> next = node->entries.parent.lock();
        if (next == node) return false;
        node = std::move(next);
    }
    return false;
}

}  // namespace

Result<void> MemoryVolume::check_move(const Move& move) const {
    if (move.flags.no_replace && move.other) return fail(std::errc::file_exists);
    if (move.flags.exchange && !move.other) return fail(std::errc::no_such_file_or_directory);
    if (move.to_directory->links == 0) return fail(std::errc::no_such_file_or_directory);
    const bool moves_directory = move.node->is_directory();
    if (moves_directory && is_or_is_below(move.to_directory, move.node))
        return fail(std::errc::invalid_argument);
    if (move.other && move.other->is_directory() && is_or_is_below(move.from_directory, move.other))
        return fail(move.flags.exchange ? std::errc::invalid_argument
                                        : std::errc::directory_not_empty);
    if (move.node == move.other) return {};
    if (!move.flags.exchange && move.other) {
        if (moves_directory && !move.other->is_directory()) return fail(std::errc::not_a_directory);
        if (!moves_directory && move.other->is_directory()) return fail(std::errc::is_a_directory);
        if (!move.other->entries.empty()) return fail(std::errc::directory_not_empty);
    }
    // How many directories each side wins: at most one, less the one it gives away.
    const int coming = (moves_directory ? 1 : 0) - (move.other && move.other->is_directory());
    const int going = move.flags.exchange ? -coming : 0;
    if (move.across() && (move.to_directory->links + coming > options_.link_limit ||
                          move.from_directory->links + going > options_.link_limit))
        return fail(std::errc::too_many_links);
    return {};
}

// The new name's place is kept when it was taken, so that a listing sees that name exactly once.
void MemoryVolume::replace(const Move& move) {
    const NodePointer& other = move.other;
    move.to_directory->entries.replace(move.to, move.node);
    if (move.flags.exchange)
        move.from_directory->entries.replace(move.from, other);
    else
        move.from_directory->entries.erase(move.from);

    if (other->is_directory()) {
        add_link(*move.to_directory, -1);
        if (move.flags.exchange) {
            add_link(*move.from_directory, 1);
            other->entries.parent = move.from_directory;
        } else {
            add_link(*other, -static_cast<int>(other->links));
        }
    } else if (!move.flags.exchange) {
        add_link(*other, -1);
    }
    if (move.flags.exchange) add_link(*other, 0);
}

Result<void> MemoryVolume::rename(const fs::Call&, fs::Cookie from_cookie, const Name& from,
                                  fs::Cookie to_cookie, const Name& to, fs::RenameFlags flags) {
    QUIRE_TRY(check_writable());
    if (flags.exchange && flags.no_replace) return fail(std::errc::invalid_argument);
    const std::unique_lock lock(names_);
    QUIRE_TRY_ASSIGN(NodePointer from_directory, find_directory_locked(from_cookie));
    QUIRE_TRY_ASSIGN(NodePointer to_directory, find_directory_locked(to_cookie));
    NodePointer node = from_directory->entries.find(from.view());
    if (!node) return fail(std::errc::no_such_file_or_directory);
    NodePointer other = to_directory->entries.find(to.view());
    const Move move{.from_directory = std::move(from_directory),
                    .from = from,
                    .node = std::move(node),
                    .to_directory = std::move(to_directory),
                    .to = to,
                    .other = std::move(other),
                    .flags = flags};
    QUIRE_TRY(check_move(move));
    if (move.node == move.other) return {};

    if (move.other) {
        replace(move);
    } else {
        QUIRE_TRY(move.to_directory->entries.insert(to, move.node));
        move.from_directory->entries.erase(from);
    }
    if (move.node->is_directory()) {
        add_link(*move.from_directory, -1);
        add_link(*move.to_directory, 1);
        move.node->entries.parent = move.to_directory;
    }
    add_link(*move.node, 0);
    touch(*move.from_directory);
    touch(*move.to_directory);
    if (move.other) forget_if_dead_locked(move.other);
    return {};
}

}  // namespace quire::memory
