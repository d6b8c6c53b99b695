// SPDX-License-Identifier: MIT

// What format() makes is judged by e2fsck, by dumpe2fs against mke2fs, and by the kernel.

#include "quire/volumes/ext/format.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "quire/base/units.hpp"
#include "quire/block/file_device.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::ext {
namespace {

struct Shape {
    Type type;
    std::uint64_t size;
    std::uint32_t block_size;
    bool zeroed;
};

std::string output_of(const std::string& command) {
    std::string text;
    std::array<char, 4096> piece{};
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), pipe))
        text.append(piece.data(), got);
    const int status = ::pclose(pipe);
    // A broken bitmap makes e2fsck list every block: the head and the tail say enough.
    constexpr std::size_t enough = 2000;
    if (text.size() > 2 * enough) text.erase(enough, text.size() - 2 * enough);
    return text + fmt::format("[status {}]\n", status >> 8);
}

FormatOptions options_of(const Shape& shape) {
    FormatOptions options;
    options.type = shape.type;
    options.block_size = shape.block_size;
    options.label = "a label of 16 by";
    options.uuid = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x4d, 0xef, 0x81, 1, 2, 3, 4, 5, 6, 7};
    options.hash_seed = {1, 2, 3, 4, 5, 6, 0x47, 8, 0x89, 1, 2, 3, 4, 5, 6, 7};
    options.time = {1'700'000'000, 0};
    options.device_is_zero = shape.zeroed;
    return options;
}

class Format : public ::testing::TestWithParam<Shape> {};

TEST_P(Format, is_clean_to_e2fsck_and_has_the_features_of_mke2fs) {
    const Shape shape = GetParam();
    const quire::testing::TemporaryDirectory directory;
    const std::string ours = directory / "ours.img";
    const std::string theirs = directory / "theirs.img";
    {
        auto device = *block::FileDevice::create(ours, shape.size, {.writable = true});
        if (!shape.zeroed) {
            const std::vector<std::byte> rubbish(shape.size, std::byte{0xA5});
            ASSERT_TRUE(device->write(0, rubbish));
        }
        const auto made = format(*device, options_of(shape));
        ASSERT_TRUE(made) << made.error().message();
    }
    const std::string verdict = output_of("e2fsck -fn " + ours);
    EXPECT_NE(verdict.find("[status 0]"), verdict.npos) << verdict;

    const std::string type = shape.type == Type::ext2   ? "ext2"
                             : shape.type == Type::ext3 ? "ext3"
                                                        : "ext4";
    output_of(fmt::format("truncate -s {} {}", shape.size, theirs));
    const std::string peer = output_of(
        fmt::format("mke2fs -q -F -t {} -b {} -i 16384 {}", type, shape.block_size, theirs));
    ASSERT_NE(peer.find("[status 0]"), peer.npos) << peer;
    for (const char* fact :
         {"Filesystem features", "Default mount options", "Block count", "Reserved block count",
          "Inode size", "Block size", "Blocks per group", "Flex block group size",
          "Total journal size", "Required extra isize", "Default directory hash"}) {
        const std::string line =
            fmt::format("sh -c 'dumpe2fs -h {{}} 2>/dev/null | grep \"^{}\"'", fact);
        EXPECT_EQ(output_of(fmt::format(fmt::runtime(line), ours)),
                  output_of(fmt::format(fmt::runtime(line), theirs)));
    }
}

TEST_P(Format, gives_the_same_bytes_for_the_same_options) {
    const Shape shape = GetParam();
    auto one = std::make_unique<block::MemoryDevice>(shape.size);
    auto two = std::make_unique<block::MemoryDevice>(shape.size);
    ASSERT_TRUE(format(*one, options_of(shape)));
    ASSERT_TRUE(format(*two, options_of(shape)));
    std::vector<std::byte> a(1 * MiB);
    std::vector<std::byte> b(1 * MiB);
    for (std::uint64_t offset = 0; offset < shape.size; offset += a.size()) {
        const auto length = std::min<std::uint64_t>(a.size(), shape.size - offset);
        ASSERT_TRUE(one->read(offset, std::span(a).first(length)));
        ASSERT_TRUE(two->read(offset, std::span(b).first(length)));
        ASSERT_EQ(a, b) << "at " << offset;
    }
}

