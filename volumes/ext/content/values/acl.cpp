// SPDX-License-Identifier: MIT

#include "content/values/acl.hpp"

#include <cstdint>
#include <cstring>

namespace quire::ext {

namespace {

constexpr std::uint32_t interface_version = 2;
constexpr std::uint32_t stored_version = 1;
constexpr std::uint32_t no_id = 0xffffffff;

enum Tag : std::uint16_t {
    owner = 0x01,
    named_user = 0x02,
    group = 0x04,
    named_group = 0x08,
    mask = 0x10,
    others = 0x20,
};

struct Entry {
    std::uint16_t tag;
    std::uint16_t permissions;
    std::uint32_t id;
};
static_assert(sizeof(Entry) == 8);

constexpr std::size_t version_size = 4;
constexpr std::size_t short_entry = 4;

bool has_id(std::uint16_t tag) {
    return tag == named_user || tag == named_group;
}

template <typename T>
T load(std::span<const std::byte> bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <typename T>
void append(std::vector<std::byte>& bytes, const T& value) {
    const auto raw = std::as_bytes(std::span(&value, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
}

bool is_valid(const std::vector<Entry>& entries) {
    std::uint16_t previous = 0;
    unsigned seen = 0;
    std::uint32_t id = 0;
    for (const Entry& entry : entries) {
        if ((entry.permissions & ~7u) != 0) return false;
        // Each tag is one bit, and their order is the order wanted.
        const bool known = entry.tag == owner || entry.tag == named_user || entry.tag == group ||
                           entry.tag == named_group || entry.tag == mask || entry.tag == others;
        if (!known || entry.tag < previous) return false;
        if (entry.tag == previous && (!has_id(entry.tag) || entry.id <= id)) return false;
        if (has_id(entry.tag) && entry.id == no_id) return false;
        previous = entry.tag;
        id = entry.id;
        seen |= entry.tag;
    }
    const unsigned needed = owner | group | others;
    const bool needs_mask = (seen & (named_user | named_group)) != 0;
    return (seen & needed) == needed && (!needs_mask || (seen & mask) != 0);
}

}  // namespace

Result<std::vector<std::byte>> acl_to_stored(std::span<const std::byte> acl) {
    if (acl.size() < version_size || (acl.size() - version_size) % sizeof(Entry) != 0 ||
        load<std::uint32_t>(acl, 0) != interface_version)
        return fail(std::errc::invalid_argument, "the value is no ACL");
    std::vector<Entry> entries;
    for (std::size_t at = version_size; at < acl.size(); at += sizeof(Entry))
        entries.push_back(load<Entry>(acl, at));
    if (entries.empty()) return std::vector<std::byte>{};
    if (!is_valid(entries))
        return fail(std::errc::invalid_argument, "the ACL's entries do not make one");
    std::vector<std::byte> stored;
    append(stored, stored_version);
    for (const Entry& entry : entries) {
        append(stored, entry.tag);
        append(stored, entry.permissions);
        if (has_id(entry.tag)) append(stored, entry.id);
    }
    return stored;
}

Result<std::vector<std::byte>> acl_from_stored(std::span<const std::byte> stored) {
    if (stored.size() < version_size || load<std::uint32_t>(stored, 0) != stored_version)
        return fail(std::errc::invalid_argument, "the stored ACL is of an unknown version");
    std::vector<std::byte> acl;
    append(acl, interface_version);
    for (std::size_t at = version_size; at < stored.size();) {
        if (stored.size() - at < short_entry)
            return fail(std::errc::invalid_argument, "the stored ACL is cut off");
        Entry entry{.tag = load<std::uint16_t>(stored, at),
                    .permissions = load<std::uint16_t>(stored, at + 2),
                    .id = no_id};
        at += short_entry;
        if (has_id(entry.tag)) {
            if (stored.size() - at < sizeof entry.id)
                return fail(std::errc::invalid_argument, "the stored ACL is cut off");
            entry.id = load<std::uint32_t>(stored, at);
            at += sizeof entry.id;
        }
        append(acl, entry);
    }
    return acl;
}

}  // namespace quire::ext
