// SPDX-License-Identifier: MIT

#include "quire/block/file_device.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "quire/base/units.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/testing/loop_device.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::block {

namespace {

using quire::testing::Bytes;
using quire::testing::LoopDevice;
using quire::testing::pattern;
using quire::testing::read_bytes;
using quire::testing::TemporaryDirectory;

constexpr FileOptions for_writing{.writable = true};

class FileDeviceTest : public ::testing::Test {
protected:
    std::string path(std::string_view name = "disk") const { return directory_ / name; }

    void make_file(std::uint64_t size) { ASSERT_TRUE(FileDevice::create(path(), size)); }

    TemporaryDirectory directory_;
};

/// A tmpfs that is mounted nowhere and goes with its descriptor. Invalid where the host refuses.
UniqueFd make_tmpfs(const char* size) {
    const UniqueFd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
    if (!context || ::fsconfig(context.get(), FSCONFIG_SET_STRING, "size", size, 0) != 0 ||
        ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return UniqueFd();
    return UniqueFd(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
}

TEST_F(FileDeviceTest, a_file_that_is_not_there_is_named) {
    const auto device = FileDevice::open(path("nowhere"));
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error(), std::errc::no_such_file_or_directory);
    EXPECT_NE(device.error().message().find("nowhere: No such file"), std::string::npos);
}

TEST_F(FileDeviceTest, a_directory_is_refused) {
    EXPECT_EQ(FileDevice::open(directory_.path()).error(), std::errc::is_a_directory);
    EXPECT_EQ(FileDevice::open(directory_.path(), for_writing).error(), std::errc::is_a_directory);
}

TEST_F(FileDeviceTest, a_fifo_is_refused_without_waiting) {
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    const auto device = FileDevice::open(path("fifo"));
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error(), std::errc::invalid_argument);
    EXPECT_NE(device.error().sentence().find("is a fifo"), std::string::npos);
}

TEST_F(FileDeviceTest, a_socket_and_a_character_device_are_refused) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path("s");
    std::copy_n(name.c_str(), name.size() + 1, address.sun_path);
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(FileDevice::open(name).error(), std::errc::invalid_argument);
    EXPECT_EQ(FileDevice::open("/dev/null").error(), std::errc::invalid_argument);
}

TEST_F(FileDeviceTest, control_characters_of_a_name_do_not_reach_messages) {
    const auto device = FileDevice::open(path("a\x1b[31mb"));
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().sentence().find('\x1b'), std::string::npos);
}

TEST_F(FileDeviceTest, an_existing_file_is_not_created_over) {
    make_file(4096);
    EXPECT_EQ(FileDevice::create(path(), 4096).error(), std::errc::file_exists);
}

TEST_F(FileDeviceTest, a_file_that_cannot_have_its_size_is_not_left_behind) {
    EXPECT_EQ(FileDevice::create(path(), ~std::uint64_t{0}).error(), std::errc::file_too_large);
    EXPECT_EQ(::access(path().c_str(), F_OK), -1);
}

