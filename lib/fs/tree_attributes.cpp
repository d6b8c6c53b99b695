// SPDX-License-Identifier: MIT

// Extended attributes: who may touch which namespace (xattr(7)), and POSIX access lists, which
// stand in two places at once: in the attribute and in the permission bits.

#include <unistd.h>

#include <cerrno>

#include "files/content.hpp"
#include "permissions.hpp"
#include "quire/fs/tree.hpp"
#include "tree_changing.hpp"
#include "tree_turn.hpp"

namespace quire::fs {

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_value = 65536;

bool is_acl(std::string_view name) {
    return name == access_acl_name || name == default_acl_name;
}

}  // namespace

Result<void> Tree::check_attribute(const Call& call, const NodeReference& node,
                                   std::string_view name, bool writing) {
    if (name.empty() || name.size() > longest_name || name.find('\0') != name.npos)
        return fail(std::errc::result_out_of_range);
    const bool root = call.credentials.is_root();
    const auto missing = [&] {
        return writing ? std::errc::operation_not_permitted : std::errc(ENODATA);
    };
    QUIRE_TRY_ASSIGN(const Attributes attributes, fetch(call, node->cookie()));
    if (writing && attributes.flags & 0x30)
        return fail(std::errc::operation_not_permitted, "it is immutable or append-only");
    if (is_acl(name)) {
        if (node->type() == FileType::symbolic_link)
            return fail(std::errc::operation_not_supported);
        if (writing && !root && call.credentials.uid != attributes.uid)
            return fail(std::errc::operation_not_permitted);
        return {};
    }
    if (name.starts_with("trusted.")) {
        if (!root) return fail(missing());
        return {};
    }
    if (name.starts_with("security.")) {
        if (writing && !root) return fail(std::errc::operation_not_permitted);
        return {};
    }
    if (name.starts_with("user.")) {
        if (node->type() != FileType::regular && node->type() != FileType::directory)
            return fail(missing());
        if (writing && node->type() == FileType::directory && attributes.permissions & sticky &&
            !root && call.credentials.uid != attributes.uid)
            return fail(std::errc::operation_not_permitted);
        return check(call, node->cookie(), attributes, writing ? W_OK : R_OK);
    }
    return {};
}

Result<std::vector<std::byte>> Tree::get_attribute(const Call& call, const NodeReference& node,
                                                   std::string_view name) {
    QUIRE_TRY(check_attribute(call, node, name, false));
    const Turn turn(*this, node->cookie());
    return volume_->getxattr(call, node->cookie(), name);
}

Result<void> Tree::set_attribute(const Call& call, const NodeReference& node, std::string_view name,
                                 std::span<const std::byte> value, SetAttributeMode mode) {
    if (value.size() > longest_value) return fail(std::errc::argument_list_too_long);
    QUIRE_TRY(check_attribute(call, node, name, true));
    if (name == access_acl_name) return set_access_acl(call, node, value, mode);
    if (name == default_acl_name) {
        if (node->type() != FileType::directory)
            return fail(value.empty() ? std::errc(ENODATA) : std::errc::permission_denied);
        QUIRE_TRY(AccessControlList::parse(value));
    }
    const Changing changing(*this, *node);
    const Turn turn(*this, node->cookie());
    return volume_->setxattr(call, node->cookie(), name, value, mode);
}

// A list that says no more than the permission bits is not stored: the bits are the list.
Result<void> Tree::set_access_acl(const Call& call, const NodeReference& node,
                                  std::span<const std::byte> value, SetAttributeMode mode) {
    const OpenFile::Visit visit(content_of(*node));
    QUIRE_TRY_ASSIGN(const AccessControlList list, AccessControlList::parse(value));
    QUIRE_TRY_ASSIGN(const Attributes now, fetch(call, node->cookie()));
    AttributeChanges changes;
    changes.permissions =
        static_cast<std::uint16_t>((now.permissions & ~0777) | list.permissions());
    if (!call.credentials.is_root() && !call.credentials.in_group(now.gid))
        *changes.permissions &= static_cast<std::uint16_t>(~set_group_id);
    const auto content = content_of(*node);
    const Watchers::Changing changing(content->watchers, {.access = true});
    const Changing for_all(*this, *node, true);
    const Turn turn(*this, node->cookie());
    if (list.is_minimal()) {
        const auto removed = volume_->removexattr(call, node->cookie(), access_acl_name);
        if (!removed && removed.error() != std::errc(ENODATA)) return removed;
    } else {
        QUIRE_TRY(volume_->setxattr(call, node->cookie(), access_acl_name, value, mode));
    }
    QUIRE_TRY(volume_->setattr(call, node->cookie(), changes));
    return {};
}

Result<std::vector<std::string>> Tree::list_attributes(const Call& call,
                                                       const NodeReference& node) {
    Result<std::vector<std::string>> names = [&] {
        const Turn turn(*this, node->cookie());
        return volume_->listxattr(call, node->cookie());
    }();
    if (names && !call.credentials.is_root())
        std::erase_if(*names, [](const std::string& name) { return name.starts_with("trusted."); });
    return names;
}

Result<void> Tree::remove_attribute(const Call& call, const NodeReference& node,
                                    std::string_view name) {
    QUIRE_TRY(check_attribute(call, node, name, true));
    const auto remove = [&]() -> Result<void> {
        const Changing changing(*this, *node, name == access_acl_name);
        const Turn turn(*this, node->cookie());
        return volume_->removexattr(call, node->cookie(), name);
    };
    if (name != access_acl_name) return remove();
    const auto content = content_of(*node);
    const OpenFile::Visit visit(content);
    const Watchers::Changing changing(content->watchers, {.access = true});
    return remove();
}

}  // namespace quire::fs
