// SPDX-License-Identifier: MIT

#include "nodes/naming.hpp"

#include <fmt/core.h>

#include "allocation/inode_life.hpp"
#include "errors.hpp"
#include "nodes/inode_attributes.hpp"

namespace quire::ext {

Result<InodeRecord> Naming::directory(fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(const auto node, nodes_.find(cookie));
    QUIRE_TRY_ASSIGN(InodeRecord inode, InodeRecord::read(store_.filesystem(), node->inode));
    if (!inode.is_directory()) return fail(std::errc::not_a_directory);
    if (inode->i_links_count == 0) return fail(std::errc::no_such_file_or_directory);
    change_.names_of(inode.number());
    return inode;
}

Result<InodeRecord> Naming::target(const InodeRecord& directory, const Name& name) {
    QUIRE_TRY_ASSIGN(const auto found, store_.directories().lookup(directory, name.view()));
    if (!found) return fail(std::errc::no_such_file_or_directory);
    QUIRE_TRY_ASSIGN(InodeRecord inode, InodeRecord::read(store_.filesystem(), found->inode));
    QUIRE_TRY(check_nameable(store_.filesystem(), inode));
    return inode;
}

Result<void> Naming::check_free(const InodeRecord& directory, const Name& name) {
    QUIRE_TRY_ASSIGN(const auto found, store_.directories().lookup(directory, name.view()));
    if (found) return fail(std::errc::file_exists);
    return {};
}

NameTarget Naming::target_of(const InodeRecord& inode) const {
    return {inode.number(), fs::type_of_mode(inode->i_mode)};
}

Result<void> Naming::insert(InodeRecord& directory, const Name& name, const InodeRecord& inode) {
    return store_.directories().insert(directory, name.view(), target_of(inode));
}

Result<void> Naming::replace(InodeRecord& directory, const Name& name, const InodeRecord& inode) {
    QUIRE_TRY(store_.directories().replace(directory, name.view(), target_of(inode)));
    return {};
}

Result<void> Naming::remove(InodeRecord& directory, const Name& name) {
    QUIRE_TRY(store_.directories().remove(directory, name.view()));
    return {};
}

Result<void> Naming::add_link(InodeRecord& inode) {
    // A directory of more subdirectories than can be counted has the count 1, for ever.
    if (inode.is_directory() && inode->i_links_count == 1) return {};
    if (inode->i_links_count >= EXT2_LINK_MAX) {
        if (!inode.is_directory() || !ext2fs_has_feature_dir_nlink(store_.filesystem()->super))
            return fail(std::errc::too_many_links);
        inode->i_links_count = 1;
        return {};
    }
    ++inode->i_links_count;
    return {};
}

void Naming::drop_link(InodeRecord& inode) {
    if (inode->i_links_count > (inode.is_directory() ? 2 : 0)) --inode->i_links_count;
}

Result<void> Naming::lose_last_name(InodeRecord& inode) {
    inode->i_links_count = 0;
    set_time(inode, Stamp::change, store_.now());
    if (auto node = nodes_.find(inode.number())) {
        store_.orphans().add(inode);
        unlinked_.push_back(*std::move(node));
        return inode.write(store_.filesystem());
    }
    QUIRE_TRY_ASSIGN(const bool gone, free_step(store_, inode));
    if (gone) return {};
    store_.orphans().add(inode);
    to_free_.push_back(inode.number());
    return inode.write(store_.filesystem());
}

Result<void> Naming::write_directory(InodeRecord& directory) {
    const Time now = store_.now();
    set_time(directory, Stamp::modify, now);
    set_time(directory, Stamp::change, now);
    return directory.write(store_.filesystem());
}

void Naming::finish() {
    for (const auto& node : unlinked_) node->unlinked = true;
}

}  // namespace quire::ext
