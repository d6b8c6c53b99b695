// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "file_users.hpp"
#include "quire/base/units.hpp"
#include "quire/block/file_device.hpp"
#include "quire/testing/loop_device.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::block {

namespace {

using quire::testing::LoopDevice;
using quire::testing::TemporaryDirectory;

constexpr FileOptions as_writer{.writable = true};

/// Another process that has a file open as a device until this object goes.
class OtherProcess {
public:
    OtherProcess(const std::string& path, FileOptions options) {
        int ready[2];
        int done[2];
        if (::pipe2(ready, O_CLOEXEC) != 0 || ::pipe2(done, O_CLOEXEC) != 0) return;
        std::fflush(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(done[1]);
            const auto device = FileDevice::open(path, options);
            char byte = device ? 'y' : 'n';
            if (::write(ready[1], &byte, 1) != 1) ::_exit(2);
            // Ends when the parent closes its end, or is gone.
            while (::read(done[0], &byte, 1) < 0) continue;
            ::_exit(0);
        }
        ::close(done[0]);
        ::close(ready[1]);
        done_ = UniqueFd(done[1]);
        const UniqueFd answer(ready[0]);
        char byte = 'n';
        opened_ = ::read(answer.get(), &byte, 1) == 1 && byte == 'y';
    }
    ~OtherProcess() { end(); }

    void end() {
        done_.reset();
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    bool opened() const { return opened_; }
    pid_t pid() const { return pid_; }

private:
    UniqueFd done_;
    pid_t pid_ = -1;
    bool opened_ = false;
};

class FileLockTest : public ::testing::Test {
protected:
    FileLockTest() { (void)FileDevice::create(path_, MiB); }

    TemporaryDirectory directory_;
    std::string path_ = directory_ / "disk.img";
};

TEST_F(FileLockTest, a_second_writer_is_refused_and_told_who_writes) {
    OtherProcess other(path_, as_writer);
    ASSERT_TRUE(other.opened());
    const auto device = FileDevice::open(path_, as_writer);
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error(), std::errc::device_or_resource_busy);
    const std::string sentence = device.error().sentence();
    EXPECT_NE(sentence.find("is being written by process " + std::to_string(other.pid())),
              std::string::npos)
        << sentence;
    other.end();
    EXPECT_TRUE(FileDevice::open(path_, as_writer));
}

TEST_F(FileLockTest, a_reader_is_refused_while_there_is_a_writer) {
    OtherProcess other(path_, as_writer);
    ASSERT_TRUE(other.opened());
    const auto device = FileDevice::open(path_);
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error(), std::errc::device_or_resource_busy);
    EXPECT_NE(device.error().sentence().find("is being written by"), std::string::npos);
}

TEST_F(FileLockTest, readers_share_and_keep_a_writer_out) {
    OtherProcess other(path_, {});
    ASSERT_TRUE(other.opened());
    {
        EXPECT_TRUE(FileDevice::open(path_));
        const auto writer = FileDevice::open(path_, as_writer);
        ASSERT_FALSE(writer);
        EXPECT_EQ(writer.error(), std::errc::device_or_resource_busy);
        EXPECT_NE(writer.error().sentence().find("is being read by process"), std::string::npos)
            << writer.error().sentence();
    }
    other.end();
    EXPECT_TRUE(FileDevice::open(path_, as_writer));
}

TEST_F(FileLockTest, a_second_writer_of_the_same_program_is_refused) {
    const auto first = *FileDevice::open(path_, as_writer);
    const auto second = FileDevice::open(path_, as_writer);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().sentence().find("already open in this program"), std::string::npos);
}

TEST_F(FileLockTest, a_killed_writer_leaves_no_lock) {
    OtherProcess other(path_, as_writer);
    ASSERT_TRUE(other.opened());
    ASSERT_EQ(::kill(other.pid(), SIGKILL), 0);
    other.end();
    EXPECT_TRUE(FileDevice::open(path_, as_writer));
}

TEST_F(FileLockTest, without_the_lock_two_writers_are_let_in) {
    FileOptions options = as_writer;
    options.lock = false;
    const auto first = *FileDevice::open(path_, as_writer);
    EXPECT_TRUE(FileDevice::open(path_, options));
}

TEST_F(FileLockTest, of_many_threads_that_open_for_writing_one_at_a_time_succeeds) {
    std::atomic<int> inside = 0;
    std::atomic<int> opened = 0;
    auto work = [&] {
        for (int round = 0; round < 100; ++round) {
            const auto device = FileDevice::open(path_, as_writer);
            if (!device) continue;
            EXPECT_EQ(++inside, 1);
            ++opened;
            --inside;
        }
    };
    std::vector<std::jthread> threads;
    for (int count = 0; count < 4; ++count) threads.emplace_back(work);
    threads.clear();
    EXPECT_GT(opened, 0);
}

TEST_F(FileLockTest, a_writer_never_gets_a_file_that_is_replaced_while_it_opens) {
    // `create` puts a new file in the place of an old one. The kernel stops the opener after it
    // has found the old file, the test replaces it, and only then lets the opener go on.
    const UniqueFd watch(::fanotify_init(FAN_CLOEXEC | FAN_CLASS_CONTENT, O_RDONLY | O_CLOEXEC));
    if (!watch ||
        ::fanotify_mark(watch.get(), FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path_.c_str()) != 0)
        GTEST_SKIP() << "stopping an open needs root and fanotify permission events";
    const std::string fresh = directory_ / "fresh";
    ASSERT_TRUE(FileDevice::create(fresh, 2 * MiB));

    std::uint64_t size = 0;
    std::jthread opener([&] {
        const auto device = FileDevice::open(path_, as_writer);
        ASSERT_TRUE(device) << device.error().message();
        size = (*device)->geometry().size;
    });
    fanotify_event_metadata event{};
    ASSERT_EQ(::read(watch.get(), &event, sizeof event), ssize_t{sizeof event});
    const UniqueFd stopped(event.fd);
    std::filesystem::rename(fresh, path_);
    const fanotify_response response{event.fd, FAN_ALLOW};
    ASSERT_EQ(::write(watch.get(), &response, sizeof response), ssize_t{sizeof response});
    opener.join();
    EXPECT_EQ(size, 2 * MiB) << "this is the old file, which nobody will see again";
}

