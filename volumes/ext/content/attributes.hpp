// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "content/allocator.hpp"
#include "content/inode_record.hpp"
#include "quire/fs/volume.hpp"

namespace quire::ext {

/// Extended attributes in the inode's body and in the external block, which inodes may share (a
/// shared one is copied before it changes). Names are whole ("user.mime_type"); POSIX ACLs are in
/// the kernel's form here and in ext's own form on disk. Inline data (system.data) is never shown.
/// Needs: the store's lock. Fails, everywhere: io_error (corrupt attributes, with a sentence).

/// Fails: std::errc(ENODATA), operation_not_supported (an unknown namespace).
Result<std::vector<std::byte>> get_attribute(ext2_filsys fs, const InodeRecord& inode,
                                             std::string_view name);

/// Names in byte order.
Result<std::vector<std::string>> list_attributes(ext2_filsys fs, const InodeRecord& inode);

/// Sets one attribute, in the body where it fits, else in the block; on failure all is as before.
/// Fails: file_exists, ENODATA (mode); no_space_on_device; argument_list_too_long (a value over
/// 64 KiB); result_out_of_range (name); operation_not_supported (namespace); invalid_argument (an
/// ACL that is not one).
Result<void> set_attribute(Access access, InodeRecord& inode, std::string_view name,
                           std::span<const std::byte> value,
                           fs::SetAttributeMode mode = fs::SetAttributeMode::either);

/// Fails: ENODATA, operation_not_supported.
Result<void> remove_attribute(Access access, InodeRecord& inode, std::string_view name);

/// Sets many at once in a new inode: one write of the block instead of one for each.
struct Attribute {
    std::string name;
    std::vector<std::byte> value;
};
Result<void> set_attributes(Access access, InodeRecord& inode,
                            std::span<const Attribute> attributes);

/// Lets go of the external block and of values in inodes of their own, when the inode dies.
Result<void> release_attributes(Access access, InodeRecord& inode);

}  // namespace quire::ext
