// SPDX-License-Identifier: MIT
//
// libext2fs alone, on its own I/O manager: that it reads what we wrote, and the behaviours of it
// that this room is built around. A test that fails here after an upgrade says which of our
// precautions is to be looked at again.

#include <ext2fs/ext2fs.h>
#include <gmock/gmock.h>

#include <map>

#include "support.hpp"

namespace quire::ext::tests {
namespace {

class Library : public ::testing::Test {
protected:
    void SetUp() override { SKIP_WITHOUT("mke2fs"); }

    void TearDown() override { close(); }

    void open(const Image& image, int flags = 0) {
        ASSERT_EQ(ext2fs_open(image.path().c_str(), flags | EXT2_FLAG_64BITS, 0, 0, unix_io_manager,
                              &fs_),
                  0);
        if ((flags & EXT2_FLAG_RW) == 0) return;
        ASSERT_EQ(ext2fs_read_bitmaps(fs_), 0);
    }
    void close() {
        if (fs_ != nullptr) ext2fs_close_free(&fs_);
        fs_ = nullptr;
    }

    ext2_ino_t find(const std::string& path) {
        ext2_ino_t found = 0;
        EXPECT_EQ(ext2fs_namei(fs_, EXT2_ROOT_INO, EXT2_ROOT_INO, path.c_str(), &found), 0) << path;
        return found;
    }

    std::map<std::string, ext2_ino_t> list(ext2_ino_t directory) {
        std::map<std::string, ext2_ino_t> names;
        EXPECT_EQ(ext2fs_dir_iterate2(
                      fs_, directory, 0, nullptr,
                      [](ext2_ino_t, int, ext2_dir_entry* entry, int, int, char*, void* out) {
                          const std::string name(
                              entry->name, static_cast<std::size_t>(ext2fs_dirent_name_len(entry)));
                          if (name != "." && name != "..")
                              static_cast<std::map<std::string, ext2_ino_t>*>(out)->emplace(
                                  name, entry->inode);
                          return 0;
                      },
                      &names),
                  0);
        return names;
    }

    std::string read(ext2_ino_t inode) {
        ext2_file_t file = nullptr;
        EXPECT_EQ(ext2fs_file_open(fs_, inode, 0, &file), 0);
        std::uint64_t size = 0;
        EXPECT_EQ(ext2fs_file_get_lsize(file, reinterpret_cast<__u64*>(&size)), 0);
        std::string text(static_cast<std::size_t>(size), '\0');
        unsigned got = 0;
        EXPECT_EQ(ext2fs_file_read(file, text.data(), static_cast<unsigned>(size), &got), 0);
        EXPECT_EQ(got, size);
        ext2fs_file_close(file);
        return text;
    }

    ext2_inode_large inode(ext2_ino_t number) {
        ext2_inode_large inode{};
        EXPECT_EQ(ext2fs_read_inode_full(fs_, number, reinterpret_cast<ext2_inode*>(&inode),
                                         sizeof inode),
                  0);
        return inode;
    }

