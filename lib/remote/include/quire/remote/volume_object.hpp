// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quire/fs/shared_volume.hpp"
#include "quire/protocols/volume.hpp"
#include "quire/wire/account.hpp"
#include "quire/wire/transfer_buffer.hpp"

namespace quire::remote {

class GivenNodes;
class ObserverRelay;

/// A volume for one client elsewhere; the volume may have other users, each with an object or a view
/// of its own. Whoever holds the capability is trusted with the volume, as root and whoever else it
/// says it acts for, but not with this process: whatever it sends, the volume sees only nodes that
/// this object has given out, names that are names, and ranges that are ranges.
///
/// Its end, which the end of the client's channel brings about, closes what the client has open and
/// answers its lookups.
/// Fails (besides what the volume's operations do): as volume.idl says.
/// Threads: any.
class VolumeObject final : public virtual protocols::Volume {
public:
    /// How many events may wait for a client.
    static constexpr std::size_t usual_events = 4096;

    /// `account`: of the client, for the nodes that it holds and its buffer.
    VolumeObject(fs::SharedVolume& volume, const std::shared_ptr<wire::Account>& account,
                 std::size_t events = usual_events);
    ~VolumeObject() override;

    /// An object over a volume that nobody else uses.
    static std::shared_ptr<VolumeObject> over(std::shared_ptr<fs::Volume> volume,
                                              const std::shared_ptr<wire::Account>& account);

    /// Nodes that the client holds.
    std::size_t nodes() const;

