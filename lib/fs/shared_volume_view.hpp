// SPDX-License-Identifier: MIT

#pragma once

#include <algorithm>
#include <mutex>

#include "quire/fs/shared_volume.hpp"

namespace quire::fs {

/// Events are given on with the lock held: an observer that was taken out is not called any more.
class SharedVolume::Hub final : public Observer {
public:
    void replace(Observer* old, Observer* now) {
        const std::lock_guard lock(mutex_);
        std::erase(observers_, old);
        if (now != nullptr) observers_.push_back(now);
    }

    void invalidate_name(Cookie directory, const Name& name) override {
        each([&](Observer& observer) { observer.invalidate_name(directory, name); });
    }
    void invalidate_attributes(Cookie node) override {
        each([&](Observer& observer) { observer.invalidate_attributes(node); });
    }
    void invalidate_content(Cookie node, block::Range range) override {
        each([&](Observer& observer) { observer.invalidate_content(node, range); });
    }
    void revoke(Cookie node) override {
        each([&](Observer& observer) { observer.revoke(node); });
    }

private:
    template <typename Tell>
    void each(Tell&& tell) {
        const std::lock_guard lock(mutex_);
        for (Observer* observer : observers_) tell(*observer);
    }

    std::mutex mutex_;
    std::vector<Observer*> observers_;
};

/// Takes a turn and passes on.
class SharedVolume::View final : public Volume {
public:
    explicit View(std::shared_ptr<SharedVolume> shared)
        : shared_(std::move(shared)), volume_(*shared_->volume_) {
        ++shared_->views_;
    }
    ~View() override {
        set_observer(nullptr);
        if (!unmounted_) --shared_->views_;
    }

    ThreadModel thread_model() const override { return ThreadModel::parallel; }
    bool supports(Operation operation) const override { return volume_.supports(operation); }
    std::string_view type_name() const override { return volume_.type_name(); }
    void set_observer(Observer* observer) override;

    Result<Entry> root(const Call& call) override;
    Result<VolumeStatistics> statistics(const Call& call) override;
    Result<void> sync(const Call& call) override;
    Result<Handle> node_to_handle(const Call& call, Cookie node) override;
    Result<Entry> handle_to_node(const Call& call, Handle handle) override;
    Result<void> extended_attribute_control(const Call& call, std::string_view command) override;
    Result<void> unmount(const Call& call, bool force) override;

    Result<Entry> lookup(const Call& call, Cookie directory, const Name& name) override;
    Result<Entry> create(const Call& call, Cookie directory, const Name& name,
                         const NewNode& node) override;
    Result<Entry> mknod(const Call& call, Cookie directory, const Name& name, const NewNode& node,
                        FileType type, DeviceNumber device) override;
    Result<Entry> mkdir(const Call& call, Cookie directory, const Name& name,
                        const NewNode& node) override;
    Result<Entry> symlink(const Call& call, Cookie directory, const Name& name, const NewNode& node,
                          std::string_view target) override;
    Result<Entry> link(const Call& call, Cookie node, Cookie directory, const Name& name) override;
    Result<void> remove(const Call& call, Cookie directory, const Name& name) override;
    Result<void> rmdir(const Call& call, Cookie directory, const Name& name) override;
    Result<void> rename(const Call& call, Cookie from_directory, const Name& from,
                        Cookie to_directory, const Name& to, RenameFlags flags) override;
    Result<void> readdir(const Call& call, Cookie directory, Position from, WithAttributes with,
                         const EntrySink& sink) override;
    Result<Entry> parent(const Call& call, Cookie directory) override;
    Result<std::string> readlink(const Call& call, Cookie node) override;

    Result<void> open(const Call& call, Cookie node, OpenMode mode) override;
    Result<void> close(const Call& call, Cookie node, OpenMode mode) override;
    Result<void> access(const Call& call, Cookie node, int mask) override;
    Result<Attributes> getattr(const Call& call, Cookie node) override;
    Result<Attributes> setattr(const Call& call, Cookie node,
                               const AttributeChanges& changes) override;
    Result<std::size_t> read(const Call& call, Cookie node, std::uint64_t offset,
                             std::span<std::byte> memory) override;
    Result<std::size_t> write(const Call& call, Cookie node, std::uint64_t offset,
                              std::span<const std::byte> memory) override;
    Result<void> fsync(const Call& call, Cookie node) override;
    Result<std::uint64_t> seek(const Call& call, Cookie node, std::uint64_t offset,
                               SeekTo what) override;
    Result<void> fallocate(const Call& call, Cookie node, AllocateMode mode,
                           block::Range range) override;
    Result<void> discard(const Call& call, Cookie node, block::Range range) override;
    Result<std::uint64_t> copy_range(const Call& call, Cookie from, std::uint64_t from_offset,
                                     Cookie to, std::uint64_t to_offset,
                                     std::uint64_t length) override;
    Result<void> mmap(const Call& call, Cookie node, OpenMode mode) override;
    Result<int> poll(const Call& call, Cookie node, int events) override;
    Result<void> advisory_lock(const Call& call, Cookie node, const AdvisoryLock& lock) override;
    Result<std::int64_t> pathconf(const Call& call, Cookie node, PathConfiguration what) override;
    Result<std::vector<std::byte>> ioctl(const Call& call, Cookie node, std::uint32_t request,
                                         std::span<const std::byte> in) override;

    Result<std::vector<std::byte>> getxattr(const Call& call, Cookie node,
                                            std::string_view name) override;
    Result<void> setxattr(const Call& call, Cookie node, std::string_view name,
                          std::span<const std::byte> value, SetAttributeMode mode) override;
    Result<std::vector<std::string>> listxattr(const Call& call, Cookie node) override;
    Result<void> removexattr(const Call& call, Cookie node, std::string_view name) override;

    Result<void> inactive(const Call& call, Cookie node) override;
    void reclaim(Cookie node, std::uint64_t lookups) override;
    Result<std::string> print(const Call& call, Cookie node) override;

private:
    Turns& turns() { return shared_->turns_; }

    const std::shared_ptr<SharedVolume> shared_;
    Volume& volume_;
    Observer* observer_ = nullptr;
    bool unmounted_ = false;
};

}  // namespace quire::fs
