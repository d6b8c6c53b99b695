// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>

#include "quire/base/name.hpp"
#include "quire/block/device.hpp"

namespace quire::fs {

/// A node as its volume names it: any value unique among the live nodes of that volume.
using Cookie = std::uint64_t;

/// The way up: what a volume tells those above about changes that did not come through them.
///
/// Calls go down the stack; upward go only these, one-way. An implementation queues and returns;
/// it calls nothing back and takes no lock that is held while a volume is called.
/// Threads: any. Needs: the volume holds none of its locks.
class Observer {
public:
    virtual ~Observer() = default;

    /// The name no longer means what was answered (gone, new, or another node).
    virtual void invalidate_name(Cookie directory, const Name& name) = 0;
    virtual void invalidate_attributes(Cookie node) = 0;
    /// Cached content of the range is stale. Dirty data above is written back first, never lost
    /// silently. A length of 0 means up to the end.
    virtual void invalidate_content(Cookie node, block::Range range) = 0;
    /// The node can't be used any more: every later operation on it fails.
    virtual void revoke(Cookie node) = 0;
};

}  // namespace quire::fs
