// SPDX-License-Identifier: MIT

#include "nodes/file_size.hpp"

#include <cstring>
#include <vector>

#include "allocation/inode_life.hpp"
#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "nodes/file_runs.hpp"
#include "store/store.hpp"

namespace quire::ext {

void grow_to(Store& store, InodeRecord& inode, std::uint64_t size) {
    ext2_filsys fs = store.filesystem();
    if (ext2fs_needs_large_file_feature(size) && !ext2fs_has_feature_large_file(fs->super))
        ext2fs_set_feature_large_file(fs->super);
    inode.set_size(size);
}

Result<void> zero_tail(Store& store, const InodeRecord& inode, std::uint64_t size) {
    const std::uint64_t block_size = store.block_size();
    const std::uint64_t used = size % block_size;
    if (used == 0) return {};
    QUIRE_TRY_ASSIGN(const auto extents, map(store.filesystem(), inode, size / block_size, 1));
    if (extents.empty() || !extents.front().is_data()) return {};
    const std::vector<std::byte> zeros(block_size - used);
    const block::WriteRun run{extents.front().physical * block_size + used, zeros};
    return store.write_data({&run, 1});
}

Result<void> expand_inline(Store& store, InodeRecord& inode) {
    QUIRE_TRY_ASSIGN(auto bytes, take_inline_data(store.filesystem(), inode));
    if (bytes.empty()) return {};
    QUIRE_TRY_ASSIGN(const auto extents, allocate(store.access(), inode, 0, 1));
    bytes.resize(store.block_size());
    const block::WriteRun run{extents.front().physical * store.block_size(), bytes};
    return store.write_data({&run, 1});
}

Result<bool> set_file_size(Store& store, InodeRecord& inode, std::uint64_t size) {
    ext2_filsys fs = store.filesystem();
    QUIRE_TRY(check_content(inode));
    const std::uint64_t old = inode.size();
    if (size > old && size > maximum_size(fs, inode)) return fail(std::errc::file_too_large);
    if (inode.is_inline()) {
        if (size <= inline_capacity(fs, inode)) {
            QUIRE_TRY_ASSIGN(auto bytes, read_inline_data(fs, inode));
            bytes.resize(size);
            QUIRE_TRY(write_inline_data(fs, inode, bytes));
            return true;
        }
        QUIRE_TRY(expand_inline(store, inode));
    }
    if (size > old) {
        QUIRE_TRY(zero_tail(store, inode, old));
        grow_to(store, inode, size);
        return true;
    }
    // An equal size too frees what was reserved behind the end.
    if (size < old) QUIRE_TRY(zero_tail(store, inode, size));
    inode.set_size(size);
    return truncate_step(store, inode);
}

}  // namespace quire::ext
