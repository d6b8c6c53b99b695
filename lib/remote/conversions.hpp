// SPDX-License-Identifier: MIT

#pragma once

#include "quire/fs/volume.hpp"
#include "quire/ipc/call.hpp"
#include "quire/protocols/volume.hpp"
#include "quire/wire/values.hpp"

namespace quire::remote {

// What only volumes and devices say, beside the values of lib/wire and by the same rules.

using wire::enum_cast;
using wire::ours;
using wire::to_wire;

protocols::Credentials to_wire(const fs::Credentials& credentials);
protocols::Entry to_wire(const fs::Entry& entry);
protocols::NewNode to_wire(const fs::NewNode& node);
protocols::Range to_wire(block::Range range);
std::uint32_t to_wire(fs::OpenMode mode);
std::uint32_t to_wire(fs::RenameFlags flags);

fs::Credentials ours(const protocols::Credentials& credentials);
fs::Entry ours(const protocols::Entry& entry);
fs::NewNode ours(const protocols::NewNode& node);
/// Fails: invalid_argument (the end is beyond what a number holds).
Result<block::Range> ours(const protocols::Range& range);
/// Fails (both): invalid_argument (unknown bits).
Result<fs::OpenMode> open_mode(std::uint32_t bits);
Result<fs::RenameFlags> rename_flags(std::uint32_t bits);

ipc::Call to_wire(const fs::Call& call);
fs::Call ours(const ipc::Call& call, const protocols::Credentials& credentials);

/// Names of extended attributes as one run of bytes, each with a NUL behind it, as listxattr(2).
/// A name with a NUL in it is left out: nobody could ask for it.
std::vector<std::byte> join_names(const std::vector<std::string>& names);
std::vector<std::string> split_names(std::span<const std::byte> bytes);

}  // namespace quire::remote
