// SPDX-License-Identifier: MIT

// A client that tries everything with the descriptors it was given: no byte of a segment changes.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/falloc.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "quire/base/units.hpp"
#include "quire/memory/segment.hpp"

namespace quire::paging {
namespace {

constexpr std::uint64_t size = 2 * MiB;
constexpr std::uint64_t page = 4 * KiB;

void try_to_write(int fd) {
    const std::string bytes(page, '!');
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    (void)!::write(fd, bytes.data(), bytes.size());
    (void)!::pwrite(fd, bytes.data(), bytes.size(), 100);
    (void)!::pwritev(fd, &part, 1, 0);
    (void)!::pwritev2(fd, &part, 1, 0, RWF_APPEND);
    for (const int mode :
         {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE,
          FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_COLLAPSE_RANGE,
          FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE})
        (void)::fallocate(fd, mode, 0, page);
    for (const std::uint64_t length : {std::uint64_t{0}, page, 2 * size})
        (void)!::ftruncate(fd, static_cast<off_t>(length));
    (void)::fcntl(fd, F_ADD_SEALS, 0);
    (void)::fcntl(fd, F_SETFL, O_APPEND);
    // from elsewhere into it
    const int other = ::memfd_create("other", 0);
    (void)!::write(other, bytes.data(), bytes.size());
    off_t from = 0;
    (void)!::sendfile(fd, other, &from, page);
    loff_t in = 0;
    loff_t out = 0;
    (void)!::copy_file_range(other, &in, fd, &out, page, 0);
    int pipe[2];
    if (::pipe(pipe) == 0) {
        (void)!::write(pipe[1], bytes.data(), bytes.size());
        (void)!::splice(pipe[0], nullptr, fd, nullptr, page, 0);
        ::close(pipe[0]);
        ::close(pipe[1]);
    }
    ::close(other);
    // as memory
    for (const int kind : {MAP_SHARED, MAP_SHARED_VALIDATE, MAP_PRIVATE}) {
        for (const int protection : {PROT_READ | PROT_WRITE, PROT_WRITE, PROT_READ, PROT_NONE}) {
            void* const place = ::mmap(nullptr, size, protection, kind, fd, 0);
            if (place == MAP_FAILED) continue;
            if (::mprotect(place, size, PROT_READ | PROT_WRITE) == 0) std::memset(place, '!', size);
            for (const int advice : {MADV_REMOVE, MADV_DONTNEED, 23 /* populate for writing */})
                (void)::madvise(place, size, advice);
            const int self = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC);
            (void)!::pwrite(self, bytes.data(), page,
                            static_cast<off_t>(reinterpret_cast<std::uintptr_t>(place)));
            ::close(self);
            const iovec there{place, page};
            (void)!::process_vm_writev(::getpid(), &part, 1, &there, 1, 0);
            // a kernel that fills in what is read
            const int zeros = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
            (void)!::read(zeros, place, page);
            ::close(zeros);
            (void)::mremap(place, size, 2 * size, MREMAP_MAYMOVE);
        }
    }
}

void try_everything(int fd) {
    try_to_write(fd);
    (void)::fchmod(fd, 0777);
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    (void)::chmod(path.c_str(), 0777);
    (void)!::truncate(path.c_str(), 0);
    for (const int mode : {O_RDWR, O_WRONLY, O_RDWR | O_TRUNC, O_RDWR | O_APPEND, O_RDONLY}) {
        const int again = ::open(path.c_str(), mode | O_CLOEXEC);
        if (again < 0) continue;
        try_to_write(again);
        ::close(again);
    }
}

class Sealing : public ::testing::Test {
protected:
    void SetUp() override {
        std::fill_n(segment->data(), size, std::byte{'x'});
        std::memcpy(segment->data() + 5000, "what was here before", 20);
        expected.assign(reinterpret_cast<const char*>(segment->data()), size);
    }
    template <typename Become>
    void let_a_client_try(Become become) const {
        const pid_t child = ::fork();
        if (child == 0) {
            // Not what the server mapped: a client does not have that.
            ::munmap(segment->data(), size);
            if (!become()) ::_exit(1);
            try_everything(segment->fd());
            ::_exit(0);
        }
        ASSERT_GT(child, 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    void expect_unchanged() const {
        EXPECT_EQ(std::memcmp(segment->data(), expected.data(), size), 0);
        struct stat status{};
        ASSERT_EQ(::fstat(segment->fd(), &status), 0);
        EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), size);
    }

    std::unique_ptr<Segment> segment = *Segment::create(size);
    std::string expected;
};

TEST_F(Sealing, keeps_out_who_has_the_descriptor) {
    let_a_client_try([] { return true; });
    expect_unchanged();
    // The server itself goes on.
    segment->data()[0] = std::byte{'y'};
    EXPECT_EQ(segment->data()[0], std::byte{'y'});
}

TEST_F(Sealing, keeps_out_another_user) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    let_a_client_try([] { return ::setgid(65534) == 0 && ::setuid(65534) == 0; });
    expect_unchanged();
}

// Or the tests above would prove nothing.
TEST(Unsealed, memory_is_written_by_who_has_the_descriptor) {
    const int fd = ::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ASSERT_EQ(::ftruncate(fd, size), 0);
    ASSERT_EQ(::fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 0);
    void* const place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ASSERT_NE(place, MAP_FAILED);
    std::memset(place, 'x', size);
    const pid_t child = ::fork();
    if (child == 0) {
        ::munmap(place, size);
        try_everything(fd);
        ::_exit(0);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_NE(*static_cast<const char*>(place), 'x');
    ::munmap(place, size);
    ::close(fd);
}

TEST(Segments, are_populated_once) {
    const auto segment = *Segment::create(4 * MiB);
    struct stat status{};
    ASSERT_TRUE(segment->populate(100, 10));
    ASSERT_EQ(::fstat(segment->fd(), &status), 0);
    EXPECT_EQ(status.st_blocks * 512, static_cast<blkcnt_t>(2 * MiB));
    segment->data()[0] = std::byte{7};
    ASSERT_TRUE(segment->populate(MiB, 3 * MiB));
    ASSERT_EQ(::fstat(segment->fd(), &status), 0);
    EXPECT_EQ(status.st_blocks * 512, static_cast<blkcnt_t>(4 * MiB));
    EXPECT_EQ(segment->data()[0], std::byte{7});
}

}  // namespace
}  // namespace quire::paging
