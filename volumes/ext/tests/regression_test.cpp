// SPDX-License-Identifier: MIT

// e2fsprogs' own regression images, sound ones and broken ones: whatever one of them holds,
// reading gives an error or what debugfs gives.

#include <fmt/core.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "quire/block/file_device.hpp"
#include "quire/volumes/ext/summary.hpp"
#include "support.hpp"
#include "walk.hpp"

namespace quire::ext::tests {
namespace {

namespace files = std::filesystem;

/// Compares the regular files of a volume with what debugfs took out into a folder.
class Comparison {
public:
    explicit Comparison(Volume& volume) : volume_(volume) {}

    void run(const files::path& folder) {
        const auto root = volume_.root(call_);
        if (!root) return;
        directory(root->node, folder, 0);
        volume_.reclaim(root->node, 1);
    }
    int compared() const { return compared_; }
    const std::vector<std::string>& differences() const { return differences_; }

private:
    void directory(fs::Cookie node, const files::path& folder, int depth) {
        if (depth > 10) return;
        std::error_code ignored;
        for (const auto& entry : files::directory_iterator(folder, ignored)) {
            const auto name = Name::parse(entry.path().filename().string());
            if (!name || compared_ > 300) continue;
            const auto found = volume_.lookup(call_, node, *name);
            if (!found) continue;
            if (entry.is_symlink(ignored))
                link(found->node, entry.path());
            else if (entry.is_directory(ignored))
                directory(found->node, entry.path(), depth + 1);
            else if (found->attributes.type == fs::FileType::regular)
                file(*found, entry.path());
            volume_.reclaim(found->node, 1);
        }
    }

    /// debugfs stops at what it can't read, and minds no size of what lies in the inode.
    static bool agree(const std::string& ours, const std::string& theirs) {
        return ours.starts_with(theirs) || theirs.starts_with(ours);
    }

    void link(fs::Cookie node, const files::path& path) {
        std::error_code ignored;
        const auto target = volume_.readlink(call_, node);
        ++compared_;
        if (target && !agree(*target, files::read_symlink(path, ignored).string()))
            differences_.push_back(path.string() + " leads elsewhere");
    }

    void file(const fs::Entry& entry, const files::path& path) {
        constexpr std::uint64_t most = 4 << 20;
        if (entry.attributes.size > most) return;
        std::string content(entry.attributes.size, '\0');
        const auto got =
            volume_.read(call_, entry.node, 0, std::as_writable_bytes(std::span(content)));
        if (!got) return;
        ++compared_;
        std::ifstream stream(path, std::ios::binary);
        const std::string expected((std::istreambuf_iterator<char>(stream)), {});
        if (!agree(content, expected))
            differences_.push_back(path.string() + " has another content");
    }

    Volume& volume_;
    fs::Call call_ = fs::Call::as_root();
    int compared_ = 0;
    std::vector<std::string> differences_;
};

/// The images are many: each test takes its share.
constexpr int shares = 8;

class RegressionImages : public ::testing::TestWithParam<int> {};

TEST_P(RegressionImages, reading_gives_an_error_or_what_debugfs_gives) {
    SKIP_WITHOUT("debugfs");
    const Output fetched = run(std::string(QUIRE_SOURCE_DIR) + "/tools/fetch-e2fsprogs-tests");
    if (fetched.status == 77) GTEST_SKIP() << fetched.text;
    const std::string folder = fetched.text.substr(0, fetched.text.find('\n'));
    int opened = 0;
    int compared = 0;
    int images = 0;
    std::vector<files::path> tests;
    for (const auto& test : files::directory_iterator(folder)) tests.push_back(test.path());
    std::ranges::sort(tests);
    for (const files::path& test : tests) {
        const files::path packed = test / "image.gz";
        if (!files::exists(packed)) continue;
        if (images++ % shares != GetParam()) continue;
        SCOPED_TRACE(test.filename().string());
        testing::TemporaryDirectory directory;
        const std::string image = (directory / "image").string();
        ASSERT_EQ(run("gunzip -c " + packed.string() + " > " + image).status, 0);
        auto device = block::FileDevice::open(image);
        ASSERT_OK(device);
        auto volume =
            Volume::open(std::shared_ptr<block::Device>(std::move(*device)), steady(true));
        if (!volume) {
            EXPECT_FALSE(volume.error().sentence().empty());
            continue;
        }
        ++opened;
        Walk(**volume).run();
        // debugfs does not look into the journal; and it does not end on some of the broken ones.
        device = block::FileDevice::open(image);
        ASSERT_OK(device);
        const auto summary = probe(**device);
        if (!summary || !*summary || (*summary)->needs_recovery) continue;
        const std::string out = (directory / "out").string();
        run(fmt::format("mkdir {0}; timeout 2 debugfs -R 'rdump / {0}' {1}", out, image));
        Comparison comparison(**volume);
        comparison.run(out);
        EXPECT_THAT(comparison.differences(), ::testing::IsEmpty());
        compared += comparison.compared();
    }
    EXPECT_GT(images, 100);
    EXPECT_GT(opened, images / shares / 2);
    EXPECT_GT(compared, 5);
}

INSTANTIATE_TEST_SUITE_P(Shares, RegressionImages, ::testing::Range(0, shares));

}  // namespace
}  // namespace quire::ext::tests
