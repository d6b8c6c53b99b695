// SPDX-License-Identifier: MIT

#include "quire/volumes/ext/volume.hpp"

#include <fmt/core.h>

#include "allocation/inode_life.hpp"
#include "content/directory.hpp"
#include "errors.hpp"
#include "nodes/inode_attributes.hpp"
#include "nodes/node_table.hpp"
#include "store/store.hpp"
#include "superblock/superblock.hpp"

namespace quire::ext {

namespace {

constexpr auto stale = static_cast<std::errc>(ESTALE);

/// What the filesystem takes for itself, as the kernel counts it: superblocks, descriptors,
/// bitmaps, inode tables and the journal.
std::uint64_t overhead_of(ext2_filsys fs) {
    if (fs->super->s_overhead_clusters != 0)
        return std::uint64_t{fs->super->s_overhead_clusters} * EXT2FS_CLUSTER_RATIO(fs);
    std::uint64_t blocks = fs->super->s_first_data_block;
    for (dgrp_t group = 0; group < fs->group_desc_count; ++group) {
        blk_t used = 0;
        if (ext2fs_super_and_bgd_loc2(fs, group, nullptr, nullptr, nullptr, &used) == 0)
            blocks += used;
        blocks += 2 + fs->inode_blocks_per_group;
    }
    if (ext2fs_has_feature_journal(fs->super)) {
        const std::uint64_t high = fs->super->s_jnl_blocks[15];
        blocks += (high << 32 | fs->super->s_jnl_blocks[16]) / fs->blocksize;
    }
    return blocks;
}

}  // namespace

Volume::Volume(std::unique_ptr<Store> store)
    : store_(std::move(store)), nodes_(std::make_unique<NodeTable>()) {
    type_ = type_of(*store_->filesystem()->super);
}

Volume::~Volume() = default;

Result<std::shared_ptr<Volume>> Volume::open(std::shared_ptr<block::Device> device,
                                             const Options& options) {
    QUIRE_TRY_ASSIGN(auto store, Store::open(std::move(device), options));
    return std::shared_ptr<Volume>(new Volume(std::move(store)));
}

bool Volume::supports(fs::Operation operation) const {
    switch (operation) {
        case fs::Operation::extended_attribute_control:
        case fs::Operation::poll:
        case fs::Operation::advisory_lock:
        case fs::Operation::ioctl:
            return false;
        default:
            return true;
    }
}

std::uint64_t Volume::metadata_blocks_read() const {
    Store::Use use(*store_);
    return store_->blocks_fetched();
}

Result<fs::Entry> Volume::enter(const InodeRecord& inode) {
    fs::Entry entry;
    entry.node = inode.number();
    entry.attributes = attributes_of(store_->filesystem(), inode);
    nodes_->add(inode.number());
    return entry;
}

Result<InodeRecord> Volume::inode_of(fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(const auto node, nodes_->find(cookie));
    return InodeRecord::read(store_->filesystem(), node->inode);
}

Result<InodeRecord> Volume::directory_of(fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(InodeRecord inode, inode_of(cookie));
    if (!inode.is_directory()) return fail(std::errc::not_a_directory);
    return inode;
}

Result<fs::Entry> Volume::root(const fs::Call&) {
    Store::Use use(*store_);
    QUIRE_TRY_ASSIGN(const InodeRecord inode,
                     InodeRecord::read(store_->filesystem(), EXT2_ROOT_INO));
    if (!inode.is_directory() || inode->i_links_count == 0)
        return fail(corrupt("the root is no directory"));
    return enter(inode);
}

Result<fs::VolumeStatistics> Volume::statistics(const fs::Call&) {
    Store::Use use(*store_);
    ext2_filsys fs = store_->filesystem();
    const ext2_super_block& super = *fs->super;
    const std::uint64_t all = ext2fs_blocks_count(fs->super);
    const std::uint64_t free = ext2fs_free_blocks_count(fs->super);
    const std::uint64_t reserved = ext2fs_r_blocks_count(fs->super);
    fs::VolumeStatistics statistics;
    statistics.block_size = fs->blocksize;
    statistics.blocks = all - std::min(all, overhead_of(fs));
    statistics.free_blocks = std::min(free, all);
    statistics.available_blocks = free > reserved ? free - reserved : 0;
    statistics.inodes = super.s_inodes_count;
    statistics.free_inodes = super.s_free_inodes_count;
    statistics.name_length = EXT2_NAME_LEN;
    statistics.read_only = !store_->writable();
    return statistics;
}

Result<void> Volume::sync(const fs::Call&) {
    return store_->commit();
}

Result<void> Volume::at_rest(const std::function<Result<void>()>& meanwhile) {
    return store_->at_rest(meanwhile);
}

Result<void> Volume::fsync(const fs::Call&, fs::Cookie cookie) {
    QUIRE_TRY(nodes_->find(cookie));
    return store_->commit();
}

Result<fs::Entry> Volume::handle_to_node(const fs::Call&, fs::Handle handle) {
    Store::Use use(*store_);
    ext2_filsys fs = store_->filesystem();
    const std::uint64_t first = EXT2_FIRST_INO(fs->super);
    if (handle.inode > fs->super->s_inodes_count ||
        (handle.inode < first && handle.inode != EXT2_ROOT_INO))
        return fail(stale);
    QUIRE_TRY_ASSIGN(const InodeRecord inode,
                     InodeRecord::read(fs, static_cast<ext2_ino_t>(handle.inode)));
    if (inode->i_links_count == 0 || inode->i_generation != handle.generation) return fail(stale);
    return enter(inode);
}

Result<void> Volume::unmount(const fs::Call&, bool force) {
    if (!force) {
        if (nodes_->size() > 0) return fail(std::errc::device_or_resource_busy);
    } else {
        for (const auto& [number, node] : nodes_->take_all())
            if (node->unlinked && store_->writable()) QUIRE_TRY(free_inode(*store_, number));
    }
    return store_->close();
}

void Volume::reclaim(fs::Cookie cookie, std::uint64_t lookups) {
    std::shared_ptr<Node> gone;
    {
        Store::Use use(*store_);
        gone = nodes_->drop(cookie, lookups);
    }
    if (!gone || !gone->unlinked) return;
    // What fails here fails every later commit too, or leaves the inode on the list of orphans.
    (void)free_inode(*store_, gone->inode);
}

Result<std::string> Volume::print(const fs::Call&, fs::Cookie cookie) {
    Store::Use use(*store_);
    QUIRE_TRY_ASSIGN(const InodeRecord inode, inode_of(cookie));
    return fmt::format("inode {}: mode 0{:o}, links {}, size {}, flags 0x{:x}, generation {}{}",
                       inode.number(), inode->i_mode, inode->i_links_count, inode.size(),
                       inode->i_flags, inode->i_generation,
                       store_->orphans().contains(inode.number()) ? ", orphan" : "");
}

Result<std::int64_t> Volume::pathconf(const fs::Call&, fs::Cookie cookie,
                                      fs::PathConfiguration what) {
    QUIRE_TRY(nodes_->find(cookie));
    switch (what) {
        case fs::PathConfiguration::link_max:
            return EXT2_LINK_MAX;
        case fs::PathConfiguration::name_max:
            return EXT2_NAME_LEN;
        case fs::PathConfiguration::path_max:
            return 4096;
        case fs::PathConfiguration::file_size_bits:
            return 64;
    }
    return fail(std::errc::invalid_argument);
}

}  // namespace quire::ext
