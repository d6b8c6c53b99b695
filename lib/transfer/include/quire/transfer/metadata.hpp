// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/fs/image_writer.hpp"
#include "quire/fs/tree.hpp"
#include "quire/transfer/listener.hpp"

namespace quire::transfer {

inline constexpr std::string_view access_list_name = "system.posix_acl_access";
inline constexpr std::string_view default_list_name = "system.posix_acl_default";

/// Which metadata goes along.
struct Preserve {
    bool mode = false;  ///< permissions, and with them access lists
    bool owner = false;
    bool times = false;
    bool links = false;       ///< hard links among what is transferred
    bool attributes = false;  ///< extended attributes, capabilities among them

    static Preserve all() { return {true, true, true, true, true}; }
    static Preserve none() { return {}; }
};

using fs::ExtendedAttribute;

bool is_access_list(std::string_view name);

/// The extended attributes of a node, in the order of their names; none where the volume keeps
/// none. Attributes that the volume computes for its own use ("system." but access lists) are
/// left out.
Result<std::vector<ExtendedAttribute>> read_extended(fs::Tree& tree, const fs::Call& call,
                                                     const fs::NodeReference& node);

/// What a node is to get.
struct Metadata {
    std::optional<std::uint16_t> permissions;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    std::optional<Time> access;
    std::optional<Time> modify;
    /// For what is to depend on nothing but its source; volumes that cannot set them ignore them.
    std::optional<Time> change;
    std::optional<Time> birth;
    /// Only what is set here is set; access lists that are not among them are removed when
    /// `exact_lists` (a new node may have inherited one).
    std::vector<ExtendedAttribute> extended;
    bool exact_lists = false;
};

/// Gives a node its metadata in the one order that keeps all of it: owner (which clears
/// set-user-id and capabilities), permissions, extended attributes, times last. What the
/// destination may not or cannot keep is counted as a loss; set-user-id and set-group-id go when
/// the owner could not be set.
/// Fails: what is neither "not permitted" nor "not supported".
Result<void> apply_metadata(fs::Tree& tree, const fs::Call& call, const fs::NodeReference& node,
                            const Metadata& metadata, Account& account);

}  // namespace quire::transfer
