// SPDX-License-Identifier: MIT

#pragma once

#include "content/allocator.hpp"
#include "content/values/stored.hpp"

namespace quire::ext {

/// All the attributes of an inode: those in its body and those in its external block, which other
/// inodes may share.
struct AttributeSets {
    StoredAttributes body;
    StoredAttributes block;
    std::uint64_t block_number = 0;
    std::uint32_t sharers = 0;  ///< inodes that name the block

    const StoredAttribute* find(const AttributeName& name) const;
    /// Whether the value lies in an inode of its own that loses a reference with this attribute
    /// (one in a shared block stays with the others).
    bool owns_value_of(const AttributeName& name) const;
    /// Takes an attribute out; false when it is not there.
    bool erase(const AttributeName& name);
};

/// Fails: io_error.
Result<AttributeSets> load_attributes(ext2_filsys fs, const InodeRecord& inode);

/// Finds a place for `attribute`, which is not in `sets`: in the body, else in the block, else by
/// placing all of them anew. False when there is none; `sets` is of no use then.
bool place_attribute(ext2_filsys fs, const InodeRecord& inode, AttributeSets& sets,
                     StoredAttribute attribute);

/// Makes the inode's attributes what `wanted` holds; `old` is what it has. A block that is shared
/// is left to the others. All or nothing. Fails: no_space_on_device, io_error.
Result<void> exchange_attributes(Access access, InodeRecord& inode, const AttributeSets& old,
                                 AttributeSets wanted);

}  // namespace quire::ext
