// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frame/options.hpp"
#include "frame/session.hpp"
#include "quire/volumes/ext/format.hpp"

namespace quire::app {

/// What `create` was asked for.
struct CreateRequest {
    enum class Size : std::uint8_t { automatic, minimal, given };

    std::string image;
    std::string from;
    ext::Type type = ext::Type::ext4;
    Size size = Size::automatic;
    std::uint64_t bytes = 0;  ///< when given
    std::string label;
    std::optional<ext::Uuid> uuid;
    std::optional<std::uint32_t> block_size;
    std::optional<std::uint32_t> inodes;
    bool journal = true;
    /// Of the root directory.
    std::optional<std::uint32_t> owner;
    std::optional<std::uint32_t> group;
    /// Of everything.
    std::optional<std::uint32_t> force_uid;
    std::optional<std::uint32_t> force_gid;
    std::vector<std::string> exclude;
    bool force = false;
};

/// Declares what `create` and its old name `archive` both understand.
void declare_create_options(Options& options, CreateRequest& request);

/// Makes an image; the verbs `create` and `archive` are spellings of it.
Result<void> create_image(Session& session, const CreateRequest& request);

}  // namespace quire::app
