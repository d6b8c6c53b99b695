// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <span>
#include <vector>

#include "allocation/block_allocator.hpp"
#include "allocation/inode_allocator.hpp"
#include "allocation/orphans.hpp"
#include "content/directory.hpp"
#include "content/inode_record.hpp"
#include "libext2fs.hpp"
#include "quire/block/device.hpp"
#include "quire/fs/credentials.hpp"
#include "quire/volumes/ext/options.hpp"
#include "store/block_cache.hpp"
#include "store/gate.hpp"
#include "store/medium.hpp"

namespace quire::ext {

class Mmp;

/// One open filesystem: libext2fs's handle on it, the metadata in memory, what allocates, and the
/// commit that makes all of it durable at once.
///
/// Locks, in this order: the gate (a pass per operation; see gate.hpp), a node's lock (node.hpp),
/// the store's lock. libext2fs and everything in content/ run under the store's lock; file data
/// moves outside it, with a pass.
class Store {
public:
    /// Fails: invalid_argument (no ext filesystem), io_error, operation_not_supported,
    /// read_only_file_system, device_or_resource_busy (in use by another machine); all but the
    /// device's own errors with a sentence.
    static Result<std::unique_ptr<Store>> open(std::shared_ptr<block::Device> device,
                                               const Options& options);
    /// Writes nothing: what was not committed is as if a crash had lost it.
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    class Use;
    class Change;

    block::Device& device() { return *device_; }
    bool writable() const { return writable_; }
    std::uint32_t block_size() const { return block_size_; }
    bool renames_in_steps() const { return medium_->renames_in_steps(); }
    Time now() const { return clock_->now(); }

    /// Under the store's lock:
    ext2_filsys filesystem() { return fs_; }
    BlockCache& cache() { return *cache_; }
    BlockAllocator& blocks() { return *blocks_; }
    InodeAllocator& inodes() { return *inodes_; }
    OrphanList& orphans() { return *orphans_; }
    Directories& directories() { return *directories_; }
    Access access() { return {fs_, *blocks_}; }
    std::uint32_t random() { return static_cast<std::uint32_t>(random_()); }
    /// Says that `inode` is about to lose a name or its life: what it was is remembered until the
    /// next commit, for media that write in steps.
    void before_removal(const InodeRecord& inode);

    /// Data of files, outside the lock, with a pass. Fails: as Device.
    Result<void> read_data(std::span<const block::ReadRun> runs);
    Result<void> write_data(std::span<const block::WriteRun> runs);
    Result<void> zero_data(block::Range range);

    /// Makes everything done so far durable. Needs: neither pass nor lock.
    /// Fails: as Device; from then on every change and commit fails alike.
    Result<void> commit();
    /// Runs changes one after the other with a commit between them, while nothing else runs: for
    /// media that can't commit them as one. Each step is undone when it fails.
    /// Needs: neither pass nor lock.
    Result<void> change_in_steps(const fs::Credentials& credentials,
                                 std::span<const std::function<Result<void>(Change&)>> steps);
    /// Commits when memory or journal ask for it. Needs: neither pass nor lock.
    Result<void> commit_if_due();
    /// Commits if that gives space back: whether to try an operation again that had none. Somebody
    /// else's commit may have given some since `commits_before`.
    Result<bool> reclaim_space(std::uint64_t commits_before);
    /// How many there have been.
    std::uint64_t commits() const { return commits_; }
    /// Commits, and calls `meanwhile` while nothing else runs: the device is then as after a crash
    /// that lost nothing, and can be opened for writing.
    /// Needs: neither pass nor lock. Fails: as commit(), and what `meanwhile` answers.
    Result<void> at_rest(const std::function<Result<void>()>& meanwhile);
    /// Commits and marks the filesystem as ended properly; nothing may follow.
    Result<void> close();

    /// Blocks of metadata read from the device since the opening; tests bound it.
    std::uint64_t blocks_fetched() const { return blocks_fetched_; }

private:
    Store(std::shared_ptr<block::Device> device, const Options& options);

