// SPDX-License-Identifier: MIT

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>

#include "node.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::memory {

using fs::Call;
using fs::Cookie;
using fs::Entry;
using fs::NewNode;

namespace {

constexpr std::size_t longest_target = 4095;
constexpr std::size_t listed_at_once = 64;

// A directory that was removed while held takes no new names.
Result<void> check_alive(const Node& directory) {
    if (directory.links == 0) return fail(std::errc::no_such_file_or_directory);
    return {};
}

}  // namespace

struct MemoryVolume::Making {
    const NewNode& node;
    fs::FileType type;
    fs::DeviceNumber device = {};
    std::string_view target = {};
};

// Sets the change time besides; a difference of 0 does only that.
void MemoryVolume::add_link(Node& node, int difference) {
    const std::unique_lock lock(node.mutex);
    node.links += difference;
    node.change = options_.clock->now();
}

Result<Entry> MemoryVolume::lookup(const Call&, Cookie cookie, const Name& name) {
    const std::shared_lock lock(names_);
    QUIRE_TRY_ASSIGN(const NodePointer directory, find_directory_locked(cookie));
    const NodePointer node = directory->entries.find(name.view());
    if (!node) return fail(std::errc::no_such_file_or_directory);
    return entry_of(*node);
}

Result<Entry> MemoryVolume::parent(const Call&, Cookie cookie) {
    const std::shared_lock lock(names_);
    QUIRE_TRY_ASSIGN(const NodePointer directory, find_directory_locked(cookie));
    const NodePointer above = directory->entries.parent.lock();
    // Of a directory removed while held, the one above may be gone altogether.
    if (!above || !nodes_.contains(above->inode)) return fail(std::errc::no_such_file_or_directory);
    return entry_of(*above);
}

Result<MemoryVolume::NodePointer> MemoryVolume::make_node_locked(const Making& making) {
    if (nodes_.size() >= options_.inode_limit) return fail(std::errc::no_space_on_device);
    const std::uint64_t inode = free_inodes_.empty() ? next_inode_ : *free_inodes_.begin();
    auto node = std::make_shared<Node>(space_, inode, next_generation_, making.type);
    QUIRE_TRY(node->charge.grow(making.target.size()));
    node->target = making.target;
    node->device = making.device;
    node->permissions = making.node.permissions & fs::permission_mask;
    node->uid = making.node.uid;
    node->gid = making.node.gid;
    node->links = node->is_directory() ? 2 : 1;
    node->birth = node->access = node->modify = node->change = options_.clock->now();
    return node;
}

Result<Entry> MemoryVolume::make(Cookie cookie, const Name& name, const Making& making) {
    QUIRE_TRY(check_writable());
    const std::unique_lock lock(names_);
    QUIRE_TRY_ASSIGN(const NodePointer directory, find_directory_locked(cookie));
    QUIRE_TRY(check_alive(*directory));
    if (directory->entries.find(name.view())) return fail(std::errc::file_exists);
    const bool is_directory = making.type == fs::FileType::directory;
    if (is_directory && directory->links >= options_.link_limit)
        return fail(std::errc::too_many_links);
    QUIRE_TRY_ASSIGN(const NodePointer node, make_node_locked(making));
    QUIRE_TRY(directory->entries.insert(name, node));

    // From here on nothing fails.
    if (!free_inodes_.empty())
        free_inodes_.erase(free_inodes_.begin());
    else
        ++next_inode_;
    ++next_generation_;
    nodes_.emplace(node->inode, node);
    if (is_directory) {
        node->entries.parent = directory;
        add_link(*directory, 1);
    }
    touch(*directory);
    return entry_of(*node);
}

Result<Entry> MemoryVolume::create(const Call&, Cookie directory, const Name& name,
                                   const NewNode& node) {
    return make(directory, name, {.node = node, .type = fs::FileType::regular});
}

Result<Entry> MemoryVolume::mknod(const Call&, Cookie directory, const Name& name,
                                  const NewNode& node, fs::FileType type, fs::DeviceNumber device) {
    switch (type) {
        case fs::FileType::character_device:
        case fs::FileType::block_device:
            return make(directory, name, {.node = node, .type = type, .device = device});
        case fs::FileType::fifo:
        case fs::FileType::socket:
            return make(directory, name, {.node = node, .type = type});
        default:
            return fail(std::errc::invalid_argument);
    }
}

Result<Entry> MemoryVolume::mkdir(const Call&, Cookie directory, const Name& name,
                                  const NewNode& node) {
    return make(directory, name, {.node = node, .type = fs::FileType::directory});
}

