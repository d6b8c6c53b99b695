// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>

#include "pages/fork_mark.hpp"
#include "quire/base/result.hpp"
#include "quire/memory/memory_map.hpp"
#include "quire/memory/page_writer.hpp"

namespace quire::client {

struct ContextState;

/// The memory in which a context writes what is on loan to it.
/// A forked child has the same memory, and keeps away from it.
/// Threads: that of its context.
class WrittenMemory {
public:
    /// Made the first time.
    /// Fails: as OpenerContext.write_segment; protocol_error.
    Result<std::shared_ptr<paging::MemoryMap>> get(const ContextState& state);
    /// Maps a segment, by a message if that has not been done. The same.
    Result<void> map(const ContextState& state, std::uint32_t number);

    paging::WriteTurn& turn() { return turn_; }
    /// Needs: get() has succeeded.
    bool is_ours() const { return mark_.is_ours(); }

private:
    std::shared_ptr<paging::MemoryMap> map_;
    paging::WriteTurn turn_;
    ForkMark mark_;
};

}  // namespace quire::client
