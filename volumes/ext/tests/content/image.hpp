// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "content/allocator.hpp"
#include "content/inode_record.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::ext::content_tests {

constexpr std::uint32_t directory_mode = LINUX_S_IFDIR | 0755;
constexpr std::uint32_t file_mode = LINUX_S_IFREG | 0644;

/// A kind of image: how mke2fs is to make it.
struct Format {
    const char* name;
    const char* arguments;

    friend void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }
};

/// The outcome of a program.
struct Output {
    int status = -1;
    std::string text;  ///< both its outputs
};
Output run(const std::string& command);

/// Takes blocks straight from the bitmap, and gives back at once.
class BitmapAllocator final : public Allocator {
public:
    explicit BitmapAllocator(ext2_filsys fs) : fs_(fs) {}

    Result<BlockRun> allocate(std::uint64_t goal, std::uint64_t want, BlockUse use) override;
    void release(BlockRun run, BlockUse use) override;
    void release_inode(ext2_ino_t inode) override;

    /// The longest run given, to force fragments; and how many blocks may still be given.
    std::uint64_t longest = ~std::uint64_t{0};
    std::uint64_t left = ~std::uint64_t{0};
    std::uint64_t released_metadata = 0;

private:
    ext2_filsys fs_;
};

/// A filesystem made by mke2fs in a temporary directory, opened through libext2fs's own I/O
/// manager with its requests counted.
class Image {
public:
    /// `arguments`: of mke2fs, as "-t ext4 -b 1024"; `size`: as "64M".
    Image(std::string_view arguments, std::string_view size);
    ~Image();
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;

    ext2_filsys fs() { return fs_; }
    BitmapAllocator& allocator() { return *allocator_; }
    Access access() { return {fs_, *allocator_}; }
    const std::filesystem::path& path() const { return path_; }

    /// A new inode with one link, marked as used, not written and not named yet.
    InodeRecord new_inode(std::uint32_t mode);
    /// Names an inode in the root directory through the library, and writes it.
    void name_in_root(const InodeRecord& inode, const std::string& name);

    std::uint64_t reads() const;
    std::uint64_t writes() const;

    /// Puts everything into the file, for others to look at.
    void save();
    /// Expects that e2fsck finds nothing.
    void expect_clean();
    /// Reads again what others have changed.
    void reopen();
    std::string debugfs(const std::string& request);

private:
    struct Counting;

    void open();

    testing::TemporaryDirectory directory_;
    std::filesystem::path path_;
    std::unique_ptr<Counting> counting_;
    ext2_filsys fs_ = nullptr;
    std::unique_ptr<BitmapAllocator> allocator_;
};

/// Fails the test with the error's sentence.
template <typename T>
::testing::AssertionResult succeeded(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.error().message();
}

template <typename T>
T value(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message());
    return *std::move(result);
}

}  // namespace quire::ext::content_tests