TEST_F(FileDeviceTest, a_device_open_for_reading_refuses_every_change) {
    make_file(8192);
    auto device = *FileDevice::open(path());
    EXPECT_FALSE(device->geometry().writable);
    const Bytes bytes = pattern(10);
    EXPECT_EQ(device->write(0, bytes).error(), std::errc::read_only_file_system);
    EXPECT_EQ(device->write_runs({}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(device->zero({0, 1}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(device->discard({0, 1}).error(), std::errc::read_only_file_system);
    EXPECT_EQ(device->resize(0).error(), std::errc::read_only_file_system);
    EXPECT_TRUE(device->flush());
}

TEST_F(FileDeviceTest, every_byte_of_an_odd_sized_file_is_there_direct_or_not) {
    for (const auto caching : {FileOptions::Caching::buffered, FileOptions::Caching::direct}) {
        const std::uint64_t size = 10001;
        auto device = *FileDevice::create(path(std::to_string(static_cast<int>(caching))), size,
                                          {.caching = caching});
        EXPECT_FALSE(device->direct());
        ASSERT_TRUE(device->write(0, pattern(size)));
        EXPECT_TRUE(read_bytes(*device, 0, size) == pattern(size));
        EXPECT_EQ(device->geometry().size, size);
    }
}

TEST_F(FileDeviceTest, direct_transfers_end_when_the_size_becomes_odd) {
    auto device = *FileDevice::create(path(), 64 * KiB, {.caching = FileOptions::Caching::direct});
    if (!device->direct()) GTEST_SKIP() << "this filesystem has no O_DIRECT";
    ASSERT_TRUE(device->write(0, pattern(64 * KiB)));
    ASSERT_TRUE(device->resize(50001));
    EXPECT_FALSE(device->direct());
    ASSERT_TRUE(device->write(49999, pattern(2, 9)));
    EXPECT_TRUE(read_bytes(*device, 49999, 2) == pattern(2, 9));
    EXPECT_TRUE(std::ranges::equal(read_bytes(*device, 0, 49999),
                                   std::span<const std::byte>(pattern(64 * KiB)).first(49999)));
}

TEST_F(FileDeviceTest, a_file_cut_short_by_others_is_an_error_that_says_where) {
    make_file(8192);
    auto device = *FileDevice::open(path());
    ASSERT_EQ(::truncate(path().c_str(), 5000), 0);
    Bytes bytes(8192);
    const auto read = device->read(0, bytes);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), std::errc::io_error);
    EXPECT_NE(read.error().sentence().find("ends before byte 5001"), std::string::npos);
}

TEST_F(FileDeviceTest, holes_of_the_file_are_found) {
    auto device = *FileDevice::create(path(), 64 * MiB);
    const auto nothing = device->next_data(0);
    ASSERT_TRUE(nothing);
    if (nothing->length != 0) GTEST_SKIP() << "this filesystem does not tell its holes";
    ASSERT_TRUE(device->write(32 * MiB, pattern(4096)));
    const Range data = *device->next_data(0);
    EXPECT_GT(data.offset, 31 * MiB);
    EXPECT_LE(data.offset, 32 * MiB);
    EXPECT_EQ(device->next_data(34 * MiB)->length, 0U);
    struct stat status{};
    ASSERT_TRUE(device->zero({0, 64 * MiB}));
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_blocks, 0) << "zeroed ranges are given back";
}

TEST_F(FileDeviceTest, a_full_filesystem_is_reported_and_what_was_there_stays) {
    const UniqueFd tmpfs = make_tmpfs("1m");
    if (!tmpfs) GTEST_SKIP() << "a tmpfs of its own needs root";
    UniqueFd fd(::openat(tmpfs.get(), "disk", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(::ftruncate(fd.get(), 8 * MiB), 0);
    auto device = *FileDevice::adopt(std::move(fd), "disk", for_writing);
    ASSERT_TRUE(device->write(0, pattern(4096)));
    const Bytes bytes = pattern(4 * MiB, 2);
    const auto written = device->write(4096, bytes);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), std::errc::no_space_on_device);
    // The range that was named holds new bytes up to some place and old ones after it.
    const Bytes after = read_bytes(*device, 4096, 4 * MiB);
    const auto [there, meant] = std::ranges::mismatch(after, bytes);
    EXPECT_TRUE(
        std::all_of(there, after.end(), [](std::byte byte) { return byte == std::byte{}; }));
    EXPECT_TRUE(read_bytes(*device, 0, 4096) == pattern(4096));
    // Room that is given back can be used.
    ASSERT_TRUE(device->discard({4096, 4 * MiB}));
    EXPECT_TRUE(device->write(6 * MiB, pattern(4096)));
}

TEST_F(FileDeviceTest, a_write_past_the_size_limit_of_the_process_is_reported) {
    make_file(2 * MiB);
    auto device = *FileDevice::open(path(), for_writing);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{MiB, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    const auto written = device->write(MiB - 4096, pattern(8192));
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), std::errc::file_too_large);
}

