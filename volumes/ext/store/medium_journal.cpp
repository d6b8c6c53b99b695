// SPDX-License-Identifier: MIT

#include "store/medium_journal.hpp"

#include <cstring>

#include "superblock/superblock_patch.hpp"

namespace quire::ext {

Result<std::unique_ptr<JournalMedium>> JournalMedium::open(std::shared_ptr<block::Device> device,
                                                           const ext2_super_block& super,
                                                           const journal::Map& map) {
    QUIRE_TRY_ASSIGN(const journal::Superblock superblock, journal::Superblock::read(map));
    journal::Writer::Options options;
    options.wide_blocks = (super.s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT) != 0;
    options.checksums = (super.s_feature_ro_compat & EXT4_FEATURE_RO_COMPAT_METADATA_CSUM) != 0;
    QUIRE_TRY_ASSIGN(auto writer, journal::Writer::open(map, superblock, options));
    return std::unique_ptr<JournalMedium>(new JournalMedium(std::move(device), std::move(writer)));
}

Result<bool> JournalMedium::find(std::uint64_t block, std::span<std::byte> memory) {
    const std::byte* bytes = writer_->find(block);
    if (bytes == nullptr) return false;
    std::memcpy(memory.data(), bytes, memory.size());
    return true;
}

Result<void> JournalMedium::commit(const Batch& batch) {
    if (batch.blocks.empty() && batch.freed.empty()) return device_->flush();
    if (!marked_) {
        // The flush at the beginning of the transaction makes this durable before it.
        QUIRE_TRY(patch_superblock(*device_, [](ext2_super_block& super) {
            super.s_feature_incompat |= EXT3_FEATURE_INCOMPAT_RECOVER;
        }));
        marked_ = true;
    }
    std::vector<journal::BlockWrite> writes;
    writes.reserve(batch.blocks.size());
    for (const Batch::Block& block : batch.blocks) writes.push_back({block.number, block.bytes});
    std::vector<std::uint64_t> revokes;
    for (const BlockRun& run : batch.freed) {
        const auto end = logged_.lower_bound(run.start + run.count);
        for (auto block = logged_.lower_bound(run.start); block != end;) {
            revokes.push_back(*block);
            block = logged_.erase(block);
        }
    }
    QUIRE_TRY(writer_->commit({writes, revokes, batch.time}));
    for (const Batch::Block& block : batch.blocks) logged_.insert(block.number);
    return {};
}

Result<void> JournalMedium::close() {
    if (!marked_) return {};
    QUIRE_TRY(writer_->close());
    QUIRE_TRY(patch_superblock(*device_, [](ext2_super_block& super) {
        super.s_feature_incompat &= ~static_cast<__u32>(EXT3_FEATURE_INCOMPAT_RECOVER);
    }));
    QUIRE_TRY(device_->flush());
    marked_ = false;
    return {};
}

std::uint64_t OverlayMedium::next_found(std::uint64_t block) const {
    const journal::Overlay::Entry* entry = overlay_.next(block);
    return entry == nullptr ? ~std::uint64_t{0} : entry->block;
}

}  // namespace quire::ext
