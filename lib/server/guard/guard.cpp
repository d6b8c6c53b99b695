// SPDX-License-Identifier: MIT

// What a guard knows of its holder, and the operations of the whole.
//
// The tree asks for permissions; what it cannot know is where a holder may be. Files are given by
// looking them up in directories, so it is enough that directories lie below the top when they are
// used. That is asked again only after directories have moved: fs::Tree counts moves, and every
// directory is remembered with the count as of which it was below.

#include "guard.hpp"

#include <unistd.h>

#include <cerrno>

namespace quire::server {

Guard::Guard(Authority authority) : Guard(std::move(authority), Limits()) {}

Guard::Guard(Authority authority, const Limits& limits)
    : authority_(std::move(authority)), table_(std::make_unique<GuardTable>(limits.nodes)) {}

Guard::~Guard() = default;

std::size_t Guard::held() const {
    return table_->size();
}

bool Guard::supports(fs::Operation operation) const {
    switch (operation) {
        case fs::Operation::extended_attribute_control:
        case fs::Operation::ioctl:
        case fs::Operation::access:
        case fs::Operation::unmount:
            return false;
        case fs::Operation::handle_to_node:
            if (!authority_.whole() || !authority_.identity().is_root()) return false;
            break;
        case fs::Operation::print:
            if (!authority_.identity().is_root()) return false;
            break;
        case fs::Operation::poll:
        case fs::Operation::advisory_lock:
            return true;
        default:
            break;
    }
    return authority_.tree().volume().supports(operation);
}

Result<Guard::Use> Guard::use(const fs::Call& call, fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(GuardTable::Known known, table_->find(cookie));
    Use use{authority_.call(call), std::move(known.node), known.moves};
    if (use.node->type() != fs::FileType::directory) return use;
    QUIRE_TRY_ASSIGN(use.moves, authority_.still_below(use.call, use.node, known.moves));
    if (use.moves != known.moves) table_->confirm(cookie, use.moves);
    return use;
}

Result<Guard::Use> Guard::use_directory(const fs::Call& call, fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(Use use, this->use(call, cookie));
    if (use.node->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
    return use;
}

Result<Guard::Use> Guard::use_for_change(const fs::Call& call, fs::Cookie cookie) {
    QUIRE_TRY(authority_.may_change());
    return use(call, cookie);
}

// What lies in a directory is below the top as long as the directory is, which `moves` says.
Result<fs::Entry> Guard::give(const fs::NodeReference& node, const fs::Attributes& attributes,
                              std::uint64_t moves) {
    QUIRE_TRY_ASSIGN(const fs::Cookie cookie, table_->give(node, moves));
    return fs::Entry{cookie, attributes, fs::Lifetime::zero(), fs::Lifetime::zero()};
}

Result<fs::Entry> Guard::root(const fs::Call& call) {
    const fs::Call own = authority_.call(call);
    fs::Tree& tree = authority_.tree();
    const fs::NodeReference& top = authority_.top();
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, tree.attributes(own, top));
    return give(top, attributes, 0);
}

Result<fs::VolumeStatistics> Guard::statistics(const fs::Call& call) {
    QUIRE_TRY_ASSIGN(fs::VolumeStatistics statistics,
                     authority_.tree().statistics(authority_.call(call)));
    if (authority_.read_only()) statistics.read_only = true;
    return statistics;
}

Result<void> Guard::sync(const fs::Call& call) {
    return authority_.tree().sync(authority_.call(call));
}

Result<fs::Handle> Guard::node_to_handle(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    return use.node->handle();
}

Result<fs::Entry> Guard::handle_to_node(const fs::Call& call, fs::Handle handle) {
    const fs::Call own = authority_.call(call);
    fs::Tree& tree = authority_.tree();
    if (authority_.whole() && authority_.identity().is_root()) {
        QUIRE_TRY_ASSIGN(const fs::Found found, tree.find_handle(own, handle));
        return give(found.node, found.attributes, 0);
    }
    QUIRE_TRY_ASSIGN(const fs::Cookie cookie, table_->find(handle));
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, cookie));
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, seen(use, tree.attributes(own, use.node)));
    return give(use.node, attributes, use.moves);
}

Result<void> Guard::extended_attribute_control(const fs::Call&, std::string_view) {
    return fail(std::errc::operation_not_supported);
}

Result<void> Guard::unmount(const fs::Call&, bool) {
    return fail(std::errc::operation_not_permitted, "the filesystem belongs to its server");
}

}  // namespace quire::server
