// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quire/base/result.hpp"

namespace quire::transfer {

/// One entry of a POSIX access list.
struct AccessEntry {
    enum class Tag : std::uint16_t {
        owner = 1,
        user = 2,
        owning_group = 4,
        group = 8,
        mask = 16,
        other = 32,
    };
    Tag tag = Tag::owner;
    std::uint16_t permissions = 0;  ///< r 4, w 2, x 1
    std::uint32_t id = 0xffffffff;  ///< of a user or group entry
    friend auto operator<=>(const AccessEntry&, const AccessEntry&) = default;
};

/// Takes apart the kernel's form of a list (the value of system.posix_acl_access).
/// Fails: invalid_argument.
Result<std::vector<AccessEntry>> parse_access_list(std::span<const std::byte> value);

/// The kernel's form. Entries are put in its order.
std::vector<std::byte> serialize_access_list(std::vector<AccessEntry> entries);

/// Whether a list says no more than permissions do: the kernel keeps no such access list.
bool is_minimal(std::span<const AccessEntry> entries);

/// `user::rw-,user:1000:r--,group::r--,mask::r--,other::r--`, as archives carry it.
std::string access_list_text(std::span<const AccessEntry> entries);

}  // namespace quire::transfer
