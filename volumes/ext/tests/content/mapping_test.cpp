// SPDX-License-Identifier: MIT

#include "content/mapping.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/content/image.hpp"

namespace quire::ext::content_tests {
namespace {

enum class State : std::uint8_t { hole, data, unwritten };

/// What a file should look like, block by block.
class Model {
public:
    explicit Model(std::uint64_t blocks) : states_(blocks) {}

    void set(std::uint64_t first, std::uint64_t count, State state) {
        for (std::uint64_t i = first; i < first + count; ++i) states_[i] = state;
    }
    void fill_holes(std::uint64_t first, std::uint64_t count, State state) {
        for (std::uint64_t i = first; i < first + count; ++i)
            if (states_[i] == State::hole) states_[i] = state;
    }
    void convert(std::uint64_t first, std::uint64_t count) {
        for (std::uint64_t i = first; i < first + count; ++i)
            if (states_[i] == State::unwritten) states_[i] = State::data;
    }
    State at(std::uint64_t block) const { return states_[block]; }
    std::uint64_t size() const { return states_.size(); }

private:
    std::vector<State> states_;
};

State state_of(const Extent& extent) {
    if (extent.is_hole()) return State::hole;
    return extent.unwritten ? State::unwritten : State::data;
}

void expect_like(const Model& model, const std::vector<Extent>& list, std::uint64_t first,
                 std::uint64_t count) {
    std::uint64_t at = first;
    for (const Extent& extent : list) {
        ASSERT_EQ(extent.logical, at);
        ASSERT_GT(extent.count, 0u);
        for (std::uint64_t i = 0; i < extent.count; ++i)
            ASSERT_EQ(state_of(extent), model.at(at + i)) << "block " << at + i;
        at += extent.count;
    }
    ASSERT_EQ(at, first + count);
}

/// libext2fs's own view, block by block.
void expect_like_the_library(Image& image, const InodeRecord& inode, std::uint64_t blocks) {
    ASSERT_TRUE(succeeded(inode.write(image.fs())));
    const auto list = value(map(image.fs(), inode, 0, blocks));
    for (const Extent& extent : list) {
        for (std::uint64_t i = 0; i < extent.count; ++i) {
            blk64_t physical = 0;
            int flags = 0;
            InodeRecord copy = inode;
            ASSERT_EQ(ext2fs_bmap2(image.fs(), inode.number(), copy.base(), nullptr, 0,
                                   extent.logical + i, &flags, &physical),
                      0);
            ASSERT_EQ(physical, extent.is_hole() ? 0 : extent.physical + i);
            ASSERT_EQ((flags & BMAP_RET_UNINIT) != 0, extent.unwritten);
        }
    }
}

class Mapping : public ::testing::TestWithParam<Format> {};

TEST_P(Mapping, random_changes_agree_with_a_model) {
    for (unsigned seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        Image image(GetParam().arguments, "48M");
        std::mt19937 random(seed);
        const auto pick = [&](std::uint64_t bound) { return random() % bound; };
        const std::uint64_t blocks = 12 + 256 + 3000;
        Model model(blocks);
        InodeRecord inode = image.new_inode(file_mode);
        make_empty_mapping(image.fs(), inode);
        const std::uint64_t free_before = ext2fs_free_blocks_count(image.fs()->super);
        const bool extents = inode.uses_extents();

        for (int step = 0; step < 600; ++step) {
            const std::uint64_t first = pick(blocks);
            const std::uint64_t count =
                1 + pick(std::min<std::uint64_t>(blocks - first, pick(4) == 0 ? 2000 : 12));
            image.allocator().longest = pick(3) == 0 ? 1 + pick(8) : 100000;
            switch (pick(5)) {
                case 0:
                case 1: {
                    const auto got = allocate(image.access(), inode, first, count);
                    ASSERT_TRUE(succeeded(got));
                    model.fill_holes(first, count, State::data);
                    expect_like(model, *got, first, count);
                    break;
                }
                case 2: {
                    const auto got =
                        allocate(image.access(), inode, first, count, {.unwritten = true});
                    ASSERT_TRUE(succeeded(got));
                    model.fill_holes(first, count, extents ? State::unwritten : State::data);
                    break;
                }
                case 3:
                    ASSERT_TRUE(succeeded(convert(image.access(), inode, first, count)));
                    model.convert(first, count);
                    break;
                default: {
                    std::uint64_t end = first + count;
                    for (;;) {
                        const auto progress = punch(image.access(), inode, first, end - first, 16);
                        ASSERT_TRUE(succeeded(progress));
                        if (progress->done) break;
                        ASSERT_LT(progress->remaining_end, end);
                        end = progress->remaining_end;
                    }
                    model.set(first, count, State::hole);
                }
            }
            const std::uint64_t from = pick(blocks);
            const std::uint64_t length = 1 + pick(blocks - from);
            expect_like(model, value(map(image.fs(), inode, from, length)), from, length);
        }
        expect_like(model, value(map(image.fs(), inode, 0, blocks)), 0, blocks);
        expect_like_the_library(image, inode, blocks);

        inode.set_size(blocks * image.fs()->blocksize);
        image.name_in_root(inode, "file");
        image.expect_clean();

        inode = value(InodeRecord::read(image.fs(), inode.number()));
        const auto done = punch(image.access(), inode, 0, to_the_end, 1u << 20);
        ASSERT_TRUE(succeeded(done));
        EXPECT_TRUE(done->done);
        EXPECT_EQ(inode->i_blocks, 0u);
        EXPECT_EQ(ext2fs_free_blocks_count(image.fs()->super), free_before);
        ASSERT_TRUE(succeeded(inode.write(image.fs())));
        image.expect_clean();
    }
}

TEST_P(Mapping, far_blocks_of_a_sparse_file_cost_little) {
    Image image(GetParam().arguments, "48M");
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    const std::uint64_t last = maximum_size(image.fs(), inode) / image.fs()->blocksize - 1;
    ASSERT_TRUE(succeeded(allocate(image.access(), inode, 5, 1)));
    ASSERT_TRUE(succeeded(allocate(image.access(), inode, last, 1)));
    const std::uint64_t before = image.reads();
    const auto list = value(map(image.fs(), inode, 0, last + 1));
    EXPECT_LE(image.reads() - before, 8u);
    ASSERT_EQ(list.size(), 4u);
    EXPECT_EQ(value(next_data(image.fs(), inode, 6, last + 1)), last);
    EXPECT_EQ(value(next_hole(image.fs(), inode, 5, last + 1)), 6u);
    EXPECT_EQ(value(next_hole(image.fs(), inode, last, last + 1)), last + 1);
    EXPECT_EQ(value(next_data(image.fs(), inode, 6, last)), std::nullopt);
    EXPECT_EQ(allocate(image.access(), inode, mappable_blocks(image.fs(), inode), 1).error(),
              std::errc::file_too_large);
    inode.set_size((last + 1) * image.fs()->blocksize);
    ext2fs_set_feature_large_file(image.fs()->super);
    ext2fs_mark_super_dirty(image.fs());
    image.name_in_root(inode, "sparse");
    image.expect_clean();
}

TEST_P(Mapping, a_full_device_gives_a_prefix_and_then_an_error) {
    Image image(GetParam().arguments, "16M");
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    const std::uint64_t free_before = ext2fs_free_blocks_count(image.fs()->super);
    image.allocator().longest = 1;
    const auto got = allocate(image.access(), inode, 0, 40000);
    ASSERT_TRUE(succeeded(got));
    std::uint64_t count = 0;
    for (const Extent& extent : *got) count += extent.count;
    EXPECT_LT(count, 40000u);
    EXPECT_GT(count, free_before * 9 / 10);
    EXPECT_EQ(allocate(image.access(), inode, count, 5).error(), std::errc::no_space_on_device);
    inode.set_size(count * image.fs()->blocksize);
    image.name_in_root(inode, "file");
    image.expect_clean();
}

/// The tree must never be left half-changed: each step with fewer blocks left than it may need.
TEST_P(Mapping, running_out_of_space_anywhere_leaves_a_sound_tree) {
    Image image(GetParam().arguments, "48M");
    std::mt19937 random(7);
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    for (int step = 0; step < 1500; ++step) {
        image.allocator().left = random() % 4;
        image.allocator().longest = 1;
        const std::uint64_t first = random() % 20000;
        if (step % 3 == 2) {
            const auto punched = punch(image.access(), inode, first, 1 + random() % 20);
            if (!punched) {
                ASSERT_EQ(punched.error(), std::errc::no_space_on_device);
            }
        } else {
            const auto got = allocate(image.access(), inode, first, 1 + random() % 3,
                                      {.unwritten = random() % 2 == 0});
            if (!got) {
                ASSERT_EQ(got.error(), std::errc::no_space_on_device);
            }
        }
    }
    inode.set_size(20024 * image.fs()->blocksize);
    image.name_in_root(inode, "file");
    image.expect_clean();
}

TEST_P(Mapping, a_tree_that_shrinks_gives_its_nodes_back) {
    Image image(GetParam().arguments, "48M");
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    std::vector<std::uint64_t> places;
    for (std::uint64_t at = 0; at < 9000; at += 2) {
        ASSERT_TRUE(succeeded(allocate(image.access(), inode, at, 1)));
        places.push_back(at);
    }
    std::ranges::shuffle(places, std::mt19937(4));
    for (const std::uint64_t at : places)
        if (at % 50 != 0) {
            ASSERT_TRUE(succeeded(punch(image.access(), inode, at, 1)));
        }
    inode.set_size(std::uint64_t{9000} * image.fs()->blocksize);
    image.name_in_root(inode, "file");
    image.expect_clean();
    if (!inode.uses_extents()) return;
    const std::uint64_t left = 9000 / 50;
    const std::uint64_t nodes = inode->i_blocks / (image.fs()->blocksize / 512) - left;
    const std::uint64_t capacity = image.fs()->blocksize / 12 - 1;
    // Each leaf at least a third full, and what stands above them.
    EXPECT_LE(nodes, 3 * (left / capacity + 1) + 1);
}

TEST_P(Mapping, writing_in_order_gives_few_runs) {
    Image image(GetParam().arguments, "48M");
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    for (std::uint64_t at = 0; at < 6000; at += 10)
        ASSERT_TRUE(succeeded(allocate(image.access(), inode, at, 10)));
    EXPECT_LE(value(map(image.fs(), inode, 0, 6000)).size(), 40u);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, Mapping,
    ::testing::Values(Format{"ext2_1k", "-t ext2 -b 1024"}, Format{"ext3_4k", "-t ext3 -b 4096"},
                      Format{"ext4_1k", "-t ext4 -b 1024"}, Format{"ext4_4k", "-t ext4 -b 4096"},
                      Format{"ext4_1k_64bit_csum",
                             "-t ext4 -b 1024 -O 64bit,metadata_csum,^resize_inode,meta_bg"}),
    [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace quire::ext::content_tests
