// SPDX-License-Identifier: MIT

#include "store/store.hpp"

#include <fmt/core.h>

#include <cstring>
#include <thread>

#include "allocation/inode_life.hpp"
#include "errors.hpp"
#include "store/io_manager.hpp"
#include "store/journal_inode.hpp"
#include "store/medium_journal.hpp"
#include "store/medium_ordered.hpp"
#include "store/medium_plain.hpp"
#include "store/mmp.hpp"
#include "superblock/superblock.hpp"
#include "superblock/superblock_patch.hpp"

namespace quire::ext {

namespace {

std::uint64_t seed_of(const Options& options) {
    if (options.seed) return *options.seed;
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Store::Store(std::shared_ptr<block::Device> device, const Options& options)
    : device_(std::move(device)),
      options_(options),
      clock_(options.clock ? options.clock : std::make_shared<SystemClock>()),
      random_(seed_of(options)),
      writable_(!options.read_only) {
    cache_ = std::make_unique<BlockCache>(
        options.cache_budget,
        [this](std::uint64_t block, std::span<std::byte> memory) { return fetch(block, memory); });
    if (!options_.wait)
        options_.wait = [](std::chrono::seconds time) { std::this_thread::sleep_for(time); };
}

Store::~Store() {
    // Only the claim is given up: it says nothing about the filesystem's state.
    if (mmp_ && !failure_) (void)mmp_->release();
    free_filesystem();
}

void Store::free_filesystem() {
    directories_.reset();
    orphans_.reset();
    inodes_.reset();
    blocks_.reset();
    if (fs_ != nullptr) ext2fs_free(fs_);
    fs_ = nullptr;
}

Result<std::unique_ptr<Store>> Store::open(std::shared_ptr<block::Device> device,
                                           const Options& options) {
    QUIRE_TRY_ASSIGN(const auto super, read_superblock(*device));
    if (!super)
        return fail(std::errc::invalid_argument, "there is no ext2, ext3 or ext4 filesystem");
    if (const std::string reason = unreadable_because(*super); !reason.empty())
        return fail(std::errc::operation_not_supported, reason);
    QUIRE_TRY(validate(*super, device->geometry().size));
    if (!options.read_only) {
        if (!device->geometry().writable)
            return fail(std::errc::read_only_file_system, "the device can't be written");
        if (const std::string reason = unwritable_because(*super); !reason.empty())
            return fail(std::errc::read_only_file_system, reason);
    }
    std::unique_ptr<Store> store(new Store(std::move(device), options));
    if (store->writable_ && ext2fs_has_feature_mmp(const_cast<ext2_super_block*>(&*super)) &&
        super->s_mmp_block != 0) {
        Mmp::World world{store->options_.wait, [raw = store.get()] { return raw->random(); },
                         store->clock_};
        QUIRE_TRY_ASSIGN(store->mmp_, Mmp::claim(*store->device_, *super, std::move(world)));
    }
    QUIRE_TRY(store->open_all());
    return store;
}

Result<void> Store::open_all() {
    QUIRE_TRY(open_filesystem());
    if (ext2fs_has_feature_journal_needs_recovery(fs_->super)) {
        if (!ext2fs_has_feature_journal(fs_->super))
            return fail(corrupt("the image asks for a replay, but has no journal"));
        QUIRE_TRY(writable_ ? recover_journal() : see_through_journal());
    }
    if (writable_) return open_for_writing();
    return {};
}

Result<void> Store::open_filesystem() {
    free_filesystem();
    cache_->drop_clean();
    int flags = EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP;
    if (writable_) flags |= EXT2_FLAG_RW;
    const std::string options = cache_io_options(*cache_);
    QUIRE_TRY(check(ext2fs_open2("image", options.c_str(), flags, 0, 0, cache_io_manager(), &fs_),
                    "opening the filesystem"));
    fs_->default_bitmap_type = EXT2FS_BMAP64_RBTREE;
    block_size_ = fs_->blocksize;
    block_count_ = ext2fs_blocks_count(fs_->super);
    if (!medium_) medium_ = std::make_unique<PlainMedium>(device_, block_size_);
    inodes_ = std::make_unique<InodeAllocator>(fs_, *cache_);
    blocks_ = std::make_unique<BlockAllocator>(fs_, *cache_, *inodes_);
    orphans_ = std::make_unique<OrphanList>(fs_);
    directories_ = std::make_unique<Directories>(fs_, *blocks_, options_.cache_budget);
    return {};
}

Result<void> Store::see_through_journal() {
    QUIRE_TRY_ASSIGN(journal::Map map, map_journal(fs_, *device_));
    QUIRE_TRY_ASSIGN(const auto superblock, journal::Superblock::read(map));
    if (superblock.clean()) return {};
    QUIRE_TRY_ASSIGN(journal::Overlay overlay, journal::Overlay::scan(map, superblock));
    if (overlay.damage())
        return fail(corrupt("the journal is damaged: " + overlay.damage()->sentence));
    medium_ = std::make_unique<OverlayMedium>(std::move(map), std::move(overlay));
    // Everything read so far may be older than what the journal has, the superblock first of all.
    std::vector<std::byte> memory(block_size_);
    const std::uint64_t number = superblock_offset / block_size_;
    cache_->drop_clean();
    QUIRE_TRY(cache_->read(number, memory));
    ext2_super_block super;
    std::memcpy(&super, memory.data() + superblock_offset % block_size_, sizeof(super));
    QUIRE_TRY(validate(super, device_->geometry().size));
    if ((std::uint32_t{EXT2_MIN_BLOCK_SIZE} << super.s_log_block_size) != block_size_)
        return fail(corrupt("the journal's superblock has another block size"));
    QUIRE_TRY(open_filesystem());
    return {};
}

Result<void> Store::recover_journal() {
    QUIRE_TRY_ASSIGN(const journal::Map map, map_journal(fs_, *device_));
    QUIRE_TRY_ASSIGN(auto superblock, journal::Superblock::read(map));
    if (!superblock.clean()) {
        QUIRE_TRY_ASSIGN(const auto overlay, journal::Overlay::scan(map, superblock));
        if (overlay.damage())
            return fail(corrupt("the journal is damaged: " + overlay.damage()->sentence));
        QUIRE_TRY(journal::recover(map, superblock, overlay));
    }
    QUIRE_TRY(patch_superblock(*device_, [](ext2_super_block& super) {
        super.s_feature_incompat &= ~static_cast<__u32>(EXT3_FEATURE_INCOMPAT_RECOVER);
    }));
    QUIRE_TRY(device_->flush());
    if (superblock.error_number() != 0)
        return fail(std::errc::read_only_file_system,
                    "the journal says that the image is damaged: run e2fsck on it first");
    QUIRE_TRY_ASSIGN(const auto super, read_superblock(*device_));
    if (!super) return fail(corrupt("the journal has overwritten the superblock"));
    QUIRE_TRY(validate(*super, device_->geometry().size));
    if (const std::string reason = unwritable_because(*super); !reason.empty())
        return fail(std::errc::read_only_file_system, reason);
    return open_filesystem();
}

Result<void> Store::open_for_writing() {
    QUIRE_TRY(check_descriptors());
    if (options_.fresh_image) {
        medium_ = std::make_unique<PlainMedium>(device_, block_size_);
    } else if (ext2fs_has_feature_journal(fs_->super)) {
        QUIRE_TRY(take_over_journal());
    } else {
        medium_ = std::make_unique<OrderedMedium>(device_, block_size_);
    }
    super_committed_ = *fs_->super;
    const auto* descriptors = reinterpret_cast<const std::byte*>(fs_->group_desc);
    descriptors_committed_.assign(descriptors, descriptors + fs_->desc_blocks * block_size_);
    return free_orphans(*this);
}

Result<void> Store::take_over_journal() {
    QUIRE_TRY_ASSIGN(const journal::Map map, map_journal(fs_, *device_));
    QUIRE_TRY_ASSIGN(auto superblock, journal::Superblock::read(map));
    if (!superblock.clean()) {
        // The filesystem asks for no replay, so a crash came before the first commit of a session
        // was durable: what the log holds was never true.
        QUIRE_TRY_ASSIGN(const auto overlay, journal::Overlay::scan(map, superblock));
        superblock.set_log(0, overlay.end_transaction() + 1);
        QUIRE_TRY(superblock.write(map));
        QUIRE_TRY(device_->flush());
    }
    QUIRE_TRY_ASSIGN(medium_, JournalMedium::open(device_, *fs_->super, map));
    return {};
}

Result<void> Store::check_descriptors() {
    const std::uint64_t first = fs_->super->s_first_data_block;
    for (dgrp_t group = 0; group < fs_->group_desc_count; ++group) {
        const std::uint64_t table = ext2fs_inode_table_loc(fs_, group);
        const auto inside = [&](std::uint64_t block) {
            return block > first && block < block_count_;
        };
        if (!ext2fs_group_desc_csum_verify(fs_, group) ||
            !inside(ext2fs_block_bitmap_loc(fs_, group)) ||
            !inside(ext2fs_inode_bitmap_loc(fs_, group)) || !inside(table) ||
            !inside(table + fs_->inode_blocks_per_group - 1))
            return fail(corrupt(fmt::format("the descriptor of block group {} is corrupt", group)));
    }
    return {};
}

Result<void> Store::load_bitmaps() {
    if (fs_->block_map != nullptr && fs_->inode_map != nullptr) return {};
    return check(ext2fs_read_bitmaps(fs_), "reading the bitmaps");
}

Result<void> Store::fetch(std::uint64_t block, std::span<std::byte> memory) {
    // Before the superblock is known, blocks are of 1 KiB and any of the device may be asked for.
    if (block_count_ != 0 && memory.size() == block_size_ && block >= block_count_)
        return fail(corrupt(fmt::format("block {} lies outside the filesystem", block)));
    ++blocks_fetched_;
    if (medium_ && memory.size() == block_size_) {
        QUIRE_TRY_ASSIGN(const bool found, medium_->find(block, memory));
        if (found) return {};
    }
    if (block > device_->geometry().size / memory.size()) return fail(std::errc::io_error);
    return device_->read(block * memory.size(), memory);
}

Result<void> Store::read_data(std::span<const block::ReadRun> runs) {
    QUIRE_TRY(device_->read_runs(runs));
    // An unclean image may have newer data in its journal (data=journal).
    for (const block::ReadRun& run : runs) {
        const std::uint64_t end = run.offset + run.memory.size();
        std::vector<std::byte> memory(block_size_);
        for (std::uint64_t block = medium_->next_found(run.offset / block_size_);
             block != ~std::uint64_t{0} && block * block_size_ < end;
             block = medium_->next_found(block + 1)) {
            QUIRE_TRY(medium_->find(block, memory));
            const std::uint64_t start = block * block_size_;
            const std::uint64_t from = std::max(start, run.offset);
            const std::uint64_t to = std::min(start + block_size_, end);
            std::memcpy(run.memory.data() + (from - run.offset), memory.data() + (from - start),
                        to - from);
        }
    }
    return {};
}

Result<void> Store::write_data(std::span<const block::WriteRun> runs) {
    data_written_ = true;
    return device_->write_runs(runs);
}

Result<void> Store::zero_data(block::Range range) {
    data_written_ = true;
    return device_->zero(range);
}

}  // namespace quire::ext
