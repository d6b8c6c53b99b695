// SPDX-License-Identifier: MIT

#include "superblock/superblock_patch.hpp"

#include <cstddef>

#include "errors.hpp"
#include "superblock/superblock.hpp"

namespace quire::ext {

void seal_superblock(ext2_super_block& super) {
    if ((super.s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM) == 0) return;
    super.s_checksum = ext2fs_crc32c_le(~0u, reinterpret_cast<unsigned char*>(&super),
                                        offsetof(ext2_super_block, s_checksum));
}

Result<void> patch_superblock(block::Device& device,
                              const std::function<void(ext2_super_block&)>& change) {
    QUIRE_TRY_ASSIGN(auto super, read_superblock(device));
    if (!super) return fail(corrupt("the superblock is gone"));
    change(*super);
    seal_superblock(*super);
    return device.write(superblock_offset, std::as_bytes(std::span(&*super, 1)));
}

}  // namespace quire::ext
