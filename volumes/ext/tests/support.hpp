// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/fs/volume.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::ext::tests {

struct Output {
    int status = -1;
    std::string text;  ///< of both streams
};

/// Runs a command by the shell.
Output run(const std::string& command);
bool have(const std::string& program);

/// A kind of image that mke2fs makes.
struct Kind {
    std::string name;
    std::string options;
    std::string size = "16M";
};
void PrintTo(const Kind& kind, std::ostream* stream);

/// Images of all sorts that we can write.
std::vector<Kind> writable_kinds();

/// An image file made by mke2fs in a directory of its own.
class Image {
public:
    explicit Image(const Kind& kind, const std::string& more = "");

    std::string path() const { return (directory_ / "image").string(); }
    std::shared_ptr<block::Device> device(bool writable = true) const;
    /// What debugfs says to a request.
    std::string debugfs(const std::string& request, bool writable = false) const;
    testing::TemporaryDirectory& directory() { return directory_; }

private:
    testing::TemporaryDirectory directory_;
};

/// Succeeds when e2fsck finds nothing.
::testing::AssertionResult clean(const std::string& path);
::testing::AssertionResult clean(const Image& image);

/// A volume with the framework's short cuts left out: names by path, everything as root.
class Session {
public:
    explicit Session(std::shared_ptr<Volume> volume);
    static Session open(const Image& image, Options options = {});

    Volume& operator*() { return *volume_; }
    Volume* operator->() { return volume_.get(); }
    const fs::Call& call() const { return call_; }

    /// The node of a path below the root; counted as a lookup that drop() answers.
    Result<fs::Entry> find(std::string_view path);
    void drop(const fs::Entry& entry, std::uint64_t lookups = 1);

    Result<fs::Entry> create(std::string_view path, std::string_view content = {});
    Result<void> mkdir(std::string_view path);
    Result<void> remove(std::string_view path);
    Result<void> rmdir(std::string_view path);
    Result<void> rename(std::string_view from, std::string_view to, fs::RenameFlags flags = {});
    Result<std::string> read(std::string_view path);
    Result<void> write(std::string_view path, std::uint64_t offset, std::string_view content);
    Result<std::vector<std::string>> list(std::string_view path);
    Result<fs::Attributes> stat(std::string_view path);
    Result<void> unmount();

private:
    struct Place {
        fs::Entry directory;
        Name name;
    };
    Result<Place> place(std::string_view path);

    std::shared_ptr<Volume> volume_;
    fs::Call call_ = fs::Call::as_root();
};

template <typename T>
::testing::AssertionResult succeeded(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << result.error().message();
}

/// A clock that stands still at a time all can hold.
Options steady(bool read_only = false);

#define ASSERT_OK(...) ASSERT_TRUE(::quire::ext::tests::succeeded(__VA_ARGS__))
#define EXPECT_OK(...) EXPECT_TRUE(::quire::ext::tests::succeeded(__VA_ARGS__))
#define EXPECT_ERROR(wanted, ...)                                                           \
    do {                                                                                    \
        const auto& error_result = (__VA_ARGS__);                                           \
        ASSERT_FALSE(error_result.has_value());                                             \
        EXPECT_EQ(error_result.error().code(), (wanted)) << error_result.error().message(); \
    } while (false)

#define SKIP_WITHOUT(program) \
    if (!::quire::ext::tests::have(program)) GTEST_SKIP() << program " is not installed"

}  // namespace quire::ext::tests
