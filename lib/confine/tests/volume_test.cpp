// SPDX-License-Identifier: MIT

// Devices and volumes that were open before go on working.

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "child.hpp"
#include "quire/base/units.hpp"
#include "quire/block/file_device.hpp"
#include "quire/fs/tree.hpp"
#include "quire/testing/loop_device.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::confine::tests {
namespace {

using block::FileDevice;
using quire::testing::LoopDevice;
using quire::testing::TemporaryDirectory;

class Volumes : public ::testing::TestWithParam<Who> {
protected:
    void SetUp() override { SKIP_WHEN_SAME(GetParam()); }

    /// A child that is confined with a device over `fd`.
    static void confined(int fd, bool writable,
                         const std::function<void(const Voice&, FileDevice&)>& body) {
        EXPECT_TRUE(content(in_child(GetParam(), [&](const Voice& voice) {
            const int number = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
            auto device = FileDevice::adopt(UniqueFd(number), "image", {.writable = writable});
            if (!device) return voice.say(device.error().message());
            if (voice.confined(
                    {.keep = {number}, .writable_device = writable, .makes_channels = true}))
                body(voice, **device);
        })));
    }

    TemporaryDirectory directory_;
};

std::vector<std::byte> filled(std::size_t size, std::size_t value) {
    return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

/// Everything that a device can do, by several threads side by side.
void exercise(const Voice& voice, block::Device& device) {
    constexpr std::size_t part = 256 * KiB;
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (std::size_t id = 0; id < 4; ++id) {
        threads.emplace_back([&, id] {
            const std::uint64_t begin = id * part;
            const auto wrote = filled(part, id + 1);
            std::vector<std::byte> got(part);
            const bool fine = device.write(begin, wrote) && device.flush() &&
                              device.read(begin, got) && got == wrote &&
                              device.zero({begin, 64 * KiB}) &&
                              device.discard({begin + 64 * KiB, 64 * KiB}) &&
                              device.read(begin, std::span(got).first(64 * KiB)) &&
                              std::all_of(got.begin(), got.begin() + 64 * KiB,
                                          [](std::byte byte) { return byte == std::byte{0}; });
            // Not aligned to anything.
            const bool odd = device.write(begin + 130 * KiB + 1, std::span(wrote).first(3)) &&
                             device.read(begin + 130 * KiB + 1, std::span(got).first(3));
            good += fine && odd ? 1 : 0;
        });
    }
    for (std::thread& thread : threads) thread.join();
    voice.expect(good == 4, "a transfer failed");
    voice.expect(device.next_data(0).has_value(), "next_data");
    voice.expect(device.flush().has_value(), "flush");
}

TEST_P(Volumes, a_file_is_read_and_written) {
    const UniqueFd file(::open((directory_ / "image").c_str(), O_RDWR | O_CREAT, 0600));
    ASSERT_EQ(::ftruncate(file.get(), MiB), 0);
    confined(file.get(), true, [](const Voice& voice, FileDevice& device) {
        exercise(voice, device);
        voice.expect(device.resize(2 * MiB + 1).has_value() && device.geometry().size > 2 * MiB,
                     "resize");
        voice.expect(device.descriptor().has_value(), "descriptor");
    });
}

TEST_P(Volumes, a_file_is_written_past_the_cache) {
    const UniqueFd file(::open((directory_ / "image").c_str(), O_RDWR | O_CREAT | O_DIRECT, 0600));
    if (!file) GTEST_SKIP() << "the filesystem of temporary files has no O_DIRECT";
    ASSERT_EQ(::ftruncate(file.get(), MiB), 0);
    confined(file.get(), true, [](const Voice& voice, FileDevice& device) {
        exercise(voice, device);
        // Which ends O_DIRECT.
        voice.expect(device.resize(MiB + 1).has_value(), "resize");
        voice.expect(!device.direct(), "still past the cache");
        exercise(voice, device);
    });
}

TEST_P(Volumes, a_block_special_file_is_read_and_written) {
    const UniqueFd file(::open((directory_ / "image").c_str(), O_RDWR | O_CREAT, 0600));
    ASSERT_EQ(::ftruncate(file.get(), MiB), 0);
    const auto loop = LoopDevice::attach(directory_ / "image");
    if (!loop) GTEST_SKIP() << loop.error().message();
    const UniqueFd disk(::open((*loop)->path().c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(static_cast<bool>(disk));
    confined(disk.get(), true, exercise);
}

TEST_P(Volumes, a_device_for_reading_is_not_written) {
    {
        std::ignore = FileDevice::create(directory_ / "image", MiB);
    }
    const UniqueFd file(::open((directory_ / "image").c_str(), O_RDONLY | O_CLOEXEC));
    confined(file.get(), false, [&](const Voice& voice, FileDevice& device) {
        std::vector<std::byte> got(4 * KiB);
        voice.expect(device.read(1, std::span(got).first(77)).has_value(), "read");
        voice.expect(outcome(::pwrite(STDERR_FILENO, "x", 0, 0)) == "EPERM", "pwrite");
        voice.expect(outcome(::fdatasync(STDERR_FILENO)) == "EPERM", "fdatasync");
        iovec part{got.data(), 0};
        voice.expect(outcome(::pwritev(STDERR_FILENO, &part, 1, 0)) == "EPERM", "pwritev");
    });
}

struct Opened {
    std::shared_ptr<fs::Tree> tree;
    fs::Call call = fs::Call::as_root();
};

Path path(std::string_view text) {
    return Path::parse(text).value();
}

Result<std::string> read_file(Opened& opened, std::string_view name) {
    QUIRE_TRY_ASSIGN(const auto node, opened.tree->walk(opened.call, path(name)));
    QUIRE_TRY_ASSIGN(const auto file, opened.tree->open(opened.call, node, {}));
    QUIRE_TRY_ASSIGN(const auto attributes, file->attributes(opened.call));
    std::string text(attributes.size, '\0');
    QUIRE_TRY_ASSIGN(const auto got,
                     file->read(opened.call, 0, std::as_writable_bytes(std::span(text))));
    text.resize(got);
    return text;
}

Result<void> write_file(Opened& opened, std::string_view directory, std::string_view name,
                        std::string_view text) {
    QUIRE_TRY_ASSIGN(const auto parent, opened.tree->walk(opened.call, path(directory)));
    QUIRE_TRY_ASSIGN(const auto node,
                     opened.tree->create(opened.call, parent, Name::parse(name).value(), 0644));
    QUIRE_TRY_ASSIGN(const auto file,
                     opened.tree->open(opened.call, node, {.read = true, .write = true}));
    return file->write_all(opened.call, 0, std::as_bytes(std::span(text)));
}

Result<std::size_t> count(Opened& opened, std::string_view directory) {
    QUIRE_TRY_ASSIGN(const auto node, opened.tree->walk(opened.call, path(directory)));
    std::size_t entries = 0;
    QUIRE_TRY(opened.tree->list(opened.call, node, 0, fs::WithAttributes::yes,
                                [&](const fs::DirectoryEntry&) { return ++entries > 0; }));
    return entries;
}

Result<void> use(Opened& opened) {
    // More than one block of names and more than one run of content.
    constexpr int files = 300;
    QUIRE_TRY_ASSIGN(const auto root, opened.tree->walk(opened.call, path("/")));
    QUIRE_TRY(opened.tree->make_directory(opened.call, root, Name::parse("made").value(), 0755));
    for (int i = 0; i < files; ++i)
        QUIRE_TRY(write_file(opened, "/made", fmt::format("file{}", i), std::string(5000, 'a')));
    QUIRE_TRY(write_file(opened, "/", "large", std::string(3 * MiB, 'b')));
    QUIRE_TRY_ASSIGN(const std::string large, read_file(opened, "/large"));
    QUIRE_TRY_ASSIGN(const std::size_t listed, count(opened, "/made"));
    QUIRE_TRY_ASSIGN(const auto made, opened.tree->walk(opened.call, path("/made")));
    QUIRE_TRY(opened.tree->remove(opened.call, made, Name::parse("file7").value()));
    QUIRE_TRY(opened.tree->sync(opened.call));
    QUIRE_TRY(write_file(opened, "/", "late", "c"));
    if (large != std::string(3 * MiB, 'b') || listed != files)
        return fail(std::errc::io_error, "what was written is not what is read");
    return {};
}

TEST_P(Volumes, an_ext_volume_is_listed_read_written_committed_and_unmounted) {
    if (!succeeds("command -v mke2fs && command -v e2fsck"))
        GTEST_SKIP() << "mke2fs or e2fsck is not installed";
    const std::string image = directory_ / "image";
    for (const char* const type : {"ext4", "ext2"}) {
        ASSERT_TRUE(succeeds(fmt::format("mke2fs -q -F -t {} {} 32M", type, image)));
        UniqueFd file(::open(image.c_str(), O_RDWR | O_CLOEXEC));
        EXPECT_TRUE(content(in_child(GetParam(), [&](const Voice& voice) {
            const int number = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
            auto device = FileDevice::adopt(UniqueFd(number), "image", {.writable = true});
            if (!device) return voice.say(device.error().message());
            const auto volume = ext::Volume::open(std::move(*device));
            if (!volume) return voice.say(volume.error().message());
            Opened opened{.tree = fs::Tree::open(*volume).value()};
            if (!voice.confined(
                    {.keep = {number}, .writable_device = true, .makes_channels = true}))
                return;
            std::thread([&] {
                const auto used = use(opened);
                voice.expect(used.has_value(), used ? "" : used.error().message());
            }).join();
            const auto ended = opened.tree->unmount(opened.call);
            voice.expect(ended.has_value(), ended ? "" : ended.error().message());
        })));
        file.reset();  // and with it the lock
        EXPECT_TRUE(succeeds("e2fsck -fn " + image)) << type;
        auto device = FileDevice::open(image);
        ASSERT_TRUE(device.has_value());
        ext::Options reading;
        reading.read_only = true;
        const auto volume = ext::Volume::open(std::move(*device), reading);
        ASSERT_TRUE(volume.has_value());
        Opened again{.tree = fs::Tree::open(*volume).value()};
        EXPECT_EQ(read_file(again, "/made/file8").value(), std::string(5000, 'a')) << type;
        EXPECT_EQ(count(again, "/made").value(), 299U) << type;
    }
}

INSTANTIATE_TEST_SUITE_P(Confined, Volumes, everybody,
                         [](const auto& who) { return name_of(who.param); });

}  // namespace
}  // namespace quire::confine::tests
