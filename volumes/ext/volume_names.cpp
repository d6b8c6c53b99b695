// SPDX-License-Identifier: MIT

// Operations that make and remove names.

#include <cstring>

#include "allocation/inode_life.hpp"
#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "nodes/inode_attributes.hpp"
#include "nodes/naming.hpp"
#include "nodes/new_inode.hpp"
#include "volume_change.hpp"

namespace quire::ext {

namespace {

/// Frees what a change left to be freed; failures leave it on the list of orphans.
Result<void> free_all(Store& store, const std::vector<ext2_ino_t>& inodes) {
    for (ext2_ino_t inode : inodes) QUIRE_TRY(free_inode(store, inode));
    return {};
}

}  // namespace

template <typename Fill>
Result<fs::Entry> Volume::make(const fs::Call& call, fs::Cookie directory, const Name& name,
                               const fs::NewNode& node, fs::FileType type, Fill&& fill) {
    return change(call, [&](Store::Change& change) -> Result<fs::Entry> {
        Naming naming(*store_, *nodes_, change);
        QUIRE_TRY_ASSIGN(InodeRecord parent, naming.directory(directory));
        QUIRE_TRY(naming.check_free(parent, name));
        if (type == fs::FileType::directory) QUIRE_TRY(naming.add_link(parent));
        QUIRE_TRY_ASSIGN(InodeRecord inode, new_inode(*store_, parent, type, node));
        QUIRE_TRY(fill(inode, parent));
        QUIRE_TRY(inode.write(store_->filesystem()));
        QUIRE_TRY(naming.insert(parent, name, inode));
        QUIRE_TRY(naming.write_directory(parent));
        return enter(inode);
    });
}

Result<fs::Entry> Volume::create(const fs::Call& call, fs::Cookie directory, const Name& name,
                                 const fs::NewNode& node) {
    return make(call, directory, name, node, fs::FileType::regular,
                [this](InodeRecord& inode, const InodeRecord&) -> Result<void> {
                    if (begins_inline(store_->filesystem()))
                        return write_inline_data(store_->filesystem(), inode, {});
                    make_empty_mapping(store_->filesystem(), inode);
                    return {};
                });
}

Result<fs::Entry> Volume::mknod(const fs::Call& call, fs::Cookie directory, const Name& name,
                                const fs::NewNode& node, fs::FileType type,
                                fs::DeviceNumber device) {
    const bool is_device =
        type == fs::FileType::character_device || type == fs::FileType::block_device;
    if (!is_device && type != fs::FileType::fifo && type != fs::FileType::socket)
        return fail(std::errc::invalid_argument);
    return make(call, directory, name, node, type,
                [&](InodeRecord& inode, const InodeRecord&) -> Result<void> {
                    return is_device ? set_device(inode, device) : Result<void>();
                });
}

Result<fs::Entry> Volume::mkdir(const fs::Call& call, fs::Cookie directory, const Name& name,
                                const fs::NewNode& node) {
    return make(call, directory, name, node, fs::FileType::directory,
                [this](InodeRecord& inode, const InodeRecord& parent) {
                    inode->i_links_count = 2;
                    return store_->directories().make_new(inode, parent.number());
                });
}

Result<fs::Entry> Volume::symlink(const fs::Call& call, fs::Cookie directory, const Name& name,
                                  const fs::NewNode& node, std::string_view target) {
    if (target.empty()) return fail(std::errc::no_such_file_or_directory);
    // As the kernel has it, a target and its end fit into one block.
    if (target.size() >= 4096 || target.size() >= store_->block_size())
        return fail(std::errc::filename_too_long);
    return make(call, directory, name, node, fs::FileType::symbolic_link,
                [&](InodeRecord& inode, const InodeRecord&) {
                    return write_target(*store_, inode, target);
                });
}

Result<fs::Entry> Volume::link(const fs::Call& call, fs::Cookie node, fs::Cookie directory,
                               const Name& name) {
    return change(call, [&](Store::Change& change) -> Result<fs::Entry> {
        Naming naming(*store_, *nodes_, change);
        QUIRE_TRY_ASSIGN(InodeRecord inode, inode_of(node));
        if (inode.is_directory()) return fail(std::errc::operation_not_permitted);
        QUIRE_TRY_ASSIGN(InodeRecord parent, naming.directory(directory));
        QUIRE_TRY(naming.check_free(parent, name));
        if (inode->i_links_count == 0) return fail(std::errc::no_such_file_or_directory);
        QUIRE_TRY(naming.add_link(inode));
        set_time(inode, Stamp::change, store_->now());
        QUIRE_TRY(inode.write(store_->filesystem()));
        QUIRE_TRY(naming.insert(parent, name, inode));
        QUIRE_TRY(naming.write_directory(parent));
        return enter(inode);
    });
}

Result<void> Volume::remove(const fs::Call& call, fs::Cookie directory, const Name& name) {
    std::vector<ext2_ino_t> to_free;
    auto done = change(call, [&](Store::Change& change) -> Result<void> {
        Naming naming(*store_, *nodes_, change);
        QUIRE_TRY_ASSIGN(InodeRecord parent, naming.directory(directory));
        QUIRE_TRY_ASSIGN(InodeRecord inode, naming.target(parent, name));
        if (inode.is_directory()) return fail(std::errc::is_a_directory);
        store_->before_removal(inode);
        QUIRE_TRY(naming.remove(parent, name));
        QUIRE_TRY(naming.write_directory(parent));
        if (inode->i_links_count > 1) {
            naming.drop_link(inode);
            set_time(inode, Stamp::change, store_->now());
            return inode.write(store_->filesystem());
        }
        QUIRE_TRY(naming.lose_last_name(inode));
        naming.finish();
        to_free = naming.to_free();
        return {};
    });
    if (done) done = free_all(*store_, to_free);
    return done;
}

Result<void> Volume::rmdir(const fs::Call& call, fs::Cookie directory, const Name& name) {
    std::vector<ext2_ino_t> to_free;
    auto done = change(call, [&](Store::Change& change) -> Result<void> {
        Naming naming(*store_, *nodes_, change);
        QUIRE_TRY_ASSIGN(InodeRecord parent, naming.directory(directory));
        QUIRE_TRY_ASSIGN(InodeRecord inode, naming.target(parent, name));
        if (!inode.is_directory()) return fail(std::errc::not_a_directory);
        QUIRE_TRY_ASSIGN(const bool empty, store_->directories().is_empty(inode));
        if (!empty) return fail(std::errc::directory_not_empty);
        store_->before_removal(inode);
        change.names_of(inode.number());
        QUIRE_TRY(naming.remove(parent, name));
        naming.drop_link(parent);
        QUIRE_TRY(naming.write_directory(parent));
        QUIRE_TRY(naming.lose_last_name(inode));
        naming.finish();
        to_free = naming.to_free();
        return {};
    });
    if (done) done = free_all(*store_, to_free);
    return done;
}

}  // namespace quire::ext
