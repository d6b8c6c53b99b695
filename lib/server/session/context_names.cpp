// SPDX-License-Identifier: MIT

// Operations on names, with the turns of the nodes that may lose their last one: who opens a node
// is told in its turn whether it still has a name. While a node's turn is held nobody else takes a
// name away from it; that the name is still its name is checked once the turn is there.

#include <optional>

#include "names/showing.hpp"
#include "quire/protocols/notification.hpp"
#include "quire/wire/values.hpp"
#include "session/context_object.hpp"

namespace quire::server {

namespace {

constexpr int most_attempts = 64;

std::unexpected<Error> unsteady() {
    return fail(std::errc::resource_unavailable_try_again, "the name changes all the time");
}

bool is_missing(const Error& error) {
    return error == std::errc::no_such_file_or_directory;
}

// Whether a name is (still) that of a node; nullptr: of none.
Result<bool> is_named(fs::Tree& tree, const fs::Call& call, const fs::Parent& at,
                      const fs::NodeReference& node) {
    const auto found = tree.lookup(call, at.directory, at.name);
    if (found) return *found == node;
    if (is_missing(found.error())) return node == nullptr;
    return fail(found.error());
}

// Tells those who have a node open when its last name has gone.
void note_loss(SessionHost& host, const fs::Call& call, const fs::NodeReference& node) {
    const fs::Call as_root = call.as(fs::Credentials::root());
    const auto left = host.tree->attributes(as_root, node);
    if (!left || left->links == 0) host.registry->removed(node->handle());
}

}  // namespace

Result<fs::Parent> ContextObject::find_parent(const fs::Call& call, std::string_view path) const {
    QUIRE_TRY_ASSIGN(const Path parsed, Path::parse(path));
    return owner_.authority.find_parent(call, parsed);
}

Result<fs::Parent> ContextObject::find_parent_of_new(const fs::Call& call,
                                                     std::string_view path) const {
    QUIRE_TRY_ASSIGN(fs::Parent at, find_parent(call, path));
    if (!at.must_be_directory) return at;
    QUIRE_TRY(tree().lookup(call, at.directory, at.name));
    return fail(std::errc::file_exists);
}

Result<void> ContextObject::made_in(const fs::Parent& parent,
                                    const Result<fs::NodeReference>& made) const {
    if (!made) return fail(made.error());
    presence_->registry->tell(parent.directory->handle(), protocols::event_modified);
    return {};
}

Result<void> ContextObject::remove_name(const fs::Call& call, const fs::Parent& parent,
                                        bool directory) const {
    Registry& registry = *presence_->registry;
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        QUIRE_TRY_ASSIGN(const fs::NodeReference node,
                         tree().lookup(call, parent.directory, parent.name));
        const HandleTurns::Turn turn(registry.turns(), node->handle());
        QUIRE_TRY_ASSIGN(const bool same, is_named(tree(), call, parent, node));
        if (!same) continue;
        QUIRE_TRY(directory ? tree().remove_directory(call, parent.directory, parent.name)
                            : tree().remove(call, parent.directory, parent.name));
        note_loss(*presence_, call, node);
        registry.tell(parent.directory->handle(), protocols::event_modified);
        return {};
    }
    return unsteady();
}

Result<void> ContextObject::remove(const ipc::Call& call, std::string_view path) {
    QUIRE_TRY(may_change());
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const fs::Parent at, find_parent(own, path));
    if (at.must_be_directory) {
        QUIRE_TRY_ASSIGN(const auto node, tree().lookup(own, at.directory, at.name));
        return fail(node->type() == fs::FileType::directory ? std::errc::is_a_directory
                                                            : std::errc::not_a_directory);
    }
    return remove_name(own, at, false);
}

Result<void> ContextObject::remove_directory(const ipc::Call& call, std::string_view path) {
    QUIRE_TRY(may_change());
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const Path parsed, Path::parse(path));
    if (parsed.empty()) return fail(std::errc::device_or_resource_busy, "it is the root");
    QUIRE_TRY_ASSIGN(const fs::Parent at, find_parent(own, path));
    return remove_name(own, at, true);
}

struct ContextObject::Move {
    const fs::Parent& from;
    const fs::Parent& to;
    fs::RenameFlags flags;
};

