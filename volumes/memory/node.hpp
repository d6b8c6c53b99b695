// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "content.hpp"
#include "directory.hpp"
#include "quire/fs/attributes.hpp"
#include "space.hpp"

namespace quire::memory {

using ExtendedAttributes = std::map<std::string, std::vector<std::byte>, std::less<>>;

/// An inode. What it takes of the volume's space is given back when the last holder lets it go.
class Node {
public:
    Node(const std::shared_ptr<Space>& space, std::uint64_t number, std::uint32_t its_generation,
         fs::FileType its_type)
        : inode(number),
          generation(its_generation),
          type(its_type),
          charge(space),
          content(space),
          entries(space) {}

    bool is_directory() const { return type == fs::FileType::directory; }
    bool is_file() const { return type == fs::FileType::regular; }

    /// Needs: `mutex`, and the volume's lock of names.
    fs::Attributes attributes() const;

    const std::uint64_t inode;
    const std::uint32_t generation;
    const fs::FileType type;
    fs::DeviceNumber device;  // of a device; set before the node is shared
    std::string target;       // of a symbolic link; set before the node is shared

    // Entries given out and not yet answered. Grows only under the volume's lock of names.
    std::atomic<std::uint64_t> lookups{0};

    mutable std::shared_mutex mutex;  // guards what follows
    std::uint16_t permissions = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint32_t links = 0;  // changes under the volume's lock of names too
    Time access;
    Time modify;
    Time change;
    Time birth;
    Charge charge;  // of target and extended
    ExtendedAttributes extended;
    Content content;

    Directory entries;  // guarded by the volume's lock of names
};

}  // namespace quire::memory
