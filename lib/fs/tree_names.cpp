// SPDX-License-Identifier: MIT

// Operations on names. The order of refusals is Linux's: search permission, then whether the name
// is there, then permission to change the directory, then ownership and sticky rules, and only
// then what the volume says. Where the caller may do all, the volume alone decides, so that the
// common case costs no extra lookup.

#include <unistd.h>

#include "permissions.hpp"
#include "quire/fs/tree.hpp"
#include "tree_changing.hpp"
#include "tree_moving.hpp"
#include "tree_turn.hpp"

namespace quire::fs {

Result<bool> Tree::exists(const Call& call, const NodeReference& directory, const Name& name) {
    const auto found = lookup(call, directory, name);
    if (found) return true;
    if (found.error() == std::errc::no_such_file_or_directory) return false;
    return fail(found.error());
}

Result<Attributes> Tree::check_making(const Call& call, const NodeReference& directory,
                                      const Name& name) {
    if (directory->type() != FileType::directory) return fail(std::errc::not_a_directory);
    QUIRE_TRY_ASSIGN(const Attributes parent, fetch(call, directory->cookie()));
    QUIRE_TRY(check(call, directory->cookie(), parent, X_OK));
    auto allowed = check(call, directory->cookie(), parent, W_OK);
    if (allowed && parent.flags & immutable_flag)
        allowed = fail(std::errc::operation_not_permitted, "the directory is immutable");
    if (!allowed) {
        QUIRE_TRY_ASSIGN(const bool taken, exists(call, directory, name));
        if (taken) return fail(std::errc::file_exists);
        return fail(std::move(allowed).error());
    }
    return parent;
}

Result<void> Tree::check_removing(const Call& call, const NodeReference& directory,
                                  const Name& name) {
    if (directory->type() != FileType::directory) return fail(std::errc::not_a_directory);
    QUIRE_TRY_ASSIGN(const Attributes parent, fetch(call, directory->cookie()));
    QUIRE_TRY(check(call, directory->cookie(), parent, X_OK));
    auto allowed = check(call, directory->cookie(), parent, W_OK);
    const bool frozen = parent.flags & (immutable_flag | append_only_flag);
    QUIRE_TRY_ASSIGN(const NodeReference victim, lookup(call, directory, name));
    if (!allowed) return fail(std::move(allowed).error());
    QUIRE_TRY_ASSIGN(const Attributes attributes, fetch(call, victim->cookie()));
    if (frozen || attributes.flags & (immutable_flag | append_only_flag))
        return fail(std::errc::operation_not_permitted, "it is immutable or append-only");
    if (sticky_forbids(call.credentials, parent, attributes))
        return fail(std::errc::operation_not_permitted);
    return {};
}

Result<Tree::Inheritance> Tree::inherit(const Call& call, const NodeReference& directory,
                                        const Attributes& parent, FileType type,
                                        std::uint16_t permissions, const NewOwner& owner) {
    const Credentials& credentials = call.credentials;
    if (owner.uid && *owner.uid != credentials.uid && !credentials.is_root())
        return fail(std::errc::operation_not_permitted);
    if (owner.gid && !credentials.in_group(*owner.gid) && !credentials.is_root())
        return fail(std::errc::operation_not_permitted);
    Inheritance result;
    permissions &= permission_mask;
    // mkdir(2) gives none of these but what the directory above has.
    if (type == FileType::directory)
        permissions &= static_cast<std::uint16_t>(~(set_user_id | set_group_id));
    result.node.uid = credentials.uid;
    result.node.gid = credentials.gid;
    if (parent.permissions & set_group_id) {
        result.node.gid = parent.gid;
        if (type == FileType::directory)
            permissions |= set_group_id;
        else if (permissions & 0010 && !credentials.is_root() && !credentials.in_group(parent.gid))
            permissions &= static_cast<std::uint16_t>(~set_group_id);
    }
    result.node.uid = owner.uid.value_or(result.node.uid);
    result.node.gid = owner.gid.value_or(result.node.gid);
    if (type == FileType::symbolic_link) {
        result.node.permissions = 0777;
        return result;
    }
    QUIRE_TRY_ASSIGN(auto bytes, fetch_acl(call, directory->cookie(), default_acl_name));
    if (bytes.empty()) {
        result.node.permissions = permissions & static_cast<std::uint16_t>(~credentials.umask);
        return result;
    }
    QUIRE_TRY_ASSIGN(AccessControlList list, AccessControlList::parse(bytes));
    list.restrict_to(permissions);
    result.node.permissions =
        static_cast<std::uint16_t>((permissions & ~0777) | list.permissions());
    if (!list.is_minimal()) result.access_acl = list.serialize();
    if (type == FileType::directory) result.default_acl = std::move(bytes);
    return result;
}

// Others may see a node before it has its list. Until then only its owner may use it, because the
// group's bits of a node with a list are the mask, and its named users and groups may have less than
// the others; without a list the node does not stay.
template <typename Make>
Result<NodeReference> Tree::make(const Call& call, const NodeReference& directory, const Name& name,
                                 const Inheritance& from, Make&& make) {
    NewNode first = from.node;
    if (!from.access_acl.empty()) first.permissions &= static_cast<std::uint16_t>(~0077);
    const Changing changing(*this, *directory, name);
    Result<Entry> entry = [&] {
        const Turn turn(*this);
        return make(first);
    }();
    if (!entry) return fail(std::move(entry).error());
    NodeReference node = adopt(*entry);
    auto finished = finish(call, *node, from);
    if (finished) return node;
    // Also when nobody waits any more.
    unmake({.credentials = call.credentials}, directory, name, *node);
    return fail(std::move(finished).error());
}

Result<void> Tree::finish(const Call& call, const Node& node, const Inheritance& from) {
    const Turn turn(*this, node.cookie());
    if (!from.default_acl.empty())
        QUIRE_TRY(volume_->setxattr(call, node.cookie(), default_acl_name, from.default_acl,
                                    SetAttributeMode::either));
    if (from.access_acl.empty()) return {};
    QUIRE_TRY(volume_->setxattr(call, node.cookie(), access_acl_name, from.access_acl,
                                SetAttributeMode::either));
    AttributeChanges changes;
    changes.permissions = from.node.permissions;
    QUIRE_TRY(volume_->setattr(call, node.cookie(), changes));
    return {};
}

void Tree::unmake(const Call& call, const NodeReference& directory, const Name& name,
                  const Node& node) {
    const Turn turn(*this);
    const auto now = volume_->lookup(call, directory->cookie(), name);
    if (!now) return;
    // Somebody may have put something else there. What cannot be removed stays its owner's only.
    if (now->node == node.cookie()) {
        if (node.type() == FileType::directory)
            (void)volume_->rmdir(call, directory->cookie(), name);
        else
            (void)volume_->remove(call, directory->cookie(), name);
    }
    volume_->reclaim(now->node, 1);
}

Result<NodeReference> Tree::create(const Call& call, const NodeReference& directory,
                                   const Name& name, std::uint16_t permissions,
                                   const NewOwner& owner) {
    QUIRE_TRY_ASSIGN(const Attributes parent, check_making(call, directory, name));
    QUIRE_TRY_ASSIGN(const Inheritance from,
                     inherit(call, directory, parent, FileType::regular, permissions, owner));
    return make(call, directory, name, from, [&](const NewNode& node) {
        return volume_->create(call, directory->cookie(), name, node);
    });
}

Result<NodeReference> Tree::make_directory(const Call& call, const NodeReference& directory,
                                           const Name& name, std::uint16_t permissions,
                                           const NewOwner& owner) {
    QUIRE_TRY_ASSIGN(const Attributes parent, check_making(call, directory, name));
    QUIRE_TRY_ASSIGN(const Inheritance from,
                     inherit(call, directory, parent, FileType::directory, permissions, owner));
    return make(call, directory, name, from, [&](const NewNode& node) {
        return volume_->mkdir(call, directory->cookie(), name, node);
    });
}

Result<NodeReference> Tree::make_node(const Call& call, const NodeReference& directory,
                                      const Name& name, std::uint16_t permissions, FileType type,
                                      DeviceNumber device, const NewOwner& owner) {
    QUIRE_TRY_ASSIGN(const Attributes parent, check_making(call, directory, name));
    const bool is_device = type == FileType::character_device || type == FileType::block_device;
    if (is_device && !call.credentials.is_root()) return fail(std::errc::operation_not_permitted);
    QUIRE_TRY_ASSIGN(const Inheritance from,
                     inherit(call, directory, parent, type, permissions, owner));
    return make(call, directory, name, from, [&](const NewNode& node) {
        return volume_->mknod(call, directory->cookie(), name, node, type, device);
    });
}

Result<NodeReference> Tree::make_symlink(const Call& call, const NodeReference& directory,
                                         const Name& name, std::string_view target,
                                         const NewOwner& owner) {
    if (target.empty()) return fail(std::errc::no_such_file_or_directory);
    if (target.size() > Path::max_length) return fail(std::errc::filename_too_long);
    if (target.find('\0') != target.npos) return fail(std::errc::invalid_argument);
    QUIRE_TRY_ASSIGN(const Attributes parent, check_making(call, directory, name));
    QUIRE_TRY_ASSIGN(const Inheritance from,
                     inherit(call, directory, parent, FileType::symbolic_link, 0777, owner));
    return make(call, directory, name, from, [&](const NewNode& node) {
        return volume_->symlink(call, directory->cookie(), name, node, target);
    });
}

Result<void> Tree::link(const Call& call, const NodeReference& node, const NodeReference& directory,
                        const Name& name) {
    QUIRE_TRY(check_making(call, directory, name));
    if (node->type() == FileType::directory) {
        QUIRE_TRY_ASSIGN(const bool taken, exists(call, directory, name));
        return fail(taken ? std::errc::file_exists : std::errc::operation_not_permitted);
    }
    QUIRE_TRY_ASSIGN(const Attributes attributes, fetch(call, node->cookie()));
    if (attributes.flags & (immutable_flag | append_only_flag))
        return fail(std::errc::operation_not_permitted, "it is immutable or append-only");
    const Changing changing(*this, *directory, name, *node);
    Result<Entry> entry = [&] {
        const Turn turn(*this);
        return volume_->link(call, node->cookie(), directory->cookie(), name);
    }();
    if (!entry) return fail(std::move(entry).error());
    adopt(*entry);
    return {};
}

Result<void> Tree::remove(const Call& call, const NodeReference& directory, const Name& name) {
    QUIRE_TRY(check_removing(call, directory, name));
    const Changing changing(*this, *directory, name);
    const Turn turn(*this);
    return volume_->remove(call, directory->cookie(), name);
}

Result<void> Tree::remove_directory(const Call& call, const NodeReference& directory,
                                    const Name& name) {
    QUIRE_TRY(check_removing(call, directory, name));
    const Changing changing(*this, *directory, name);
    const Turn turn(*this);
    return volume_->rmdir(call, directory->cookie(), name);
}

// A directory that changes its parent gets a new "..", which is a change of the directory itself.
Result<void> Tree::check_moved(const Call& call, const NodeReference& from_directory,
                               const Name& from, const NodeReference& to_directory) {
    if (call.credentials.is_root() || from_directory->cookie() == to_directory->cookie()) return {};
    QUIRE_TRY_ASSIGN(const NodeReference moved, lookup(call, from_directory, from));
    if (moved->type() != FileType::directory) return {};
    QUIRE_TRY_ASSIGN(const Attributes attributes, fetch(call, moved->cookie()));
    return check(call, moved->cookie(), attributes, W_OK);
}

// Of two names one of which is in the other, Linux says so before it asks for permissions and types.
Result<void> Tree::check_nested(const Call& call, const Renaming& renaming) {
    const Call as_root = call.as(Credentials::root());
    const auto is_in = [&](const NodeReference& directory,
                           const NodeReference& node) -> Result<bool> {
        if (node->type() != FileType::directory) return false;
        QUIRE_TRY_ASSIGN(const Ascent ascent, climb(as_root, directory, node));
        return ascent.below;
    };
    QUIRE_TRY(check_search(call, renaming.from_directory));
    QUIRE_TRY(check_search(call, renaming.to_directory));
    QUIRE_TRY_ASSIGN(const NodeReference from,
                     lookup(call, renaming.from_directory, renaming.from));
    auto to = lookup(call, renaming.to_directory, renaming.to);
    if (!to && to.error() != std::errc::no_such_file_or_directory)
        return fail(std::move(to).error());
    QUIRE_TRY_ASSIGN(const bool into_itself, is_in(renaming.to_directory, from));
    if (into_itself) return fail(std::errc::invalid_argument);
    if (!to) return {};
    QUIRE_TRY_ASSIGN(const bool over_itself, is_in(renaming.from_directory, *to));
    if (!over_itself) return {};
    return fail(renaming.flags.exchange ? std::errc::invalid_argument
                                        : std::errc::directory_not_empty);
}

Result<void> Tree::check_renaming(const Call& call, const Renaming& renaming) {
    const auto& [from_directory, from, to_directory, to, flags] = renaming;
    QUIRE_TRY(check_search(call, from_directory));
    QUIRE_TRY(check_search(call, to_directory));
    NodeReference source;
    if (!call.credentials.is_root() || flags.no_replace || flags.exchange) {
        QUIRE_TRY_ASSIGN(source, lookup(call, from_directory, from));
    }
    auto target = lookup(call, to_directory, to);
    const bool taken = target.has_value();
    if (!taken && target.error() != std::errc::no_such_file_or_directory)
        return fail(std::move(target).error());
    if (taken && flags.no_replace) return fail(std::errc::file_exists);
    if (!taken && flags.exchange) return fail(std::errc::no_such_file_or_directory);
    // Two names of one node: nothing happens, which everybody may.
    if (taken && *target == source) return {};
    QUIRE_TRY(check_removing(call, from_directory, from));
    if (taken)
        QUIRE_TRY(check_removing(call, to_directory, to));
    else
        QUIRE_TRY(check_making(call, to_directory, to));
    if (taken && source && !flags.exchange) {
        const bool moves_directory = source->type() == FileType::directory;
        if (moves_directory != ((*target)->type() == FileType::directory))
            return fail(moves_directory ? std::errc::not_a_directory : std::errc::is_a_directory);
    }
    QUIRE_TRY(check_moved(call, from_directory, from, to_directory));
    if (flags.exchange) QUIRE_TRY(check_moved(call, to_directory, to, from_directory));
    return {};
}

Result<void> Tree::rename(const Call& call, const NodeReference& from_directory, const Name& from,
                          const NodeReference& to_directory, const Name& to, RenameFlags flags) {
    if (flags.no_replace && flags.exchange) return fail(std::errc::invalid_argument);
    const Renaming renaming{from_directory, from, to_directory, to, flags};
    if (auto allowed = check_renaming(call, renaming); !allowed) {
        using enum std::errc;
        for (const auto later :
             {permission_denied, operation_not_permitted, is_a_directory, not_a_directory})
            if (allowed.error() == later) QUIRE_TRY(check_nested(call, renaming));
        return allowed;
    }
    const Moving moving(*this, from_directory, to_directory);
    const Changing changing(*this, *from_directory, from, *to_directory, to);
    const Turn turn(*this);
    return volume_->rename(call, from_directory->cookie(), from, to_directory->cookie(), to, flags);
}

}  // namespace quire::fs
