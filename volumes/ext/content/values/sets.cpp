// SPDX-License-Identifier: MIT

#include "content/values/sets.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "content/block_io.hpp"
#include "content/values/body.hpp"
#include "content/values/value_inode.hpp"
#include "errors.hpp"

extern "C" {
#include <ext2fs/ext2_ext_attr.h>
}

namespace quire::ext {

namespace {

constexpr std::size_t header_size = sizeof(ext2_ext_attr_header);
static_assert(header_size == 32);

ext2_ext_attr_header header_of(std::span<const std::byte> area) {
    ext2_ext_attr_header header;
    std::memcpy(&header, area.data(), sizeof header);
    return header;
}

Result<std::vector<std::byte>> read_attribute_block(ext2_filsys fs, ext2_ino_t number,
                                                    std::uint64_t block) {
    if (!is_inside(fs, block, 1))
        return corrupt_inode(number, "its attribute block lies outside the filesystem");
    std::vector<std::byte> area(fs->blocksize);
    QUIRE_TRY(read_blocks(fs, block, area));
    const ext2_ext_attr_header header = header_of(area);
    if (header.h_magic != EXT2_EXT_ATTR_MAGIC || header.h_blocks != 1 || header.h_refcount == 0)
        return corrupt_inode(number, "its attribute block is none");
    if (verifies_checksums(fs) &&
        ext2fs_ext_attr_block_csum_verify(
            fs, number, block, reinterpret_cast<ext2_ext_attr_header*>(area.data())) == 0)
        return corrupt_inode(number, "its attribute block has a wrong checksum");
    return area;
}

Result<void> write_attribute_block(ext2_filsys fs, ext2_ino_t number, std::uint64_t block,
                                   std::span<std::byte> area) {
    QUIRE_TRY(check(ext2fs_ext_attr_block_csum_set(
                        fs, number, block, reinterpret_cast<ext2_ext_attr_header*>(area.data())),
                    "computing the checksum of an attribute block"));
    return write_blocks(fs, block, area);
}

bool fits_block(ext2_filsys fs, const StoredAttributes& list) {
    std::size_t size = header_size + entries_end_size;
    for (const StoredAttribute& attribute : list) size += attribute.size();
    return size <= fs->blocksize;
}

/// The order of entries in a block, by which the kernel searches.
void sort_block(StoredAttributes& list) {
    std::ranges::sort(list, [](const StoredAttribute& a, const StoredAttribute& b) {
        return std::make_tuple(a.name.index, a.name.suffix.size(),
                               std::string_view(a.name.suffix)) <
               std::make_tuple(b.name.index, b.name.suffix.size(), std::string_view(b.name.suffix));
    });
}

/// The hash of a whole block, from those of its entries; 0 (not to be shared) if any has none.
std::uint32_t hash_of_entries(std::span<const std::byte> area) {
    std::uint32_t hash = 0;
    for (std::size_t at = header_size;;) {
        ext2_ext_attr_entry entry;
        std::memcpy(&entry, area.data() + at, sizeof(std::uint32_t));
        if (entry.e_name_len == 0 && entry.e_name_index == 0 && entry.e_value_offs == 0)
            return hash;
        std::memcpy(&entry, area.data() + at, sizeof entry);
        if (entry.e_hash == 0) return 0;
        hash = (hash << 16) ^ (hash >> 16) ^ entry.e_hash;
        at += EXT2_EXT_ATTR_LEN(entry.e_name_len);
    }
}

std::vector<std::byte> encode_block(ext2_filsys fs, const StoredAttributes& list) {
    std::vector<std::byte> area(fs->blocksize);
    encode_attributes(list, area, header_size, EntryHashes::yes);
    ext2_ext_attr_header header{};
    header.h_magic = EXT2_EXT_ATTR_MAGIC;
    header.h_refcount = 1;
    header.h_blocks = 1;
    header.h_hash = hash_of_entries(area);
    std::memcpy(area.data(), &header, sizeof header);
    return area;
}

/// One inode less names the block; the last one frees it.
Result<void> let_go(Access access, InodeRecord& inode, const AttributeSets& old) {
    if (old.sharers > 1) {
        QUIRE_TRY_ASSIGN(std::vector<std::byte> area,
                         read_attribute_block(access.fs, inode.number(), old.block_number));
        ext2_ext_attr_header header = header_of(area);
        --header.h_refcount;
        std::memcpy(area.data(), &header, sizeof header);
        return write_attribute_block(access.fs, inode.number(), old.block_number, area);
    }
    access.allocator.release({old.block_number, 1}, BlockUse::metadata);
    return {};
}

}  // namespace

bool AttributeSets::owns_value_of(const AttributeName& name) const {
    const StoredAttribute* attribute = find(name);
    if (attribute == nullptr || attribute->value_inode == 0) return false;
    return position_of(body, name) < body.size() || sharers <= 1;
}

const StoredAttribute* AttributeSets::find(const AttributeName& name) const {
    for (const StoredAttributes* list : {&body, &block})
        if (const std::size_t at = position_of(*list, name); at < list->size()) return &(*list)[at];
    return nullptr;
}

bool AttributeSets::erase(const AttributeName& name) {
    const auto is_it = [&](const StoredAttribute& attribute) { return attribute.name == name; };
    return std::erase_if(body, is_it) + std::erase_if(block, is_it) > 0;
}

Result<AttributeSets> load_attributes(ext2_filsys fs, const InodeRecord& inode) {
    AttributeSets sets;
    QUIRE_TRY_ASSIGN(sets.body, load_body(inode));
    sets.block_number = inode.attribute_block();
    if (sets.block_number == 0) return sets;
    QUIRE_TRY_ASSIGN(const std::vector<std::byte> area,
                     read_attribute_block(fs, inode.number(), sets.block_number));
    sets.sharers = header_of(area).h_refcount;
    QUIRE_TRY_ASSIGN(sets.block, decode_attributes(inode.number(), area, header_size));
    return sets;
}

bool place_attribute(ext2_filsys fs, const InodeRecord& inode, AttributeSets& sets,
                     StoredAttribute attribute) {
    sets.body.push_back(attribute);
    if (fits_body(inode, sets.body)) return true;
    sets.body.pop_back();
    sets.block.push_back(std::move(attribute));
    if (fits_block(fs, sets.block)) return true;

    // Small ones into the body, so that the block keeps the room.
    StoredAttributes all = std::move(sets.block);
    StoredAttributes body;
    for (StoredAttribute& one : sets.body)
        (one.name.is_inline_data() ? body : all).push_back(std::move(one));
    std::ranges::stable_sort(all, {}, &StoredAttribute::size);
    StoredAttributes block;
    for (StoredAttribute& one : all) {
        body.push_back(one);
        if (fits_body(inode, body)) continue;
        body.pop_back();
        block.push_back(std::move(one));
    }
    sets.body = std::move(body);
    sets.block = std::move(block);
    return fits_block(fs, sets.block);
}

Result<void> exchange_attributes(Access access, InodeRecord& inode, const AttributeSets& old,
                                 AttributeSets wanted) {
    InodeRecord changed = inode;
    sort_block(wanted.block);
    if (!store_body(changed, wanted.body) || !fits_block(access.fs, wanted.block))
        return fail(std::errc::no_space_on_device, "the attributes do not fit");
    const ext2_ino_t number = inode.number();
    if (wanted.block.empty()) {
        if (old.block_number != 0) {
            QUIRE_TRY(let_go(access, changed, old));
            changed.set_attribute_block(access.fs, 0);
            QUIRE_TRY(changed.account(access.fs, -1));
        }
    } else if (wanted.block != old.block) {
        std::vector<std::byte> area = encode_block(access.fs, wanted.block);
        if (old.block_number != 0 && old.sharers == 1) {
            QUIRE_TRY(write_attribute_block(access.fs, number, old.block_number, area));
        } else {
            if (old.block_number == 0) QUIRE_TRY(changed.account(access.fs, 1));
            const std::uint64_t goal =
                old.block_number != 0 ? old.block_number : home_of(access.fs, number);
            QUIRE_TRY_ASSIGN(const BlockRun run,
                             access.allocator.allocate(goal, 1, BlockUse::metadata));
            auto done = write_attribute_block(access.fs, number, run.start, area);
            if (done && old.block_number != 0) done = let_go(access, changed, old);
            if (!done) {
                access.allocator.release(run, BlockUse::metadata);
                return done;
            }
            changed.set_attribute_block(access.fs, run.start);
        }
    }
    inode = std::move(changed);
    return {};
}

}  // namespace quire::ext
