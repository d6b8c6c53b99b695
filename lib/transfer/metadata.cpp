// SPDX-License-Identifier: MIT

#include "quire/transfer/metadata.hpp"

#include <algorithm>
#include <cerrno>

namespace quire::transfer {

namespace {

bool denied(const Error& error) {
    return error == std::errc::operation_not_permitted || error == std::errc::permission_denied;
}

// ENOTSUP and EOPNOTSUPP are one number on Linux, ENOSYS is what a volume without the operation
// says.
bool unsupported(const Error& error) {
    return error == std::errc::operation_not_supported ||
           error == std::errc::function_not_supported;
}

bool has_special_bits(std::uint16_t permissions) {
    return (permissions & (fs::set_user_id | fs::set_group_id)) != 0;
}

Result<void> set_owner_and_mode(fs::Tree& tree, const fs::Call& call, const fs::NodeReference& node,
                                fs::AttributeChanges changes, Account& account) {
    if (changes.empty()) return {};
    auto done = tree.set_attributes(call, node, changes);
    if (done) return {};
    if (!(changes.uid || changes.gid) || !(denied(done.error()) || unsupported(done.error())))
        return fail(done.error());
    // Not ours to give away. The group alone may be ours to give, as chgrp is.
    account.lose(Loss::owner);
    changes.uid.reset();
    if (changes.gid) {
        fs::AttributeChanges group;
        group.gid = changes.gid;
        (void)tree.set_attributes(call, node, group);
        changes.gid.reset();
    }
    if (changes.permissions && has_special_bits(*changes.permissions))
        *changes.permissions &= static_cast<std::uint16_t>(~(fs::set_user_id | fs::set_group_id));
    if (changes.empty()) return {};
    QUIRE_TRY(tree.set_attributes(call, node, changes));
    return {};
}

bool contains(const std::vector<ExtendedAttribute>& extended, std::string_view name) {
    return std::ranges::any_of(extended, [&](const auto& one) { return one.name == name; });
}

Result<void> remove_inherited_list(fs::Tree& tree, const fs::Call& call,
                                   const fs::NodeReference& node, std::string_view name,
                                   const Metadata& metadata) {
    if (contains(metadata.extended, name)) return {};
    auto removed = tree.remove_attribute(call, node, name);
    if (!removed && !unsupported(removed.error()) &&
        removed.error() != static_cast<std::errc>(ENODATA))
        return fail(removed.error());
    return {};
}

Result<void> set_extended(fs::Tree& tree, const fs::Call& call, const fs::NodeReference& node,
                          const Metadata& metadata, Account& account) {
    bool attribute_lost = false;
    bool list_lost = false;
    if (metadata.exact_lists && node->type() != fs::FileType::symbolic_link) {
        QUIRE_TRY(remove_inherited_list(tree, call, node, access_list_name, metadata));
        if (node->type() == fs::FileType::directory)
            QUIRE_TRY(remove_inherited_list(tree, call, node, default_list_name, metadata));
    }
    for (const ExtendedAttribute& one : metadata.extended) {
        auto done = tree.set_attribute(call, node, one.name, one.value);
        if (done) continue;
        if (!denied(done.error()) && !unsupported(done.error()))
            return fail(Error(done.error()).within("extended attribute " + printable(one.name)));
        (is_access_list(one.name) ? list_lost : attribute_lost) = true;
    }
    if (attribute_lost) account.lose(Loss::attribute);
    if (list_lost) account.lose(Loss::access_list);
    return {};
}

}  // namespace

bool is_access_list(std::string_view name) {
    return name == access_list_name || name == default_list_name;
}

Result<std::vector<ExtendedAttribute>> read_extended(fs::Tree& tree, const fs::Call& call,
                                                     const fs::NodeReference& node) {
    std::vector<ExtendedAttribute> extended;
    auto names = tree.list_attributes(call, node);
    if (!names) {
        if (unsupported(names.error())) return extended;
        return fail(std::move(names).error());
    }
    std::ranges::sort(*names);
    for (std::string& name : *names) {
        if (name.starts_with("system.") && !is_access_list(name)) continue;
        auto value = tree.get_attribute(call, node, name);
        // Gone since it was listed, or the host shows the name to those who may not read it.
        if (!value && (value.error() == static_cast<std::errc>(ENODATA) || denied(value.error()) ||
                       unsupported(value.error())))
            continue;
        if (!value) return fail(std::move(value).error());
        extended.push_back({std::move(name), *std::move(value)});
    }
    return extended;
}

Result<void> apply_metadata(fs::Tree& tree, const fs::Call& call, const fs::NodeReference& node,
                            const Metadata& metadata, Account& account) {
    bool is_link = node->type() == fs::FileType::symbolic_link;
    bool has_extended = !metadata.extended.empty() || metadata.exact_lists;
    fs::AttributeChanges changes;
    changes.uid = metadata.uid;
    changes.gid = metadata.gid;
    if (!is_link) changes.permissions = metadata.permissions;
    fs::AttributeChanges times;
    times.access = metadata.access;
    times.modify = metadata.modify;
    times.change = metadata.change;
    times.birth = metadata.birth;
    if (!has_extended) {
        // One call instead of two, which is what most nodes need.
        fs::AttributeChanges both = changes;
        both.access = times.access;
        both.modify = times.modify;
        both.change = times.change;
        both.birth = times.birth;
        if (both.empty() || tree.set_attributes(call, node, both)) return {};
    }
    QUIRE_TRY(set_owner_and_mode(tree, call, node, changes, account));
    if (has_extended) QUIRE_TRY(set_extended(tree, call, node, metadata, account));
    if (!times.empty()) QUIRE_TRY(tree.set_attributes(call, node, times));
    return {};
}

}  // namespace quire::transfer
