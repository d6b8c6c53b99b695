// SPDX-License-Identifier: MIT

// A volume that is full stays usable, and nothing on it is lost.

#include "suite.hpp"

namespace quire::conformance {
namespace {

class Full : public Conformance {
protected:
    void SetUp() override {
        Conformance::SetUp();
        NEEDS(traits().can_be_filled, "others use the filesystem");
    }
    /// Writes a file until there is no room for a byte more; answers its size.
    std::uint64_t fill(const std::string& path) {
        EXPECT_OK(root->make_file(path, 0600));
        const auto opened = open(path);
        std::uint64_t size = 0;
        for (std::size_t piece = 256U << 10U; piece > 0;) {
            const auto written = opened->write(size, std::string(piece, 'f'));
            if (!written) {
                EXPECT_FAILS(ENOSPC, written);
                piece /= 2;
            } else {
                size += *written;
            }
        }
        EXPECT_EQ(stat(path).size, size);
        return size;
    }
};
INSTANTIATE_TEST_SUITE_P(Volumes, Full, ::testing::ValuesIn(kinds()), kind_name);

TEST_P(Full, writing_ends_with_enospc_and_what_was_written_stays) {
    const std::uint64_t size = fill("f");
    EXPECT_GT(size, 1U << 20U);
    EXPECT_TRUE(content("f") == std::string(size, 'f'));
    EXPECT_FAILS(ENOSPC, open("f")->write(size, std::string(1 << 20, 'g')));
    remount();
    EXPECT_TRUE(content("f") == std::string(size, 'f'));
}

TEST_P(Full, removing_makes_room_again) {
    const std::uint64_t size = fill("f");
    EXPECT_OK(root->unlink("f"));
    EXPECT_OK(root->sync());
    const std::uint64_t again = fill("f");
    EXPECT_EQ(again, size);
}

TEST_P(Full, cutting_makes_room_again) {
    const std::uint64_t size = fill("f");
    EXPECT_OK(root->truncate("f", size / 2));
    EXPECT_OK(root->sync());
    file("g", std::string(size / 4, 'g'));
    EXPECT_EQ(content("g").size(), size / 4);
}

TEST_P(Full, what_is_there_can_be_overwritten) {
    const std::uint64_t size = fill("f");
    const auto opened = open("f");
    EXPECT_EQ(opened->write(0, std::string(100'000, 'n')).value_or(0), 100'000U);
    EXPECT_EQ(opened->write(size - 1, "n").value_or(0), 1U);
    EXPECT_EQ(stat("f").size, size);
}

TEST_P(Full, names_can_be_changed_and_removed) {
    directory("d");
    file("d/a", "a");
    file("d/b", "b");
    fill("f");
    EXPECT_OK(root->rename("d/a", "d/c"));
    EXPECT_OK(root->rename("d/c", "d/b"));
    EXPECT_OK(root->chmod("d/b", 0600));
    EXPECT_OK(root->unlink("d/b"));
    EXPECT_OK(root->rmdir("d"));
    EXPECT_EQ(names("."), std::vector<std::string>{"f"});
}

TEST_P(Full, large_reserve_fails_as_a_whole) {
    NEEDS(traits().fallocate, "it cannot reserve space");
    file("f", "x");
    const std::uint64_t free = root->statistics()->free_blocks;
    EXPECT_FAILS(ENOSPC, open("f")->allocate(fs::AllocateMode::allocate, 0, 1U << 30U));
    EXPECT_EQ(content("f").substr(0, 1), "x");
    EXPECT_OK(root->truncate("f", 1));
    EXPECT_OK(root->sync());
    EXPECT_EQ(root->statistics()->free_blocks, free);
}

TEST_P(Full, making_directories_ends_with_enospc) {
    fill("f");
    int made = 0;
    for (;; ++made) {
        const auto done = root->mkdir("d" + std::to_string(made), 0755);
        if (done) continue;
        EXPECT_TRUE(fails(ENOSPC, done) || fails(EMLINK, done));
        break;
    }
    for (int i = 0; i < made; ++i) EXPECT_OK(root->rmdir("d" + std::to_string(i)));
    EXPECT_EQ(names("."), std::vector<std::string>{"f"});
}

TEST_P(Full, nodes_end_with_enospc) {
    const std::uint64_t free = root->statistics()->free_inodes;
    ASSERT_LT(free, 10'000U);
    directory("d");
    std::uint64_t made = 0;
    for (;; ++made) {
        const auto done = root->make_file("d/" + std::to_string(made), 0600);
        if (done) continue;
        EXPECT_FAILS(ENOSPC, done);
        break;
    }
    EXPECT_EQ(made, free - 1);
    EXPECT_EQ(root->statistics()->free_inodes, 0U);
    EXPECT_FAILS(ENOSPC, root->mkdir("e", 0755));
    EXPECT_FAILS(ENOSPC, root->symlink("t", "l"));
    EXPECT_FAILS(ENOSPC, root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_OK(root->link("d/0", "g"));
    EXPECT_OK(root->unlink("d/1"));
    EXPECT_OK(root->mkdir("e", 0755));
}

TEST_P(Full, failed_creation_leaves_no_name) {
    const std::uint64_t free = root->statistics()->free_inodes;
    for (std::uint64_t i = 0; i < free; ++i)
        ASSERT_OK(root->mknod(std::to_string(i), 0600, FileType::fifo, {}));
    EXPECT_FAILS(ENOSPC, root->make_file("f", 0600));
    EXPECT_FALSE(exists("f"));
    EXPECT_EQ(names(".").size(), free);
}

TEST_P(Full, sparse_files_promise_more_than_there_is) {
    file("f");
    EXPECT_OK(root->truncate("f", 1U << 30U));
    const auto opened = open("f");
    std::uint64_t at = 0;
    while (opened->write(at, std::string(65'536, 'x')).value_or(0) == 65'536) at += 1U << 20U;
    EXPECT_EQ(stat("f").size, 1U << 30U);
    EXPECT_EQ(opened->read(0, 3).value_or("?"), "xxx");
}

TEST_P(Full, attributes_fail_without_room_and_leave_the_old_one) {
    file("g");
    const auto set = [&](std::string_view value) {
        return root->set_attribute("g", "user.a", value, fs::SetAttributeMode::either, Follow::no);
    };
    EXPECT_OK(set("small"));
    fill("f");
    // What is left of metadata may take one; in the end there is no room.
    const auto done = set(std::string(800, 'l'));
    if (!done) {
        EXPECT_FAILS(ENOSPC, done);
        EXPECT_EQ(root->get_attribute("g", "user.a", Follow::no).value_or("?"), "small");
    }
    EXPECT_OK(set("tiny"));
}

}  // namespace
}  // namespace quire::conformance
