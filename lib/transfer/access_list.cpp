// SPDX-License-Identifier: MIT

#include "quire/transfer/access_list.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace quire::transfer {

namespace {

constexpr std::uint32_t version = 2;
constexpr std::size_t header_size = 4;
constexpr std::size_t entry_size = 8;

std::uint32_t little_endian(std::span<const std::byte> bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
    return value;
}

void append(std::vector<std::byte>& bytes, std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

bool has_id(AccessEntry::Tag tag) {
    return tag == AccessEntry::Tag::user || tag == AccessEntry::Tag::group;
}

}  // namespace

Result<std::vector<AccessEntry>> parse_access_list(std::span<const std::byte> value) {
    if (value.size() < header_size || (value.size() - header_size) % entry_size != 0 ||
        little_endian(value.first(header_size)) != version)
        return fail(std::errc::invalid_argument, "the access list has no known form");
    std::vector<AccessEntry> entries;
    for (auto rest = value.subspan(header_size); !rest.empty(); rest = rest.subspan(entry_size)) {
        AccessEntry entry;
        std::uint32_t tag = little_endian(rest.first(2));
        if (tag == 0 || tag > 32 || (tag & (tag - 1)) != 0)
            return fail(std::errc::invalid_argument, "the access list has an unknown entry");
        entry.tag = static_cast<AccessEntry::Tag>(tag);
        entry.permissions = static_cast<std::uint16_t>(little_endian(rest.subspan(2, 2)) & 7);
        if (has_id(entry.tag)) entry.id = little_endian(rest.subspan(4, 4));
        entries.push_back(entry);
    }
    return entries;
}

std::vector<std::byte> serialize_access_list(std::vector<AccessEntry> entries) {
    std::ranges::sort(entries, [](const AccessEntry& a, const AccessEntry& b) {
        return std::pair(a.tag, a.id) < std::pair(b.tag, b.id);
    });
    std::vector<std::byte> value;
    append(value, version, 4);
    for (const AccessEntry& entry : entries) {
        append(value, static_cast<std::uint32_t>(entry.tag), 2);
        append(value, entry.permissions, 2);
        append(value, has_id(entry.tag) ? entry.id : 0xffffffff, 4);
    }
    return value;
}

bool is_minimal(std::span<const AccessEntry> entries) {
    return std::ranges::none_of(entries, [](const AccessEntry& entry) {
        return has_id(entry.tag) || entry.tag == AccessEntry::Tag::mask;
    });
}

std::string access_list_text(std::span<const AccessEntry> entries) {
    std::string text;
    for (const AccessEntry& entry : entries) {
        if (!text.empty()) text += ',';
        switch (entry.tag) {
            case AccessEntry::Tag::owner:
            case AccessEntry::Tag::user:
                text += "user:";
                break;
            case AccessEntry::Tag::owning_group:
            case AccessEntry::Tag::group:
                text += "group:";
                break;
            case AccessEntry::Tag::mask:
                text += "mask:";
                break;
            case AccessEntry::Tag::other:
                text += "other:";
                break;
        }
        if (has_id(entry.tag)) text += std::to_string(entry.id);
        text += fmt::format(":{}{}{}", entry.permissions & 4 ? 'r' : '-',
                            entry.permissions & 2 ? 'w' : '-', entry.permissions & 1 ? 'x' : '-');
    }
    return text;
}

}  // namespace quire::transfer
