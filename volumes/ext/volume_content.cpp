// SPDX-License-Identifier: MIT

// Reading the content of files: the mapping under the lock, the bytes outside it.

#include <algorithm>
#include <cstring>
#include <limits>

#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "nodes/file_runs.hpp"
#include "nodes/node_table.hpp"
#include "quire/volumes/ext/volume.hpp"
#include "store/store.hpp"

namespace quire::ext {

Result<void> check_content(const InodeRecord& inode) {
    if (inode.is_directory()) return fail(std::errc::is_a_directory);
    if (!LINUX_S_ISREG(inode->i_mode)) return fail(std::errc::invalid_argument);
    if (inode.has_flag(EXT4_ENCRYPT_FL))
        return fail(static_cast<std::errc>(ENOKEY), "the file is encrypted");
    return {};
}

Result<std::size_t> Volume::read(const fs::Call&, fs::Cookie cookie, std::uint64_t offset,
                                 std::span<std::byte> memory) {
    QUIRE_TRY_ASSIGN(const auto node, nodes_->find(cookie));
    Store::Use use(*store_, node->content);
    ext2_filsys fs = store_->filesystem();
    QUIRE_TRY_ASSIGN(const InodeRecord inode, inode_of(cookie));
    QUIRE_TRY(check_content(inode));
    const std::uint64_t size = inode.size();
    if (offset >= size || memory.empty()) return 0;
    memory = memory.first(std::min<std::uint64_t>(memory.size(), size - offset));
    if (inode.is_inline()) {
        QUIRE_TRY_ASSIGN(const auto bytes, read_inline_data(fs, inode));
        std::memcpy(memory.data(), bytes.data() + offset, memory.size());
        return memory.size();
    }
    const std::uint64_t first = offset / fs->blocksize;
    const std::uint64_t last = (offset + memory.size() - 1) / fs->blocksize;
    QUIRE_TRY_ASSIGN(const auto extents, map(fs, inode, first, last - first + 1));
    use.unlock();

    std::vector<block::ReadRun> runs;
    for_each_piece(
        extents, store_->block_size(), offset, memory.size(),
        [&](const Extent& extent, std::uint64_t device_offset, std::size_t at, std::size_t length) {
            const auto piece = memory.subspan(at, length);
            if (extent.is_data())
                runs.push_back({device_offset, piece});
            else
                std::ranges::fill(piece, std::byte{0});
        });
    QUIRE_TRY(store_->read_data(runs));
    return memory.size();
}

Result<std::uint64_t> Volume::seek(const fs::Call&, fs::Cookie cookie, std::uint64_t offset,
                                   fs::SeekTo what) {
    Store::Use use(*store_);
    ext2_filsys fs = store_->filesystem();
    QUIRE_TRY_ASSIGN(const InodeRecord inode, inode_of(cookie));
    QUIRE_TRY(check_content(inode));
    const std::uint64_t size = inode.size();
    if (offset >= size) return fail(std::errc::no_such_device_or_address);
    if (inode.is_inline()) return what == fs::SeekTo::data ? offset : size;
    const std::uint64_t block = offset / fs->blocksize;
    const std::uint64_t end = (size + fs->blocksize - 1) / fs->blocksize;
    if (what == fs::SeekTo::hole) {
        QUIRE_TRY_ASSIGN(const std::uint64_t found, next_hole(fs, inode, block, end));
        return std::min(std::max(found * fs->blocksize, offset), size);
    }
    QUIRE_TRY_ASSIGN(const auto found, next_data(fs, inode, block, end));
    if (!found || *found * fs->blocksize >= size) return fail(std::errc::no_such_device_or_address);
    return std::max(*found * fs->blocksize, offset);
}

}  // namespace quire::ext
