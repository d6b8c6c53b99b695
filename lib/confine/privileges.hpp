// SPDX-License-Identifier: MIT

#pragma once

#include "quire/base/result.hpp"

namespace quire::confine {

/// Capabilities, Landlock and the secure bits belong to a thread, and no call sets them for all:
/// so there must be only one.
/// Fails: device_or_resource_busy (there are more), operation_not_supported (nobody tells).
Result<void> check_only_thread();

/// Fails: operation_not_permitted (confine() has been here before).
Result<void> check_unconfined();

/// Nobody of the same uid may attach to this process, read its memory or find it in a core file;
/// and memory that is mapped for reading is not executable by an old habit (READ_IMPLIES_EXEC).
Result<void> forbid_inspection();

/// Empties all sets of capabilities and locks the secure bits. Says whether the bounding set is
/// empty and the bits are locked, which takes CAP_SETPCAP.
Result<bool> drop_capabilities();

/// Fails: operation_not_supported or operation_not_permitted, with a sentence.
Result<void> forbid_new_privileges();

}  // namespace quire::confine
