// SPDX-License-Identifier: MIT

// Device nodes, fifos and sockets: names of what the filesystem itself does not hold.

#include "suite.hpp"

namespace quire::conformance {
namespace {

CONFORMANCE_SUITE(Devices);

TEST_P(Devices, character_and_block_devices_keep_their_numbers) {
    NEEDS(traits().devices, "it cannot make device nodes");
    int made = 0;
    for (const FileType type : {FileType::character_device, FileType::block_device}) {
        for (const fs::DeviceNumber number : {fs::DeviceNumber{0, 0},
                                              {1, 3},
                                              {8, 0},
                                              {255, 255},
                                              {256, 0},
                                              {1, 256},
                                              {259, 70'000},
                                              {4095, 1'048'575}}) {
            const std::string path = "d" + std::to_string(made++);
            EXPECT_OK(root->mknod(path, 0640, type, number));
            EXPECT_EQ(stat(path).type, type);
            EXPECT_EQ(stat(path).device, number);
            EXPECT_EQ(stat(path).permissions, 0640);
            EXPECT_EQ(stat(path).size, 0U);
        }
    }
    remount();
    EXPECT_EQ(stat("d1").device, (fs::DeviceNumber{1, 3}));
    EXPECT_EQ(stat("d15").device, (fs::DeviceNumber{4095, 1'048'575}));
}

TEST_P(Devices, fifos_and_sockets) {
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_OK(root->mknod("s", 0644, FileType::socket, {}));
    EXPECT_EQ(stat("p").type, FileType::fifo);
    EXPECT_EQ(stat("s").type, FileType::socket);
    EXPECT_EQ(stat("p").links, 1U);
    remount();
    EXPECT_EQ(stat("p").type, FileType::fifo);
    EXPECT_EQ(stat("s").permissions, 0644);
}

TEST_P(Devices, users_make_fifos_and_no_devices) {
    NEEDS(traits().users && traits().devices, "it cannot act as others, or make device nodes");
    directory("d", 0777);
    const auto alice = user(1000, 1000);
    EXPECT_OK(alice->mknod("d/p", 0600, FileType::fifo, {}));
    EXPECT_OK(alice->mknod("d/s", 0600, FileType::socket, {}));
    EXPECT_FAILS(EPERM, alice->mknod("d/c", 0600, FileType::character_device, {1, 3}));
    EXPECT_FAILS(EPERM, alice->mknod("d/b", 0600, FileType::block_device, {8, 0}));
    EXPECT_EQ(stat("d/p").uid, 1000U);
    EXPECT_EQ(names("d").size(), 2U);
}

TEST_P(Devices, socket_cannot_be_opened) {
    EXPECT_OK(root->mknod("s", 0600, FileType::socket, {}));
    EXPECT_FAILS(ENXIO, root->open("s", {}));
    EXPECT_FAILS(ENXIO, root->open("s", {.read = true, .write = true}));
}

TEST_P(Devices, they_are_removed_like_files) {
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_FAILS(ENOTDIR, root->rmdir("p"));
    EXPECT_OK(root->unlink("p"));
    EXPECT_FALSE(exists("p"));
}

TEST_P(Devices, they_are_no_directories) {
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_FAILS(ENOTDIR, root->make_file("p/f", 0600));
    EXPECT_FAILS(ENOTDIR, root->list("p", 0, 1));
    EXPECT_FAILS(ENOTDIR, root->stat("p/", Follow::yes));
}

TEST_P(Devices, sizes_cannot_be_set) {
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_OK(root->mknod("s", 0600, FileType::socket, {}));
    EXPECT_FAILS(EINVAL, root->truncate("p", 0));
    EXPECT_FAILS(EINVAL, root->truncate("s", 10));
}

TEST_P(Devices, attributes_can_be_set) {
    NEEDS(traits().users, "owners cannot be set");
    EXPECT_OK(root->mknod("p", 0600, FileType::fifo, {}));
    EXPECT_OK(root->chown("p", 3, 4, Follow::no));
    EXPECT_OK(root->chmod("p", 0666));
    EXPECT_EQ(stat("p").uid, 3U);
    EXPECT_EQ(stat("p").permissions, 0666);
}

TEST_P(Devices, device_keeps_its_number_through_changes) {
    NEEDS(traits().devices, "it cannot make device nodes");
    EXPECT_OK(root->mknod("c", 0600, FileType::character_device, {7, 300}));
    EXPECT_OK(root->chmod("c", 0644));
    EXPECT_OK(root->rename("c", "e"));
    EXPECT_OK(root->link("e", "f"));
    EXPECT_EQ(stat("f").device, (fs::DeviceNumber{7, 300}));
    EXPECT_EQ(stat("f").links, 2U);
}

TEST_P(Devices, whiteout_number_is_a_device_like_others) {
    NEEDS(traits().devices, "it cannot make device nodes");
    EXPECT_OK(root->mknod("w", 0, FileType::character_device, {0, 0}));
    EXPECT_EQ(stat("w").type, FileType::character_device);
    EXPECT_EQ(stat("w").device, (fs::DeviceNumber{0, 0}));
}

}  // namespace
}  // namespace quire::conformance
