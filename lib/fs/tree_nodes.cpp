// SPDX-License-Identifier: MIT

// Attributes of nodes and who may change them: chmod(2), chown(2), truncate(2), utimensat(2).

#include <unistd.h>

#include <mutex>

#include "files/content.hpp"
#include "permissions.hpp"
#include "quire/fs/tree.hpp"
#include "tree_changing.hpp"
#include "tree_turn.hpp"
#include "tree_up_to_date.hpp"

namespace quire::fs {

namespace {

// What remains of the permissions once owner, group or content change: no set-user-id, and no
// set-group-id where it means execution, or comes from one who is not in that group (without group
// execution it is a mark for locking).
std::uint16_t without_privileges(const Credentials& credentials, const Attributes& attributes) {
    std::uint16_t permissions = attributes.permissions & static_cast<std::uint16_t>(~set_user_id);
    const bool keeps = credentials.is_root() || credentials.in_group(attributes.gid);
    if (permissions & 0010 || !keeps) permissions &= static_cast<std::uint16_t>(~set_group_id);
    return permissions;
}

}  // namespace

Result<Attributes> Tree::fetch(const Call& call, Cookie node) {
    bring_up_to_date(node);
    const Turn turn(*this, node);
    return volume_->getattr(call, node);
}

Result<std::vector<std::byte>> Tree::fetch_acl(const Call& call, Cookie node,
                                               std::string_view name) {
    if (!volume_->supports(Operation::getxattr)) return std::vector<std::byte>();
    const Turn turn(*this, node);
    auto value = volume_->getxattr(call, node, name);
    if (value) return value;
    if (value.error() == std::errc(ENODATA) || value.error() == std::errc::operation_not_supported)
        return std::vector<std::byte>();
    return value;
}

Result<void> Tree::check(const Call& call, Cookie node, const Attributes& attributes, int mask) {
    // A directory's own rule for immutability belongs to the operations on names.
    if (mask & W_OK && attributes.flags & immutable_flag && attributes.type == FileType::regular)
        return fail(std::errc::operation_not_permitted, "it is immutable");
    const Credentials& credentials = call.credentials;
    if (credentials.is_root()) {
        if (!root_may(attributes, mask)) return fail(std::errc::permission_denied);
    } else {
        bool allowed = bits_allow(credentials, attributes, mask);
        // The owner's entry of a list is the owner's bits: only the others need the list.
        if (credentials.uid != attributes.uid) {
            QUIRE_TRY_ASSIGN(const auto bytes, fetch_acl(call, node, access_acl_name));
            if (!bytes.empty()) {
                QUIRE_TRY_ASSIGN(const auto list, AccessControlList::parse(bytes));
                allowed = list.allows(credentials, attributes, mask);
            }
        }
        if (!allowed) return fail(std::errc::permission_denied);
    }
    if (!volume_->supports(Operation::access)) return {};
    const Turn turn(*this, node);
    return volume_->access(call, node, mask);
}

Result<void> Tree::check_search(const Call& call, const NodeReference& directory) {
    if (directory->type() != FileType::directory) return fail(std::errc::not_a_directory);
    if (call.credentials.is_root() && !volume_->supports(Operation::access)) return {};
    return access(call, directory, X_OK);
}

Result<void> Tree::access(const Call& call, const NodeReference& node, int mask) {
    QUIRE_TRY_ASSIGN(const Attributes attributes, fetch(call, node->cookie()));
    return check(call, node->cookie(), attributes, mask);
}

Result<Found> Tree::find_handle(const Call& call, const Handle& handle) {
    return up_to_date(call, [&] {
        const Turn turn(*this);
        return volume_->handle_to_node(call, handle);
    });
}

Result<std::int64_t> Tree::configuration(const Call& call, const NodeReference& node,
                                         PathConfiguration what) {
    const Turn turn(*this, node->cookie());
    return volume_->pathconf(call, node->cookie(), what);
}

Result<void> Tree::sync(const Call& call, const NodeReference& node) {
    bring_up_to_date(node->cookie());
    const Turn turn(*this, node->cookie());
    return volume_->fsync(call, node->cookie());
}

Result<std::string> Tree::print(const Call& call, const NodeReference& node) {
    const Turn turn(*this, node->cookie());
    return volume_->print(call, node->cookie());
}

Result<Attributes> Tree::attributes(const Call& call, const NodeReference& node) {
    return fetch(call, node->cookie());
}

Result<AttributeChanges> Tree::check_changes(const Call& call, const NodeReference& node,
                                             const Attributes& now, AttributeChanges changes) {
    const Credentials& credentials = call.credentials;
    const bool root = credentials.is_root();
    const bool owner = root || credentials.uid == now.uid;
    const auto denied = [] { return fail(std::errc::operation_not_permitted); };

    if (now.flags & immutable_flag || (now.flags & append_only_flag && !changes.empty()))
        return fail(std::errc::operation_not_permitted, "it is immutable or append-only");
    if (changes.uid && !root && !(owner && *changes.uid == now.uid)) return denied();
    const bool may_have_group =
        changes.gid && (*changes.gid == now.gid || credentials.in_group(*changes.gid));
    if (changes.gid && !root && !(owner && may_have_group)) return denied();
    if ((changes.access || changes.modify) && !owner) return denied();
    if ((changes.change || changes.birth) && !root) return denied();
    if (changes.permissions) {
        if (!owner) return denied();
        *changes.permissions &= permission_mask;
        if (!root && !credentials.in_group(changes.gid.value_or(now.gid)))
            *changes.permissions &= static_cast<std::uint16_t>(~set_group_id);
    }
    if (changes.size) {
        if (node->type() == FileType::directory) return fail(std::errc::is_a_directory);
        if (node->type() != FileType::regular) return fail(std::errc::invalid_argument);
        QUIRE_TRY(check(call, node->cookie(), now, W_OK));
    }
    const bool changes_owner = (changes.uid || changes.gid) && node->type() != FileType::directory;
    const bool changes_content = changes.size && !root;
    if (!changes.permissions && (changes_owner || changes_content)) {
        const std::uint16_t left = without_privileges(call.credentials, now);
        if (left != now.permissions) changes.permissions = left;
    }
    return changes;
}

Result<Attributes> Tree::set_attributes(const Call& call, const NodeReference& node,
                                        const AttributeChanges& wanted) {
    const std::shared_ptr<Content> content = content_of(*node);
    const OpenFile::Visit visit(content);
    std::unique_lock<EndGate> moving;
    if (wanted.size) moving = std::unique_lock(content->end);
    QUIRE_TRY_ASSIGN(const Attributes now, fetch(call, node->cookie()));
    QUIRE_TRY_ASSIGN(const AttributeChanges changes, check_changes(call, node, now, wanted));
    return change(call, node, now, changes);
}

Result<Attributes> Tree::touch(const Call& call, const NodeReference& node,
                               const AttributeChanges& times) {
    const OpenFile::Visit visit(content_of(*node));
    QUIRE_TRY_ASSIGN(const Attributes now, fetch(call, node->cookie()));
    if (now.flags & immutable_flag)
        return fail(std::errc::operation_not_permitted, "it is immutable");
    if (!call.credentials.is_root() && call.credentials.uid != now.uid)
        QUIRE_TRY(check(call, node->cookie(), now, W_OK));
    AttributeChanges changes;
    changes.access = times.access;
    changes.modify = times.modify;
    return change(call, node, now, changes);
}

Result<Attributes> Tree::change(const Call& call, const NodeReference& node, const Attributes& now,
                                const AttributeChanges& changes) {
    // The access list shows through the permission bits: they change together.
    std::vector<std::byte> acl;
    const bool shows =
        changes.permissions && ((*changes.permissions ^ now.permissions) & 0777) != 0;
    if (shows && node->type() != FileType::symbolic_link) {
        QUIRE_TRY_ASSIGN(acl, fetch_acl(call, node->cookie(), access_acl_name));
        if (!acl.empty()) {
            QUIRE_TRY_ASSIGN(AccessControlList list, AccessControlList::parse(acl));
            list.set_permissions(*changes.permissions & 0777);
            acl = list.serialize();
        }
    }
    const auto content = content_of(*node);
    ContentChange what{.access = changes.permissions || changes.uid || changes.gid};
    if (changes.size) {
        what.offset = *changes.size;
        what.length = ContentChange::to_the_end;
    }
    const Watchers::Changing changing(content->watchers, what);
    const Changing for_all(*this, *node, what.access);
    const Turn turn(*this, node->cookie());
    if (!acl.empty())
        QUIRE_TRY(volume_->setxattr(call, node->cookie(), access_acl_name, acl,
                                    SetAttributeMode::either));
    return volume_->setattr(call, node->cookie(), changes);
}

Result<void> Tree::drop_privileges(const Call& call, const NodeReference& node) {
    if (call.credentials.is_root()) return {};
    const Changing changing(*this, *node);
    const Turn turn(*this, node->cookie());
    QUIRE_TRY_ASSIGN(const Attributes now, volume_->getattr(call, node->cookie()));
    const std::uint16_t left = without_privileges(call.credentials, now);
    if (left == now.permissions) return {};
    AttributeChanges changes;
    changes.permissions = left;
    QUIRE_TRY(volume_->setattr(call, node->cookie(), changes));
    return {};
}

}  // namespace quire::fs
