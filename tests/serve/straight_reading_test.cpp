// SPDX-License-Identifier: MIT

// What is brought into memory comes straight from the device: one read for what lies in a row there,
// to where clients see it, through an image inside an image as well.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "quire/base/name.hpp"
#include "quire/base/units.hpp"
#include "quire/block/file_device.hpp"
#include "quire/block/source_device.hpp"
#include "quire/client/context.hpp"
#include "quire/fs/file_source.hpp"
#include "quire/memory/page_pool.hpp"
#include "quire/server/file_server.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::tests {
namespace {

/// A device that says what is read, and to where.
class WatchedDevice final : public block::Device {
public:
    explicit WatchedDevice(std::shared_ptr<block::Device> base) : base_(std::move(base)) {}

    block::Geometry geometry() const override { return base_->geometry(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override {
        note({offset, memory});
        return base_->read(offset, memory);
    }
    Result<void> read_runs(std::span<const block::ReadRun> runs) override {
        for (const block::ReadRun& run : runs) note(run);
        return base_->read_runs(runs);
    }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override {
        return base_->write(offset, memory);
    }
    Result<void> flush() override { return base_->flush(); }
    Result<block::Range> next_data(std::uint64_t offset) override {
        return base_->next_data(offset);
    }
    std::string describe() const override { return base_->describe(); }

    std::vector<block::ReadRun> take() {
        const std::scoped_lock lock(mutex_);
        return std::exchange(reads_, {});
    }

private:
    void note(const block::ReadRun& run) {
        const std::scoped_lock lock(mutex_);
        reads_.push_back(run);
    }

    std::shared_ptr<block::Device> base_;
    std::mutex mutex_;
    std::vector<block::ReadRun> reads_;
};

/// Whether all of it is in memory that is shown to clients, as the kernel tells.
bool is_in_a_segment(std::span<const std::byte> memory) {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t from = 0;
        std::uintptr_t to = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx", &from, &to) != 2) continue;
        if (from <= begin && begin + memory.size() <= to)
            return line.find("/memfd:quire-segment") != std::string::npos;
    }
    return false;
}

/// Bytes of a file that differ from place to place.
std::string content_of_size(std::size_t size) {
    std::string content(size, '\0');
    std::uint64_t word = 1;
    for (std::size_t i = 0; i + 8 <= size; i += 8) {
        word = word * 6364136223846793005U + 1442695040888963407U;
        std::memcpy(content.data() + i, &word, 8);
    }
    return content;
}

class StraightReading : public ::testing::Test {
protected:
    static constexpr std::size_t size = 8 * MiB;

    /// An image that holds `content` as /big, made by mke2fs.
    std::string image_with(const std::string& name, const std::string& file,
                           std::uint64_t megabytes) {
        const std::string image = (directory_ / name).string();
        const std::string tree = image + "-tree";
        shell(fmt::format("mkdir {0} && cp --sparse=never {1} {0}/{2}", tree, file,
                          file.substr(file.rfind('/') + 1)));
        shell(fmt::format("mke2fs -q -t ext4 -d {} {} {}M", tree, image, megabytes));
        return image;
    }
    static void shell(const std::string& command) {
        ASSERT_EQ(std::system(command.c_str()), 0) << command;
    }
    static std::shared_ptr<fs::Tree> tree_on(const std::shared_ptr<block::Device>& device) {
        ext::Options options;
        options.read_only = true;
        return *fs::Tree::open(*ext::Volume::open(device, options));
    }
    std::shared_ptr<WatchedDevice> watched(const std::string& image) {
        return std::make_shared<WatchedDevice>(
            std::shared_ptr<block::Device>(*block::FileDevice::open(image, {})));
    }

    /// Reads all of /big through a server's memory, and answers what that read of the device.
    std::vector<block::ReadRun> read_big(const std::shared_ptr<fs::Tree>& tree,
                                         WatchedDevice& device) {
        const auto pool = *paging::PagePool::create({.budget = 64 * MiB});
        server::FileServer files(tree, server::FileServerOptions{.pages = pool});
        client::Context context{*client::Context::create(
            files.opener(server::Authority(tree, fs::Credentials::root())))};
        client::File file = *context.open("big", "r", {.buffered = false});
        // Where the file lies is known when its first block has been read.
        std::string got(size, '?');
        EXPECT_TRUE(file.pread(0, std::as_writable_bytes(std::span(got).first(1))));
        (void)device.take();
        const auto read = file.pread(0, std::as_writable_bytes(std::span(got)));
        EXPECT_TRUE(read && *read == size);
        EXPECT_TRUE(got == content);
        auto reads = device.take();
        for (const block::ReadRun& run : reads)
            EXPECT_TRUE(is_in_a_segment(run.memory)) << run.offset << ' ' << run.memory.size();
        return reads;
    }
    /// Each byte once, and as few reads as there are places where it does not go on, on the device or in
    /// memory.
    static void expect_straight(std::vector<block::ReadRun> reads, std::size_t most) {
        std::size_t sum = 0;
        for (const block::ReadRun& run : reads) sum += run.memory.size();
        EXPECT_LE(sum, size);
        EXPECT_GE(sum, size - MiB) << "what the first byte brought in is there";
        EXPECT_LE(reads.size(), most);
        std::ranges::sort(reads, {}, &block::ReadRun::offset);
        for (std::size_t i = 1; i < reads.size(); ++i)
            EXPECT_GE(reads[i].offset, reads[i - 1].offset + reads[i - 1].memory.size());
    }

    testing::TemporaryDirectory directory_;
    std::string content = content_of_size(size);
    std::string big = [this] {
        const std::string path = (directory_ / "big").string();
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }();
};

TEST_F(StraightReading, of_what_lies_in_a_row_is_one_read) {
    const auto device = watched(image_with("outer", big, 32));
    const auto reads = read_big(tree_on(device), *device);
    // Two extents at most, since the image is new; and one for each message, 4 MiB at most.
    expect_straight(reads, 12);
}

TEST_F(StraightReading, of_an_image_inside_an_image_copies_nothing_on_the_way) {
    const std::string inner = image_with("inner", big, 32);
    const auto device = watched(image_with("outer", inner, 96));
    const auto outer = tree_on(device);
    const fs::Call as_root = fs::Call::as_root();
    const auto found = outer->find(as_root, outer->root(), *Name::parse("inner"));
    ASSERT_TRUE(found);
    auto file = *outer->open(as_root, found->node, {.read = true, .write = false});
    std::shared_ptr<block::Device> inside = *block::SourceDevice::open(
        std::make_shared<fs::FileSource>(std::move(file), as_root, "inner", nullptr),
        {.read_only = true, .preferred_alignment = 4096});
    const auto reads = read_big(tree_on(inside), *device);
    expect_straight(reads, 16);
}

}  // namespace
}  // namespace quire::tests
