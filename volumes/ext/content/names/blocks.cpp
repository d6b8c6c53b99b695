// SPDX-License-Identifier: MIT

#include "content/names/blocks.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "content/block_io.hpp"
#include "content/mapping.hpp"
#include "errors.hpp"

namespace quire::ext {

namespace {

constexpr std::uint64_t blocks_at_once = 64;
constexpr std::uint8_t checksum_type = 0xde;

struct ChecksumRecord {
    std::uint32_t inode;
    std::uint16_t length;
    std::uint8_t name_length;
    std::uint8_t type;
    std::uint32_t checksum;
};
static_assert(sizeof(ChecksumRecord) == checksum_record);

bool has_checksums(ext2_filsys fs) {
    return ext2fs_has_feature_metadata_csum(fs->super);
}

}  // namespace

DirectoryBlocks::DirectoryBlocks(ext2_filsys fs, const InodeRecord& inode)
    : fs_(fs), inode_(inode), format_(fs), count_(inode.size() / fs->blocksize) {}

Result<void> DirectoryBlocks::verify(const DirectoryBlock& block) const {
    if (const char* fault = find_fault(format_, block.bytes); fault != nullptr)
        return corrupt_inode(inode_.number(), fault);
    if (!verifies_checksums(fs_)) return {};
    auto* first = reinterpret_cast<ext2_dir_entry*>(const_cast<std::byte*>(block.bytes.data()));
    if (ext2fs_dir_block_csum_verify(fs_, inode_.number(), first) == 0)
        return corrupt_inode(inode_.number(), "a block of the directory has a wrong checksum");
    return {};
}

Result<DirectoryBlock*> DirectoryBlocks::get(std::uint64_t logical) {
    if (const auto known = blocks_.find(logical); known != blocks_.end()) return &known->second;
    if (logical >= count_)
        return corrupt_inode(inode_.number(), "the directory refers to a block behind its end");
    QUIRE_TRY_ASSIGN(const auto list, map(fs_, inode_, logical, 1));
    if (!list.front().is_data()) return corrupt_inode(inode_.number(), "the directory has a hole");
    DirectoryBlock block{.logical = logical, .physical = list.front().physical, .bytes = {}};
    block.bytes.resize(fs_->blocksize);
    QUIRE_TRY(read_blocks(fs_, block.physical, block.bytes));
    QUIRE_TRY(verify(block));
    return &blocks_.emplace(logical, std::move(block)).first->second;
}

void DirectoryBlocks::drop(std::uint64_t logical) {
    const auto known = blocks_.find(logical);
    if (known != blocks_.end() && !known->second.dirty) blocks_.erase(known);
}

Result<void> DirectoryBlocks::scan(
    std::uint64_t first, const std::function<Result<bool>(const DirectoryBlock&)>& visit) {
    std::vector<std::byte> run;
    DirectoryBlock block;
    while (first < count_) {
        QUIRE_TRY_ASSIGN(const auto list, map(fs_, inode_, first, count_ - first, 1));
        const Extent& extent = list.front();
        const std::uint64_t some = std::min(extent.count, blocks_at_once);
        if (!extent.is_data()) {
            first += extent.count;
            continue;
        }
        // A single block is read where it is looked at: most directories have no other.
        block.bytes.resize(fs_->blocksize);
        std::span<std::byte> memory(block.bytes);
        if (some > 1) {
            run.resize(some * fs_->blocksize);
            memory = run;
        }
        QUIRE_TRY(read_blocks(fs_, extent.physical, memory));
        for (std::uint64_t i = 0; i < some; ++i) {
            block.logical = first + i;
            block.physical = extent.physical + i;
            if (some > 1)
                std::ranges::copy(memory.subspan(i * fs_->blocksize, fs_->blocksize),
                                  block.bytes.begin());
            QUIRE_TRY(verify(block));
            QUIRE_TRY_ASSIGN(const bool more, visit(block));
            if (!more) return {};
        }
        first += some;
    }
    return {};
}

std::size_t DirectoryBlocks::area_size() const {
    return has_checksums(fs_) ? fs_->blocksize - checksum_record : fs_->blocksize;
}

Result<std::span<std::byte>> DirectoryBlocks::area(DirectoryBlock& block) const {
    const auto area = std::span(block.bytes).first(area_size());
    if (area.size() < block.bytes.size() && find_fault(format_, area) != nullptr)
        return corrupt_inode(inode_.number(), "a block of the directory has no checksum");
    return area;
}

DirectoryEdit::DirectoryEdit(Access access, InodeRecord& inode)
    : DirectoryBlocks(access.fs, inode), access_(access), changed_(inode), count_before_(count_) {}

DirectoryEdit::~DirectoryEdit() {
    // Cutting off the end needs no space, so nothing but the device could fail here.
    if (!committed_ && count_ > count_before_)
        (void)punch(access_, changed_, count_before_, to_the_end,
                    std::numeric_limits<std::size_t>::max());
}

Result<std::uint64_t> DirectoryEdit::append(std::uint64_t count) {
    const std::uint64_t first = count_;
    const bool large = ext2fs_has_feature_largedir(fs_->super);
    // i_size of a directory has 32 bits; the kernel takes it as signed.
    const std::uint64_t limit =
        large ? std::uint64_t{1} << 32 : (std::uint64_t{1} << 31) / fs_->blocksize - 1;
    if (first + count > limit)
        return fail(std::errc::no_space_on_device, "the directory is as large as it may be");
    // Blocks behind the end, left by others, would come back with what they hold.
    QUIRE_TRY(punch(access_, changed_, first, to_the_end));
    QUIRE_TRY_ASSIGN(const auto list, allocate(access_, changed_, first, count));
    count_ = first + count;
    for (const Extent& extent : list) {
        for (std::uint64_t i = 0; i < extent.count; ++i) {
            DirectoryBlock block{.logical = extent.logical + i,
                                 .physical = extent.physical + i,
                                 .bytes = std::vector<std::byte>(fs_->blocksize),
                                 .dirty = true};
            clear_records(format_, std::span(block.bytes).first(area_size()));
            if (has_checksums(fs_)) {
                const ChecksumRecord tail{.inode = 0,
                                          .length = checksum_record,
                                          .name_length = 0,
                                          .type = checksum_type,
                                          .checksum = 0};
                std::memcpy(block.bytes.data() + area_size(), &tail, sizeof tail);
            }
            blocks_.insert_or_assign(block.logical, std::move(block));
        }
    }
    const Extent& last = list.back();
    if (last.logical + last.count < first + count) return fail(std::errc::no_space_on_device);
    return first;
}

Result<void> DirectoryEdit::commit() {
    for (auto& [logical, block] : blocks_) {
        if (!block.dirty) continue;
        if (has_checksums(fs_))
            QUIRE_TRY(check(
                ext2fs_dir_block_csum_set(fs_, inode_.number(),
                                          reinterpret_cast<ext2_dir_entry*>(block.bytes.data())),
                "computing the checksum of a directory's block"));
        QUIRE_TRY(write_blocks(fs_, block.physical, block.bytes));
        block.dirty = false;
    }
    if (count_ > count_before_) changed_.set_size(count_ * fs_->blocksize);
    committed_ = true;
    return {};
}

}  // namespace quire::ext
