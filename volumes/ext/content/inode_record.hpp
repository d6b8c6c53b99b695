// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"

namespace quire::ext {

/// One inode in memory as it lies on the disk: the fixed fields and, behind i_extra_isize, the
/// room where small attributes and inline data live. Content functions change it in place and
/// never write it; whoever read it writes it back.
///
/// A copy is cheap and complete, so that a change that fails half-way is undone by assigning the
/// copy.
class InodeRecord {
public:
    /// An inode of zeros with i_extra_isize set as the superblock wants it.
    InodeRecord(ext2_filsys fs, ext2_ino_t number);

    /// Fails: io_error (out of range, bad checksum, the device).
    static Result<InodeRecord> read(ext2_filsys fs, ext2_ino_t number);
    Result<void> write(ext2_filsys fs) const;

    ext2_ino_t number() const { return number_; }
    /// The fixed fields. The memory is never smaller than they are; where the inode on disk is
    /// (128 bytes), those behind are zero and stay in memory.
    ext2_inode_large& fields() { return *reinterpret_cast<ext2_inode_large*>(bytes_.data()); }
    const ext2_inode_large& fields() const {
        return *reinterpret_cast<const ext2_inode_large*>(bytes_.data());
    }
    ext2_inode_large* operator->() { return &fields(); }
    const ext2_inode_large* operator->() const { return &fields(); }
    /// As libext2fs takes it.
    ext2_inode* base() { return reinterpret_cast<ext2_inode*>(bytes_.data()); }
    const ext2_inode* base() const { return reinterpret_cast<const ext2_inode*>(bytes_.data()); }

    std::uint64_t size() const;
    /// Sets i_size, with the high half where the type has one.
    void set_size(std::uint64_t size);
    bool has_flag(std::uint32_t flag) const { return (fields().i_flags & flag) != 0; }
    bool is_directory() const { return LINUX_S_ISDIR(fields().i_mode); }
    bool uses_extents() const { return has_flag(EXT4_EXTENTS_FL); }
    bool is_inline() const { return has_flag(EXT4_INLINE_DATA_FL); }

    /// The block number of the external attribute block, 0 when there is none.
    std::uint64_t attribute_block() const;
    void set_attribute_block(ext2_filsys fs, std::uint64_t block);

    /// The 60 bytes of i_block.
    std::span<std::byte> block_area();
    std::span<const std::byte> block_area() const;
    /// What lies behind the fixed fields up to the inode's size on disk: empty when there is no
    /// room or i_extra_isize makes no sense.
    std::span<std::byte> attribute_area();
    std::span<const std::byte> attribute_area() const;

    /// Accounts `blocks` blocks more (or, negative, fewer) in i_blocks. Fails: file_too_large.
    Result<void> account(ext2_filsys fs, std::int64_t blocks);

private:
    InodeRecord(ext2_ino_t number, std::size_t size_on_disk);

    ext2_ino_t number_;
    std::size_t size_on_disk_;
    std::vector<std::byte> bytes_;
};

/// An io_error about inode `number`: a structure that can't be right. `what`: "its extent tree is
/// too deep".
std::unexpected<Error> corrupt_inode(ext2_ino_t number, std::string_view what);

}  // namespace quire::ext
