// SPDX-License-Identifier: MIT

#include "permissions.hpp"

#include <algorithm>
#include <tuple>

namespace quire::fs {

namespace {

constexpr std::uint32_t acl_version = 2;
constexpr std::uint32_t no_id = 0xFFFFFFFF;

std::uint32_t load(std::span<const std::byte> bytes, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = width; i-- > 0;)
        value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
    return value;
}

void store(std::vector<std::byte>& bytes, std::uint32_t value, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
}

}  // namespace

Result<AccessControlList> AccessControlList::parse(std::span<const std::byte> bytes) {
    auto invalid = [] {
        return fail(std::errc::invalid_argument, "the access control list is not valid");
    };
    if (bytes.size() < 4) return invalid();
    if (load(bytes, 4) != acl_version)
        return fail(std::errc::operation_not_supported,
                    "the access control list is of another version");
    if ((bytes.size() - 4) % 8 != 0) return invalid();
    AccessControlList list;
    bool named = false;
    for (bytes = bytes.subspan(4); !bytes.empty(); bytes = bytes.subspan(8)) {
        const auto tag = static_cast<std::uint16_t>(load(bytes, 2));
        const auto permissions = static_cast<std::uint16_t>(load(bytes.subspan(2), 2));
        const std::uint32_t id = load(bytes.subspan(4), 4);
        if (permissions > 7) return invalid();
        switch (static_cast<Tag>(tag)) {
            case Tag::user:
            case Tag::group:
                if (id == no_id) return invalid();
                named = true;
                break;
            case Tag::user_object:
            case Tag::group_object:
            case Tag::mask:
            case Tag::other:
                break;
            default:
                return invalid();
        }
        const Entry entry{static_cast<Tag>(tag), permissions, id};
        if (!list.entries_.empty()) {
            const Entry& last = list.entries_.back();
            const bool repeats = last.tag != Tag::user && last.tag != Tag::group;
            if (last.tag > entry.tag || (last.tag == entry.tag && repeats)) return invalid();
        }
        list.entries_.push_back(entry);
    }
    if (!list.find(Tag::user_object) || !list.find(Tag::group_object) || !list.find(Tag::other))
        return invalid();
    if (named && !list.find(Tag::mask)) return invalid();
    return list;
}

std::vector<std::byte> AccessControlList::serialize() const {
    std::vector<std::byte> bytes;
    bytes.reserve(4 + entries_.size() * 8);
    store(bytes, acl_version, 4);
    for (const Entry& entry : entries_) {
        const bool named = entry.tag == Tag::user || entry.tag == Tag::group;
        store(bytes, static_cast<std::uint16_t>(entry.tag), 2);
        store(bytes, entry.permissions, 2);
        store(bytes, named ? entry.id : no_id, 4);
    }
    return bytes;
}

AccessControlList::Entry* AccessControlList::find(Tag tag) {
    auto found = std::ranges::find(entries_, tag, &Entry::tag);
    return found == entries_.end() ? nullptr : &*found;
}

const AccessControlList::Entry* AccessControlList::find(Tag tag) const {
    auto found = std::ranges::find(entries_, tag, &Entry::tag);
    return found == entries_.end() ? nullptr : &*found;
}

std::uint16_t AccessControlList::permissions() const {
    const Entry* group = find(Tag::mask);
    if (!group) group = find(Tag::group_object);
    return static_cast<std::uint16_t>(find(Tag::user_object)->permissions << 6 |
                                      group->permissions << 3 | find(Tag::other)->permissions);
}

void AccessControlList::set_permissions(std::uint16_t permissions) {
    Entry* group = find(Tag::mask);
    if (!group) group = find(Tag::group_object);
    find(Tag::user_object)->permissions = permissions >> 6 & 7;
    group->permissions = permissions >> 3 & 7;
    find(Tag::other)->permissions = permissions & 7;
}

void AccessControlList::restrict_to(std::uint16_t permissions) {
    set_permissions(this->permissions() & permissions);
}

bool AccessControlList::allows(const Credentials& credentials, const Attributes& attributes,
                               int mask) const {
    const Entry* limit = find(Tag::mask);
    auto permit = [&](const Entry& entry, bool limited) {
        const int granted =
            limited && limit ? entry.permissions & limit->permissions : entry.permissions;
        return (granted & mask) == mask;
    };
    if (credentials.uid == attributes.uid) return permit(*find(Tag::user_object), false);
    for (const Entry& entry : entries_)
        if (entry.tag == Tag::user && entry.id == credentials.uid) return permit(entry, true);
    bool in_some_group = false;
    for (const Entry& entry : entries_) {
        const bool applies =
            (entry.tag == Tag::group_object && credentials.in_group(attributes.gid)) ||
            (entry.tag == Tag::group && credentials.in_group(entry.id));
        if (!applies) continue;
        in_some_group = true;
        if (permit(entry, true)) return true;
    }
    return !in_some_group && permit(*find(Tag::other), false);
}

bool bits_allow(const Credentials& credentials, const Attributes& attributes, int mask) {
    int shift = 0;
    if (credentials.uid == attributes.uid)
        shift = 6;
    else if (credentials.in_group(attributes.gid))
        shift = 3;
    return (attributes.permissions >> shift & mask) == mask;
}

bool root_may(const Attributes& attributes, int mask) {
    const bool executes = mask & 1;
    return !executes || attributes.type == FileType::directory ||
           (attributes.permissions & 0111) != 0;
}

bool sticky_forbids(const Credentials& credentials, const Attributes& directory,
                    const Attributes& victim) {
    return (directory.permissions & sticky) && !credentials.is_root() &&
           credentials.uid != victim.uid && credentials.uid != directory.uid;
}

}  // namespace quire::fs