TEST_P(Format, is_mounted_by_the_kernel) {
    if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
    const Shape shape = GetParam();
    const quire::testing::TemporaryDirectory directory;
    const std::string image = directory / "image";
    const std::string point = directory / "point";
    std::filesystem::create_directory(point);
    {
        auto device = *block::FileDevice::create(image, shape.size, {.writable = true});
        ASSERT_TRUE(format(*device, options_of(shape)));
    }
    const std::string mounted = output_of(fmt::format("mount -o loop {} {}", image, point));
    if (mounted.find("loop device") != mounted.npos) GTEST_SKIP() << mounted;
    ASSERT_NE(mounted.find("[status 0]"), mounted.npos) << mounted;
    std::ofstream(point + "/file") << std::string(100'000, 'x');
    EXPECT_TRUE(std::filesystem::exists(point + "/lost+found"));
    EXPECT_EQ(std::filesystem::file_size(point + "/file"), 100'000u);
    ASSERT_EQ(::umount2(point.c_str(), 0), 0);
    const std::string verdict = output_of("e2fsck -fn " + image);
    EXPECT_NE(verdict.find("[status 0]"), verdict.npos) << verdict;
}

INSTANTIATE_TEST_SUITE_P(Shapes, Format,
                         ::testing::Values(Shape{Type::ext2, 1 * MiB, 1024, true},
                                           Shape{Type::ext2, 64 * MiB, 4096, false},
                                           Shape{Type::ext3, 40 * MiB, 1024, true},
                                           Shape{Type::ext3, 64 * MiB, 2048, false},
                                           Shape{Type::ext4, 2 * MiB, 1024, true},
                                           Shape{Type::ext4, 50 * MiB + 12345, 1024, false},
                                           Shape{Type::ext4, 300 * MiB, 4096, true},
                                           Shape{Type::ext4, 64 * MiB, 4096, false}),
                         [](const auto& given) {
                             const Shape& shape = given.param;
                             return fmt::format("ext{}_{}MiB_of_{}_{}",
                                                static_cast<int>(shape.type) + 2, shape.size / MiB,
                                                shape.block_size, shape.zeroed ? "zeroed" : "used");
                         });

TEST(Format, of_a_terabyte_writes_little) {
    const quire::testing::TemporaryDirectory directory;
    const std::string image = directory / "image";
    auto device = *block::FileDevice::create(image, 1 * TiB, {.writable = true});
    FormatOptions options = options_of({Type::ext4, 1 * TiB, 4096, true});
    ASSERT_TRUE(format(*device, options));
    std::uint64_t held = 0;
    for (std::uint64_t at = 0;;) {
        const block::Range data = *device->next_data(at);
        if (data.length == 0) break;
        held += data.length;
        at = data.offset + data.length;
    }
    EXPECT_LT(held, 40 * MiB);
    const std::string facts = output_of("dumpe2fs -h " + image);
    EXPECT_NE(facts.find("[status 0]"), facts.npos) << facts;
}

TEST(Format, refuses_what_cannot_be) {
    auto tiny = std::make_unique<block::MemoryDevice>(20 * KiB);
    EXPECT_EQ(format(*tiny, {}).error(), std::errc::no_space_on_device);
    auto device = std::make_unique<block::MemoryDevice>(8 * MiB);
    FormatOptions options;
    options.block_size = 512;
    EXPECT_EQ(format(*device, options).error(), std::errc::invalid_argument);
    options = {};
    options.label = "seventeen letters";
    EXPECT_EQ(format(*device, options).error(), std::errc::invalid_argument);
}

class SizeFor : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SizeFor, leaves_room_for_the_demand_and_wastes_little) {
    for (const Type type : {Type::ext2, Type::ext4}) {
        FormatOptions options;
        options.type = type;
        options.reserved_percent = 0;
        options.device_is_zero = true;
        const Demand demand{GetParam(), GetParam() / 8};
        options.inodes = static_cast<std::uint32_t>(demand.inodes + 16);
        const std::uint64_t size = size_for(demand, options, 4096, 0);
        const quire::testing::TemporaryDirectory directory;
        const std::string image = directory / "image";
        auto device = *block::FileDevice::create(image, size, {.writable = true});
        options.block_size = 4096;
        const auto made = format(*device, options);
        ASSERT_TRUE(made) << made.error().message();
        const std::string facts = output_of("dumpe2fs -h " + image);
        const auto number = [&](const std::string& name) {
            const std::size_t at = facts.find(name);
            return std::stoull(facts.substr(facts.find_first_of("0123456789", at + name.size())));
        };
        const std::uint64_t free = number("Free blocks:");
        EXPECT_GE(free, demand.content_blocks);
        EXPECT_LE(free, demand.content_blocks + demand.content_blocks / 8 + 1300);
        EXPECT_GE(number("Free inodes:"), demand.inodes);
    }
}

INSTANTIATE_TEST_SUITE_P(Demands, SizeFor, ::testing::Values(10, 1000, 30'000, 60'000, 2'000'000));

}  // namespace
}  // namespace quire::ext
