// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "quire/fs/volume.hpp"

namespace quire::testing {

/// A volume that lets another one do everything, and tells the test before each operation: which,
/// and on which node (of operations on names: the directory). What the test's hook does then (wait,
/// count, change the volume below) has happened when the operation begins; an error of it is the
/// operation's. A view may change the attributes that are seen, such as flags that the volume below
/// does not know.
/// Threads: as the volume below; the hook is called from any.
class HookedVolume final : public fs::Volume {
public:
    using Hook = std::function<Result<void>(fs::Operation operation, fs::Cookie node)>;

    /// What getattr() answers, before it does.
    using View = std::function<void(fs::Cookie node, fs::Attributes& attributes)>;

    HookedVolume(std::shared_ptr<fs::Volume> below, Hook hook, View view = {})
        : below_(std::move(below)), hook_(std::move(hook)), view_(std::move(view)) {}

    /// From now on called when the volume below has answered, and before the tree has the answer.
    /// Needs: no operation is under way.
    void set_after(std::function<void(fs::Operation operation)> after) {
        after_ = std::move(after);
    }

    fs::ThreadModel thread_model() const override { return below_->thread_model(); }
    bool supports(fs::Operation operation) const override { return below_->supports(operation); }
    std::string_view type_name() const override { return below_->type_name(); }
    void set_observer(fs::Observer* observer) override { below_->set_observer(observer); }

    Result<fs::Entry> root(const fs::Call& call) override;
    Result<fs::VolumeStatistics> statistics(const fs::Call& call) override;
    Result<void> sync(const fs::Call& call) override;
    Result<fs::Handle> node_to_handle(const fs::Call& call, fs::Cookie node) override;
    Result<fs::Entry> handle_to_node(const fs::Call& call, fs::Handle handle) override;
    Result<void> extended_attribute_control(const fs::Call& call,
                                            std::string_view command) override;
    Result<void> unmount(const fs::Call& call, bool force) override;
    Result<fs::Entry> lookup(const fs::Call& call, fs::Cookie directory, const Name& name) override;
    Result<fs::Entry> create(const fs::Call& call, fs::Cookie directory, const Name& name,
                             const fs::NewNode& node) override;
    Result<fs::Entry> mknod(const fs::Call& call, fs::Cookie directory, const Name& name,
                            const fs::NewNode& node, fs::FileType type,
                            fs::DeviceNumber device) override;
    Result<fs::Entry> mkdir(const fs::Call& call, fs::Cookie directory, const Name& name,
                            const fs::NewNode& node) override;
    Result<fs::Entry> symlink(const fs::Call& call, fs::Cookie directory, const Name& name,
                              const fs::NewNode& node, std::string_view target) override;
    Result<fs::Entry> link(const fs::Call& call, fs::Cookie node, fs::Cookie directory,
                           const Name& name) override;
    Result<void> remove(const fs::Call& call, fs::Cookie directory, const Name& name) override;
    Result<void> rmdir(const fs::Call& call, fs::Cookie directory, const Name& name) override;
    Result<void> rename(const fs::Call& call, fs::Cookie from_directory, const Name& from,
                        fs::Cookie to_directory, const Name& to, fs::RenameFlags flags) override;
    Result<void> readdir(const fs::Call& call, fs::Cookie directory, fs::Position from,
                         fs::WithAttributes with, const fs::EntrySink& sink) override;
    Result<fs::Entry> parent(const fs::Call& call, fs::Cookie directory) override;
    Result<std::string> readlink(const fs::Call& call, fs::Cookie node) override;
    Result<void> open(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) override;
    Result<void> close(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) override;
    Result<void> access(const fs::Call& call, fs::Cookie node, int mask) override;
    Result<fs::Attributes> getattr(const fs::Call& call, fs::Cookie node) override;
    Result<fs::Attributes> setattr(const fs::Call& call, fs::Cookie node,
                                   const fs::AttributeChanges& changes) override;
    Result<std::size_t> read(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                             std::span<std::byte> memory) override;
    Result<std::size_t> write(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                              std::span<const std::byte> memory) override;
    Result<void> fsync(const fs::Call& call, fs::Cookie node) override;
    Result<std::uint64_t> seek(const fs::Call& call, fs::Cookie node, std::uint64_t offset,
                               fs::SeekTo what) override;
    Result<void> fallocate(const fs::Call& call, fs::Cookie node, fs::AllocateMode mode,
                           block::Range range) override;
    Result<void> discard(const fs::Call& call, fs::Cookie node, block::Range range) override;
    Result<std::uint64_t> copy_range(const fs::Call& call, fs::Cookie from,
                                     std::uint64_t from_offset, fs::Cookie to,
                                     std::uint64_t to_offset, std::uint64_t length) override;
    Result<void> mmap(const fs::Call& call, fs::Cookie node, fs::OpenMode mode) override;
    Result<int> poll(const fs::Call& call, fs::Cookie node, int events) override;
    Result<void> advisory_lock(const fs::Call& call, fs::Cookie node,
                               const fs::AdvisoryLock& lock) override;
    Result<std::int64_t> pathconf(const fs::Call& call, fs::Cookie node,
                                  fs::PathConfiguration what) override;
    Result<std::vector<std::byte>> ioctl(const fs::Call& call, fs::Cookie node,
                                         std::uint32_t request,
                                         std::span<const std::byte> in) override;
    Result<std::vector<std::byte>> getxattr(const fs::Call& call, fs::Cookie node,
                                            std::string_view name) override;
    Result<void> setxattr(const fs::Call& call, fs::Cookie node, std::string_view name,
                          std::span<const std::byte> value, fs::SetAttributeMode mode) override;
    Result<std::vector<std::string>> listxattr(const fs::Call& call, fs::Cookie node) override;
    Result<void> removexattr(const fs::Call& call, fs::Cookie node, std::string_view name) override;
    Result<void> inactive(const fs::Call& call, fs::Cookie node) override;
    Result<std::string> print(const fs::Call& call, fs::Cookie node) override;
    void reclaim(fs::Cookie node, std::uint64_t lookups) override;

private:
    template <typename Do>
    auto forward(fs::Operation operation, fs::Cookie node, Do&& work) -> decltype(work());

    std::shared_ptr<fs::Volume> below_;
    Hook hook_;
    View view_;
    std::function<void(fs::Operation)> after_;
};

}  // namespace quire::testing
