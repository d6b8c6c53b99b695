// SPDX-License-Identifier: MIT

#include "nodes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace quire::host {

fs::Cookie HostVolume::Nodes::enter(std::shared_ptr<Live> fresh) {
    const std::lock_guard lock(mutex_);
    auto [found, added] = by_identity_.try_emplace({fresh->device, fresh->inode}, next_);
    Counted& counted = by_cookie_[found->second];
    if (added) {
        ++next_;
        counted.node = std::move(fresh);
    }
    ++counted.lookups;
    return found->second;
}

std::shared_ptr<HostVolume::Live> HostVolume::Nodes::find(fs::Cookie cookie) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_cookie_.find(cookie);
    return found == by_cookie_.end() ? nullptr : found->second.node;
}

void HostVolume::Nodes::reclaim(fs::Cookie cookie, std::uint64_t lookups) {
    std::shared_ptr<Live> dead;  // its descriptors are closed outside the lock
    const std::lock_guard lock(mutex_);
    const auto found = by_cookie_.find(cookie);
    if (found == by_cookie_.end()) return;
    if (lookups < found->second.lookups) {
        found->second.lookups -= lookups;
        return;
    }
    dead = std::move(found->second.node);
    by_identity_.erase({dead->device, dead->inode});
    by_cookie_.erase(found);
}

Result<fs::Attributes> query(int fd, const char* name) {
    struct statx facts{};
    if (::statx(fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                STATX_BASIC_STATS | STATX_BTIME, &facts) != 0)
        return fail_errno();
    const auto time = [](const statx_timestamp& stamp) {
        return Time{stamp.tv_sec, stamp.tv_nsec};
    };
    fs::Attributes attributes;
    attributes.type = fs::type_of_mode(facts.stx_mode);
    attributes.permissions = facts.stx_mode & fs::permission_mask;
    attributes.uid = facts.stx_uid;
    attributes.gid = facts.stx_gid;
    attributes.links = facts.stx_nlink;
    attributes.size = facts.stx_size;
    attributes.allocated = facts.stx_blocks * 512;
    attributes.inode = facts.stx_ino;
    // Linux's own device numbers have 12 bits of major and 20 of minor.
    attributes.generation = facts.stx_dev_major << 20 | facts.stx_dev_minor;
    attributes.device = {facts.stx_rdev_major, facts.stx_rdev_minor};
    attributes.preferred_io_size = facts.stx_blksize;
    if (facts.stx_attributes & STATX_ATTR_IMMUTABLE) attributes.flags |= fs::immutable_flag;
    if (facts.stx_attributes & STATX_ATTR_APPEND) attributes.flags |= fs::append_only_flag;
    attributes.access = time(facts.stx_atime);
    attributes.modify = time(facts.stx_mtime);
    attributes.change = time(facts.stx_ctime);
    if (facts.stx_mask & STATX_BTIME) attributes.birth = time(facts.stx_btime);
    return attributes;
}

}  // namespace quire::host
