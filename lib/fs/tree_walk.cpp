// SPDX-License-Identifier: MIT

// Walking paths.
//
// Directories move while a walk is under way. A walk that asked the volume what is above a
// directory could be led out of the subtree it is confined to by somebody who moves that directory
// out at the right moment; so `..` goes back to the directory through which the walk came, whatever
// is above by now. Walks that may go anywhere do the same: their top is the root. Only one that
// begins below its top has to ask the volume, for what is above its beginning; such a walk is
// confined by nothing but the whole tree, which the volume's answer cannot leave.

#include "tree_walk.hpp"

#include <unistd.h>

#include "tree_turn.hpp"

namespace quire::fs {

Tree::Walk::Walk(Tree& tree, const Call& call, NodeReference top, Trail* trail)
    : tree_(tree), call_(call), top_(std::move(top)), chain_{top_}, trail_(trail) {}

Tree::Walk::Walk(Tree& tree, const Call& call, NodeReference top, NodeReference start)
    : tree_(tree), call_(call), top_(std::move(top)), chain_{std::move(start)}, trail_(nullptr) {}

Result<void> Tree::Walk::go(const Path& path, Follow follow) {
    constexpr int most_links = 40;
    int links = 0;
    bool must_be_directory = path.must_be_directory();
    if (path.absolute()) restart();

    // What is still to be walked, last component first; a symbolic link adds its target.
    std::vector<Path::Component> ahead(path.components().rbegin(), path.components().rend());
    while (!ahead.empty()) {
        const Path::Component component = std::move(ahead.back());
        ahead.pop_back();
        if (component.is_up()) {
            QUIRE_TRY(up());
            continue;
        }
        QUIRE_TRY_ASSIGN(Found next, look_up(component.name()));
        const bool last = ahead.empty();
        if (next.node->type() != FileType::symbolic_link ||
            (last && follow == Follow::no && !must_be_directory)) {
            chain_.push_back(std::move(next.node));
            attributes_ = next.attributes;
            continue;
        }
        if (++links > most_links) return fail(std::errc::too_many_symbolic_link_levels);
        QUIRE_TRY_ASSIGN(const std::string target, tree_.read_link(call_, next.node));
        if (trail_ != nullptr) trail_->steps.back().target = target;
        QUIRE_TRY_ASSIGN(const Path onward, Path::parse(target));
        if (onward.absolute()) restart();
        if (last) must_be_directory = must_be_directory || onward.must_be_directory();
        ahead.insert(ahead.end(), onward.components().rbegin(), onward.components().rend());
    }
    if (must_be_directory && node()->type() != FileType::directory)
        return fail(std::errc::not_a_directory);
    return {};
}

Result<Found> Tree::Walk::found() {
    if (!attributes_) {
        QUIRE_TRY_ASSIGN(attributes_, tree_.fetch(call_, node()->cookie()));
    }
    return Found{node(), *attributes_};
}

void Tree::Walk::restart() {
    chain_.assign(1, top_);
    attributes_.reset();
}

Result<void> Tree::Walk::up() {
    QUIRE_TRY(may_search());
    if (chain_.size() > 1) {
        chain_.pop_back();
    } else if (chain_.front() == top_) {
        return {};
    } else {
        QUIRE_TRY_ASSIGN(chain_.front(), tree_.above(call_, chain_.front()));
    }
    attributes_.reset();
    return {};
}

Result<Found> Tree::Walk::look_up(const Name& name) {
    QUIRE_TRY(may_search());
    auto found = tree_.ask(call_, node(), name);
    const bool missing = !found && found.error() == std::errc::no_such_file_or_directory;
    if (trail_ != nullptr && (found || missing)) {
        Trail::Step step{node(), name, std::nullopt, {}};
        if (found) step.found = *found;
        trail_->steps.push_back(std::move(step));
    }
    return found;
}

// What came with the directory when it was looked up says who may search it: a step costs the
// volume one call.
Result<void> Tree::Walk::may_search() {
    if (attributes_ && attributes_->type == FileType::directory && !call_.credentials.is_root())
        return tree_.check(call_, node()->cookie(), *attributes_, X_OK);
    return tree_.check_search(call_, node());
}

Result<NodeReference> Tree::walk(const Call& call, const NodeReference& start, const Path& path,
                                 Follow follow) {
    Walk walk(*this, call, root(), start);
    QUIRE_TRY(walk.go(path, follow));
    return walk.node();
}

Result<Parent> Tree::walk_parent(const Call& call, const NodeReference& start, const Path& path) {
    Walk walk(*this, call, root(), start);
    return walk.parent_of(path);
}

Result<Found> Tree::find_below(const Call& call, const NodeReference& top, const Path& path,
                               Follow follow, Trail* trail) {
    Walk walk(*this, call, top, trail);
    QUIRE_TRY(walk.go(path, follow));
    return walk.found();
}

Result<Parent> Tree::find_parent_below(const Call& call, const NodeReference& top,
                                       const Path& path) {
    Walk walk(*this, call, top);
    return walk.parent_of(path);
}

Result<Parent> Tree::Walk::parent_of(const Path& path) {
    if (path.empty() || path.components().back().is_up())
        return fail(std::errc::invalid_argument, "the path does not end in a name");
    QUIRE_TRY(go(path.parent(), Follow::yes));
    QUIRE_TRY(
        may_search());  // here, as Linux does: an operation on two paths may fail at the second
    return Parent{node(), path.components().back().name(), path.must_be_directory()};
}

// Directories are climbed one by one, and others may move them meanwhile. When no move was under
// way at the beginning and none has begun by the end, the answer lasts until the next one. While
// one is under way nobody waits for it, since it may take long: climbing twice the same way says
// that all of it was true between the two.
Result<Tree::Whereabouts> Tree::locate(const Call& call, const NodeReference& directory,
                                       const NodeReference& top) {
    constexpr int patient_attempts = 8;
    const Call as_root = call.as(Credentials::root());
    for (int attempt = 0;; ++attempt) {
        // Where moves begin all the time, they wait for once.
        std::unique_lock<std::mutex> gate;
        if (attempt >= patient_attempts) gate = std::unique_lock(moves_gate_);
        const std::uint64_t ended = moves_ended_;
        const std::uint64_t begun = moves_begun_;
        QUIRE_TRY_ASSIGN(const Ascent ascent, climb(as_root, directory, top));
        const bool quiet = ended == begun;
        if (!quiet) {
            QUIRE_TRY_ASSIGN(const Ascent again, climb(as_root, directory, top));
            if (again != ascent) continue;
        }
        if (moves_begun_ == begun) return Whereabouts{ascent.below, quiet ? begun : 0};
    }
}

Result<Tree::Ascent> Tree::climb(const Call& call, const NodeReference& directory,
                                 const NodeReference& top) {
    // A damaged volume may have directories that are above each other.
    constexpr std::size_t most_levels = 1U << 16U;
    Ascent ascent;
    NodeReference at = directory;
    while (ascent.through.size() < most_levels) {
        ascent.below = at == top;
        if (ascent.below || at->cookie() == root_.node) return ascent;
        ascent.through.push_back(at);
        auto up = above(call, at);
        if (!up) {
            // Of what has been removed the volume may know no parent any more.
            QUIRE_TRY_ASSIGN(const Attributes attributes, fetch(call, at->cookie()));
            if (attributes.links != 0) return fail(std::move(up).error());
            ascent.below = true;
            return ascent;
        }
        at = *std::move(up);
    }
    return fail(std::errc::io_error, "the directories of the volume have no top");
}

}  // namespace quire::fs
