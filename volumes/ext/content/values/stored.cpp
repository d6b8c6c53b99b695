// SPDX-License-Identifier: MIT

#include "content/values/stored.hpp"

#include <algorithm>
#include <array>
#include <cstring>

extern "C" {
#include <ext2fs/ext2_ext_attr.h>
}

namespace quire::ext {

namespace {

struct Prefix {
    AttributeNamespace index;
    std::string_view text;
    bool is_whole;  ///< the prefix is the name
};

constexpr std::array prefixes{
    Prefix{AttributeNamespace::access_acl, "system.posix_acl_access", true},
    Prefix{AttributeNamespace::default_acl, "system.posix_acl_default", true},
    Prefix{AttributeNamespace::user, "user.", false},
    Prefix{AttributeNamespace::trusted, "trusted.", false},
    Prefix{AttributeNamespace::security, "security.", false},
    Prefix{AttributeNamespace::hurd, "gnu.", false},
};

constexpr std::uint32_t largest_stored_value = 65536;

std::size_t padded(std::size_t size) {
    return (size + 3) & ~std::size_t{3};
}

}  // namespace

std::optional<AttributeName> parse_attribute_name(std::string_view whole) {
    for (const Prefix& prefix : prefixes) {
        const bool fits = prefix.is_whole ? whole == prefix.text : whole.starts_with(prefix.text);
        if (fits)
            return AttributeName{static_cast<std::uint8_t>(prefix.index),
                                 std::string(whole.substr(prefix.text.size()))};
    }
    return std::nullopt;
}

std::optional<std::string> whole_attribute_name(const AttributeName& name) {
    for (const Prefix& prefix : prefixes)
        if (static_cast<std::uint8_t>(prefix.index) == name.index &&
            prefix.is_whole == name.suffix.empty())
            return std::string(prefix.text) + name.suffix;
    return std::nullopt;
}

std::size_t StoredAttribute::size() const {
    return EXT2_EXT_ATTR_LEN(name.suffix.size()) + padded(value.size());
}

std::size_t position_of(const StoredAttributes& list, const AttributeName& name) {
    const auto found = std::ranges::find(list, name, &StoredAttribute::name);
    return static_cast<std::size_t>(found - list.begin());
}

Result<StoredAttributes> decode_attributes(ext2_ino_t number, std::span<const std::byte> area,
                                           std::size_t begin) {
    StoredAttributes list;
    std::size_t at = begin;
    for (;;) {
        std::uint32_t first_word = 0;
        if (area.size() - at < sizeof first_word)
            return corrupt_inode(number, "its attributes have no end");
        std::memcpy(&first_word, area.data() + at, sizeof first_word);
        if (first_word == 0) break;
        ext2_ext_attr_entry entry;
        if (area.size() - at < sizeof entry)
            return corrupt_inode(number, "its attributes have no end");
        std::memcpy(&entry, area.data() + at, sizeof entry);
        const std::size_t size = EXT2_EXT_ATTR_LEN(entry.e_name_len);
        if (area.size() - at < size)
            return corrupt_inode(number, "the name of an attribute is too long");
        StoredAttribute attribute;
        attribute.name.index = entry.e_name_index;
        attribute.name.suffix.assign(reinterpret_cast<const char*>(area.data()) + at + sizeof entry,
                                     entry.e_name_len);
        if (entry.e_value_inum != 0) {
            attribute.value_inode = entry.e_value_inum;
            attribute.value_size = entry.e_value_size;
            attribute.value_hash = entry.e_hash;
            if (entry.e_value_size > largest_stored_value)
                return corrupt_inode(number, "the value of an attribute is too large");
        } else if (entry.e_value_size > 0) {
            const std::size_t offset = entry.e_value_offs;
            if (offset < at + size || offset > area.size() ||
                entry.e_value_size > area.size() - offset)
                return corrupt_inode(number, "the value of an attribute lies outside its place");
            const auto value = area.subspan(offset, entry.e_value_size);
            attribute.value.assign(value.begin(), value.end());
        }
        list.push_back(std::move(attribute));
        at += size;
    }
    return list;
}

bool encode_attributes(const StoredAttributes& list, std::span<std::byte> area, std::size_t begin,
                       EntryHashes hashes) {
    std::size_t total = begin + entries_end_size;
    for (const StoredAttribute& attribute : list) total += attribute.size();
    if (total > area.size()) return false;
    std::ranges::fill(area.subspan(begin), std::byte{0});
    std::size_t at = begin;
    std::size_t value_at = area.size();
    for (const StoredAttribute& attribute : list) {
        std::byte* place = area.data() + at;
        ext2_ext_attr_entry entry{};
        entry.e_name_len = static_cast<__u8>(attribute.name.suffix.size());
        entry.e_name_index = attribute.name.index;
        entry.e_value_inum = attribute.value_inode;
        entry.e_value_size = static_cast<__u32>(attribute.value.size());
        if (attribute.value_inode != 0) {
            entry.e_value_size = attribute.value_size;
            entry.e_hash = attribute.value_hash;
        } else if (!attribute.value.empty()) {
            value_at -= padded(attribute.value.size());
            entry.e_value_offs = static_cast<__u16>(value_at);
            std::ranges::copy(attribute.value,
                              area.begin() + static_cast<std::ptrdiff_t>(value_at));
        }
        std::memcpy(place, &entry, sizeof entry);
        std::memcpy(place + sizeof entry, attribute.name.suffix.data(),
                    attribute.name.suffix.size());
        if (hashes == EntryHashes::yes && attribute.value_inode == 0) {
            entry.e_hash = ext2fs_ext_attr_hash_entry(reinterpret_cast<ext2_ext_attr_entry*>(place),
                                                      area.data() + entry.e_value_offs);
            std::memcpy(place, &entry, sizeof entry);
        }
        at += EXT2_EXT_ATTR_LEN(attribute.name.suffix.size());
    }
    return true;
}

}  // namespace quire::ext
