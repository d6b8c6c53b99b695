// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>

#include "quire/base/result.hpp"
#include "quire/ipc/memory.hpp"
#include "quire/memory/memory_map.hpp"

namespace quire::client {

struct ContextState;

/// Maps a segment as its server gave it. Fails: protocol_error (it is none); as mmap(2).
Result<void> add_segment(paging::MemoryMap& map, std::uint32_t number, const ipc::Memory& segment);

/// The memory that a context's server shows to it. All contexts of this process that may map the
/// same memory have it mapped once.
/// Threads: that of its context.
class SharedMemory {
public:
    /// Asked for by a message, the first time.
    /// Fails: as OpenerContext.segment; protocol_error.
    Result<std::shared_ptr<paging::MemoryMap>> get(const ContextState& state);
    /// Maps a segment, by a message if that has not been done. The same.
    Result<void> map(const ContextState& state, std::uint32_t number);

    /// The server has no memory to show, and is not asked again.
    void refuse() { refused_ = true; }
    bool is_refused() const { return refused_; }

private:
    bool refused_ = false;
    std::shared_ptr<paging::MemoryMap> map_;
};

}  // namespace quire::client
