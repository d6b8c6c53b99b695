// SPDX-License-Identifier: MIT
//
// Append-only files (chattr +a): what may be done with one that is open, and by its name. The same
// is asked of the machine's kernel.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "quire/base/unique_fd.hpp"
#include "quire/fs/tree.hpp"
#include "quire/testing/hooked_volume.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::fs {
namespace {

const Call root_of_all = Call::as_root();
constexpr OpenMode plainly{.read = true, .write = true};
constexpr OpenMode at_the_end{.read = true, .write = true, .append = true};
constexpr std::uint64_t size_before = 10;

std::span<const std::byte> octets(std::string_view text) {
    return std::as_bytes(std::span(text));
}
template <typename T>
int number_of(const Result<T>& result) {
    return result ? 0 : static_cast<int>(result.error().code());
}
int number_of(long answer) {
    return answer < 0 ? errno : 0;
}

/// A file of ten bytes in memory, which shows as append-only as long as it is `flagged`.
class FlaggedTree {
public:
    FlaggedTree() {
        const auto nothing = [](Operation, Cookie) -> Result<void> { return {}; };
        tree = *Tree::open(std::make_shared<testing::HookedVolume>(
            *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()}), nothing,
            [this](Cookie node, Attributes& attributes) {
                if (flagged && file && node == file->cookie()) attributes.flags = append_only_flag;
            }));
        file = *tree->create(root_of_all, tree->root(), *Name::parse("file"), 0644);
        other = *tree->create(root_of_all, tree->root(), *Name::parse("other"), 0644);
        for (const NodeReference& node : {file, other}) {
            const auto open = *tree->open(root_of_all, node, plainly);
            EXPECT_TRUE(open->write_all(root_of_all, 0, octets("0123456789")));
        }
        flagged = true;
    }
    FlaggedTree(const FlaggedTree&) = delete;
    FlaggedTree& operator=(const FlaggedTree&) = delete;
    ~FlaggedTree() {
        file.reset();
        other.reset();
    }

    std::shared_ptr<OpenFile> open(const NodeReference& node, OpenMode mode) {
        auto opened = tree->open(root_of_all, node, mode);
        EXPECT_TRUE(opened);
        return opened ? *opened : nullptr;
    }
    std::string content() {
        std::string text(100, '\0');
        const auto got =
            open(file, {})->read(root_of_all, 0, std::as_writable_bytes(std::span(text)));
        text.resize(got.value_or(0));
        return text;
    }

    std::shared_ptr<Tree> tree;
    NodeReference file;
    NodeReference other;
    bool flagged = false;
};

/// The same file of the machine's own filesystem.
class FlaggedHost {
public:
    FlaggedHost() {
        for (const std::string& path : {file, other}) {
            const UniqueFd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
            EXPECT_EQ(::write(made.get(), "0123456789", 10), 10);
        }
        flagged = set_flag(FS_APPEND_FL);
    }
    FlaggedHost(const FlaggedHost&) = delete;
    FlaggedHost& operator=(const FlaggedHost&) = delete;
    ~FlaggedHost() { set_flag(0); }

    int open_error(int flags) const {
        return number_of(UniqueFd(::open(file.c_str(), flags | O_CLOEXEC)).get());
    }
    UniqueFd open_at_the_end() const {
        return UniqueFd(::open(file.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
    }

    const testing::TemporaryDirectory directory;
    const std::string file = directory.path() / "file";
    const std::string other = directory.path() / "other";
    bool flagged = false;

private:
    bool set_flag(int flag) const {
        const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        int flags = 0;
        if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) return false;
        flags = (flags & ~FS_APPEND_FL) | flag;
        return ::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) == 0;
    }
};

/// Something that is done to an append-only file: what it must fail with, how it is done here and
/// how by system calls.
struct Deed {
    const char* what;
    int error;
    std::function<int(FlaggedTree&)> here;
    std::function<int(FlaggedHost&)> there;
};

