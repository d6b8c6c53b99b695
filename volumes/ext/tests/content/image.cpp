// SPDX-License-Identifier: MIT

#include "tests/content/image.hpp"

#include <fmt/core.h>

#include <array>
#include <cstdio>
#include <stdexcept>

#include "errors.hpp"

namespace quire::ext::content_tests {

Output run(const std::string& command) {
    Output output;
    FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "r");
    if (pipe == nullptr) return output;
    std::array<char, 4096> buffer;
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        output.text.append(buffer.data(), n);
    output.status = WEXITSTATUS(pclose(pipe));
    return output;
}

Result<BlockRun> BitmapAllocator::allocate(std::uint64_t goal, std::uint64_t want, BlockUse) {
    if (goal <= fs_->super->s_first_data_block || goal >= ext2fs_blocks_count(fs_->super))
        goal = fs_->super->s_first_data_block + 1;
    blk64_t start = 0;
    if (left == 0 || ext2fs_new_block2(fs_, goal, nullptr, &start) != 0)
        return fail(std::errc::no_space_on_device);
    std::uint64_t count = 0;
    while (count < std::min({want, longest, left}) &&
           start + count < ext2fs_blocks_count(fs_->super) &&
           ext2fs_test_block_bitmap2(fs_->block_map, start + count) == 0) {
        ext2fs_block_alloc_stats2(fs_, start + count, +1);
        ++count;
    }
    left -= count;
    return BlockRun{start, count};
}

void BitmapAllocator::release(BlockRun run, BlockUse use) {
    for (std::uint64_t i = 0; i < run.count; ++i) {
        if (ext2fs_test_block_bitmap2(fs_->block_map, run.start + i) == 0) continue;
        ext2fs_block_alloc_stats2(fs_, run.start + i, -1);
        if (use == BlockUse::metadata) ++released_metadata;
        if (left != ~std::uint64_t{0}) ++left;
    }
}

void BitmapAllocator::release_inode(ext2_ino_t inode) {
    ext2fs_inode_alloc_stats2(fs_, inode, -1, 0);
}

/// The manager that a channel is given instead of its own: forwards and counts.
struct Image::Counting : struct_io_manager {
    io_manager real;
    std::uint64_t reads = 0;
    std::uint64_t writes = 0;

    explicit Counting(io_manager manager) : struct_io_manager(*manager), real(manager) {
        read_blk64 = [](io_channel channel, unsigned long long block, int count,
                        void* data) -> errcode_t {
            auto* self = static_cast<Counting*>(channel->manager);
            ++self->reads;
            return self->real->read_blk64(channel, block, count, data);
        };
        write_blk64 = [](io_channel channel, unsigned long long block, int count,
                         const void* data) -> errcode_t {
            auto* self = static_cast<Counting*>(channel->manager);
            ++self->writes;
            return self->real->write_blk64(channel, block, count, data);
        };
    }
};

Image::Image(std::string_view arguments, std::string_view size)
    : path_(directory_ / "image"), counting_(std::make_unique<Counting>(unix_io_manager)) {
    const Output made = run(fmt::format("mke2fs -F -q -E lazy_itable_init=1,nodiscard {} {} {}",
                                        arguments, path_.string(), size));
    if (made.status != 0) throw std::runtime_error(made.text);
    open();
}

Image::~Image() {
    if (fs_ != nullptr) ext2fs_free(fs_);
}

void Image::open() {
    const errcode_t code =
        ext2fs_open(path_.c_str(), EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0, unix_io_manager, &fs_);
    if (code != 0) throw std::runtime_error(to_error(code, "opening a test image").message());
    counting_->reads = counting_->writes = 0;
    fs_->io->manager = counting_.get();
    if (const errcode_t bitmaps = ext2fs_read_bitmaps(fs_); bitmaps != 0)
        throw std::runtime_error("the bitmaps can't be read");
    allocator_ = std::make_unique<BitmapAllocator>(fs_);
}

void Image::reopen() {
    ext2fs_free(fs_);
    open();
}

void Image::save() {
    ASSERT_EQ(ext2fs_write_bitmaps(fs_), 0);
    ASSERT_EQ(ext2fs_flush2(fs_, EXT2_FLAG_FLUSH_NO_SYNC), 0);
    ASSERT_EQ(io_channel_flush(fs_->io), 0);
}

void Image::expect_clean() {
    save();
    const Output verdict = run("e2fsck -fn " + path_.string());
    EXPECT_EQ(verdict.status, 0) << verdict.text;
}

InodeRecord Image::new_inode(std::uint32_t mode) {
    ext2_ino_t number = 0;
    if (ext2fs_new_inode(fs_, EXT2_ROOT_INO, static_cast<int>(mode), nullptr, &number) != 0)
        throw std::runtime_error("no inode is left");
    ext2fs_inode_alloc_stats2(fs_, number, +1, LINUX_S_ISDIR(mode) ? 1 : 0);
    InodeRecord inode(fs_, number);
    inode->i_mode = static_cast<__u16>(mode);
    inode->i_links_count = 1;
    return inode;
}

void Image::name_in_root(const InodeRecord& inode, const std::string& name) {
    ASSERT_TRUE(succeeded(inode.write(fs_)));
    const int type = LINUX_S_ISDIR(inode->i_mode) ? EXT2_FT_DIR : EXT2_FT_REG_FILE;
    errcode_t code = ext2fs_link(fs_, EXT2_ROOT_INO, name.c_str(), inode.number(), type);
    if (code == EXT2_ET_DIR_NO_SPACE) {
        ASSERT_EQ(ext2fs_expand_dir(fs_, EXT2_ROOT_INO), 0);
        code = ext2fs_link(fs_, EXT2_ROOT_INO, name.c_str(), inode.number(), type);
    }
    ASSERT_EQ(code, 0);
    if (!LINUX_S_ISDIR(inode->i_mode)) return;
    InodeRecord root = value(InodeRecord::read(fs_, EXT2_ROOT_INO));
    ++root->i_links_count;
    ASSERT_TRUE(succeeded(root.write(fs_)));
}

std::uint64_t Image::reads() const {
    return counting_->reads;
}

std::uint64_t Image::writes() const {
    return counting_->writes;
}

std::string Image::debugfs(const std::string& request) {
    save();
    return run(fmt::format("debugfs -R '{}' {} 2>/dev/null", request, path_.string())).text;
}

}  // namespace quire::ext::content_tests
