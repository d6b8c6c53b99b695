// SPDX-License-Identifier: MIT

#include "content/values/body.hpp"

#include <algorithm>
#include <cstring>

extern "C" {
#include <ext2fs/ext2_ext_attr.h>
}

namespace quire::ext {

namespace {

constexpr std::uint32_t body_magic = EXT2_EXT_ATTR_MAGIC;

AttributeName inline_name() {
    return {static_cast<std::uint8_t>(AttributeNamespace::system), "data"};
}

/// What holds entries and values: all behind the magic number.
std::span<const std::byte> entries_of(std::span<const std::byte> area) {
    return area.size() < sizeof body_magic ? std::span<const std::byte>{}
                                           : area.subspan(sizeof body_magic);
}

}  // namespace

Result<StoredAttributes> load_body(const InodeRecord& inode) {
    const auto area = inode.attribute_area();
    if (area.size() < sizeof body_magic) return StoredAttributes{};
    std::uint32_t magic = 0;
    std::memcpy(&magic, area.data(), sizeof magic);
    if (magic != body_magic) return StoredAttributes{};
    return decode_attributes(inode.number(), entries_of(area), 0);
}

bool fits_body(const InodeRecord& inode, const StoredAttributes& list) {
    std::size_t size = entries_end_size;
    for (const StoredAttribute& attribute : list) size += attribute.size();
    return list.empty() || size <= entries_of(inode.attribute_area()).size();
}

bool store_body(InodeRecord& inode, const StoredAttributes& list) {
    if (!fits_body(inode, list)) return false;
    const auto area = inode.attribute_area();
    std::ranges::fill(area, std::byte{0});
    if (list.empty()) return true;
    std::memcpy(area.data(), &body_magic, sizeof body_magic);
    return encode_attributes(list, area.subspan(sizeof body_magic), 0, EntryHashes::no);
}

Result<std::vector<std::byte>> get_inline_value(const InodeRecord& inode) {
    QUIRE_TRY_ASSIGN(StoredAttributes list, load_body(inode));
    const std::size_t at = position_of(list, inline_name());
    if (at == list.size()) return std::vector<std::byte>{};
    if (list[at].value_inode != 0)
        return corrupt_inode(inode.number(), "its inline data lie in another inode");
    return std::move(list[at].value);
}

Result<void> set_inline_value(InodeRecord& inode, std::span<const std::byte> value) {
    QUIRE_TRY_ASSIGN(StoredAttributes list, load_body(inode));
    const std::size_t at = position_of(list, inline_name());
    if (at == list.size()) list.push_back({.name = inline_name(), .value = {}});
    list[at].value.assign(value.begin(), value.end());
    list[at].value_inode = 0;
    if (!store_body(inode, list)) return fail(std::errc::no_space_on_device);
    return {};
}

Result<void> remove_inline_value(InodeRecord& inode) {
    QUIRE_TRY_ASSIGN(StoredAttributes list, load_body(inode));
    std::erase_if(list, [](const auto& attribute) { return attribute.name.is_inline_data(); });
    (void)store_body(inode, list);
    return {};
}

std::size_t inline_value_capacity(const InodeRecord& inode) {
    const auto list = load_body(inode);
    if (!list) return 0;
    std::size_t used = entries_end_size + EXT2_EXT_ATTR_LEN(inline_name().suffix.size());
    for (const StoredAttribute& attribute : *list)
        if (!attribute.name.is_inline_data()) used += attribute.size();
    const std::size_t room = entries_of(inode.attribute_area()).size();
    return room < used ? 0 : (room - used) & ~std::size_t{3};
}

}  // namespace quire::ext
