// SPDX-License-Identifier: MIT

// Changes: what brackets an operation so that it happens as a whole or not at all.

#include <utility>

#include "store/store.hpp"

namespace quire::ext {

Store::Change::Change(Store& store, std::optional<Gate::Pass> pass, ContentLock content)
    : store_(&store),
      pass_(std::move(pass)),
      content_(std::move(content)),
      lock_(store.mutex_),
      super_before_(*store.fs_->super) {}

Result<Store::Change> Store::Change::begin(Store& store, const fs::Credentials& credentials) {
    Change change(store, Gate::Pass(store.gate_), {});
    change.open_ = false;
    QUIRE_TRY(change.check());
    store.set_credentials(credentials);
    change.start();
    return change;
}

Result<Store::Change> Store::Change::begin(Store& store, const fs::Credentials& credentials,
                                           std::shared_mutex& content) {
    Gate::Pass pass(store.gate_);
    ContentLock content_lock(content);
    Change change(store, std::move(pass), std::move(content_lock));
    change.open_ = false;
    QUIRE_TRY(change.check());
    store.set_credentials(credentials);
    change.start();
    return change;
}

Store::Change::Change(Change&& other) noexcept
    : store_(other.store_),
      pass_(std::move(other.pass_)),
      content_(std::move(other.content_)),
      lock_(std::move(other.lock_)),
      open_(std::exchange(other.open_, false)),
      super_before_(other.super_before_),
      directories_(std::move(other.directories_)) {}

Result<void> Store::Change::check() const {
    if (!store_->writable_) return fail(std::errc::read_only_file_system);
    if (store_->failure_) return fail(*store_->failure_);
    return store_->load_bitmaps();
}

void Store::Change::start() {
    open_ = true;
    super_before_ = *store_->fs_->super;
    store_->cache_->begin();
    store_->blocks_->begin();
    store_->inodes_->begin();
    store_->orphans_->begin();
    store_->removals_.clear();
}

void Store::Change::keep() {
    store_->cache_->keep();
    open_ = false;
    lock_.unlock();
}

void Store::Change::resume() {
    lock_.lock();
    start();
}

Store::Change::~Change() {
    if (!open_) return;
    // Memory first, so that the allocators' steps back meet what they left.
    store_->cache_->undo();
    store_->inodes_->undo();
    store_->blocks_->undo();
    store_->orphans_->undo();
    *store_->fs_->super = super_before_;
    for (ext2_ino_t inode : store_->removals_) store_->before_removal_.erase(inode);
    ext2fs_flush_icache(store_->fs_);
    for (ext2_ino_t directory : directories_) store_->directories_->forget(directory);
}

void Store::set_credentials(const fs::Credentials& credentials) {
    const ext2_super_block& super = *fs_->super;
    blocks_->set_privileged(credentials.is_root() || credentials.uid == super.s_def_resuid ||
                            (super.s_def_resgid != 0 && credentials.in_group(super.s_def_resgid)));
}

Result<void> Store::change_in_steps(const fs::Credentials& credentials,
                                    std::span<const std::function<Result<void>(Change&)>> steps) {
    Gate::Closure closure(gate_);
    for (const auto& step : steps) {
        {
            Change change(*this, std::nullopt, {});
            change.open_ = false;
            QUIRE_TRY(change.check());
            set_credentials(credentials);
            change.start();
            QUIRE_TRY(step(change));
            change.keep();
        }
        if (&step != &steps.back()) QUIRE_TRY(commit_closed());
    }
    return {};
}

void Store::before_removal(const InodeRecord& inode) {
    if (!medium_->renames_in_steps() || inodes_->is_fresh(inode.number())) return;
    if (before_removal_.try_emplace(inode.number(), inode).second)
        removals_.push_back(inode.number());
}

}  // namespace quire::ext