    Result<void> open_filesystem();
    void free_filesystem();
    Result<void> open_all();
    Result<void> see_through_journal();
    Result<void> recover_journal();
    Result<void> take_over_journal();
    Result<void> open_for_writing();
    Result<void> check_state();
    Result<void> check_descriptors();
    Result<void> load_bitmaps();
    void set_credentials(const fs::Credentials& credentials);
    Result<void> fetch(std::uint64_t block, std::span<std::byte> memory);

    Result<void> commit_closed();
    Result<void> commit_locked();
    Result<void> write_batch();
    Result<void> stage_bitmaps();
    Result<void> stage_block_bitmap(dgrp_t group);
    Result<void> stage_inode_bitmap(dgrp_t group);
    Result<void> stage_descriptors();
    Result<void> stage_superblock();
    void index_fixed_blocks();
    bool is_fixed(std::uint64_t block) const;
    bool without_removals(std::uint64_t block, std::span<std::byte> memory) const;

    std::shared_ptr<block::Device> device_;
    Options options_;
    std::shared_ptr<const Clock> clock_;
    std::mt19937_64 random_;
    bool writable_ = false;
    std::uint32_t block_size_ = 0;
    std::uint64_t block_count_ = 0;

    Gate gate_;
    std::mutex mutex_;

    std::unique_ptr<BlockCache> cache_;
    std::unique_ptr<Medium> medium_;
    ext2_filsys fs_ = nullptr;
    std::unique_ptr<BlockAllocator> blocks_;
    std::unique_ptr<InodeAllocator> inodes_;
    std::unique_ptr<Directories> directories_;
    std::unique_ptr<OrphanList> orphans_;
    std::unique_ptr<Mmp> mmp_;

    /// What the superblock and the descriptors were at the last commit.
    ext2_super_block super_committed_;
    std::vector<std::byte> descriptors_committed_;
    std::map<std::uint64_t, std::uint64_t> fixed_;  // start → end
    std::map<ext2_ino_t, InodeRecord> before_removal_;
    std::vector<ext2_ino_t> removals_;  // of the change under way
    std::atomic<bool> data_written_ = false;
    std::optional<Error> failure_;
    std::atomic<std::uint64_t> commits_ = 0;
    std::uint64_t blocks_fetched_ = 0;
};

/// A reading operation: a pass and, until unlock(), the lock; for one that reads content, the
/// node's lock in between.
class Store::Use {
public:
    explicit Use(Store& store) : pass_(store.gate_), lock_(store.mutex_) {}
    Use(Store& store, std::shared_mutex& content)
        : pass_(store.gate_), content_(content), lock_(store.mutex_) {}
    /// Gives up the lock and keeps the pass, for moving data.
    void unlock() { lock_.unlock(); }
    void lock() { lock_.lock(); }

private:
    Gate::Pass pass_;
    std::shared_lock<std::shared_mutex> content_;
    std::unique_lock<std::mutex> lock_;
};

/// A changing operation: as a Use, and everything is undone unless keep() is called.
class Store::Change {
public:
    /// Fails: read_only_file_system; io_error (a commit failed before; or the bitmaps).
    static Result<Change> begin(Store& store, const fs::Credentials& credentials);
    /// A change of a node's content, which takes the node's lock too.
    static Result<Change> begin(Store& store, const fs::Credentials& credentials,
                                std::shared_mutex& content);
    Change(Change&& other) noexcept;
    Change& operator=(Change&&) = delete;
    ~Change();

    /// Keeps what was done and gives up the lock; pass and node's lock stay, for moving data.
    void keep();
    /// After keep(): takes the lock again, for a further change under the same pass.
    void resume();
    bool is_open() const { return open_; }

    /// Says that the names of a directory change, so that an undo covers what is known of them.
    void names_of(ext2_ino_t directory) { directories_.push_back(directory); }

private:
    friend class Store;
    using ContentLock = std::unique_lock<std::shared_mutex>;
    /// Without a pass: the gate is closed by us.
    Change(Store& store, std::optional<Gate::Pass> pass, ContentLock content);
    Result<void> check() const;
    void start();

    Store* store_;
    std::optional<Gate::Pass> pass_;
    ContentLock content_;
    std::unique_lock<std::mutex> lock_;
    bool open_ = true;  // not kept yet
    ext2_super_block super_before_;
    std::vector<ext2_ino_t> directories_;
};

}  // namespace quire::ext