    ext2_filsys fs_ = nullptr;
};

class LibraryReads : public Library, public ::testing::WithParamInterface<Kind> {};

TEST_P(LibraryReads, the_names_and_contents_that_we_wrote) {
    const Image image(GetParam());
    std::map<std::string, std::string> files;
    {
        Session session = Session::open(image, steady());
        ASSERT_OK(session.mkdir("d"));
        for (int i = 0; i < 400; ++i) {
            const std::string path = "d/a name of some length, number " + std::to_string(i);
            const std::string text(static_cast<std::size_t>(i * 37),
                                   static_cast<char>('a' + i % 26));
            const auto made = session.create(path, text);
            ASSERT_OK(made);
            session.drop(*made);
            files.emplace(path.substr(2), text);
        }
        for (int i = 0; i < 400; i += 3) {
            const std::string name = "a name of some length, number " + std::to_string(i);
            ASSERT_OK(session.remove("d/" + name));
            files.erase(name);
        }
        ASSERT_OK(session.unmount());
    }
    open(image);
    const auto names = list(find("/d"));
    EXPECT_EQ(names.size(), files.size());
    for (const auto& [name, text] : files) {
        ASSERT_TRUE(names.contains(name)) << name;
        ASSERT_TRUE(read(names.at(name)) == text) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LibraryReads, ::testing::ValuesIn(writable_kinds()),
                         [](const auto& tested) { return tested.param.name; });

// Why link counts, freeing and orphans are ours.
TEST_F(Library, unlink_clears_the_entry_and_nothing_else) {
    const Image image({"ext4", "-t ext4"});
    {
        Session session = Session::open(image, steady());
        const auto made = session.create("file", std::string(50000, 'x'));
        ASSERT_OK(made);
        session.drop(*made);
        ASSERT_OK(session.unmount());
    }
    open(image, EXT2_FLAG_RW);
    const ext2_ino_t file = find("/file");
    const blk64_t free_before = ext2fs_free_blocks_count(fs_->super);
    ASSERT_EQ(ext2fs_unlink(fs_, EXT2_ROOT_INO, "file", file, 0), 0);
    EXPECT_EQ(list(EXT2_ROOT_INO).count("file"), 0u);
    EXPECT_EQ(inode(file).i_links_count, 1);
    EXPECT_EQ(inode(file).i_dtime, 0u);
    EXPECT_EQ(ext2fs_free_blocks_count(fs_->super), free_before);
    EXPECT_TRUE(ext2fs_test_inode_bitmap2(fs_->inode_map, file));
}

// Why names are measured before they reach it: an entry has one byte for the length.
TEST_F(Library, a_name_of_256_bytes_damages_the_directory) {
    const Image image({"ext4", "-t ext4 -b 4096"});
    open(image, EXT2_FLAG_RW);
    const std::string name(256, 'n');
    EXPECT_EQ(ext2fs_link(fs_, EXT2_ROOT_INO, name.c_str(), 11, EXT2_FT_DIR), 0);
    EXPECT_EQ(list(EXT2_ROOT_INO).count(name), 0u);
    close();
    EXPECT_FALSE(clean(image));
    EXPECT_EQ(Name::parse(name).error(), std::errc::filename_too_long);
}

// Why journals are our own: the library opens an image that needs replay and reads what is old.
TEST_F(Library, opens_an_image_whose_journal_is_not_replayed) {
    const Image image({"ext4", "-t ext4"});
    ASSERT_EQ(image.debugfs("feature needs_recovery", true).find("error"), std::string::npos);
    open(image);
    EXPECT_TRUE(ext2fs_has_feature_journal_needs_recovery(fs_->super));
}

// Why directories have an index of our own: a lookup reads every block.
TEST_F(Library, a_lookup_scans_the_directory) {
    const Image image({"ext4", "-t ext4 -b 1024"});
    {
        Session session = Session::open(image, steady());
        ASSERT_OK(session.mkdir("d"));
        for (int i = 0; i < 3000; ++i) {
            const auto made = session.create("d/" + std::string(100, 'n') + std::to_string(i));
            ASSERT_OK(made);
            session.drop(*made);
        }
        ASSERT_OK(session.unmount());
    }
    open(image);
    const ext2_ino_t directory = find("/d");
    const auto bytes_read = [&] {
        io_stats stats = nullptr;
        fs_->io->manager->get_stats(fs_->io, &stats);
        return stats->bytes_read;
    };
    const auto before = bytes_read();
    ext2_ino_t found = 0;
    ASSERT_EQ(ext2fs_lookup(fs_, directory, "none", 4, nullptr, &found), EXT2_ET_FILE_NOT_FOUND);
    const auto scanned = bytes_read() - before;
    const ext2_inode_large facts = inode(directory);
    EXPECT_GT(scanned, EXT2_I_SIZE(&facts) * 8 / 10);
}

}  // namespace
}  // namespace quire::ext::tests
