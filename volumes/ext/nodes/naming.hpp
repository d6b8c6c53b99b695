// SPDX-License-Identifier: MIT

#pragma once

#include "content/directory.hpp"
#include "content/inode_record.hpp"
#include "nodes/node_table.hpp"
#include "quire/base/name.hpp"
#include "quire/fs/attributes.hpp"
#include "store/store.hpp"

namespace quire::ext {

/// What operations on names have in common. Lives for one change; records are changed in memory
/// and written by the caller.
/// Needs: the store's lock.
class Naming {
public:
    Naming(Store& store, NodeTable& nodes, Store::Change& change)
        : store_(store), nodes_(nodes), change_(change) {}

    /// A directory that still has a name. Fails: not_a_directory, no_such_file_or_directory,
    /// ESTALE.
    Result<InodeRecord> directory(fs::Cookie cookie);
    /// What a name leads to, checked. Fails: no_such_file_or_directory, io_error.
    Result<InodeRecord> target(const InodeRecord& directory, const Name& name);
    /// Fails: file_exists.
    Result<void> check_free(const InodeRecord& directory, const Name& name);

    Result<void> insert(InodeRecord& directory, const Name& name, const InodeRecord& inode);
    Result<void> replace(InodeRecord& directory, const Name& name, const InodeRecord& inode);
    Result<void> remove(InodeRecord& directory, const Name& name);

    /// Counts a link more. Fails: too_many_links.
    Result<void> add_link(InodeRecord& inode);
    void drop_link(InodeRecord& inode);

    /// The last name of `inode` has gone: frees it, or, when somebody has it open or it is too
    /// large for one change, puts it on the list of orphans. Writes the record.
    Result<void> lose_last_name(InodeRecord& inode);
    /// Gives a directory its modify and change times and writes it.
    Result<void> write_directory(InodeRecord& directory);

    /// Inodes that have to be freed once the change is kept (see free_inode()), and nodes to mark
    /// as unlinked.
    void finish();
    const std::vector<ext2_ino_t>& to_free() const { return to_free_; }

private:
    NameTarget target_of(const InodeRecord& inode) const;

    Store& store_;
    NodeTable& nodes_;
    Store::Change& change_;
    std::vector<ext2_ino_t> to_free_;
    std::vector<std::shared_ptr<Node>> unlinked_;
};

}  // namespace quire::ext