int change_here(FlaggedTree& ground, const AttributeChanges& changes) {
    return number_of(ground.tree->set_attributes(root_of_all, ground.file, changes));
}
int allocate_here(FlaggedTree& ground, AllocateMode mode) {
    return number_of(
        ground.open(ground.file, at_the_end)->allocate(root_of_all, mode, {0, 2 * size_before}));
}
int allocate_there(FlaggedHost& ground, int mode) {
    return number_of(::fallocate(ground.open_at_the_end().get(), mode, 0, 2 * size_before));
}
AttributeChanges size_of(std::uint64_t size) {
    AttributeChanges changes;
    changes.size = size;
    return changes;
}

std::vector<Deed> deeds_with_it_open() {
    return {
        {"open for writing", EPERM,
         [](auto& ground) {
             return number_of(ground.tree->open(root_of_all, ground.file, plainly));
         },
         [](auto& ground) { return ground.open_error(O_RDWR); }},
        {"open for writing only", EPERM,
         [](auto& ground) {
             return number_of(
                 ground.tree->open(root_of_all, ground.file, {.read = false, .write = true}));
         },
         [](auto& ground) { return ground.open_error(O_WRONLY); }},
        {"open for reading", 0,
         [](auto& ground) { return number_of(ground.tree->open(root_of_all, ground.file, {})); },
         [](auto& ground) { return ground.open_error(O_RDONLY); }},
        {"open for appending", 0,
         [](auto& ground) {
             return number_of(ground.tree->open(root_of_all, ground.file, at_the_end));
         },
         [](auto& ground) { return ground.open_error(O_RDWR | O_APPEND); }},
        {"cut", EPERM,
         [](auto& ground) {
             return number_of(ground.open(ground.file, at_the_end)->resize(root_of_all, 0));
         },
         [](auto& ground) { return number_of(::ftruncate(ground.open_at_the_end().get(), 0)); }},
        {"grow", EPERM,
         [](auto& ground) {
             return number_of(ground.open(ground.file, at_the_end)->grow(root_of_all, 20));
         },
         [](auto& ground) { return number_of(::ftruncate(ground.open_at_the_end().get(), 20)); }},
        {"allocate", 0, [](auto& ground) { return allocate_here(ground, AllocateMode::allocate); },
         [](auto& ground) { return allocate_there(ground, 0); }},
        {"allocate behind the end", 0,
         [](auto& ground) { return allocate_here(ground, AllocateMode::keep_size); },
         [](auto& ground) { return allocate_there(ground, FALLOC_FL_KEEP_SIZE); }},
        {"punch a hole", EPERM,
         [](auto& ground) { return allocate_here(ground, AllocateMode::punch_hole); },
         [](auto& ground) {
             return allocate_there(ground, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE);
         }},
        {"make zeros", EPERM,
         [](auto& ground) { return allocate_here(ground, AllocateMode::zero_range); },
         [](auto& ground) { return allocate_there(ground, FALLOC_FL_ZERO_RANGE); }},
        {"copy into it", EBADF,
         [](auto& ground) {
             const auto to = ground.open(ground.file, at_the_end);
             return number_of(
                 ground.open(ground.other, {})->copy_to(root_of_all, 0, *to, size_before, 5));
         },
         [](auto& ground) {
             const UniqueFd from(::open(ground.other.c_str(), O_RDONLY | O_CLOEXEC));
             off_t start = 0;
             off_t end = size_before;
             return number_of(
                 ::copy_file_range(from.get(), &start, ground.open_at_the_end().get(), &end, 5, 0));
         }},
        {"map it for writing", EACCES,
         [](auto& ground) {
             return number_of(ground.open(ground.file, at_the_end)->map(root_of_all, plainly));
         },
         [](auto& ground) {
             const UniqueFd fd = ground.open_at_the_end();
             void* const at =
                 ::mmap(nullptr, size_before, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
             return at == MAP_FAILED ? errno : 0;
         }},
    };
}

std::vector<Deed> deeds_by_name() {
    return {
        {"truncate", EPERM, [](auto& ground) { return change_here(ground, size_of(0)); },
         [](auto& ground) { return number_of(::truncate(ground.file.c_str(), 0)); }},
        {"chmod", EPERM,
         [](auto& ground) {
             AttributeChanges changes;
             changes.permissions = 0600;
             return change_here(ground, changes);
         },
         [](auto& ground) { return number_of(::chmod(ground.file.c_str(), 0600)); }},
        {"chown", EPERM,
         [](auto& ground) {
             AttributeChanges changes;
             changes.uid = 1;
             return change_here(ground, changes);
         },
         [](auto& ground) { return number_of(::chown(ground.file.c_str(), 1, 0)); }},
        {"set times", EPERM,
         [](auto& ground) {
             AttributeChanges changes;
             changes.modify = Time{1, 0};
             return change_here(ground, changes);
         },
         [](auto& ground) {
             const timespec times[] = {{0, UTIME_OMIT}, {1, 0}};
             return number_of(::utimensat(AT_FDCWD, ground.file.c_str(), times, 0));
         }},
        {"touch", 0,
         [](auto& ground) {
             AttributeChanges changes;
             changes.modify = Time{1, 0};
             return number_of(ground.tree->touch(root_of_all, ground.file, changes));
         },
         [](auto& ground) {
             return number_of(::utimensat(AT_FDCWD, ground.file.c_str(), nullptr, 0));
         }},
    };
}

std::vector<Deed> all_deeds() {
    std::vector<Deed> deeds = deeds_with_it_open();
    for (Deed& deed : deeds_by_name()) deeds.push_back(std::move(deed));
    return deeds;
}

TEST(AppendOnly, allows_what_the_kernel_allows) {
    for (const Deed& deed : all_deeds()) {
        FlaggedTree ground;
        EXPECT_EQ(deed.here(ground), deed.error) << deed.what;
        if (deed.error != 0) {
            EXPECT_EQ(ground.content(), "0123456789") << deed.what;
        }
    }
}

TEST(AppendOnly, of_the_kernel_is_what_is_expected_here) {
    for (const Deed& deed : all_deeds()) {
        FlaggedHost ground;
        if (!ground.flagged)
            GTEST_SKIP() << "the flag cannot be set: that needs root and a filesystem that has it";
        EXPECT_EQ(deed.there(ground), deed.error) << deed.what;
    }
}

TEST(AppendOnly, is_written_at_its_end_and_nowhere_else) {
    FlaggedTree ground;
    const auto file = ground.open(ground.file, at_the_end);
    for (const std::uint64_t offset : {std::uint64_t{0}, size_before - 1, size_before + 1})
        EXPECT_EQ(number_of(file->write(root_of_all, offset, octets("x"))), EPERM) << offset;
    EXPECT_EQ(file->write(root_of_all, size_before, octets("ab")).value_or(0), 2U);
    EXPECT_EQ(number_of(file->write(root_of_all, size_before, octets("x"))), EPERM);
    EXPECT_TRUE(file->append(root_of_all)->write_all(root_of_all, octets("cd")));
    EXPECT_EQ(ground.content(), "0123456789abcd");
}

TEST(AppendOnly, other_files_are_written_anywhere_also_when_opened_for_appending) {
    FlaggedTree ground;
    const auto file = ground.open(ground.other, at_the_end);
    EXPECT_FALSE(file->mode().append);
    EXPECT_TRUE(file->write(root_of_all, 0, octets("x")));
    EXPECT_TRUE(file->resize(root_of_all, 0));
}

TEST(AppendOnly, flag_that_comes_later_keeps_an_open_file_from_losing_content) {
    FlaggedTree ground;
    ground.flagged = false;
    const auto file = ground.open(ground.file, plainly);
    ground.flagged = true;
    EXPECT_EQ(number_of(file->resize(root_of_all, 0)), EPERM);
    EXPECT_EQ(number_of(file->discard(root_of_all, {0, 5})), EPERM);
    EXPECT_EQ(number_of(file->allocate(root_of_all, AllocateMode::punch_hole, {0, 5})), EPERM);
    // As the kernel has it: how it was opened decides.
    EXPECT_TRUE(file->write(root_of_all, 0, octets("x")));
}

}  // namespace
}  // namespace quire::fs
