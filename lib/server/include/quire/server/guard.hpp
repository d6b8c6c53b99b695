// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>

#include "quire/fs/volume.hpp"
#include "quire/server/authority.hpp"

namespace quire::server {

class GuardTable;

/// A volume for somebody who is not trusted: what an authority allows of a tree, and nothing else.
///
/// Identity and rights are the authority's; what a call's credentials claim counts for nothing
/// (only the deadline does). Every permission check is the tree's. New nodes belong to the
/// identity, with its umask; where it is root, they belong to whom the holder names, since root
/// could give them away. Besides what Volume's contract lists:
///
/// - Cookies are numbers of this guard's own, for nodes that this holder was given and has not
///   answered; others fail with std::errc(ESTALE).
/// - The root is the authority's top, and its parent itself. A directory that somebody moved out
///   from below the top cannot be used any more (ESTALE), until it is moved back; a question that
///   was asked before and answered after it had moved is not answered either. A change that began
///   before is made, as if it had been first.
/// - Content is moved through what was opened: read(), write() and friends of a node that the
///   holder has not opened for that fail with bad_file_descriptor. Who makes a file may open it
///   once, whatever its permissions.
/// - handle_to_node() finds every node for root in a whole tree, as the kernel has it. For everybody
///   else it finds only nodes that the holder holds already, and is not supported otherwise: a file
///   knows its names as little as a volume does, so whether one of them could be reached is not to
///   be known.
/// - Nothing may be kept by caches without asking again, because others change the same tree.
/// - read_only_file_system comes first when the authority is for reading only.
/// - advisory_lock() locks whole files, without waiting, for who has them open: shared for reading,
///   exclusive for writing; else bad_file_descriptor. All who use the tree are asked. A lock ends
///   when its owner unlocks, when the holder has the file no longer open, and with the guard.
/// - supports() denies, and operation_not_supported answers: extended_attribute_control, ioctl,
///   locks of parts (the tree has no rules for them), access as a hook (each operation is checked
///   here anyhow). unmount() is operation_not_permitted: it is not the holder's volume.
///
/// When it ends, everything that the holder held is answered.
/// Threads: any.
class Guard final : public fs::Volume {
public:
    struct Limits {
        std::size_t nodes = std::size_t{1} << 20U;  ///< held at once, else too_many_files_open
    };

    Guard(Authority authority, const Limits& limits);
    explicit Guard(Authority authority);
    ~Guard() override;

    const Authority& authority() const { return authority_; }
    /// Nodes that the holder was given and has not answered.
    std::size_t held() const;

    fs::ThreadModel thread_model() const override { return fs::ThreadModel::parallel; }
    bool supports(fs::Operation operation) const override;
    std::string_view type_name() const override { return authority_.tree().volume().type_name(); }
    /// Is never told anything: see above on caches.
    void set_observer(fs::Observer*) override {}

    Result<fs::Entry> root(const fs::Call&) override;
    Result<fs::VolumeStatistics> statistics(const fs::Call&) override;
    Result<void> sync(const fs::Call&) override;
    Result<fs::Handle> node_to_handle(const fs::Call&, fs::Cookie node) override;
    Result<fs::Entry> handle_to_node(const fs::Call&, fs::Handle handle) override;
    Result<void> extended_attribute_control(const fs::Call&, std::string_view command) override;
    Result<void> unmount(const fs::Call&, bool force) override;

    Result<fs::Entry> lookup(const fs::Call&, fs::Cookie directory, const Name& name) override;
    Result<fs::Entry> create(const fs::Call&, fs::Cookie directory, const Name& name,
                             const fs::NewNode& node) override;
    Result<fs::Entry> mknod(const fs::Call&, fs::Cookie directory, const Name& name,
                            const fs::NewNode& node, fs::FileType type,
                            fs::DeviceNumber device) override;
    Result<fs::Entry> mkdir(const fs::Call&, fs::Cookie directory, const Name& name,
                            const fs::NewNode& node) override;
    Result<fs::Entry> symlink(const fs::Call&, fs::Cookie directory, const Name& name,
                              const fs::NewNode& node, std::string_view target) override;
    Result<fs::Entry> link(const fs::Call&, fs::Cookie node, fs::Cookie directory,
                           const Name& name) override;
    Result<void> remove(const fs::Call&, fs::Cookie directory, const Name& name) override;
    Result<void> rmdir(const fs::Call&, fs::Cookie directory, const Name& name) override;
    Result<void> rename(const fs::Call&, fs::Cookie from_directory, const Name& from,
                        fs::Cookie to_directory, const Name& to, fs::RenameFlags flags) override;
    Result<void> readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                         fs::WithAttributes with, const fs::EntrySink& sink) override;
    Result<fs::Entry> parent(const fs::Call&, fs::Cookie directory) override;
    Result<std::string> readlink(const fs::Call&, fs::Cookie node) override;

