// SPDX-License-Identifier: MIT

#include "quire/volumes/memory/memory_volume.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <mutex>

#include "node.hpp"

namespace quire::memory {

using fs::Attributes;
using fs::Call;
using fs::Cookie;
using fs::Entry;

Result<std::shared_ptr<MemoryVolume>> MemoryVolume::create(Options options) {
    if (!options.clock)
        return fail(std::errc::invalid_argument, "a volume in memory needs a clock");
    if (options.byte_limit == 0 || options.inode_limit == 0 || options.file_size_limit == 0 ||
        options.link_limit == 0)
        return fail(std::errc::invalid_argument, "a limit of a volume in memory is 0");
    options.file_size_limit =
        std::min<std::uint64_t>(options.file_size_limit, std::numeric_limits<std::int64_t>::max());
    auto volume = std::shared_ptr<MemoryVolume>(new MemoryVolume(std::move(options)));
    auto root = std::make_shared<Node>(volume->space_, volume->next_inode_++,
                                       volume->next_generation_++, fs::FileType::directory);
    root->permissions = volume->options_.root.permissions & fs::permission_mask;
    root->uid = volume->options_.root.uid;
    root->gid = volume->options_.root.gid;
    root->links = 2;
    root->entries.parent = root;
    root->birth = root->access = root->modify = root->change = volume->options_.clock->now();
    volume->nodes_.emplace(root->inode, root);
    volume->root_ = std::move(root);
    return volume;
}

MemoryVolume::MemoryVolume(Options options)
    : options_(std::move(options)), space_(std::make_shared<Space>(options_.byte_limit)) {}

MemoryVolume::~MemoryVolume() {
    // While the table still holds every node, so that a deep tree does not end in deep recursion.
    for (auto& [cookie, node] : nodes_) node->entries.clear();
}

bool MemoryVolume::supports(fs::Operation operation) const {
    switch (operation) {
        case fs::Operation::extended_attribute_control:
        case fs::Operation::ioctl:
        case fs::Operation::advisory_lock:
            return false;
        default:
            return true;
    }
}

Result<void> MemoryVolume::check_writable() const {
    if (read_only_) return fail(std::errc::read_only_file_system);
    return {};
}

Result<MemoryVolume::NodePointer> MemoryVolume::find(Cookie cookie) const {
    const std::shared_lock lock(names_);
    return find_locked(cookie);
}

Result<MemoryVolume::NodePointer> MemoryVolume::find_locked(Cookie cookie) const {
    const auto found = nodes_.find(cookie);
    if (found == nodes_.end()) return fail(std::errc(ESTALE));
    return found->second;
}

Result<MemoryVolume::NodePointer> MemoryVolume::find_directory_locked(Cookie cookie) const {
    QUIRE_TRY_ASSIGN(NodePointer node, find_locked(cookie));
    if (!node->is_directory()) return fail(std::errc::not_a_directory);
    return node;
}

Result<MemoryVolume::NodePointer> MemoryVolume::find_file(Cookie cookie) const {
    QUIRE_TRY_ASSIGN(NodePointer node, find(cookie));
    if (node->is_directory()) return fail(std::errc::is_a_directory);
    if (!node->is_file()) return fail(std::errc::invalid_argument);
    return node;
}

Entry MemoryVolume::entry_of(Node& node) const {
    ++node.lookups;
    const std::shared_lock lock(node.mutex);
    return {.node = node.inode, .attributes = node.attributes()};
}

void MemoryVolume::touch(Node& node) {
    const std::unique_lock lock(node.mutex);
    node.modify = node.change = options_.clock->now();
}

Result<Entry> MemoryVolume::root(const Call&) {
    const std::shared_lock lock(names_);
    return entry_of(*root_);
}

Result<fs::VolumeStatistics> MemoryVolume::statistics(const Call&) {
    const std::shared_lock lock(names_);
    const std::uint64_t used = space_->used();
    fs::VolumeStatistics result;
    result.block_size = Content::page_size;
    result.blocks = space_->limit() / Content::page_size;
    result.free_blocks = (space_->limit() - used) / Content::page_size;
    result.available_blocks = result.free_blocks;
    result.inodes = options_.inode_limit;
    result.free_inodes = options_.inode_limit - nodes_.size();
    result.read_only = read_only_;
    return result;
}

Result<Entry> MemoryVolume::handle_to_node(const Call&, fs::Handle handle) {
    const std::shared_lock lock(names_);
    QUIRE_TRY_ASSIGN(const NodePointer node, find_locked(handle.inode));
    if (node->generation != handle.generation) return fail(std::errc(ESTALE));
    return entry_of(*node);
}

Result<void> MemoryVolume::unmount(const Call&, bool force) {
    if (!force && opens_ > 0) return fail(std::errc::device_or_resource_busy);
    return {};
}

Result<void> MemoryVolume::open(const Call&, Cookie cookie, fs::OpenMode mode) {
    if (mode.write) QUIRE_TRY(check_writable());
    QUIRE_TRY(find(cookie));
    ++opens_;
    return {};
}

Result<void> MemoryVolume::close(const Call&, Cookie, fs::OpenMode) {
    --opens_;
    return {};
}

Result<Attributes> MemoryVolume::getattr(const Call&, Cookie cookie) {
    const std::shared_lock names(names_);
    QUIRE_TRY_ASSIGN(const NodePointer node, find_locked(cookie));
    const std::shared_lock lock(node->mutex);
    return node->attributes();
}

Result<Attributes> MemoryVolume::setattr(const Call&, Cookie cookie,
                                         const fs::AttributeChanges& changes) {
    QUIRE_TRY(check_writable());
    const std::shared_lock names(names_);
    QUIRE_TRY_ASSIGN(const NodePointer node, find_locked(cookie));
    const std::unique_lock lock(node->mutex);
    if (changes.empty()) return node->attributes();
    const Time now = options_.clock->now();
    if (changes.size) {
        if (node->is_directory()) return fail(std::errc::is_a_directory);
        if (!node->is_file()) return fail(std::errc::invalid_argument);
        if (*changes.size > options_.file_size_limit) return fail(std::errc::file_too_large);
        node->content.resize(*changes.size);
        node->modify = now;
    }
    if (changes.permissions) node->permissions = *changes.permissions & fs::permission_mask;
    node->uid = changes.uid.value_or(node->uid);
    node->gid = changes.gid.value_or(node->gid);
    node->access = changes.access.value_or(node->access);
    node->modify = changes.modify.value_or(node->modify);
    node->birth = changes.birth.value_or(node->birth);
    node->change = changes.change.value_or(now);
    return node->attributes();
}

Result<std::int64_t> MemoryVolume::pathconf(const Call& call, Cookie cookie,
                                            fs::PathConfiguration what) {
    if (what == fs::PathConfiguration::link_max) return options_.link_limit;
    return DummyVolume::pathconf(call, cookie, what);
}

void MemoryVolume::reclaim(Cookie cookie, std::uint64_t lookups) {
    const Result<NodePointer> node = find(cookie);
    if (!node) return;
    if ((*node)->lookups.fetch_sub(lookups) != lookups) return;
    const std::unique_lock lock(names_);
    forget_if_dead_locked(*node);
}

// Another thread may have found the node again, or buried it, since its last lookup was answered:
// the table and the counts are looked at anew under the lock.
void MemoryVolume::forget_if_dead_locked(const NodePointer& node) {
    const auto found = nodes_.find(node->inode);
    if (found == nodes_.end() || found->second != node) return;
    if (node->links != 0 || node->lookups != 0) return;
    nodes_.erase(found);
    free_inodes_.insert(node->inode);
}

Result<std::string> MemoryVolume::print(const Call& call, Cookie cookie) {
    QUIRE_TRY_ASSIGN(const Attributes attributes, getattr(call, cookie));
    QUIRE_TRY_ASSIGN(const NodePointer node, find(cookie));
    return fmt::format("inode {} generation {} mode {:o} uid {} gid {} links {} size {} lookups {}",
                       attributes.inode, attributes.generation, attributes.mode(), attributes.uid,
                       attributes.gid, attributes.links, attributes.size, node->lookups.load());
}

}  // namespace quire::memory