Result<Entry> MemoryVolume::symlink(const Call&, Cookie directory, const Name& name,
                                    const NewNode& node, std::string_view target) {
    if (target.empty()) return fail(std::errc::no_such_file_or_directory);
    if (target.size() > longest_target) return fail(std::errc::filename_too_long);
    return make(directory, name,
                {.node = node, .type = fs::FileType::symbolic_link, .target = target});
}

Result<Entry> MemoryVolume::link(const Call&, Cookie cookie, Cookie directory_cookie,
                                 const Name& name) {
    QUIRE_TRY(check_writable());
    const std::unique_lock lock(names_);
    QUIRE_TRY_ASSIGN(const NodePointer node, find_locked(cookie));
    QUIRE_TRY_ASSIGN(const NodePointer directory, find_directory_locked(directory_cookie));
    QUIRE_TRY(check_alive(*directory));
    if (directory->entries.find(name.view())) return fail(std::errc::file_exists);
    if (node->is_directory()) return fail(std::errc::operation_not_permitted);
    if (node->links == 0) return fail(std::errc::no_such_file_or_directory);
    if (node->links >= options_.link_limit) return fail(std::errc::too_many_links);
    QUIRE_TRY(directory->entries.insert(name, node));
    add_link(*node, 1);
    touch(*directory);
    return entry_of(*node);
}

Result<void> MemoryVolume::remove(const Call&, Cookie cookie, const Name& name) {
    QUIRE_TRY(check_writable());
    const std::unique_lock lock(names_);
    QUIRE_TRY_ASSIGN(const NodePointer directory, find_directory_locked(cookie));
    const NodePointer node = directory->entries.find(name.view());
    if (!node) return fail(std::errc::no_such_file_or_directory);
    if (node->is_directory()) return fail(std::errc::is_a_directory);
    directory->entries.erase(name);
    touch(*directory);
    add_link(*node, -1);
    forget_if_dead_locked(node);
    return {};
}

Result<void> MemoryVolume::rmdir(const Call&, Cookie cookie, const Name& name) {
    QUIRE_TRY(check_writable());
    const std::unique_lock lock(names_);
    QUIRE_TRY_ASSIGN(const NodePointer directory, find_directory_locked(cookie));
    const NodePointer node = directory->entries.find(name.view());
    if (!node) return fail(std::errc::no_such_file_or_directory);
    if (!node->is_directory()) return fail(std::errc::not_a_directory);
    if (!node->entries.empty()) return fail(std::errc::directory_not_empty);
    directory->entries.erase(name);
    add_link(*directory, -1);
    touch(*directory);
    add_link(*node, -static_cast<int>(node->links));
    forget_if_dead_locked(node);
    return {};
}

// Entries are copied out in batches, so that the sink runs without the lock.
Result<void> MemoryVolume::readdir(const Call&, Cookie cookie, fs::Position from,
                                   fs::WithAttributes with, const fs::EntrySink& sink) {
    struct Copied {
        fs::Position position;
        std::string name;
        std::uint64_t inode;
        fs::FileType type;
        std::optional<fs::Attributes> attributes;
    };
    std::vector<Copied> batch;
    do {
        batch.clear();
        {
            const std::shared_lock lock(names_);
            QUIRE_TRY_ASSIGN(const NodePointer directory, find_directory_locked(cookie));
            if (from > directory->entries.last()) return fail(std::errc::invalid_argument);
            const auto& slots = directory->entries.slots();
            for (auto slot = slots.upper_bound(from);
                 slot != slots.end() && batch.size() < listed_at_once; ++slot) {
                const Node& node = *slot->second.node;
                Copied copied{slot->first, slot->second.name, node.inode, node.type, {}};
                if (with == fs::WithAttributes::yes) {
                    const std::shared_lock node_lock(node.mutex);
                    copied.attributes = node.attributes();
                }
                batch.push_back(std::move(copied));
            }
        }
        for (const Copied& copied : batch) {
            from = copied.position;
            if (!sink({.name = copied.name,
                       .inode = copied.inode,
                       .type = copied.type,
                       .next = copied.position,
                       .attributes = copied.attributes ? &*copied.attributes : nullptr}))
                return {};
        }
    } while (batch.size() == listed_at_once);
    return {};
}

Result<std::string> MemoryVolume::readlink(const Call&, Cookie cookie) {
    QUIRE_TRY_ASSIGN(const NodePointer node, find(cookie));
    if (node->type != fs::FileType::symbolic_link) return fail(std::errc::invalid_argument);
    return node->target;
}

}  // namespace quire::memory