// False: names have changed meanwhile.
Result<bool> ContextObject::move(const fs::Call& call, const Move& move) const {
    const auto& [from, to, flags] = move;
    Registry& registry = *presence_->registry;
    QUIRE_TRY_ASSIGN(const fs::NodeReference source,
                     tree().lookup(call, from.directory, from.name));
    if ((from.must_be_directory || to.must_be_directory) &&
        source->type() != fs::FileType::directory)
        return fail(std::errc::not_a_directory);
    fs::NodeReference target;
    if (auto found = tree().lookup(call, to.directory, to.name))
        target = *std::move(found);
    else if (!is_missing(found.error()))
        return fail(std::move(found).error());

    const fs::Handle& other = target ? target->handle() : source->handle();
    const HandleTurns::Turn turn(registry.turns(), source->handle(), other);
    QUIRE_TRY_ASSIGN(const bool source_named, is_named(tree(), call, from, source));
    QUIRE_TRY_ASSIGN(const bool target_named, is_named(tree(), call, to, target));
    if (!source_named || !target_named) return false;

    // Where there is nothing, something that comes meanwhile must not be replaced out of its turn.
    fs::RenameFlags exact = flags;
    if (!target && !flags.exchange) exact.no_replace = true;
    const auto renamed =
        tree().rename(call, from.directory, from.name, to.directory, to.name, exact);
    if (!renamed && renamed.error() == std::errc::file_exists && !flags.no_replace && !target)
        return false;
    QUIRE_TRY(renamed);
    if (target && !flags.exchange && target != source) note_loss(*presence_, call, target);
    registry.tell(from.directory->handle(), protocols::event_modified);
    if (to.directory != from.directory)
        registry.tell(to.directory->handle(), protocols::event_modified);
    return true;
}

Result<void> ContextObject::rename(const ipc::Call& call, std::string_view from,
                                   std::string_view to, std::uint32_t flags) {
    if ((flags & ~(protocols::rename_no_replace | protocols::rename_exchange)) != 0)
        return fail(std::errc::invalid_argument);
    const fs::RenameFlags wanted{.no_replace = (flags & protocols::rename_no_replace) != 0,
                                 .exchange = (flags & protocols::rename_exchange) != 0};
    if (wanted.no_replace && wanted.exchange) return fail(std::errc::invalid_argument);
    QUIRE_TRY(may_change());
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const fs::Parent source, find_parent(own, from));
    QUIRE_TRY_ASSIGN(const fs::Parent target, find_parent(own, to));
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        QUIRE_TRY_ASSIGN(const bool done, move(own, {source, target, wanted}));
        if (done) return {};
    }
    return unsteady();
}

Result<void> ContextObject::mkdir(const ipc::Call& call, std::string_view path,
                                  std::uint16_t permissions) {
    QUIRE_TRY(may_change());
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const fs::Parent at, find_parent(own, path));
    return made_in(at, tree().make_directory(own, at.directory, at.name, permissions));
}

Result<void> ContextObject::mknod(const ipc::Call& call, std::string_view path,
                                  protocols::FileType type, std::uint16_t permissions,
                                  const protocols::DeviceNumber& device) {
    QUIRE_TRY(may_change());
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const fs::Parent at, find_parent_of_new(own, path));
    return made_in(at, tree().make_node(own, at.directory, at.name, permissions,
                                        wire::enum_cast<fs::FileType>(type),
                                        {device.major_number, device.minor_number}));
}

Result<void> ContextObject::link(const ipc::Call& call, std::string_view existing, bool follow,
                                 std::string_view path) {
    QUIRE_TRY(may_change());
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const fs::Found found, find(own, existing, follow));
    QUIRE_TRY_ASSIGN(const fs::Parent at, find_parent_of_new(own, path));
    QUIRE_TRY(tree().link(own, found.node, at.directory, at.name));
    presence_->registry->tell(at.directory->handle(), protocols::event_modified);
    return {};
}

Result<void> ContextObject::symlink(const ipc::Call& call, std::string_view target,
                                    std::string_view path) {
    QUIRE_TRY(may_change());
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const fs::Parent at, find_parent_of_new(own, path));
    return made_in(at, tree().make_symlink(own, at.directory, at.name, target));
}

Result<std::string> ContextObject::readlink(const ipc::Call& call, std::string_view path) {
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const Path parsed, Path::parse(path));
    Showing showing(*presence_, owner_, own);
    const auto found = owner_.authority.find(own, parsed, fs::Follow::no, showing.trail());
    auto target = found ? tree().read_link(own, found->node) : fail(found.error());
    if (target) showing.found_target(*target);
    showing.show();
    return target;
}

}  // namespace quire::server
