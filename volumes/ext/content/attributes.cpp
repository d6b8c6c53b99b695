// SPDX-License-Identifier: MIT

#include "content/attributes.hpp"

#include <algorithm>
#include <cerrno>

#include "content/values/acl.hpp"
#include "content/values/sets.hpp"
#include "content/values/value_inode.hpp"

namespace quire::ext {

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t largest_value = 65536;

constexpr auto no_such_attribute = static_cast<std::errc>(ENODATA);

Result<AttributeName> parse_name(std::string_view whole) {
    if (whole.empty() || whole.size() > longest_name) return fail(std::errc::result_out_of_range);
    auto name = parse_attribute_name(whole);
    if (!name) return fail(std::errc::operation_not_supported);
    if ((name->suffix.empty() && !name->is_acl()) || whole.find('\0') != std::string_view::npos)
        return fail(std::errc::invalid_argument);
    return *std::move(name);
}

/// An attribute as it is to be stored; none when the value says that there is to be none.
Result<std::optional<StoredAttribute>> prepare(const AttributeName& name,
                                               std::span<const std::byte> value) {
    if (value.size() > largest_value) return fail(std::errc::argument_list_too_long);
    StoredAttribute attribute{.name = name, .value = {}};
    if (!name.is_acl()) {
        attribute.value.assign(value.begin(), value.end());
        return attribute;
    }
    QUIRE_TRY_ASSIGN(attribute.value, acl_to_stored(value));
    if (attribute.value.empty()) return std::nullopt;
    return attribute;
}

/// An attribute of `old` is gone. A value in an inode of its own is charged to every inode that
/// names it.
Result<void> release_value(Access access, InodeRecord& inode, const AttributeSets& old,
                           const AttributeName& name) {
    const StoredAttribute* attribute = old.find(name);
    if (attribute == nullptr || attribute->value_inode == 0) return {};
    const std::uint64_t size = access.fs->blocksize;
    QUIRE_TRY(inode.account(access.fs,
                            -static_cast<std::int64_t>((attribute->value_size + size - 1) / size)));
    if (!old.owns_value_of(name)) return {};
    return release_value_inode(access, *attribute);
}

}  // namespace

Result<std::vector<std::byte>> get_attribute(ext2_filsys fs, const InodeRecord& inode,
                                             std::string_view name) {
    QUIRE_TRY_ASSIGN(const AttributeName wanted, parse_name(name));
    QUIRE_TRY_ASSIGN(const AttributeSets sets, load_attributes(fs, inode));
    const StoredAttribute* attribute = sets.find(wanted);
    if (attribute == nullptr) return fail(no_such_attribute);
    std::vector<std::byte> value = attribute->value;
    if (attribute->value_inode != 0) {
        QUIRE_TRY_ASSIGN(value, read_value_inode(fs, *attribute));
    }
    if (!wanted.is_acl()) return value;
    auto acl = acl_from_stored(value);
    if (!acl) return corrupt_inode(inode.number(), acl.error().sentence());
    return acl;
}

Result<std::vector<std::string>> list_attributes(ext2_filsys fs, const InodeRecord& inode) {
    QUIRE_TRY_ASSIGN(const AttributeSets sets, load_attributes(fs, inode));
    std::vector<std::string> names;
    for (const StoredAttributes* list : {&sets.body, &sets.block})
        for (const StoredAttribute& attribute : *list)
            if (auto name = whole_attribute_name(attribute.name)) names.push_back(*std::move(name));
    std::ranges::sort(names);
    const auto twice = std::ranges::unique(names);
    names.erase(twice.begin(), twice.end());
    return names;
}

Result<void> set_attribute(Access access, InodeRecord& inode, std::string_view name,
                           std::span<const std::byte> value, fs::SetAttributeMode mode) {
    QUIRE_TRY_ASSIGN(const AttributeName wanted, parse_name(name));
    QUIRE_TRY_ASSIGN(auto attribute, prepare(wanted, value));
    QUIRE_TRY_ASSIGN(const AttributeSets old, load_attributes(access.fs, inode));
    const StoredAttribute* before = old.find(wanted);
    if (before != nullptr && mode == fs::SetAttributeMode::create)
        return fail(std::errc::file_exists);
    if (before == nullptr && mode == fs::SetAttributeMode::replace) return fail(no_such_attribute);
    AttributeSets changed = old;
    changed.erase(wanted);
    if (attribute && !place_attribute(access.fs, inode, changed, *std::move(attribute)))
        return fail(std::errc::no_space_on_device,
                    "inode and block have no room for the attribute");
    QUIRE_TRY(exchange_attributes(access, inode, old, std::move(changed)));
    return release_value(access, inode, old, wanted);
}

Result<void> set_attributes(Access access, InodeRecord& inode,
                            std::span<const Attribute> attributes) {
    QUIRE_TRY_ASSIGN(const AttributeSets old, load_attributes(access.fs, inode));
    AttributeSets changed = old;
    std::vector<AttributeName> replaced;
    for (const auto& [name, value] : attributes) {
        QUIRE_TRY_ASSIGN(const AttributeName wanted, parse_name(name));
        QUIRE_TRY_ASSIGN(auto attribute, prepare(wanted, value));
        if (changed.erase(wanted) && std::ranges::find(replaced, wanted) == replaced.end())
            replaced.push_back(wanted);
        if (attribute && !place_attribute(access.fs, inode, changed, *std::move(attribute)))
            return fail(std::errc::no_space_on_device,
                        "inode and block have no room for the attributes");
    }
    QUIRE_TRY(exchange_attributes(access, inode, old, std::move(changed)));
    for (const AttributeName& name : replaced) QUIRE_TRY(release_value(access, inode, old, name));
    return {};
}

Result<void> remove_attribute(Access access, InodeRecord& inode, std::string_view name) {
    QUIRE_TRY_ASSIGN(const AttributeName wanted, parse_name(name));
    QUIRE_TRY_ASSIGN(const AttributeSets old, load_attributes(access.fs, inode));
    AttributeSets changed = old;
    if (!changed.erase(wanted)) return fail(no_such_attribute);
    QUIRE_TRY(exchange_attributes(access, inode, old, std::move(changed)));
    return release_value(access, inode, old, wanted);
}

Result<void> release_attributes(Access access, InodeRecord& inode) {
    QUIRE_TRY_ASSIGN(const AttributeSets old, load_attributes(access.fs, inode));
    AttributeSets kept;
    for (const StoredAttributes* list : {&old.body, &old.block})
        for (const StoredAttribute& attribute : *list)
            QUIRE_TRY(release_value(access, inode, old, attribute.name));
    for (const StoredAttribute& attribute : old.body)
        if (attribute.name.is_inline_data()) kept.body.push_back(attribute);
    return exchange_attributes(access, inode, old, std::move(kept));
}

}  // namespace quire::ext
