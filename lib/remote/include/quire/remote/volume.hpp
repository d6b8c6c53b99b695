// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "quire/fs/volume.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/volume.hpp"

namespace quire::remote {

class Listener;
class TransferBuffer;

/// A volume of another process. An operation is one message and its reply, but for long listings
/// and content longer than a transfer buffer's slice; reclaim() is one message without.
///
/// Fails besides: connection_reset (the server is gone; every call, at once).
/// Threads: as thread_model() says, which is what the server's volume wants of its clients.
class Volume final : public fs::Volume {
public:
    /// Fails: what the object answers.
    [[nodiscard]] static Result<std::shared_ptr<Volume>> open(ipc::Cap<protocols::Volume> volume);
    ~Volume() override;

    fs::ThreadModel thread_model() const override { return model_; }
    bool supports(fs::Operation operation) const override {
        return (supported_ >> static_cast<unsigned>(operation) & 1U) != 0;
    }
    std::string_view type_name() const override { return type_name_; }
    /// Events arrive where this process serves the channel's objects (ipc::Home). Where it does not,
    /// what the volume would invalidate is not to be kept: its lifetime is zero.
    void set_observer(fs::Observer* observer) override;

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
    void reclaim(fs::Cookie node, std::uint64_t lookups) override;
    Result<std::string> print(const fs::Call& call, fs::Cookie node) override;

private:
    Volume(ipc::Cap<protocols::Volume> volume, protocols::VolumeDescribeResult description);

    Result<fs::Entry> entry(Result<protocols::Entry> answer) const;
    /// An operation with a slice of the buffer for `bytes`; what it fails with is its answer.
    template <typename Operation>
    auto with_slice(const fs::Call& call, std::size_t bytes, Operation&& operation);

    const ipc::Cap<protocols::Volume> volume_;
    const fs::ThreadModel model_;
    const std::uint64_t supported_;
    const std::string type_name_;
    const std::unique_ptr<TransferBuffer> buffer_;
    const std::shared_ptr<Listener> listener_;
    std::atomic<bool> deaf_ = false;
};

}  // namespace quire::remote
