// SPDX-License-Identifier: MIT

// Operations on names. The order of refusals is Linux's: search permission, then whether the name
// is there, then permission to change the directory, then ownership and sticky rules, and only
// then what the volume says. Where the caller may do all, the volume alone decides, so that the
// common case costs no extra lookup.

#include <unistd.h>

#include "permissions.hpp"
#include "quire/fs/tree.hpp"
#include "tree_turn.hpp"

namespace quire::fs {

namespace {

constexpr std::uint32_t immutable_flag = 0x10;    // FS_IMMUTABLE_FL
constexpr std::uint32_t append_only_flag = 0x20;  // FS_APPEND_FL

}  // namespace

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
                                        std::uint16_t permissions) {
    const Credentials& credentials = call.credentials;
    Inheritance result;
    permissions &= permission_mask;
    result.node.uid = credentials.uid;
    result.node.gid = credentials.gid;
    if (parent.permissions & set_group_id) {
        result.node.gid = parent.gid;
        if (type == FileType::directory)
            permissions |= set_group_id;
        else if (permissions & 0010 && !credentials.is_root() && !credentials.in_group(parent.gid))
            permissions &= static_cast<std::uint16_t>(~set_group_id);
    }
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

Result<NodeReference> Tree::finish(const Call& call, const Entry& entry, const Inheritance& from) {
    NodeReference node = adopt(entry);
    const Turn turn(*this, entry.node);
    if (!from.access_acl.empty())
        QUIRE_TRY(volume_->setxattr(call, entry.node, access_acl_name, from.access_acl,
                                    SetAttributeMode::either));
    if (!from.default_acl.empty())
        QUIRE_TRY(volume_->setxattr(call, entry.node, default_acl_name, from.default_acl,
                                    SetAttributeMode::either));
    return node;
}

Result<NodeReference> Tree::create(const Call& call, const NodeReference& directory,
                                   const Name& name, std::uint16_t permissions) {
    QUIRE_TRY_ASSIGN(const Attributes parent, check_making(call, directory, name));
    QUIRE_TRY_ASSIGN(const Inheritance from,
                     inherit(call, directory, parent, FileType::regular, permissions));
    Result<Entry> entry = [&] {
        const Turn turn(*this);
        return volume_->create(call, directory->cookie(), name, from.node);
    }();
    if (!entry) return fail(std::move(entry).error());
    return finish(call, *entry, from);
}

Result<NodeReference> Tree::make_directory(const Call& call, const NodeReference& directory,
                                           const Name& name, std::uint16_t permissions) {
    QUIRE_TRY_ASSIGN(const Attributes parent, check_making(call, directory, name));
    QUIRE_TRY_ASSIGN(const Inheritance from,
                     inherit(call, directory, parent, FileType::directory, permissions));
    Result<Entry> entry = [&] {
        const Turn turn(*this);
        return volume_->mkdir(call, directory->cookie(), name, from.node);
    }();
    if (!entry) return fail(std::move(entry).error());
    return finish(call, *entry, from);
}

Result<NodeReference> Tree::make_node(const Call& call, const NodeReference& directory,
                                      const Name& name, std::uint16_t permissions, FileType type,
                                      DeviceNumber device) {
    QUIRE_TRY_ASSIGN(const Attributes parent, check_making(call, directory, name));
    const bool is_device = type == FileType::character_device || type == FileType::block_device;
    if (is_device && !call.credentials.is_root()) return fail(std::errc::operation_not_permitted);
    QUIRE_TRY_ASSIGN(const Inheritance from, inherit(call, directory, parent, type, permissions));
    Result<Entry> entry = [&] {
        const Turn turn(*this);
        return volume_->mknod(call, directory->cookie(), name, from.node, type, device);
    }();
    if (!entry) return fail(std::move(entry).error());
    return finish(call, *entry, from);
}

Result<NodeReference> Tree::make_symlink(const Call& call, const NodeReference& directory,
                                         const Name& name, std::string_view target) {
    if (target.empty()) return fail(std::errc::no_such_file_or_directory);
    if (target.size() > Path::max_length) return fail(std::errc::filename_too_long);
    if (target.find('\0') != target.npos) return fail(std::errc::invalid_argument);
    QUIRE_TRY_ASSIGN(const Attributes parent, check_making(call, directory, name));
    QUIRE_TRY_ASSIGN(const Inheritance from,
                     inherit(call, directory, parent, FileType::symbolic_link, 0777));
    Result<Entry> entry = [&] {
        const Turn turn(*this);
        return volume_->symlink(call, directory->cookie(), name, from.node, target);
    }();
    if (!entry) return fail(std::move(entry).error());
    return finish(call, *entry, from);
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
    const Turn turn(*this);
    return volume_->remove(call, directory->cookie(), name);
}

Result<void> Tree::remove_directory(const Call& call, const NodeReference& directory,
                                    const Name& name) {
    QUIRE_TRY(check_removing(call, directory, name));
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

Result<void> Tree::rename(const Call& call, const NodeReference& from_directory, const Name& from,
                          const NodeReference& to_directory, const Name& to, RenameFlags flags) {
    if (flags.no_replace && flags.exchange) return fail(std::errc::invalid_argument);
    QUIRE_TRY(check_removing(call, from_directory, from));
    QUIRE_TRY(check_search(call, to_directory));
    if (!call.credentials.is_root()) {
        QUIRE_TRY_ASSIGN(const bool found, exists(call, from_directory, from));
        if (!found) return fail(std::errc::no_such_file_or_directory);
    }
    QUIRE_TRY_ASSIGN(const bool taken, exists(call, to_directory, to));
    if (taken && flags.no_replace) return fail(std::errc::file_exists);
    if (taken) {
        QUIRE_TRY(check_removing(call, to_directory, to));
    } else if (flags.exchange) {
        return fail(std::errc::no_such_file_or_directory);
    } else {
        QUIRE_TRY(check_making(call, to_directory, to));
    }
    QUIRE_TRY(check_moved(call, from_directory, from, to_directory));
    if (flags.exchange) QUIRE_TRY(check_moved(call, to_directory, to, from_directory));
    const Turn turn(*this);
    return volume_->rename(call, from_directory->cookie(), from, to_directory->cookie(), to, flags);
}

}  // namespace quire::fs
