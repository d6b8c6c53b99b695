// SPDX-License-Identifier: MIT

#include "content/directory.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/content/image.hpp"

namespace quire::ext::content_tests {
namespace {

/// A directory with the files its names mean: each may have many names.
struct Tree {
    explicit Tree(Image& of, int file_count = 4)
        : image(of), directories(of.fs(), of.allocator()), directory(of.new_inode(directory_mode)) {
        directory->i_links_count = 2;
        EXPECT_TRUE(succeeded(directories.make_new(directory, EXT2_ROOT_INO)));
        image.name_in_root(directory, "directory");
        for (int i = 0; i < file_count; ++i) {
            files.push_back(of.new_inode(file_mode));
            files.back()->i_links_count = 0;
        }
    }

    Result<void> add(const std::string& name, std::size_t file) {
        const auto done = directories.insert(
            directory, name, {.inode = files[file].number(), .type = fs::FileType::regular});
        if (done) ++files[file]->i_links_count;
        return done;
    }
    Result<NameTarget> remove(const std::string& name) {
        auto done = directories.remove(directory, name);
        for (InodeRecord& file : files)
            if (done && file.number() == done->inode) --file->i_links_count;
        return done;
    }
    void save() {
        ASSERT_TRUE(succeeded(directory.write(image.fs())));
        for (const InodeRecord& file : files) {
            if (file->i_links_count > 0) {
                ASSERT_TRUE(succeeded(file.write(image.fs())));
            } else {
                ext2fs_inode_alloc_stats2(image.fs(), file.number(), -1, 0);
            }
        }
    }
    /// All of the directory, in steps of `limit`.
    std::map<std::string, ext2_ino_t> list(std::size_t limit) {
        std::map<std::string, ext2_ino_t> names;
        std::uint64_t position = 0;
        for (;;) {
            const Listing part = value(directories.list(directory, position, limit));
            for (const ListedEntry& entry : part.entries)
                EXPECT_TRUE(names.emplace(entry.name, entry.inode).second) << entry.name;
            if (part.at_end) return names;
            EXPECT_FALSE(part.entries.empty());
            position = part.next;
        }
    }