TEST_F(FileDeviceTest, a_failed_flush_stays_failed) {
    // A disk that promises more than the memory under it holds: writes go to the page cache and
    // only the flush finds out.
    const UniqueFd tmpfs = make_tmpfs("1m");
    if (!tmpfs) GTEST_SKIP() << "a tmpfs of its own needs root";
    const UniqueFd backing(::openat(tmpfs.get(), "disk", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(::ftruncate(backing.get(), 8 * MiB), 0);
    const auto loop = LoopDevice::attach("/proc/self/fd/" + std::to_string(backing.get()));
    if (!loop) GTEST_SKIP() << loop.error().message();
    auto device = FileDevice::open((*loop)->path(),
                                   {.writable = true, .caching = FileOptions::Caching::buffered});
    ASSERT_TRUE(device) << device.error().message();
    ASSERT_TRUE((*device)->write(0, pattern(4 * MiB)));
    const auto first = (*device)->flush();
    EXPECT_FALSE(first);
    const auto second = (*device)->flush();
    ASSERT_FALSE(second) << "the host has forgotten, the device must not";
    EXPECT_EQ(second.error(), first.error());
}

TEST_F(FileDeviceTest, two_paths_of_one_file_have_one_identity) {
    make_file(4096);
    ASSERT_EQ(::link(path().c_str(), path("other").c_str()), 0);
    ASSERT_TRUE(FileDevice::create(path("third"), 4096));
    const auto one = *FileDevice::open(path());
    const auto two = *FileDevice::open(path("other"));
    const auto three = *FileDevice::open(path("third"));
    EXPECT_EQ(one->identity(), two->identity());
    EXPECT_NE(one->identity(), three->identity());
}

TEST_F(FileDeviceTest, an_adopted_descriptor_has_to_allow_what_is_asked) {
    make_file(4096);
    auto open_as = [&](int flags) { return UniqueFd(::open(path().c_str(), flags | O_CLOEXEC)); };
    EXPECT_TRUE(FileDevice::adopt(open_as(O_RDWR), "x", for_writing));
    EXPECT_TRUE(FileDevice::adopt(open_as(O_RDWR), "x"));
    EXPECT_EQ(FileDevice::adopt(open_as(O_RDONLY), "x", for_writing).error(),
              std::errc::bad_file_descriptor);
    EXPECT_EQ(FileDevice::adopt(open_as(O_WRONLY), "x").error(), std::errc::bad_file_descriptor);
    EXPECT_EQ(FileDevice::adopt(open_as(O_PATH), "x").error(), std::errc::bad_file_descriptor);
    EXPECT_EQ(FileDevice::adopt(UniqueFd(), "x").error(), std::errc::bad_file_descriptor);
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd other(ends[1]);
    EXPECT_EQ(FileDevice::adopt(UniqueFd(ends[0]), "x").error(), std::errc::invalid_argument);
}

TEST_F(FileDeviceTest, descriptors_are_closed_when_another_program_starts) {
    make_file(4096);
    const auto count_inheritable = [] {
        int count = 0;
        for (int fd = 3; fd < 256; ++fd) {
            const int flags = ::fcntl(fd, F_GETFD);
            if (flags >= 0 && (flags & FD_CLOEXEC) == 0) ++count;
        }
        return count;
    };
    const int before = count_inheritable();
    const auto device = *FileDevice::open(path(), for_writing);
    const auto created = *FileDevice::create(path("new"), 1);
    EXPECT_EQ(count_inheritable(), before);
}

TEST_F(FileDeviceTest, a_block_special_file_has_the_size_of_its_disk_and_keeps_it) {
    make_file(5 * MiB);
    const auto loop = LoopDevice::attach(path());
    if (!loop) GTEST_SKIP() << loop.error().message();
    auto device = *FileDevice::open((*loop)->path(), for_writing);
    EXPECT_EQ(device->geometry().size, 5 * MiB);
    EXPECT_TRUE(device->direct());
    EXPECT_EQ(device->resize(6 * MiB).error(), std::errc::operation_not_supported);
    EXPECT_TRUE(device->identity().block_special);
}

TEST_F(FileDeviceTest, a_read_only_block_device_is_not_opened_for_writing) {
    make_file(MiB);
    const auto loop = LoopDevice::attach(path(), {.read_only = true});
    if (!loop) GTEST_SKIP() << loop.error().message();
    EXPECT_TRUE(FileDevice::open((*loop)->path()));
    const auto device = FileDevice::open((*loop)->path(), for_writing);
    ASSERT_FALSE(device);
    EXPECT_TRUE(device.error() == std::errc::read_only_file_system ||
                device.error() == std::errc::permission_denied)
        << device.error().message();
}

}  // namespace

}  // namespace quire::block
