// SPDX-License-Identifier: MIT

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "content/directory.hpp"
#include "content/mapping.hpp"
#include "tests/content/image.hpp"

namespace quire::ext::content_tests {
namespace {

using Bytes = std::vector<std::byte>;

/// Damages blocks and puts them back. What is read from them may be wrong or an error; it must
/// not crash, hang, or read outside (which the sanitizers see).
class Damage {
public:
    Damage(Image& image, unsigned seed) : image_(image), random_(seed) {
        // Otherwise the checksums would find everything first.
        image.fs()->flags |= EXT2_FLAG_IGNORE_CSUM_ERRORS;
    }

    std::uint64_t pick(std::uint64_t bound) { return random_() % bound; }

    /// Changes a few bytes or words, most of them at the block's beginning.
    void hurt(Bytes& bytes) {
        for (std::uint64_t n = 1 + pick(3); n > 0; --n) {
            const std::uint64_t reach =
                pick(2) == 0 ? std::min<std::uint64_t>(64, bytes.size()) : bytes.size();
            const std::uint64_t at = pick(reach);
            switch (pick(4)) {
                case 0:
                    bytes[at] = std::byte{0};
                    break;
                case 1:
                    bytes[at] = std::byte{0xff};
                    break;
                case 2:
                    bytes[at] ^= static_cast<std::byte>(1u << pick(8));
                    break;
                default:
                    bytes[at] = static_cast<std::byte>(random_());
            }
        }
    }
    Bytes read(std::uint64_t block) {
        Bytes bytes(image_.fs()->blocksize);
        EXPECT_EQ(io_channel_read_blk64(image_.fs()->io, block, 1, bytes.data()), 0);
        return bytes;
    }
    void write(std::uint64_t block, const Bytes& bytes) {
        EXPECT_EQ(io_channel_write_blk64(image_.fs()->io, block, 1, bytes.data()), 0);
    }

private:
    Image& image_;
    std::mt19937 random_;
};

void use_directory(Image& image, const InodeRecord& sound, unsigned step) {
    Directories directories(image.fs(), image.allocator());
    InodeRecord directory = sound;
    std::uint64_t position = 0;
    for (int part = 0; part < 200; ++part) {
        const auto listing = directories.list(directory, position, 50);
        if (!listing || listing->at_end) break;
        ASSERT_GT(listing->next, position);
        position = listing->next;
    }
    (void)directories.lookup(directory, "name-17");
    (void)directories.parent(directory);
    (void)directories.is_empty(directory);
    const NameTarget target{.inode = 11, .type = fs::FileType::directory};
    switch (step % 4) {
        case 0:
            (void)directories.insert(directory, fmt::format("new-{}", step), target);
            break;
        case 1:
            (void)directories.remove(directory, "name-5");
            break;
        case 2:
            (void)directories.replace(directory, "name-7", target);
            break;
        default:
            (void)directories.set_parent(directory, 2);
    }
    (void)directories.insert(directory, std::string(200, 'z'), target);
}

class DamagedContent : public ::testing::TestWithParam<const char*> {};

TEST_P(DamagedContent, damaged_directories_are_errors_at_worst) {
    Image image(GetParam(), "16M");
    Directories directories(image.fs(), image.allocator());
    InodeRecord directory = image.new_inode(LINUX_S_IFDIR | 0755);
    ASSERT_TRUE(succeeded(directories.make_new(directory, EXT2_ROOT_INO)));
    std::vector<InodeRecord> stages{directory};
    for (int i = 0; i < 400; ++i) {
        ASSERT_TRUE(succeeded(directories.insert(directory, fmt::format("name-{}", i),
                                                 {.inode = 11, .type = fs::FileType::regular})));
        if (i == 3 || i == 30) stages.push_back(directory);
    }
    stages.push_back(directory);
    Damage damage(image, 1);
    const auto blocks = directory.size() / image.fs()->blocksize;
    std::vector<std::uint64_t> places;
    std::vector<Bytes> sound;
    for (std::uint64_t i = 0; i < blocks; ++i) {
        places.push_back(value(map(image.fs(), directory, i, 1)).front().physical);
        sound.push_back(damage.read(places.back()));
    }
    for (unsigned step = 0; step < 1500; ++step) {
        InodeRecord victim = stages[step % 3 == 0 ? damage.pick(stages.size()) : stages.size() - 1];
        if (victim.is_inline()) {
            Bytes area(victim.block_area().begin(), victim.block_area().end());
            damage.hurt(area);
            std::ranges::copy(area, victim.block_area().begin());
            Bytes body(victim.attribute_area().begin(), victim.attribute_area().end());
            damage.hurt(body);
            std::ranges::copy(body, victim.attribute_area().begin());
            use_directory(image, victim, step);
            continue;
        }
        const auto logical = damage.pick(2) == 0 ? 0 : damage.pick(blocks);
        Bytes hurt = sound[logical];
        damage.hurt(hurt);
        damage.write(places[logical], hurt);
        use_directory(image, victim, step);
        // The change may have reached any block.
        for (std::size_t i = 0; i < blocks; ++i) damage.write(places[i], sound[i]);
        if (HasFatalFailure()) return;
    }
}

TEST_P(DamagedContent, any_size_of_a_directory_is_bearable) {
    Image image(GetParam(), "16M");
    Directories directories(image.fs(), image.allocator());
    InodeRecord directory = image.new_inode(LINUX_S_IFDIR | 0755);
    ASSERT_TRUE(succeeded(directories.make_new(directory, EXT2_ROOT_INO)));
    for (int i = 0; i < 300; ++i)
        ASSERT_TRUE(succeeded(directories.insert(directory, fmt::format("name-{}", i),
                                                 {.inode = 11, .type = fs::FileType::regular})));
    unsigned step = 0;
    for (const std::uint64_t size :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1023}, std::uint64_t{4096},
          std::uint64_t{1} << 20, std::uint64_t{1} << 31, std::uint64_t{1} << 32,
          std::uint64_t{1} << 42, std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
        for (int kind = 0; kind < 4; ++kind) {
            InodeRecord victim = directory;
            victim.set_size(size);
            use_directory(image, victim, step++);
        }
    }
}

void use_mapping(Image& image, const InodeRecord& sound, Damage& damage, unsigned step) {
    InodeRecord inode = sound;
    (void)map(image.fs(), inode, 0, 100000, 5000);
    (void)next_data(image.fs(), inode, damage.pick(5000), 100000);
    (void)next_hole(image.fs(), inode, damage.pick(5000), 100000);
    switch (step % 3) {
        case 0:
            (void)allocate(image.access(), inode, damage.pick(9000), 1 + damage.pick(9));
            break;
        case 1:
            (void)convert(image.access(), inode, damage.pick(9000), 1 + damage.pick(90));
            break;
        default:
            (void)punch(image.access(), inode, damage.pick(9000), 1 + damage.pick(500), 32);
    }
}

TEST_P(DamagedContent, damaged_mappings_are_errors_at_worst) {
    Image image(GetParam(), "32M");
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    for (std::uint64_t at = 0; at < 8000; at += 3)
        ASSERT_TRUE(succeeded(allocate(image.access(), inode, at, 1)));
    Damage damage(image, 2);
    // Where the mapping itself lies: the blocks that map() reads.
    std::vector<std::uint64_t> nodes;
    const std::uint64_t end = ext2fs_blocks_count(image.fs()->super);
    std::vector<bool> is_data(end);
    for (const Extent& extent : value(map(image.fs(), inode, 0, 8000)))
        if (!extent.is_hole()) is_data[extent.physical] = true;
    ASSERT_TRUE(succeeded(inode.write(image.fs())));
    struct Collect {
        std::vector<std::uint64_t>& nodes;
        std::vector<bool>& is_data;
    } collect{nodes, is_data};
    ASSERT_EQ(ext2fs_block_iterate3(
                  image.fs(), inode.number(), BLOCK_FLAG_READ_ONLY, nullptr,
                  [](ext2_filsys, blk64_t* block, e2_blkcnt_t, blk64_t, int, void* data) {
                      auto* to = static_cast<Collect*>(data);
                      if (!to->is_data[*block]) to->nodes.push_back(*block);
                      return 0;
                  },
                  &collect),
              0);
    ASSERT_FALSE(nodes.empty());
    for (unsigned step = 0; step < 1500; ++step) {
        InodeRecord victim = inode;
        if (step % 3 == 0) {
            Bytes area(victim.block_area().begin(), victim.block_area().end());
            damage.hurt(area);
            std::ranges::copy(area, victim.block_area().begin());
            use_mapping(image, victim, damage, step / 3);
            continue;
        }
        const std::uint64_t node = nodes[damage.pick(nodes.size())];
        const Bytes sound = damage.read(node);
        Bytes hurt = sound;
        damage.hurt(hurt);
        damage.write(node, hurt);
        use_mapping(image, victim, damage, step / 3);
        damage.write(node, sound);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, DamagedContent,
                         ::testing::Values("-t ext2 -b 1024 -O ^dir_index", "-t ext3 -b 1024",
                                           "-t ext4 -b 1024 -O metadata_csum",
                                           "-t ext4 -b 1024 -O inline_data,^dir_index"));

TEST(DamagedTree, a_tree_that_contains_itself_is_an_error) {
    Image image("-t ext4 -b 1024 -O ^metadata_csum", "16M");
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    for (std::uint64_t at = 0; at < 600; at += 2)
        ASSERT_TRUE(succeeded(allocate(image.access(), inode, at, 1)));
    Damage damage(image, 3);
    // The root's first child becomes a node of the level above that names itself.
    const std::uint64_t child = inode->i_block[4];
    Bytes node = damage.read(child);
    node[6] = std::byte{1};
    std::memcpy(node.data() + 16, &child, 4);
    damage.write(child, node);
    EXPECT_EQ(map(image.fs(), inode, 0, 600).error(), std::errc::io_error);
    inode.block_area()[6] = std::byte{2};
    EXPECT_EQ(map(image.fs(), inode, 0, 600).error(), std::errc::io_error);
    inode.block_area()[6] = std::byte{200};
    EXPECT_EQ(map(image.fs(), inode, 0, 600).error(), std::errc::io_error);
}

}  // namespace
}  // namespace quire::ext::content_tests