    Image& image;
    Directories directories;
    InodeRecord directory;
    std::vector<InodeRecord> files;
};

class Names : public ::testing::TestWithParam<Format> {};

TEST_P(Names, a_new_directory_is_empty_and_knows_its_parent) {
    Image image(GetParam().arguments, "16M");
    Tree tree(image, 0);
    EXPECT_TRUE(value(tree.directories.is_empty(tree.directory)));
    EXPECT_EQ(value(tree.directories.parent(tree.directory)), ext2_ino_t{EXT2_ROOT_INO});
    EXPECT_EQ(value(tree.directories.lookup(tree.directory, ".."))->inode,
              ext2_ino_t{EXT2_ROOT_INO});
    EXPECT_FALSE(value(tree.directories.lookup(tree.directory, "x")));
    tree.save();
    image.expect_clean();
}

TEST_P(Names, errors_are_exact) {
    Image image(GetParam().arguments, "16M");
    Tree tree(image, 1);
    const std::string longest(255, 'n');
    ASSERT_TRUE(succeeded(tree.add(longest, 0)));
    EXPECT_EQ(tree.add(longest, 0).error(), std::errc::file_exists);
    EXPECT_EQ(tree.add(longest + 'n', 0).error(), std::errc::filename_too_long);
    EXPECT_EQ(tree.directories.lookup(tree.directory, longest + 'n').error(),
              std::errc::filename_too_long);
    EXPECT_EQ(tree.add("", 0).error(), std::errc::invalid_argument);
    EXPECT_EQ(tree.add("..", 0).error(), std::errc::invalid_argument);
    EXPECT_EQ(tree.remove("y").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(tree.directories.replace(tree.directory, "y", {}).error(),
              std::errc::no_such_file_or_directory);
    EXPECT_FALSE(value(tree.directories.is_empty(tree.directory)));
    tree.save();
    image.expect_clean();
}

TEST_P(Names, random_changes_agree_with_a_map) {
    for (unsigned seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        Image image(GetParam().arguments, "32M");
        Tree tree(image);
        std::mt19937 random(seed);
        std::map<std::string, ext2_ino_t> model;
        const auto random_name = [&] {
            const std::size_t length = random() % 5 == 0 ? 100 + random() % 156 : 1 + random() % 8;
            std::string name = std::to_string(random() % 3000);
            while (name.size() < length) name += static_cast<char>('a' + random() % 3 * 90);
            return name;
        };
        for (int step = 0; step < 6000; ++step) {
            const bool growing = step < 3000 || random() % 3 == 0;
            const std::string name = random_name();
            const std::size_t file = random() % tree.files.size();
            if (growing) {
                const auto done = tree.add(name, file);
                if (model.contains(name)) {
                    ASSERT_EQ(done.error(), std::errc::file_exists);
                    if (random() % 2 == 0) {
                        auto old = tree.directories.replace(
                            tree.directory, name,
                            {.inode = tree.files[file].number(), .type = fs::FileType::regular});
                        ASSERT_TRUE(succeeded(old));
                        ASSERT_EQ(old->inode, model[name]);
                        for (InodeRecord& other : tree.files)
                            if (other.number() == old->inode) --other->i_links_count;
                        ++tree.files[file]->i_links_count;
                        model[name] = tree.files[file].number();
                    }
                } else {
                    ASSERT_TRUE(succeeded(done)) << name;
                    model[name] = tree.files[file].number();
                }
            } else if (!model.empty()) {
                auto victim = model.lower_bound(name);
                if (victim == model.end()) victim = model.begin();
                const auto done = tree.remove(victim->first);
                ASSERT_TRUE(succeeded(done));
                ASSERT_EQ(done->inode, victim->second);
                model.erase(victim);
            }
            const auto found = value(tree.directories.lookup(tree.directory, name));
            ASSERT_EQ(found ? found->inode : 0, model.contains(name) ? model[name] : 0) << name;
            if (step % 1000 == 0) {
                ASSERT_EQ(tree.list(1 + random() % 50), model);
            }
        }
        ASSERT_EQ(tree.list(7), model);
        tree.save();
        image.expect_clean();
        while (!model.empty()) {
            ASSERT_TRUE(succeeded(tree.remove(model.begin()->first)));
            model.erase(model.begin());
        }
        EXPECT_TRUE(value(tree.directories.is_empty(tree.directory)));
    }
}

/// Names that are there all the time are listed exactly once, whatever comes and goes.
TEST_P(Names, listing_is_stable_while_names_come_and_go) {
    Image image(GetParam().arguments, "32M");
    Tree tree(image, 1);
    std::mt19937 random(5);
    std::set<std::string> fixed;
    std::set<std::string> loose;
    const auto add_loose = [&] {
        std::string name = fmt::format("loose-{}-{:0{}}", random() % 100000, 0, random() % 60);
        if (loose.insert(name).second) {
            ASSERT_TRUE(succeeded(tree.add(name, 0)));
        }
    };
    for (const int size : {3, 10, 40, 2000}) {
        while (static_cast<int>(fixed.size()) < size) {
            const std::string name = fmt::format("fixed-{}", random());
            fixed.insert(name);
            ASSERT_TRUE(succeeded(tree.add(name, 0)));
            add_loose();
        }
        std::multiset<std::string> seen;
        std::uint64_t position = 0;
        for (bool at_end = false; !at_end;) {
            const Listing part = value(tree.directories.list(tree.directory, position, 3));
            for (const ListedEntry& entry : part.entries) seen.insert(entry.name);
            at_end = part.at_end;
            position = part.next;
            for (int i = 0; i < 4; ++i) {
                if (random() % 2 == 0) {
                    add_loose();
                } else if (!loose.empty()) {
                    auto victim = loose.lower_bound(fmt::format("loose-{}", random() % 100000));
                    if (victim == loose.end()) victim = loose.begin();
                    ASSERT_TRUE(succeeded(tree.remove(*victim)));
                    loose.erase(victim);
                }
            }
        }
        for (const std::string& name : fixed) ASSERT_EQ(seen.count(name), 1u) << name;
    }
    tree.save();
    image.expect_clean();
}

TEST_P(Names, a_full_device_leaves_the_directory_as_it_was) {
    Image image(GetParam().arguments, "16M");
    Tree tree(image, 1);
    std::map<std::string, ext2_ino_t> model;
    std::mt19937 random(11);
    for (int i = 0; i < 3000; ++i) {
        image.allocator().left = random() % 3;
        const std::string name = fmt::format("{}-{}", std::string(random() % 150, 'x'), i);
        const std::uint64_t size = tree.directory.size();
        const auto blocks = tree.directory->i_blocks;
        const auto done = tree.add(name, 0);
        if (done) {
            model[name] = tree.files[0].number();
            continue;
        }
        ASSERT_EQ(done.error(), std::errc::no_space_on_device);
        ASSERT_EQ(tree.directory.size(), size);
        ASSERT_EQ(tree.directory->i_blocks, blocks);
        ASSERT_FALSE(value(tree.directories.lookup(tree.directory, name)));
    }
    EXPECT_EQ(tree.list(100), model);
    tree.save();
    image.expect_clean();
}

/// With long names in small blocks a tree of two levels is soon full; large_dir allows a third.
TEST(HashTree, fills_up_and_says_so_or_grows_a_third_level) {
    for (const bool large : {false, true}) {
        SCOPED_TRACE(large);
        // How full the blocks are depends on how the names hash.
        const std::string seed = " -E hash_seed=12345678-1234-1234-1234-123456789abc";
        Image image(
            (large ? "-t ext4 -b 1024 -O large_dir,metadata_csum" : "-t ext4 -b 1024") + seed,
            "96M");
        Tree tree(image, 2);
        const std::string filler(240, 'x');
        int count = 0;
        Result<void> done;
        while (count < 48000) {
            done = tree.add(fmt::format("{:08}{}", count, filler),
                            static_cast<std::size_t>(count % 2));
            if (!done) break;
            ++count;
        }
        if (large) {
            ASSERT_TRUE(succeeded(done));
        } else {
            ASSERT_EQ(done.error(), std::errc::no_space_on_device);
            EXPECT_GT(count, 20000);
        }
        EXPECT_EQ(tree.list(500).size(), static_cast<std::size_t>(count));
        for (int i = 0; i < count; i += 101)
            ASSERT_TRUE(
                value(tree.directories.lookup(tree.directory, fmt::format("{:08}{}", i, filler))));
        tree.save();
        image.expect_clean();
        const std::string tree_shape = image.debugfs("htree_dump /directory");
        EXPECT_NE(tree_shape.find(large ? "Indirect levels: 2" : "Indirect levels: 1"),
                  std::string::npos)
            << tree_shape.substr(0, 400);
    }
}

class ManyNames : public ::testing::TestWithParam<Format> {};

TEST_P(ManyNames, one_hundred_thousand_names_cost_a_bounded_number_of_reads_each) {
    Image image(GetParam().arguments, "64M");
    Tree tree(image, 4);
    constexpr int count = 100000;
    const auto name_of = [](int i) { return fmt::format("some-file-{:06}.txt", i); };
    std::uint64_t most = 0;
    for (int i = 0; i < count; ++i) {
        const std::uint64_t before = image.reads();
        ASSERT_TRUE(succeeded(tree.add(name_of(i), static_cast<std::size_t>(i % 4)))) << i;
        if (i != 0 && tree.directory.size() > 5 * std::uint64_t{image.fs()->blocksize})
            most = std::max(most, image.reads() - before);
    }
    // Once the index of a linear directory is made; a few blocks for each further name.
    EXPECT_LE(most, 16u);

    std::uint64_t before = image.reads();
    for (int i = 0; i < count; i += 17)
        ASSERT_EQ(value(tree.directories.lookup(tree.directory, name_of(i)))->inode,
                  tree.files[static_cast<std::size_t>(i % 4)].number());
    EXPECT_LE(image.reads() - before, count / 17 * 10u);
    before = image.reads();
    for (int i = 0; i < 1000; ++i)
        ASSERT_FALSE(value(tree.directories.lookup(tree.directory, fmt::format("none-{}", i))));
    EXPECT_LE(image.reads() - before, 10000u);
    EXPECT_EQ(tree.list(1000).size(), static_cast<std::size_t>(count));
    EXPECT_EQ(tree.directory.has_flag(EXT2_INDEX_FL),
              ext2fs_has_feature_dir_index(image.fs()->super) != 0);
    tree.save();
    image.expect_clean();

    Directories fresh(image.fs(), image.allocator());
    before = image.reads();
    EXPECT_TRUE(value(fresh.lookup(tree.directory, name_of(77777))));
    before = image.reads();
    EXPECT_TRUE(value(fresh.lookup(tree.directory, name_of(12345))));
    EXPECT_LE(image.reads() - before, 10u);
}

INSTANTIATE_TEST_SUITE_P(Formats, ManyNames,
                         ::testing::Values(Format{"ext2_linear_1k",
                                                  "-t ext2 -b 1024 -O ^dir_index"},
                                           Format{"ext4_4k", "-t ext4 -b 4096 -O metadata_csum"}),
                         [](const auto& parameter) { return parameter.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Formats, Names,
    ::testing::Values(
        Format{"ext2_linear_1k", "-t ext2 -b 1024 -O ^dir_index"},
        Format{"ext3_4k", "-t ext3 -b 4096"}, Format{"ext4_1k", "-t ext4 -b 1024"},
        Format{"ext4_4k", "-t ext4 -b 4096"},
        Format{"ext4_linear_csum", "-t ext4 -b 1024 -O metadata_csum,^dir_index,^filetype"},
        Format{"ext4_largedir", "-t ext4 -b 1024 -O large_dir,metadata_csum,64bit"},
        Format{"ext4_inline", "-t ext4 -b 1024 -I 256 -O inline_data,metadata_csum"},
        Format{"ext4_inline_linear", "-t ext4 -b 4096 -I 512 -O inline_data,^dir_index"}),
    [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace quire::ext::content_tests