    Result<void> open(const fs::Call&, fs::Cookie node, fs::OpenMode mode) override;
    Result<void> close(const fs::Call&, fs::Cookie node, fs::OpenMode mode) override;
    Result<void> access(const fs::Call&, fs::Cookie node, int mask) override;
    Result<fs::Attributes> getattr(const fs::Call&, fs::Cookie node) override;
    Result<fs::Attributes> setattr(const fs::Call&, fs::Cookie node,
                                   const fs::AttributeChanges& changes) override;
    Result<std::size_t> read(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                             std::span<std::byte> memory) override;
    Result<std::size_t> write(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                              std::span<const std::byte> memory) override;
    Result<void> fsync(const fs::Call&, fs::Cookie node) override;
    Result<std::uint64_t> seek(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                               fs::SeekTo what) override;
    Result<void> fallocate(const fs::Call&, fs::Cookie node, fs::AllocateMode mode,
                           block::Range range) override;
    Result<void> discard(const fs::Call&, fs::Cookie node, block::Range range) override;
    Result<std::uint64_t> copy_range(const fs::Call&, fs::Cookie from, std::uint64_t from_offset,
                                     fs::Cookie to, std::uint64_t to_offset,
                                     std::uint64_t length) override;
    Result<void> mmap(const fs::Call&, fs::Cookie node, fs::OpenMode mode) override;
    /// Files are always ready.
    Result<int> poll(const fs::Call&, fs::Cookie node, int events) override;
    Result<void> advisory_lock(const fs::Call&, fs::Cookie node,
                               const fs::AdvisoryLock& lock) override;
    Result<std::int64_t> pathconf(const fs::Call&, fs::Cookie node,
                                  fs::PathConfiguration what) override;
    Result<std::vector<std::byte>> ioctl(const fs::Call&, fs::Cookie node, std::uint32_t request,
                                         std::span<const std::byte> in) override;

    Result<std::vector<std::byte>> getxattr(const fs::Call&, fs::Cookie node,
                                            std::string_view name) override;
    Result<void> setxattr(const fs::Call&, fs::Cookie node, std::string_view name,
                          std::span<const std::byte> value, fs::SetAttributeMode mode) override;
    Result<std::vector<std::string>> listxattr(const fs::Call&, fs::Cookie node) override;
    Result<void> removexattr(const fs::Call&, fs::Cookie node, std::string_view name) override;

    Result<void> inactive(const fs::Call&, fs::Cookie node) override;
    /// More than was given out counts as all of it.
    void reclaim(fs::Cookie node, std::uint64_t lookups) override;
    Result<std::string> print(const fs::Call&, fs::Cookie node) override;

private:
    struct Use;  // a node that the holder names in a call

    Result<Use> use(const fs::Call& call, fs::Cookie cookie);
    Result<Use> use_directory(const fs::Call& call, fs::Cookie cookie);
    Result<Use> use_for_change(const fs::Call& call, fs::Cookie cookie);
    template <typename T>
    Result<T> seen(const Use& use, Result<T> answer) const;
    Result<fs::Entry> give(const fs::NodeReference& node, const fs::Attributes& attributes,
                           std::uint64_t moves);
    Result<fs::Entry> give_new(const Use& directory, const Result<fs::NodeReference>& made);
    Result<bool> only_drops_privileges(const Use& use, fs::Cookie node,
                                       const fs::AttributeChanges& changes);
    fs::NewOwner owner_of(const fs::NewNode& node) const;

    const Authority authority_;
    const std::unique_ptr<GuardTable> table_;
};

}  // namespace quire::server
