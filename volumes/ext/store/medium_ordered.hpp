// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "store/medium.hpp"

namespace quire::ext {

/// Commits without a journal. A crash in the middle leaves an image that e2fsck has to repair,
/// so the superblock says "not clean" before the first write and "clean" only at the end; and the
/// order of the writes sees to it that the repair loses nothing that was there before:
///
/// 1. new metadata blocks, which nothing points to yet, and (by the same flush) file data;
/// 2. inodes, bitmaps, descriptors: an inode is there before a name says so. Inodes that lost a
///    name are still written as they were, since a name on the device may lead to them;
/// 3. all else, names above all;
/// 4. the inodes that lost a name.
class OrderedMedium final : public Medium {
public:
    OrderedMedium(std::shared_ptr<block::Device> device, std::uint32_t block_size)
        : device_(std::move(device)), block_size_(block_size) {}

    Result<bool> find(std::uint64_t, std::span<std::byte>) override { return false; }
    std::size_t most_blocks() const override { return ~std::size_t{0}; }
    Result<void> commit(const Batch& batch) override;
    Result<void> close() override;
    Result<void> rest() override { return close(); }
    void mark_in_use(ext2_super_block& super) const override {
        super.s_state &= static_cast<__u16>(~EXT2_VALID_FS);
    }
    bool renames_in_steps() const override { return true; }

private:
    Result<void> write_and_flush(std::span<const Batch::Block> blocks);

    std::shared_ptr<block::Device> device_;
    std::uint32_t block_size_;
    bool marked_ = false;  // the superblock on the device says "not clean"
};

}  // namespace quire::ext
