// SPDX-License-Identifier: MIT

// Changes of attributes.

#include "allocation/inode_life.hpp"
#include "content/attributes.hpp"
#include "nodes/content_change.hpp"
#include "nodes/file_size.hpp"
#include "nodes/inode_attributes.hpp"

namespace quire::ext {

namespace {

void apply(Store& store, InodeRecord& inode, const fs::AttributeChanges& changes) {
    const Time now = store.now();
    if (changes.permissions) set_permissions(inode, *changes.permissions);
    if (changes.uid) set_uid(inode, *changes.uid);
    if (changes.gid) set_gid(inode, *changes.gid);
    if (changes.access) set_time(inode, Stamp::access, *changes.access);
    if (changes.modify || changes.size)
        set_time(inode, Stamp::modify, changes.modify.value_or(now));
    if (changes.birth) set_time(inode, Stamp::birth, *changes.birth);
    set_time(inode, Stamp::change, changes.change.value_or(now));
}

}  // namespace

Result<fs::Attributes> Volume::setattr(const fs::Call& call, fs::Cookie cookie,
                                       const fs::AttributeChanges& changes) {
    if (!changes.size)
        return change(call, [&](Store::Change&) -> Result<fs::Attributes> {
            QUIRE_TRY_ASSIGN(InodeRecord inode, inode_of(cookie));
            if (!changes.empty()) {
                apply(*store_, inode, changes);
                QUIRE_TRY(inode.write(store_->filesystem()));
            }
            return attributes_of(store_->filesystem(), inode);
        });

    QUIRE_TRY_ASSIGN(const auto node, nodes_->find(cookie));
    QUIRE_TRY_ASSIGN(
        const auto attributes,
        change_content(
            call, *node, [&](Store::Change&, InodeRecord& inode) -> Result<fs::Attributes> {
                ext2_filsys fs = store_->filesystem();
                QUIRE_TRY_ASSIGN(const bool whole, set_file_size(*store_, inode, *changes.size));
                if (!whole && inode->i_links_count > 0) {
                    store_->orphans().add(inode);
                    node->truncating = true;
                }
                apply(*store_, inode, changes);
                QUIRE_TRY(inode.write(fs));
                return attributes_of(fs, inode);
            }));
    QUIRE_TRY(settle(*node));
    return attributes;
}

Result<void> Volume::setxattr(const fs::Call& call, fs::Cookie cookie, std::string_view name,
                              std::span<const std::byte> value, fs::SetAttributeMode mode) {
    return change(call, [&](Store::Change&) -> Result<void> {
        QUIRE_TRY_ASSIGN(InodeRecord inode, inode_of(cookie));
        QUIRE_TRY(set_attribute(store_->access(), inode, name, value, mode));
        set_time(inode, Stamp::change, store_->now());
        return inode.write(store_->filesystem());
    });
}

Result<void> Volume::removexattr(const fs::Call& call, fs::Cookie cookie, std::string_view name) {
    return change(call, [&](Store::Change&) -> Result<void> {
        QUIRE_TRY_ASSIGN(InodeRecord inode, inode_of(cookie));
        QUIRE_TRY(remove_attribute(store_->access(), inode, name));
        set_time(inode, Stamp::change, store_->now());
        return inode.write(store_->filesystem());
    });
}

}  // namespace quire::ext
