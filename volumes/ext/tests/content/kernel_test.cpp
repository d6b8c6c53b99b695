// SPDX-License-Identifier: MIT

// What the kernel makes we read, and what we make the kernel reads: needs root and loop devices.

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "content/attributes.hpp"
#include "content/directory.hpp"
#include "content/mapping.hpp"
#include "tests/content/image.hpp"

namespace quire::ext::content_tests {
namespace {

using NameSet = std::set<std::string>;

/// The image on a kernel mount, for the length of its life.
class Mount {
public:
    explicit Mount(const Image& image) : image_(image) {
        std::filesystem::create_directory(point());
        const Output mounted = run(fmt::format("mount -o loop,user_xattr,acl {} {}",
                                               image.path().string(), point().string()));
        mounted_ = mounted.status == 0;
        reason_ = mounted.text;
    }
    ~Mount() {
        if (mounted_) {
            EXPECT_EQ(run("umount " + point().string()).status, 0);
        }
    }
    Mount(const Mount&) = delete;
    Mount& operator=(const Mount&) = delete;

    bool works() const { return mounted_; }
    const std::string& reason() const { return reason_; }
    std::filesystem::path point() const { return image_.path().parent_path() / "mount"; }

private:
    const Image& image_;
    bool mounted_ = false;
    std::string reason_;
};

NameSet names_in(const std::filesystem::path& directory) {
    NameSet names;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        names.insert(entry.path().filename().string());
    return names;
}

NameSet names_in(Image& image, const InodeRecord& directory) {
    Directories directories(image.fs(), image.allocator());
    NameSet names;
    Listing part;
    do {
        part = value(directories.list(directory, part.next, 100));
        for (const ListedEntry& entry : part.entries)
            EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    } while (!part.at_end);
    return names;
}

ext2_ino_t find(Image& image, ext2_ino_t directory, const std::string& name) {
    Directories directories(image.fs(), image.allocator());
    const InodeRecord record = value(InodeRecord::read(image.fs(), directory));
    const auto found = value(directories.lookup(record, name));
    return found ? found->inode : 0;
}

class ContentAndKernel : public ::testing::TestWithParam<const char*> {};

TEST_P(ContentAndKernel, goes_on_with_our_directories_and_we_with_its) {
    Image image(GetParam(), "64M");
    NameSet names;
    {
        Directories directories(image.fs(), image.allocator());
        InodeRecord directory = image.new_inode(LINUX_S_IFDIR | 0755);
        directory->i_links_count = 2;
        InodeRecord file = image.new_inode(file_mode);
        file->i_links_count = 0;
        ASSERT_TRUE(succeeded(directories.make_new(directory, EXT2_ROOT_INO)));
        for (int i = 0; i < 5000; ++i) {
            const std::string name = fmt::format("ours-{}-\xc3\xa4", i);
            ASSERT_TRUE(succeeded(directories.insert(
                directory, name, {.inode = file.number(), .type = fs::FileType::regular})));
            ++file->i_links_count;
            names.insert(name);
        }
        ASSERT_TRUE(succeeded(file.write(image.fs())));
        image.name_in_root(directory, "directory");
    }
    image.expect_clean();
    {
        Mount mount(image);
        if (!mount.works()) GTEST_SKIP() << mount.reason();
        const auto directory = mount.point() / "directory";
        ASSERT_EQ(names_in(directory), names);
        for (const std::string& name : names)
            ASSERT_EQ(::access((directory / name).c_str(), F_OK), 0) << name;
        for (int i = 0; i < 5000; ++i) {
            if (i % 3 == 0) {
                const std::string old = fmt::format("ours-{}-\xc3\xa4", i);
                ASSERT_EQ(::unlink((directory / old).c_str()), 0);
                names.erase(old);
            }
            if (i % 2 == 0) {
                const std::string added = fmt::format("theirs-{}", i);
                std::ofstream(directory / added) << i;
                names.insert(added);
            }
        }
    }
    image.reopen();
    const ext2_ino_t number = find(image, EXT2_ROOT_INO, "directory");
    ASSERT_NE(number, 0u);
    EXPECT_EQ(names_in(image, value(InodeRecord::read(image.fs(), number))), names);
    for (const std::string& name : names) ASSERT_NE(find(image, number, name), 0u) << name;
}

TEST_P(ContentAndKernel, reads_our_attributes_and_we_its) {
    Image image(GetParam(), "16M");
    InodeRecord inode = image.new_inode(file_mode);
    make_empty_mapping(image.fs(), inode);
    const std::string large(700, 'L');
    const auto set = [&](const char* name, const std::string& text) {
        ASSERT_TRUE(
            succeeded(set_attribute(image.access(), inode, name, std::as_bytes(std::span(text)))));
    };
    set("user.small", "1");
    set("user.large", large);
    set("trusted.t", "2");
    image.name_in_root(inode, "file");
    image.expect_clean();
    {
        Mount mount(image);
        if (!mount.works()) GTEST_SKIP() << mount.reason();
        const std::string file = mount.point() / "file";
        std::string got(1000, '\0');
        const auto expect = [&](const char* name, const std::string& text) {
            const ssize_t size = ::getxattr(file.c_str(), name, got.data(), got.size());
            ASSERT_EQ(size, static_cast<ssize_t>(text.size())) << name;
            EXPECT_EQ(got.substr(0, text.size()), text);
        };
        expect("user.small", "1");
        expect("user.large", large);
        expect("trusted.t", "2");
        ASSERT_EQ(::setxattr(file.c_str(), "user.theirs", "3", 1, 0), 0);
        ASSERT_EQ(::setxattr(file.c_str(), "user.small", "changed", 7, 0), 0);
        ASSERT_EQ(::removexattr(file.c_str(), "trusted.t"), 0);
        ASSERT_EQ(run("setfacl -m u:1000:rw,g:7:r " + file).status, 0);
    }
    image.reopen();
    inode = value(InodeRecord::read(image.fs(), inode.number()));
    EXPECT_EQ(value(list_attributes(image.fs(), inode)),
              (std::vector<std::string>{"system.posix_acl_access", "user.large", "user.small",
                                        "user.theirs"}));
    // Version; owner, the user 1000, group, the group 7, mask, others.
    EXPECT_EQ(value(get_attribute(image.fs(), inode, "system.posix_acl_access")).size(),
              4u + 6 * 8);
    ASSERT_TRUE(succeeded(remove_attribute(image.access(), inode, "user.large")));
    ASSERT_TRUE(succeeded(inode.write(image.fs())));
    image.expect_clean();
}

TEST_P(ContentAndKernel, makes_mappings_that_we_read) {
    Image image(GetParam(), "64M");
    {
        Mount mount(image);
        if (!mount.works()) GTEST_SKIP() << mount.reason();
        const std::string file = mount.point() / "file";
        std::ofstream out(file, std::ios::binary);
        for (int i = 0; i < 400; ++i) {
            out.seekp(i * 20000);
            out << "data" << i;
        }
        out.close();
        ASSERT_TRUE(out.good());
    }
    image.reopen();
    const ext2_ino_t number = find(image, EXT2_ROOT_INO, "file");
    const InodeRecord inode = value(InodeRecord::read(image.fs(), number));
    const std::uint64_t size = image.fs()->blocksize;
    const auto list = value(map(image.fs(), inode, 0, 399 * 20000 / size + 1));
    std::vector<char> block(size);
    for (int i = 0; i < 400; ++i) {
        const std::uint64_t at = static_cast<std::uint64_t>(i) * 20000;
        const auto extent = std::ranges::find_if(
            list, [&](const Extent& e) { return e.logical + e.count > at / size; });
        ASSERT_TRUE(extent != list.end() && extent->is_data());
        const std::uint64_t physical = extent->physical + (at / size - extent->logical);
        ASSERT_EQ(io_channel_read_blk64(image.fs()->io, physical, 1, block.data()), 0);
        const std::string want = fmt::format("data{}", i).substr(0, size - at % size);
        EXPECT_EQ(std::string(block.data() + at % size, want.size()), want);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, ContentAndKernel,
                         ::testing::Values("-t ext2 -b 1024", "-t ext4 -b 1024 -O metadata_csum",
                                           "-t ext4 -b 4096",
                                           "-t ext4 -b 4096 -O inline_data,metadata_csum"));

}  // namespace
}  // namespace quire::ext::content_tests
