// SPDX-License-Identifier: MIT

#pragma once

#include "content/values/stored.hpp"

namespace quire::ext {

/// The attributes in an inode's body, behind its fixed fields.

/// Fails: io_error.
Result<StoredAttributes> load_body(const InodeRecord& inode);
/// False when they do not fit; nothing is changed then.
bool store_body(InodeRecord& inode, const StoredAttributes& list);
bool fits_body(const InodeRecord& inode, const StoredAttributes& list);

/// The value of system.data, empty when there is none. Fails: io_error.
Result<std::vector<std::byte>> get_inline_value(const InodeRecord& inode);
/// Fails: no_space_on_device (nothing is changed), io_error.
Result<void> set_inline_value(InodeRecord& inode, std::span<const std::byte> value);
Result<void> remove_inline_value(InodeRecord& inode);
/// How long the value could be.
std::size_t inline_value_capacity(const InodeRecord& inode);

}  // namespace quire::ext
