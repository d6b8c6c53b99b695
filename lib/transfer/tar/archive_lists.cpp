// SPDX-License-Identifier: MIT

#include "tar/archive_lists.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "quire/base/name.hpp"
#include "quire/transfer/access_list.hpp"
#include "tar/archive_library.hpp"

namespace quire::transfer {

namespace {

std::optional<AccessEntry::Tag> tag_of(int tag) {
    switch (tag) {
        case ARCHIVE_ENTRY_ACL_USER_OBJ:
            return AccessEntry::Tag::owner;
        case ARCHIVE_ENTRY_ACL_USER:
            return AccessEntry::Tag::user;
        case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
            return AccessEntry::Tag::owning_group;
        case ARCHIVE_ENTRY_ACL_GROUP:
            return AccessEntry::Tag::group;
        case ARCHIVE_ENTRY_ACL_MASK:
            return AccessEntry::Tag::mask;
        case ARCHIVE_ENTRY_ACL_OTHER:
            return AccessEntry::Tag::other;
        default:
            return std::nullopt;
    }
}

// Some archives give an owner as a word. What a word means is for the archive's machine to say,
// not for this one; a number is unmistakable.
std::optional<std::uint32_t> number_of(int id, const char* name) {
    if (id >= 0) return static_cast<std::uint32_t>(id);
    std::string_view text = name ? name : "";
    if (text.empty() || text.size() > 10) return std::nullopt;
    std::uint64_t number = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (number >= 0xffffffff) return std::nullopt;
    return static_cast<std::uint32_t>(number);
}

void read_list(archive_entry* from, ArchiveEntry& entry, int wanted, std::string_view attribute) {
    if (std::ranges::any_of(entry.extended,
                            [&](const ExtendedAttribute& one) { return one.name == attribute; }))
        return;
    std::vector<AccessEntry> list;
    int type = 0;
    int permissions = 0;
    int tag = 0;
    int id = 0;
    const char* name = nullptr;
    libarchive().archive_entry_acl_reset(from, wanted);
    while (libarchive().archive_entry_acl_next(from, wanted, &type, &permissions, &tag, &id,
                                               &name) == ARCHIVE_OK) {
        auto known = tag_of(tag);
        if (type != wanted || !known) continue;
        AccessEntry one{.tag = *known, .permissions = static_cast<std::uint16_t>(permissions & 7)};
        if (*known == AccessEntry::Tag::user || *known == AccessEntry::Tag::group) {
            auto number = number_of(id, name);
            if (!number) {
                entry.warnings.push_back(
                    fmt::format("its access list names {}, which has no number, and is left out",
                                printable(name ? name : "nobody")));
                return;
            }
            one.id = *number;
        }
        list.push_back(one);
    }
    if (list.empty() || (attribute == access_list_name && is_minimal(list))) return;
    entry.extended.push_back({std::string(attribute), serialize_access_list(std::move(list))});
}

}  // namespace

void read_access_lists(archive_entry* from, ArchiveEntry& entry) {
    if ((libarchive().archive_entry_acl_types(from) & ARCHIVE_ENTRY_ACL_TYPE_POSIX1E) == 0) return;
    read_list(from, entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, access_list_name);
    read_list(from, entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, default_list_name);
}

}  // namespace quire::transfer
