// SPDX-License-Identifier: MIT

#include "store/mmp.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "errors.hpp"
#include "quire/base/name.hpp"
#include "superblock/superblock.hpp"

namespace quire::ext {

namespace {

std::uint32_t checksum_seed(const ext2_super_block& super) {
    if ((super.s_feature_incompat & EXT4_FEATURE_INCOMPAT_CSUM_SEED) != 0)
        return super.s_checksum_seed;
    return ext2fs_crc32c_le(~0u, super.s_uuid, sizeof(super.s_uuid));
}

std::uint32_t checksum(std::uint32_t seed, const mmp_struct& block) {
    return ext2fs_crc32c_le(seed, reinterpret_cast<const unsigned char*>(&block),
                            offsetof(mmp_struct, mmp_checksum));
}

std::unexpected<Error> busy(const mmp_struct& block) {
    const auto* name = reinterpret_cast<const char*>(block.mmp_nodename);
    return fail(std::errc::device_or_resource_busy,
                fmt::format("the image is in use for writing on another machine ({})",
                            printable({name, strnlen(name, sizeof(block.mmp_nodename))})));
}

}  // namespace

Mmp::Mmp(block::Device& device, const ext2_super_block& super, World world)
    : device_(device), world_(std::move(world)) {
    block_size_ = std::size_t{EXT2_MIN_BLOCK_SIZE} << super.s_log_block_size;
    offset_ = super.s_mmp_block * block_size_;
    seed_ = checksum_seed(super);
    checksums_ = (super.s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM) != 0;
    interval_ = std::chrono::seconds(std::clamp<int>(
        super.s_mmp_update_interval, EXT4_MMP_MIN_CHECK_INTERVAL, EXT4_MMP_MAX_UPDATE_INTERVAL));
}

Result<mmp_struct> Mmp::read() {
    mmp_struct block;
    static_assert(sizeof(block) <= EXT2_MIN_BLOCK_SIZE);
    QUIRE_TRY(device_.read(offset_, std::as_writable_bytes(std::span(&block, 1))));
    if (block.mmp_magic != EXT4_MMP_MAGIC ||
        (checksums_ && block.mmp_checksum != checksum(seed_, block)))
        return fail(corrupt("the block of the multi-mount protection is corrupt"));
    return block;
}

Result<void> Mmp::write(std::uint32_t sequence) {
    mine_.mmp_magic = EXT4_MMP_MAGIC;
    mine_.mmp_seq = sequence;
    mine_.mmp_time = static_cast<std::uint64_t>(world_.clock->now().seconds);
    mine_.mmp_check_interval = static_cast<std::uint16_t>(interval_.count());
    constexpr std::string_view name = "quire";
    std::memset(mine_.mmp_nodename, 0, sizeof(mine_.mmp_nodename));
    std::memcpy(mine_.mmp_nodename, name.data(), name.size());
    std::memset(mine_.mmp_bdevname, 0, sizeof(mine_.mmp_bdevname));
    if (checksums_) mine_.mmp_checksum = checksum(seed_, mine_);
    QUIRE_TRY(device_.write(offset_, std::as_bytes(std::span(&mine_, 1))));
    QUIRE_TRY(device_.flush());
    written_ = std::chrono::steady_clock::now();
    return {};
}

std::uint32_t Mmp::new_sequence() {
    // 0 is as good as any; what is beyond the maximum has meanings.
    return world_.random() % (EXT4_MMP_SEQ_MAX + 1u);
}

Result<void> Mmp::still(std::uint32_t sequence) {
    QUIRE_TRY_ASSIGN(const mmp_struct block, read());
    if (block.mmp_seq != sequence) return busy(block);
    return {};
}

Result<void> Mmp::take() {
    QUIRE_TRY_ASSIGN(const mmp_struct block, read());
    if (block.mmp_seq == EXT4_MMP_SEQ_FSCK)
        return fail(std::errc::device_or_resource_busy,
                    "the image is being checked by e2fsck, on this machine or another");
    if (block.mmp_seq > EXT4_MMP_SEQ_MAX && block.mmp_seq != EXT4_MMP_SEQ_CLEAN) return busy(block);
    const std::chrono::seconds theirs(
        std::min<int>(block.mmp_check_interval, EXT4_MMP_MAX_UPDATE_INTERVAL));
    const std::chrono::seconds check = std::max(interval_, theirs);
    const std::chrono::seconds patience =
        std::min(2 * check + std::chrono::seconds(1), check + std::chrono::seconds(60));
    mine_ = block;
    if (block.mmp_seq != EXT4_MMP_SEQ_CLEAN) {
        world_.wait(patience);
        QUIRE_TRY(still(block.mmp_seq));
    }
    const std::uint32_t sequence = new_sequence();
    QUIRE_TRY(write(sequence));
    // Somebody else may have written at the same moment: the last one keeps it.
    world_.wait(patience);
    return still(sequence);
}

Result<std::unique_ptr<Mmp>> Mmp::claim(block::Device& device, const ext2_super_block& super,
                                        World world) {
    if (super.s_mmp_block <= super.s_first_data_block || super.s_mmp_block >= block_count(super))
        return fail(corrupt("the block of the multi-mount protection lies outside the filesystem"));
    std::unique_ptr<Mmp> mmp(new Mmp(device, super, std::move(world)));
    QUIRE_TRY(mmp->take());
    return mmp;
}

Result<void> Mmp::refresh() {
    if (std::chrono::steady_clock::now() - written_ < interval_) return {};
    QUIRE_TRY(still(mine_.mmp_seq));
    return write(new_sequence());
}

Result<void> Mmp::release() {
    QUIRE_TRY(still(mine_.mmp_seq));
    return write(EXT4_MMP_SEQ_CLEAN);
}

}  // namespace quire::ext
