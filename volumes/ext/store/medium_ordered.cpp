// SPDX-License-Identifier: MIT

#include "store/medium_ordered.hpp"

#include "store/medium_plain.hpp"
#include "superblock/superblock_patch.hpp"

namespace quire::ext {

Result<void> OrderedMedium::write_and_flush(std::span<const Batch::Block> blocks) {
    if (blocks.empty()) return {};
    QUIRE_TRY(write_in_place(*device_, block_size_, blocks));
    return device_->flush();
}

Result<void> OrderedMedium::commit(const Batch& batch) {
    if (batch.blocks.empty()) return device_->flush();
    std::vector<Batch::Block> fresh;
    std::vector<Batch::Block> fixed;
    std::vector<Batch::Block> rest;
    std::vector<Batch::Block> last;
    std::vector<std::unique_ptr<std::byte[]>> kept;
    for (const Batch::Block& block : batch.blocks) {
        if (batch.fresh.contains(block.number)) {
            fresh.push_back(block);
            continue;
        }
        if (!batch.fixed(block.number)) {
            rest.push_back(block);
            continue;
        }
        auto before = std::make_unique<std::byte[]>(block_size_);
        if (!batch.without_removals(block.number, {before.get(), block_size_})) {
            fixed.push_back(block);
            continue;
        }
        fixed.push_back({block.number, before.get()});
        last.push_back(block);
        kept.push_back(std::move(before));
    }
    if (!marked_)
        QUIRE_TRY(patch_superblock(*device_, [](ext2_super_block& super) {
            super.s_state &= static_cast<__u16>(~EXT2_VALID_FS);
        }));
    marked_ = true;
    QUIRE_TRY(write_in_place(*device_, block_size_, fresh));
    QUIRE_TRY(device_->flush());
    QUIRE_TRY(write_and_flush(fixed));
    QUIRE_TRY(write_and_flush(rest));
    return write_and_flush(last);
}

Result<void> OrderedMedium::close() {
    if (!marked_) return {};
    QUIRE_TRY(patch_superblock(*device_,
                               [](ext2_super_block& super) { super.s_state |= EXT2_VALID_FS; }));
    QUIRE_TRY(device_->flush());
    marked_ = false;
    return {};
}

}  // namespace quire::ext
