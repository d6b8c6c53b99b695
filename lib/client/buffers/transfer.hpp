// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "context_state.hpp"
#include "quire/base/result.hpp"
#include "quire/protocols/file.hpp"

namespace quire::client {

// Content of any length from and to a file, in as few messages as there can be: what fits one goes in
// one, more goes through the transfer buffer.

/// Fewer bytes than there is room for only at the end of the file.
Result<std::size_t> transfer_in(ContextState& state, protocols::File& file, std::uint64_t position,
                                std::span<std::byte> memory);

/// Gives the position behind what was written; `append`: at the file's end, wherever that is.
Result<std::uint64_t> transfer_out(ContextState& state, protocols::File& file,
                                   std::uint64_t position, std::span<const std::byte> memory,
                                   bool append);

}  // namespace quire::client
