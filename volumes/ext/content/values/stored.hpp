// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "content/inode_record.hpp"

namespace quire::ext {

/// A kind of attribute names, as e_name_index numbers them.
enum class AttributeNamespace : std::uint8_t {
    user = 1,
    access_acl = 2,
    default_acl = 3,
    trusted = 4,
    security = 6,
    system = 7,
    hurd = 10,
};

/// The stored form of a whole name, and back; none where there is no such namespace.
struct AttributeName {
    std::uint8_t index = 0;
    std::string suffix;

    bool is_acl() const {
        return index == static_cast<std::uint8_t>(AttributeNamespace::access_acl) ||
               index == static_cast<std::uint8_t>(AttributeNamespace::default_acl);
    }
    /// Inline data, which is content and no attribute.
    bool is_inline_data() const {
        return index == static_cast<std::uint8_t>(AttributeNamespace::system) && suffix == "data";
    }
    friend bool operator==(const AttributeName&, const AttributeName&) = default;
};
std::optional<AttributeName> parse_attribute_name(std::string_view whole);
std::optional<std::string> whole_attribute_name(const AttributeName& name);

/// An attribute as it is stored, with its value in ext's form.
struct StoredAttribute {
    AttributeName name;
    std::vector<std::byte> value;
    /// The inode that holds the value instead, its size then, and the hash that goes with it.
    ext2_ino_t value_inode = 0;
    std::uint32_t value_size = 0;
    std::uint32_t value_hash = 0;

    /// What it takes of a body or block.
    std::size_t size() const;
    friend bool operator==(const StoredAttribute&, const StoredAttribute&) = default;
};

using StoredAttributes = std::vector<StoredAttribute>;

/// The position of an attribute in a list, or its size.
std::size_t position_of(const StoredAttributes& list, const AttributeName& name);

/// The size of what ends a list of entries.
inline constexpr std::size_t entries_end_size = 4;

/// Reads entries from `area` + `begin` on; their values lie at offsets from the area's beginning.
/// Fails: io_error.
Result<StoredAttributes> decode_attributes(ext2_ino_t number, std::span<const std::byte> area,
                                           std::size_t begin);

enum class EntryHashes : bool { no, yes };

/// Writes entries from `begin` on and values from the end of `area` backwards, zeros between.
/// False when they do not fit; the area is untouched then.
bool encode_attributes(const StoredAttributes& list, std::span<std::byte> area, std::size_t begin,
                       EntryHashes hashes);

}  // namespace quire::ext
