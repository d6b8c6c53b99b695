// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace quire::block {

/// Who uses a file besides us, as far as the host tells. What can't be read is taken as nobody:
/// these answers word a refusal or add one, they never permit anything.

/// A process that holds an flock.
struct LockHolder {
    pid_t pid = 0;
    bool exclusive = false;
};

/// Finds a holder of a lock on a file in the text of /proc/locks, an exclusive one if there is any.
std::optional<LockHolder> find_lock_holder(std::string_view locks, dev_t device, ino_t inode);

/// The sentence for a file whose lock another one holds, with the name of the process where the
/// process directory (/proc) tells it.
std::string describe_lock_conflict(const std::string& name, dev_t device, ino_t inode,
                                   bool for_writing, const std::filesystem::path& processes);

/// Finds the loop device ("/dev/loop3") that is backed by a file, given the directories that list
/// block devices (/sys/block) and hold their nodes (/dev).
std::optional<std::string> find_loop_device(dev_t device, ino_t inode,
                                            const std::filesystem::path& block_devices,
                                            const std::filesystem::path& nodes);

}  // namespace quire::block
