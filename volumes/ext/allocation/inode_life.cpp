// SPDX-License-Identifier: MIT

#include "allocation/inode_life.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "allocation/orphan_file.hpp"
#include "content/attributes.hpp"
#include "content/mapping.hpp"
#include "errors.hpp"
#include "store/store.hpp"

namespace quire::ext {

namespace {

// How many blocks of mappings one step touches: each may free the blocks of many groups, whose
// bitmaps then have to fit into one transaction.
constexpr std::size_t step_budget = 16;

/// Deletion times are seconds of 32 bits, and those below the number of inodes look like links of
/// the list of orphans to e2fsck.
__u32 deletion_time(Store& store) {
    const std::int64_t least = std::int64_t{store.filesystem()->super->s_inodes_count} + 1;
    const std::int64_t most = std::numeric_limits<__u32>::max();
    return static_cast<__u32>(std::clamp(store.now().seconds, least, most));
}

Result<void> repeat(Store& store, ext2_ino_t number, Result<bool> (*step)(Store&, InodeRecord&)) {
    for (bool done = false; !done;) {
        {
            QUIRE_TRY_ASSIGN(auto change, Store::Change::begin(store, fs::Credentials::root()));
            QUIRE_TRY_ASSIGN(InodeRecord inode, InodeRecord::read(store.filesystem(), number));
            QUIRE_TRY_ASSIGN(done, step(store, inode));
            change.keep();
        }
        QUIRE_TRY(store.commit_if_due());
    }
    return {};
}

Result<bool> finish_truncation_step(Store& store, InodeRecord& inode) {
    QUIRE_TRY_ASSIGN(const bool done, truncate_step(store, inode));
    if (done) QUIRE_TRY(store.orphans().remove(inode));
    QUIRE_TRY(inode.write(store.filesystem()));
    return done;
}

}  // namespace

bool has_mapping(const InodeRecord& inode) {
    if (inode.is_inline()) return false;
    if (LINUX_S_ISLNK(inode->i_mode))
        return ext2fs_is_fast_symlink(const_cast<ext2_inode*>(inode.base())) == 0;
    return LINUX_S_ISREG(inode->i_mode) || LINUX_S_ISDIR(inode->i_mode);
}

Result<bool> free_step(Store& store, InodeRecord& inode) {
    if (has_mapping(inode)) {
        QUIRE_TRY_ASSIGN(const PunchProgress progress,
                         punch(store.access(), inode, 0, to_the_end, step_budget));
        if (!progress.done) {
            QUIRE_TRY(inode.write(store.filesystem()));
            return false;
        }
    }
    QUIRE_TRY(release_attributes(store.access(), inode));
    QUIRE_TRY(store.orphans().remove(inode));
    const bool is_directory = inode.is_directory();
    inode->i_links_count = 0;
    inode->i_dtime = deletion_time(store);
    inode.set_size(0);
    QUIRE_TRY(inode.write(store.filesystem()));
    store.inodes().release(inode.number(), is_directory);
    store.directories().forget(inode.number());
    return true;
}

Result<bool> truncate_step(Store& store, InodeRecord& inode) {
    if (!has_mapping(inode)) return true;
    const std::uint64_t size = store.block_size();
    const std::uint64_t first = (inode.size() + size - 1) / size;
    QUIRE_TRY_ASSIGN(const PunchProgress progress,
                     punch(store.access(), inode, first, to_the_end, step_budget));
    return progress.done;
}

Result<void> free_inode(Store& store, ext2_ino_t inode) {
    return repeat(store, inode, free_step);
}

Result<void> finish_truncation(Store& store, ext2_ino_t inode) {
    return repeat(store, inode, finish_truncation_step);
}

Result<void> free_orphans(Store& store) {
    QUIRE_TRY_ASSIGN(auto orphans, store.orphans().read());
    QUIRE_TRY_ASSIGN(const auto filed, read_orphan_file(store));
    const std::size_t listed = orphans.size();
    orphans.insert(orphans.end(), filed.begin(), filed.end());
    for (std::size_t i = 0; i < orphans.size(); ++i) {
        const ext2_ino_t number = orphans[i];
        QUIRE_TRY_ASSIGN(const InodeRecord inode, InodeRecord::read(store.filesystem(), number));
        // A crash may have come after the freeing and before the file of orphans was cleared.
        if (i >= listed && inode->i_dtime != 0 && inode->i_links_count == 0) continue;
        if (inode->i_mode == 0)
            return fail(corrupt(fmt::format("inode {} is an orphan, but not in use", number)));
        if (inode->i_links_count == 0)
            QUIRE_TRY(free_inode(store, number));
        else
            QUIRE_TRY(finish_truncation(store, number));
    }
    return filed.empty() ? Result<void>() : clear_orphan_file(store);
}

}  // namespace quire::ext
