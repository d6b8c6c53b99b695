// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/fs/attributes.hpp"
#include "quire/fs/credentials.hpp"

namespace quire::fs {

inline constexpr const char* access_acl_name = "system.posix_acl_access";
inline constexpr const char* default_acl_name = "system.posix_acl_default";

/// A POSIX access control list (IEEE 1003.1e draft 17), from and to the form in which Linux keeps
/// it in extended attributes (version 2, <linux/posix_acl_xattr.h>).
class AccessControlList {
public:
    enum class Tag : std::uint16_t {
        user_object = 0x01,
        user = 0x02,
        group_object = 0x04,
        group = 0x08,
        mask = 0x10,
        other = 0x20,
    };
    struct Entry {
        Tag tag = Tag::other;
        std::uint16_t permissions = 0;  ///< rwx as 4, 2, 1
        std::uint32_t id = 0;           ///< of a user or group entry
    };

    /// Fails: invalid_argument (not a valid list: order, tags, a mask where needed, each once),
    /// operation_not_supported (another version).
    static Result<AccessControlList> parse(std::span<const std::byte> bytes);
    std::vector<std::byte> serialize() const;

    /// True when the nine permission bits say everything.
    bool is_minimal() const { return entries_.size() == 3; }

    /// The nine permission bits that this list shows as.
    std::uint16_t permissions() const;
    /// chmod: makes the list show as these bits.
    void set_permissions(std::uint16_t permissions);
    /// Restricts the list to what `permissions` of a creating call allow (1003.1e, 23.1.5).
    void restrict_to(std::uint16_t permissions);

    /// Whether the caller may do `mask` (rwx as 4, 2, 1).
    bool allows(const Credentials& credentials, const Attributes& attributes, int mask) const;

private:
    Entry* find(Tag tag);
    const Entry* find(Tag tag) const;

    std::vector<Entry> entries_;
};

/// Whether the nine bits allow `mask` (rwx as 4, 2, 1) to the caller.
bool bits_allow(const Credentials& credentials, const Attributes& attributes, int mask);

/// Whether root may do `mask`: all, but execute only what somebody may execute.
bool root_may(const Attributes& attributes, int mask);

/// Whether the sticky bit keeps the caller from removing `victim` out of `directory`.
bool sticky_forbids(const Credentials& credentials, const Attributes& directory,
                    const Attributes& victim);

}  // namespace quire::fs
