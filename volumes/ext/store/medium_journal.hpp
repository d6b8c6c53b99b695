// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <set>

#include "libext2fs.hpp"
#include "quire/volumes/ext/journal/map.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"
#include "quire/volumes/ext/journal/writer.hpp"
#include "store/medium.hpp"

namespace quire::ext {

/// Commits through the journal: a batch is one transaction.
class JournalMedium final : public Medium {
public:
    /// Takes over a journal that has nothing to replay. Nothing is written before the first
    /// commit.
    /// Fails: as journal::Superblock::read() and journal::Writer::open().
    static Result<std::unique_ptr<JournalMedium>> open(std::shared_ptr<block::Device> device,
                                                       const ext2_super_block& super,
                                                       const journal::Map& map);

    Result<bool> find(std::uint64_t block, std::span<std::byte> memory) override;
    std::size_t most_blocks() const override { return writer_->max_transaction_blocks(); }
    Result<void> commit(const Batch& batch) override;
    Result<void> close() override;
    void mark_in_use(ext2_super_block& super) const override {
        super.s_feature_incompat |= EXT3_FEATURE_INCOMPAT_RECOVER;
    }

private:
    JournalMedium(std::shared_ptr<block::Device> device, std::unique_ptr<journal::Writer> writer)
        : device_(std::move(device)), writer_(std::move(writer)) {}

    std::shared_ptr<block::Device> device_;
    std::unique_ptr<journal::Writer> writer_;
    bool marked_ = false;  // the superblock on the device says "needs recovery"
    /// What was ever written to the journal: only such a block has to be revoked when it is freed.
    std::set<std::uint64_t> logged_;
};

/// An unclean image seen through its journal, for reading: the device stays as it is.
class OverlayMedium final : public Medium {
public:
    OverlayMedium(journal::Map map, journal::Overlay overlay)
        : map_(std::move(map)), overlay_(std::move(overlay)) {}

    Result<bool> find(std::uint64_t block, std::span<std::byte> memory) override {
        return overlay_.read(map_, block, memory);
    }
    std::uint64_t next_found(std::uint64_t block) const override;
    std::size_t most_blocks() const override { return 0; }
    Result<void> commit(const Batch&) override { return fail(std::errc::read_only_file_system); }
    Result<void> close() override { return {}; }

private:
    journal::Map map_;
    journal::Overlay overlay_;
};

}  // namespace quire::ext