TEST_F(FileLockTest, a_file_under_a_loop_device_is_read_but_not_written) {
    auto loop = LoopDevice::attach(path_);
    if (!loop) GTEST_SKIP() << loop.error().message();
    EXPECT_TRUE(FileDevice::open(path_));
    const std::string link = directory_ / "link";
    ASSERT_EQ(::symlink(path_.c_str(), link.c_str()), 0);
    for (const std::string& name : {path_, link}) {
        const auto device = FileDevice::open(name, as_writer);
        ASSERT_FALSE(device);
        EXPECT_EQ(device.error(), std::errc::device_or_resource_busy);
        EXPECT_NE(device.error().sentence().find("is in use as " + (*loop)->path()),
                  std::string::npos)
            << device.error().sentence();
    }
    loop->reset();
    EXPECT_TRUE(FileDevice::open(path_, as_writer));
}

TEST_F(FileLockTest, a_loop_device_whose_file_was_renamed_or_removed_still_counts) {
    const std::string other = directory_ / "other";
    ASSERT_EQ(::link(path_.c_str(), other.c_str()), 0);
    const auto loop = LoopDevice::attach(path_);
    if (!loop) GTEST_SKIP() << loop.error().message();
    ASSERT_EQ(::unlink(path_.c_str()), 0);
    EXPECT_EQ(FileDevice::open(other, as_writer).error(), std::errc::device_or_resource_busy);
}

TEST_F(FileLockTest, a_claimed_block_device_is_not_written) {
    auto loop = LoopDevice::attach(path_);
    if (!loop) GTEST_SKIP() << loop.error().message();
    // What a mount does with its device.
    const UniqueFd claim(::open((*loop)->path().c_str(), O_RDWR | O_EXCL | O_CLOEXEC));
    ASSERT_TRUE(claim);
    const auto device = FileDevice::open((*loop)->path(), as_writer);
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error(), std::errc::device_or_resource_busy);
    EXPECT_TRUE(FileDevice::open((*loop)->path()));
}

TEST(FileUsers, the_holder_of_a_lock_is_found_in_the_list) {
    const std::string_view locks =
        "1: POSIX  ADVISORY  WRITE 11 fd:00:77 0 EOF\n"
        "2: FLOCK  ADVISORY  READ 22 fd:00:77 0 EOF\n"
        "2: -> FLOCK  ADVISORY  WRITE 33 fd:00:77 0 EOF\n"
        "3: FLOCK  ADVISORY  WRITE 44 fd:00:78 0 EOF\n"
        "4: FLOCK  ADVISORY  WRITE 0 103:0a:9 0 EOF\n"
        "broken line\n"
        "5: FLOCK";
    const auto reader = find_lock_holder(locks, makedev(0xfd, 0), 77);
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->pid, 22);
    EXPECT_FALSE(reader->exclusive);
    const auto writer = find_lock_holder(locks, makedev(0xfd, 0), 78);
    ASSERT_TRUE(writer);
    EXPECT_EQ(writer->pid, 44);
    EXPECT_TRUE(writer->exclusive);
    EXPECT_TRUE(find_lock_holder(locks, makedev(0x103, 0x0a), 9));
    EXPECT_FALSE(find_lock_holder(locks, makedev(0xfd, 1), 77));
    EXPECT_FALSE(find_lock_holder("", 0, 0));
}

TEST(FileUsers, a_conflict_nobody_owns_up_to_still_gives_a_sentence) {
    const TemporaryDirectory processes;
    EXPECT_EQ(describe_lock_conflict("disk", 1, 2, true, processes.path()),
              "disk is being used by another program, try again when that has ended");
    EXPECT_EQ(describe_lock_conflict("disk", 1, 2, false, processes.path()),
              "disk is being written by another program, try again when that has ended");
}

TEST(FileUsers, loop_devices_are_found_by_the_file_and_not_by_its_name) {
    const TemporaryDirectory directory;
    const std::string file = directory / "disk\n.img";
    std::ofstream(file) << "x";
    struct stat status{};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    const auto sys = directory / "block";
    const auto find = [&](ino_t inode, const std::filesystem::path& list) {
        return find_loop_device(status.st_dev, inode, list, "/nodes");
    };
    std::filesystem::create_directories(sys / "loop0");
    std::filesystem::create_directories(sys / "loop7" / "loop");
    std::filesystem::create_directories(sys / "sda" / "loop");
    std::ofstream(sys / "sda" / "loop" / "backing_file") << file << "\n";
    EXPECT_FALSE(find(status.st_ino, sys));
    std::ofstream(sys / "loop7" / "loop" / "backing_file") << file << "\n";
    EXPECT_EQ(find(status.st_ino, sys), "/nodes/loop7");
    EXPECT_FALSE(find(status.st_ino + 1, sys));
    EXPECT_FALSE(find(status.st_ino, directory / "nowhere"));
    // Opened, and gone when it is read: a directory can't be read either.
    std::filesystem::create_directories(sys / "loop1" / "loop" / "backing_file");
    EXPECT_EQ(find(status.st_ino, sys), "/nodes/loop7");
}

}  // namespace

}  // namespace quire::block
