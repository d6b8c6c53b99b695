// SPDX-License-Identifier: MIT

#include "content/inode_record.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "errors.hpp"

namespace quire::ext {

// Structures are used where they lie, as little-endian words.
static_assert(std::endian::native == std::endian::little,
              "the structures of ext are little-endian; this machine would need swapping");

std::unexpected<Error> corrupt_inode(ext2_ino_t number, std::string_view what) {
    return fail(corrupt(fmt::format("inode {}: {}", number, what)));
}

InodeRecord::InodeRecord(ext2_ino_t number, std::size_t size_on_disk)
    : number_(number),
      size_on_disk_(size_on_disk),
      bytes_(std::max(size_on_disk, sizeof(ext2_inode_large))) {}

InodeRecord::InodeRecord(ext2_filsys fs, ext2_ino_t number)
    : InodeRecord(number, EXT2_INODE_SIZE(fs->super)) {
    if (size_on_disk_ < sizeof(ext2_inode_large)) return;
    std::size_t extra = sizeof(ext2_inode_large) - EXT2_GOOD_OLD_INODE_SIZE;
    const std::size_t wanted = fs->super->s_want_extra_isize;
    if (wanted > extra && wanted % 4 == 0 && wanted + EXT2_GOOD_OLD_INODE_SIZE <= size_on_disk_)
        extra = wanted;
    fields().i_extra_isize = static_cast<__u16>(extra);
}

Result<InodeRecord> InodeRecord::read(ext2_filsys fs, ext2_ino_t number) {
    InodeRecord record(number, EXT2_INODE_SIZE(fs->super));
    QUIRE_TRY(check(
        ext2fs_read_inode_full(fs, number, record.base(), static_cast<int>(record.bytes_.size())),
        fmt::format("reading inode {}", number)));
    return record;
}

Result<void> InodeRecord::write(ext2_filsys fs) const {
    // The library takes a pointer to what it may change; it works on a copy of its own.
    return check(ext2fs_write_inode_full(fs, number_, const_cast<ext2_inode*>(base()),
                                         static_cast<int>(size_on_disk_)),
                 fmt::format("writing inode {}", number_));
}

std::uint64_t InodeRecord::size() const {
    return fields().i_size | static_cast<std::uint64_t>(fields().i_size_high) << 32;
}

void InodeRecord::set_size(std::uint64_t size) {
    fields().i_size = static_cast<__u32>(size);
    fields().i_size_high = static_cast<__u32>(size >> 32);
}

std::uint64_t InodeRecord::attribute_block() const {
    return fields().i_file_acl | static_cast<std::uint64_t>(fields().osd2.linux2.l_i_file_acl_high)
                                     << 32;
}

void InodeRecord::set_attribute_block(ext2_filsys fs, std::uint64_t block) {
    fields().i_file_acl = static_cast<__u32>(block);
    if (ext2fs_has_feature_64bit(fs->super))
        fields().osd2.linux2.l_i_file_acl_high = static_cast<__u16>(block >> 32);
}

std::span<std::byte> InodeRecord::block_area() {
    return std::as_writable_bytes(std::span(fields().i_block));
}

std::span<const std::byte> InodeRecord::block_area() const {
    return std::as_bytes(std::span(fields().i_block));
}

std::span<std::byte> InodeRecord::attribute_area() {
    const auto area = std::as_const(*this).attribute_area();
    return {const_cast<std::byte*>(area.data()), area.size()};
}

std::span<const std::byte> InodeRecord::attribute_area() const {
    if (size_on_disk_ <= EXT2_GOOD_OLD_INODE_SIZE) return {};
    const std::size_t start = EXT2_GOOD_OLD_INODE_SIZE + std::size_t{fields().i_extra_isize};
    if (fields().i_extra_isize < 4 || start % 4 != 0 || start >= size_on_disk_) return {};
    return std::span(bytes_).subspan(start, size_on_disk_ - start);
}

Result<void> InodeRecord::account(ext2_filsys fs, std::int64_t blocks) {
    if (blocks >= 0) {
        if (ext2fs_iblk_add_blocks(fs, base(), static_cast<blk64_t>(blocks)) != 0)
            return fail(std::errc::file_too_large);
        return {};
    }
    // A corrupt image may count fewer blocks than it has; freeing them must still work.
    if (ext2fs_iblk_sub_blocks(fs, base(), static_cast<blk64_t>(-blocks)) != 0)
        return check(ext2fs_iblk_set(fs, base(), 0), "counting an inode's blocks");
    return {};
}

}  // namespace quire::ext
