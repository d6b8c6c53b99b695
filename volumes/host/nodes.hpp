// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "quire/volumes/host/host_volume.hpp"

namespace quire::host {

/// A live node: its O_PATH descriptor and, once content was asked for, a real one.
struct HostVolume::Live {
    UniqueFd path;
    dev_t device = 0;
    ino_t inode = 0;
    fs::FileType type = fs::FileType::unknown;

    std::mutex content_mutex;  // guards what follows; a leaf
    UniqueFd reading;
    UniqueFd writing;  // open for both; used for reading too once there

    /// A name that leads the kernel to this very node, whatever happened to its path.
    std::string proc_name() const { return "/proc/self/fd/" + std::to_string(path.get()); }
};

/// The live nodes, by cookie and by identity.
/// Threads: any.
class HostVolume::Nodes {
public:
    explicit Nodes(std::shared_ptr<Live> root) : root_(std::move(root)) {}

    const std::shared_ptr<Live>& root() const { return root_; }

    /// Counts a lookup of the node with this identity, made from `fresh` unless it lives already.
    fs::Cookie enter(std::shared_ptr<Live> fresh);
    std::shared_ptr<Live> find(fs::Cookie cookie) const;
    void reclaim(fs::Cookie cookie, std::uint64_t lookups);

private:
    using Identity = std::pair<dev_t, ino_t>;
    struct Counted {
        std::shared_ptr<Live> node;
        std::uint64_t lookups = 0;
    };

    std::shared_ptr<Live> root_;
    mutable std::mutex mutex_;  // guards what follows; a leaf
    std::unordered_map<fs::Cookie, Counted> by_cookie_;
    std::map<Identity, fs::Cookie> by_identity_;
    fs::Cookie next_ = 1;
};

/// What the host says of the node behind an O_PATH descriptor, or of a name in a directory.
/// Fails: what statx reports.
Result<fs::Attributes> query(int fd, const char* name = "");

}  // namespace quire::host
