// SPDX-License-Identifier: MIT

// How much is read, whatever the size of the image; and who may write.

#include <gmock/gmock.h>

#include "quire/block/file_device.hpp"
#include "quire/testing/recording_device.hpp"
#include "support.hpp"

namespace quire::ext::tests {
namespace {

using ::testing::HasSubstr;

TEST(Bounds, a_file_of_a_sparse_tebibyte_is_found_by_reading_little) {
    SKIP_WITHOUT("mke2fs");
    testing::TemporaryDirectory source;
    run("mkdir -p " + (source / "root/dir").string() + " && echo hello > " +
        (source / "root/dir/file").string());
    Image image(
        {"huge", "-t ext4 -E lazy_itable_init=1,nodiscard -d " + (source / "root").string(), "1T"});
    auto recorder = std::make_shared<testing::RecordingDevice>(
        image.device(false), testing::RecordingDevice::Options{.log = false});
    auto volume = Volume::open(recorder, steady(true));
    ASSERT_OK(volume);
    // The descriptors of 8192 groups are 512 KiB, or 128 blocks; besides the superblock nothing
    // else is read.
    EXPECT_LE(recorder->counts().blocks_read, 140u);
    recorder->reset();
    Session session(*volume);
    EXPECT_EQ(session.read("dir/file").value(), "hello\n");
    // Inode and block of the root, of the directory, of the file.
    EXPECT_LE(recorder->counts().blocks_read, 8u);
    recorder->reset();
    EXPECT_OK(session.list("dir"));
    EXPECT_OK(session.stat("dir/file"));
    EXPECT_LE(recorder->counts().blocks_read, 2u);
}

TEST(Bounds, a_name_among_a_hundred_thousand_is_found_by_reading_little) {
    SKIP_WITHOUT("mke2fs");
    for (const char* options :
         {"-t ext4 -b 4096 -N 110000", "-t ext2 -b 4096 -O ^dir_index -N 110000"}) {
        Image image({"names", options, "256M"});
        {
            Session session = Session::open(image, steady());
            ASSERT_OK(session.mkdir("dir"));
            const auto directory = session.find("dir").value();
            const auto file = session.create("file").value();
            ASSERT_OK(session->lookup(session.call(), session->root(session.call())->node,
                                      *Name::parse("file")));
            // Links are names too, and cheaper than files.
            std::uint64_t made = 0;
            fs::Cookie node = file.node;
            for (int i = 0; i < 100'000; ++i) {
                if (made++ % 60'000 == 0) {
                    const auto next =
                        session->create(session.call(), directory.node,
                                        *Name::parse("first" + std::to_string(i)), {0644, 0, 0});
                    ASSERT_OK(next);
                    node = next->node;
                }
                ASSERT_OK(session->link(session.call(), node, directory.node,
                                        *Name::parse("name" + std::to_string(i))));
            }
            ASSERT_OK(session->unmount(session.call(), true));
        }
        EXPECT_TRUE(clean(image));
        auto recorder = std::make_shared<testing::RecordingDevice>(
            image.device(false), testing::RecordingDevice::Options{.log = false});
        auto volume = Volume::open(recorder, steady(true));
        ASSERT_OK(volume);
        Session session(*volume);
        EXPECT_OK(session.stat("dir/name77777"));
        recorder->reset();
        for (int i = 1; i < 100; ++i)
            EXPECT_OK(session.stat("dir/name" + std::to_string(i * 1000)));
        EXPECT_LE(recorder->counts().blocks_read, 3u * 99u);
    }
}

TEST(Bounds, memory_for_changed_blocks_stays_within_its_budget) {
    SKIP_WITHOUT("mke2fs");
    Image image({"ext4", "-t ext4 -b 1024", "64M"});
    Options options = steady();
    options.cache_budget = 256 * 1024;
    auto recorder = std::make_shared<testing::RecordingDevice>(
        image.device(), testing::RecordingDevice::Options{.log = false});
    auto volume = Volume::open(recorder, options);
    ASSERT_OK(volume);
    Session session(*volume);
    for (int i = 0; i < 3000; ++i) ASSERT_OK(session.create("file" + std::to_string(i)));
    // More than fits was changed, so it was committed without being asked.
    EXPECT_GT(recorder->counts().flushes, 2u);
    ASSERT_OK(session.unmount());
    EXPECT_TRUE(clean(image));
}

/// Counts the seconds that a writer waits for others; while waiting something may happen.
struct Waiting {
    std::chrono::seconds waited{0};
    std::function<void()> meanwhile = [] {};

    Options options() {
        Options options = steady();
        options.wait = [this](std::chrono::seconds time) {
            waited += time;
            meanwhile();
        };
        return options;
    }
};

TEST(MultiMountProtection, a_writer_claims_and_lets_go_and_a_reader_does_not_care) {
    SKIP_WITHOUT("mke2fs");
    Image image({"mmp", "-t ext4 -O mmp"});
    Waiting waiting;
    {
        Session session = Session::open(image, waiting.options());
        EXPECT_EQ(waiting.waited.count(), 11);
        EXPECT_THAT(image.debugfs("dump_mmp"), HasSubstr("node_name: quire"));
        ASSERT_OK(session.create("file", "x"));
        ASSERT_OK(session.unmount());
    }
    EXPECT_TRUE(clean(image));
    EXPECT_THAT(image.debugfs("dump_mmp"), HasSubstr("sequence: ff4d4d50"));
    Options reading = steady(true);
    reading.wait = [](std::chrono::seconds) { FAIL() << "a reader waits"; };
    EXPECT_OK(Volume::open(image.device(false), reading));
}

TEST(MultiMountProtection, a_filesystem_in_use_elsewhere_is_refused) {
    SKIP_WITHOUT("mke2fs");
    Image image({"mmp", "-t ext4 -O mmp"});
    // Another machine writes its number while we wait.
    const auto device = image.device();
    std::vector<std::byte> block(4096);
    std::uint64_t at = 0;
    for (std::uint64_t i = 1; at == 0 && i < 4096; ++i) {
        ASSERT_OK(device->read(i * 4096, block));
        if (block[0] == std::byte{0x50} && block[1] == std::byte{0x4d} &&
            block[2] == std::byte{0x4d})
            at = i * 4096;
    }
    if (at == 0) GTEST_SKIP() << "blocks of another size";
    Waiting waiting;
    waiting.meanwhile = [&] {
        const std::byte other[4] = {std::byte{7}, std::byte{7}, std::byte{7}, std::byte{0}};
        ASSERT_OK(device->read(at, block));
        std::ranges::copy(other, block.begin() + 4);
        ASSERT_OK(device->write(at, block));
    };
    const auto opened = Volume::open(device, waiting.options());
    ASSERT_FALSE(opened.has_value());
}

}  // namespace
}  // namespace quire::ext::tests
