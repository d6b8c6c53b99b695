// SPDX-License-Identifier: MIT

#include "allocation/orphans.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

#include "errors.hpp"

namespace quire::ext {

bool OrphanList::contains(ext2_ino_t inode) const {
    return std::ranges::find(list_, inode) != list_.end();
}

void OrphanList::remember() {
    if (!before_) before_ = list_;
}

void OrphanList::undo() {
    if (before_) list_ = std::move(*before_);
    before_.reset();
}

void OrphanList::add(InodeRecord& inode) {
    if (contains(inode.number())) return;
    remember();
    inode->i_dtime = fs_->super->s_last_orphan;
    fs_->super->s_last_orphan = inode.number();
    list_.push_back(inode.number());
}

Result<void> OrphanList::remove(InodeRecord& inode) {
    const auto found = std::ranges::find(list_, inode.number());
    if (found == list_.end()) return {};
    remember();
    const ext2_ino_t next = found == list_.begin() ? 0 : *std::prev(found);
    if (std::next(found) == list_.end()) {
        fs_->super->s_last_orphan = next;
    } else {
        QUIRE_TRY_ASSIGN(InodeRecord before, InodeRecord::read(fs_, *std::next(found)));
        before->i_dtime = next;
        QUIRE_TRY(before.write(fs_));
    }
    inode->i_dtime = 0;
    list_.erase(found);
    return {};
}

Result<std::vector<ext2_ino_t>> OrphanList::read() {
    std::vector<ext2_ino_t> list;
    std::unordered_set<ext2_ino_t> seen;
    for (ext2_ino_t at = fs_->super->s_last_orphan; at != 0;) {
        if (at < EXT2_FIRST_INO(fs_->super) || at > fs_->super->s_inodes_count ||
            !seen.insert(at).second)
            return fail(corrupt(fmt::format("the list of orphans leads to inode {}", at)));
        list.push_back(at);
        QUIRE_TRY_ASSIGN(const InodeRecord inode, InodeRecord::read(fs_, at));
        at = inode->i_dtime;
    }
    list_.assign(list.rbegin(), list.rend());
    return list;
}

}  // namespace quire::ext