    Result<protocols::VolumeDescribeResult> describe(const ipc::Call& call) override;
    Result<void> set_observer(const ipc::Call& call,
                              ipc::Cap<protocols::VolumeObserver> observer) override;
    Result<protocols::Entry> root(const ipc::Call& call,
                                  const protocols::Credentials& credentials) override;
    Result<protocols::Statistics> statistics(const ipc::Call& call,
                                             const protocols::Credentials& credentials) override;
    Result<void> sync(const ipc::Call& call, const protocols::Credentials& credentials) override;
    Result<protocols::Handle> node_to_handle(const ipc::Call& call,
                                             const protocols::Credentials& credentials,
                                             std::uint64_t node) override;
    Result<protocols::Entry> handle_to_node(const ipc::Call& call,
                                            const protocols::Credentials& credentials,
                                            const protocols::Handle& handle) override;
    Result<void> extended_attribute_control(const ipc::Call& call,
                                            const protocols::Credentials& credentials,
                                            std::string_view command) override;
    Result<void> unmount(const ipc::Call& call, const protocols::Credentials& credentials,
                         bool force) override;
    Result<protocols::Entry> lookup(const ipc::Call& call,
                                    const protocols::Credentials& credentials,
                                    std::uint64_t directory, std::string_view name) override;
    Result<protocols::Entry> create(const ipc::Call& call,
                                    const protocols::Credentials& credentials,
                                    std::uint64_t directory, std::string_view name,
                                    const protocols::NewNode& node) override;
    Result<protocols::Entry> mknod(const ipc::Call& call, const protocols::Credentials& credentials,
                                   std::uint64_t directory, std::string_view name,
                                   const protocols::NewNode& node, protocols::FileType type,
                                   const protocols::DeviceNumber& device) override;
    Result<protocols::Entry> mkdir(const ipc::Call& call, const protocols::Credentials& credentials,
                                   std::uint64_t directory, std::string_view name,
                                   const protocols::NewNode& node) override;
    Result<protocols::Entry> symlink(const ipc::Call& call,
                                     const protocols::Credentials& credentials,
                                     std::uint64_t directory, std::string_view name,
                                     const protocols::NewNode& node,
                                     std::string_view target) override;
    Result<protocols::Entry> link(const ipc::Call& call, const protocols::Credentials& credentials,
                                  std::uint64_t node, std::uint64_t directory,
                                  std::string_view name) override;
    Result<void> remove(const ipc::Call& call, const protocols::Credentials& credentials,
                        std::uint64_t directory, std::string_view name) override;
    Result<void> rmdir(const ipc::Call& call, const protocols::Credentials& credentials,
                       std::uint64_t directory, std::string_view name) override;
    Result<void> rename(const ipc::Call& call, const protocols::Credentials& credentials,
                        std::uint64_t from_directory, std::string_view from,
                        std::uint64_t to_directory, std::string_view to,
                        std::uint32_t flags) override;
    Result<std::vector<protocols::VolumeEntry>> readdir(
        const ipc::Call& call, const protocols::Credentials& credentials, std::uint64_t directory,
        std::uint64_t position, bool with_attributes, std::uint32_t count) override;
    Result<protocols::Entry> parent(const ipc::Call& call,
                                    const protocols::Credentials& credentials,
                                    std::uint64_t directory) override;
    Result<std::string> readlink(const ipc::Call& call, const protocols::Credentials& credentials,
                                 std::uint64_t node) override;
    Result<void> open(const ipc::Call& call, const protocols::Credentials& credentials,
                      std::uint64_t node, std::uint32_t mode) override;
    Result<void> close(const ipc::Call& call, const protocols::Credentials& credentials,
                       std::uint64_t node, std::uint32_t mode) override;
    Result<void> access(const ipc::Call& call, const protocols::Credentials& credentials,
                        std::uint64_t node, std::uint32_t mask) override;
    Result<protocols::Attributes> getattr(const ipc::Call& call,
                                          const protocols::Credentials& credentials,
                                          std::uint64_t node) override;
    Result<protocols::Attributes> setattr(const ipc::Call& call,
                                          const protocols::Credentials& credentials,
                                          std::uint64_t node,
                                          const protocols::AttributeChanges& changes) override;
    Result<std::vector<std::byte>> read(const ipc::Call& call,
                                        const protocols::Credentials& credentials,
                                        std::uint64_t node, std::uint64_t offset,
                                        std::uint32_t length) override;
    Result<std::uint32_t> write(const ipc::Call& call, const protocols::Credentials& credentials,
                                std::uint64_t node, std::uint64_t offset,
                                std::span<const std::byte> content) override;
    Result<void> set_buffer(const ipc::Call& call, ipc::Memory buffer) override;
    Result<std::uint64_t> read_to(const ipc::Call& call, const protocols::Credentials& credentials,
                                  std::uint64_t node, std::uint64_t offset,
                                  std::uint64_t buffer_offset, std::uint64_t length) override;
    Result<std::uint64_t> write_from(const ipc::Call& call,
                                     const protocols::Credentials& credentials, std::uint64_t node,
                                     std::uint64_t offset, std::uint64_t buffer_offset,
                                     std::uint64_t length) override;
    Result<void> fsync(const ipc::Call& call, const protocols::Credentials& credentials,
                       std::uint64_t node) override;
    Result<std::uint64_t> seek(const ipc::Call& call, const protocols::Credentials& credentials,
                               std::uint64_t node, std::uint64_t offset,
                               protocols::SeekTo what) override;
    Result<void> fallocate(const ipc::Call& call, const protocols::Credentials& credentials,
                           std::uint64_t node, protocols::AllocateMode mode,
                           const protocols::Range& range) override;
    Result<void> discard(const ipc::Call& call, const protocols::Credentials& credentials,
                         std::uint64_t node, const protocols::Range& range) override;
    Result<std::uint64_t> copy_range(const ipc::Call& call,
                                     const protocols::Credentials& credentials, std::uint64_t from,
                                     std::uint64_t from_offset, std::uint64_t to,
                                     std::uint64_t to_offset, std::uint64_t length) override;
    Result<void> mmap(const ipc::Call& call, const protocols::Credentials& credentials,
                      std::uint64_t node, std::uint32_t mode) override;
    Result<std::uint32_t> poll(const ipc::Call& call, const protocols::Credentials& credentials,
                               std::uint64_t node, std::uint32_t events) override;
    Result<void> advisory_lock(const ipc::Call& call, const protocols::Credentials& credentials,
                               std::uint64_t node, protocols::LockKind kind,
                               const protocols::Range& range, std::uint64_t owner,
                               bool wait) override;
    Result<std::int64_t> pathconf(const ipc::Call& call, const protocols::Credentials& credentials,
                                  std::uint64_t node, protocols::PathConfiguration what) override;
    Result<std::vector<std::byte>> ioctl(const ipc::Call& call,
                                         const protocols::Credentials& credentials,
                                         std::uint64_t node, std::uint32_t request,
                                         std::span<const std::byte> argument) override;
    Result<std::vector<std::byte>> getxattr(const ipc::Call& call,
                                            const protocols::Credentials& credentials,
                                            std::uint64_t node, std::string_view name) override;
    Result<void> setxattr(const ipc::Call& call, const protocols::Credentials& credentials,
                          std::uint64_t node, std::string_view name,
                          std::span<const std::byte> value,
                          protocols::SetAttributeMode mode) override;
    Result<std::vector<std::byte>> listxattr(const ipc::Call& call,
                                             const protocols::Credentials& credentials,
                                             std::uint64_t node) override;
    Result<void> removexattr(const ipc::Call& call, const protocols::Credentials& credentials,
                             std::uint64_t node, std::string_view name) override;
    Result<void> inactive(const ipc::Call& call, const protocols::Credentials& credentials,
                          std::uint64_t node) override;
    void reclaim(const ipc::Call& call, std::uint64_t node, std::uint64_t lookups) override;
    Result<std::uint64_t> getxattr_to(const ipc::Call& call,
                                      const protocols::Credentials& credentials, std::uint64_t node,
                                      std::string_view name, std::uint64_t buffer_offset,
                                      std::uint64_t length) override;
    Result<void> setxattr_from(const ipc::Call& call, const protocols::Credentials& credentials,
                               std::uint64_t node, std::string_view name,
                               std::uint64_t buffer_offset, std::uint64_t length,
                               protocols::SetAttributeMode mode) override;
    Result<std::uint64_t> listxattr_to(const ipc::Call& call,
                                       const protocols::Credentials& credentials,
                                       std::uint64_t node, std::uint64_t buffer_offset,
                                       std::uint64_t length) override;
    Result<std::string> print(const ipc::Call& call, const protocols::Credentials& credentials,
                              std::uint64_t node) override;

private:
    using OptionalNode = std::optional<std::uint64_t>;

    /// Runs an operation on nodes that the client has.
    template <typename Operation>
    auto on(const ipc::Call& call, const protocols::Credentials& credentials, OptionalNode first,
            OptionalNode second, Operation&& operation);
    /// Runs one that gives a node out.
    template <typename Operation>
    Result<protocols::Entry> giving(const ipc::Call& call,
                                    const protocols::Credentials& credentials, OptionalNode first,
                                    OptionalNode second, Operation&& operation);

    const std::shared_ptr<fs::Volume> volume_;
    const std::unique_ptr<GivenNodes> nodes_;
    wire::TransferBuffer buffer_;
    const std::unique_ptr<ObserverRelay> relay_;
};

}  // namespace quire::remote
