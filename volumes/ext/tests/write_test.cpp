// SPDX-License-Identifier: MIT

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

#include "quire/block/file_device.hpp"
#include "support.hpp"

namespace quire::ext::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string bytes(std::size_t length, unsigned seed) {
    std::mt19937 random(seed);
    std::string content(length, '\0');
    for (char& byte : content) byte = static_cast<char>('a' + random() % 26);
    return content;
}

class Written : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        SKIP_WITHOUT("mke2fs");
        image_ = std::make_unique<Image>(GetParam());
        session_ = std::make_unique<Session>(Session::open(*image_, steady()));
    }

    /// Ends the session properly and lets e2fsck look; then a new session begins.
    void close_and_check() {
        ASSERT_OK(session_->unmount());
        session_.reset();
        ASSERT_TRUE(clean(*image_));
        session_ = std::make_unique<Session>(Session::open(*image_, steady()));
    }

    void TearDown() override {
        if (!session_) return;
        EXPECT_OK(session_->unmount());
        session_.reset();
        EXPECT_TRUE(clean(*image_));
    }

    std::unique_ptr<Image> image_;
    std::unique_ptr<Session> session_;
};

TEST_P(Written, files_keep_what_was_written) {
    const std::string content = bytes(200'000, 1);
    ASSERT_OK(session_->create("small", "hello"));
    ASSERT_OK(session_->create("large", content));
    ASSERT_OK(session_->mkdir("dir"));
    ASSERT_OK(session_->create("dir/empty"));
    close_and_check();
    EXPECT_EQ(session_->read("small").value(), "hello");
    EXPECT_TRUE(session_->read("large").value() == content);
    EXPECT_EQ(session_->read("dir/empty").value(), "");
    EXPECT_TRUE(image_->debugfs("cat /large") == content);
    EXPECT_THAT(session_->list("").value(), ElementsAre("dir", "large", "lost+found", "small"));
}

TEST_P(Written, a_file_grows_over_every_border) {
    ASSERT_OK(session_->create("file"));
    std::string expected;
    unsigned seed = 2;
    for (std::size_t length : {1u, 59u, 1u, 70u, 100u, 800u, 1024u, 3000u, 12000u, 300'000u}) {
        const std::string piece = bytes(length, seed++);
        ASSERT_OK(session_->write("file", expected.size(), piece));
        expected += piece;
        ASSERT_TRUE(session_->read("file").value() == expected);
    }
    close_and_check();
    EXPECT_TRUE(session_->read("file").value() == expected);
}

TEST_P(Written, what_lies_between_old_and_new_end_is_zeros) {
    ASSERT_OK(session_->create("file", bytes(5000, 3)));
    const auto entry = session_->find("file").value();
    fs::AttributeChanges changes;
    changes.size = 1500;
    ASSERT_OK((*session_)->setattr(session_->call(), entry.node, changes));
    changes.size = 9000;
    ASSERT_OK((*session_)->setattr(session_->call(), entry.node, changes));
    ASSERT_OK(session_->write("file", 20'000, "end"));
    session_->drop(entry);
    std::string expected = bytes(5000, 3).substr(0, 1500);
    expected.resize(20'000);
    expected += "end";
    EXPECT_TRUE(session_->read("file").value() == expected);
    close_and_check();
    EXPECT_TRUE(session_->read("file").value() == expected);
}

TEST_P(Written, a_removed_open_file_lives_until_the_last_close) {
    ASSERT_OK(session_->create("file", bytes(50'000, 4)));
    const std::uint64_t free = (*session_)->statistics(session_->call()).value().free_blocks;
    const auto entry = session_->find("file").value();
    ASSERT_OK(session_->remove("file"));
    EXPECT_ERROR(std::errc::no_such_file_or_directory, session_->find("file"));
    std::string content(50'000, '\0');
    ASSERT_EQ(
        (*session_)
            ->read(session_->call(), entry.node, 0, std::as_writable_bytes(std::span(content)))
            .value(),
        50'000u);
    EXPECT_TRUE(content == bytes(50'000, 4));
    ASSERT_OK((*session_)->sync(session_->call()));
    session_->drop(entry);
    EXPECT_GT((*session_)->statistics(session_->call()).value().free_blocks, free);
    EXPECT_ERROR(static_cast<std::errc>(ESTALE),
                 (*session_)->getattr(session_->call(), entry.node));
}

TEST_P(Written, directories_come_and_go) {
    for (int i = 0; i < 40; ++i) ASSERT_OK(session_->mkdir("dir" + std::to_string(i)));
    ASSERT_OK(session_->create("dir7/file"));
    EXPECT_EQ(session_->stat("").value().links, 43u);
    EXPECT_ERROR(std::errc::directory_not_empty, session_->rmdir("dir7"));
    EXPECT_ERROR(std::errc::file_exists, session_->mkdir("dir7"));
    EXPECT_ERROR(std::errc::is_a_directory, session_->remove("dir7"));
    EXPECT_ERROR(std::errc::not_a_directory, session_->rmdir("dir7/file"));
    for (int i = 0; i < 40; ++i)
        if (i != 7) {
            ASSERT_OK(session_->rmdir("dir" + std::to_string(i)));
        }
    EXPECT_EQ(session_->stat("").value().links, 4u);
}

TEST_P(Written, renames_move_replace_and_exchange) {
    ASSERT_OK(session_->mkdir("a"));
    ASSERT_OK(session_->mkdir("b"));
    ASSERT_OK(session_->mkdir("a/sub"));
    ASSERT_OK(session_->create("a/file", "one"));
    ASSERT_OK(session_->create("b/file", "two"));
    ASSERT_OK(session_->rename("a/file", "b/file"));
    EXPECT_EQ(session_->read("b/file").value(), "one");
    EXPECT_ERROR(std::errc::no_such_file_or_directory, session_->find("a/file"));
    ASSERT_OK(session_->rename("a/sub", "b/moved"));
    EXPECT_EQ(session_->stat("a").value().links, 2u);
    EXPECT_EQ(session_->stat("b").value().links, 3u);
    EXPECT_ERROR(std::errc::invalid_argument, session_->rename("b", "b/moved/b"));
    EXPECT_ERROR(std::errc::directory_not_empty, session_->rename("a", "b"));
    EXPECT_ERROR(std::errc::is_a_directory, session_->rename("b/file", "a"));
    EXPECT_ERROR(std::errc::not_a_directory, session_->rename("a", "b/file"));
    EXPECT_ERROR(std::errc::file_exists,
                 session_->rename("b/file", "a", {.no_replace = true, .exchange = false}));
    ASSERT_OK(session_->rename("b/file", "a", {.no_replace = false, .exchange = true}));
    EXPECT_EQ(session_->read("a").value(), "one");
    EXPECT_EQ(session_->stat("b/file").value().type, fs::FileType::directory);
    EXPECT_EQ(session_->stat("b").value().links, 4u);
    close_and_check();
    ASSERT_OK(session_->rename("b/file", "b/moved"));
    EXPECT_THAT(session_->list("b").value(), ElementsAre("moved"));
}

TEST_P(Written, links_symlinks_and_special_files) {
    ASSERT_OK(session_->create("file", "content"));
    const auto root = session_->find("").value();
    const auto file = session_->find("file").value();
    const fs::Call& call = session_->call();
    Volume& volume = **session_;
    ASSERT_OK(volume.link(call, file.node, root.node, *Name::parse("hard")));
    EXPECT_ERROR(std::errc::operation_not_permitted,
                 volume.link(call, root.node, root.node, *Name::parse("no")));
    session_->drop(file, 2);
    for (std::size_t length : {1u, 59u, 60u, 61u, 150u, 1000u}) {
        const std::string target(length, 't');
        const auto made = volume.symlink(
            call, root.node, *Name::parse("s" + std::to_string(length)), {0777, 0, 0}, target);
        ASSERT_OK(made);
        EXPECT_EQ(volume.readlink(call, made->node).value(), target);
        session_->drop(*made);
    }
    for (const fs::DeviceNumber number : {fs::DeviceNumber{1, 3}, fs::DeviceNumber{259, 70'000}}) {
        const std::string name = "d" + std::to_string(number.major);
        const auto made = volume.mknod(call, root.node, *Name::parse(name), {0600, 70'000, 80'000},
                                       fs::FileType::character_device, number);
        ASSERT_OK(made);
        session_->drop(*made);
    }
    session_->drop(root);
    close_and_check();
    EXPECT_EQ(session_->stat("hard").value().links, 2u);
    EXPECT_EQ(session_->stat("d259").value().device, (fs::DeviceNumber{259, 70'000}));
    EXPECT_EQ(session_->stat("d259").value().uid, 70'000u);
    ASSERT_OK(session_->remove("s1000"));
    ASSERT_OK(session_->remove("s150"));
    ASSERT_OK(session_->remove("s1"));
    ASSERT_OK(session_->remove("file"));
    EXPECT_EQ(session_->read("hard").value(), "content");
}

TEST_P(Written, a_full_image_fails_and_recovers) {
    ASSERT_OK(session_->create("keep", "kept"));
    const std::string piece = bytes(500'000, 9);
    Result<void> done;
    for (std::uint64_t at = 0; done; at += piece.size()) {
        if (at == 0) {
            ASSERT_OK(session_->create("big"));
        }
        done = session_->write("big", at, piece);
        ASSERT_LT(at, 200'000'000u);
    }
    EXPECT_EQ(done.error().code(), std::errc::no_space_on_device);
    EXPECT_ERROR(std::errc::no_space_on_device, session_->write("keep", 1'000'000, piece));
    EXPECT_EQ(session_->stat("keep").value().size, 4u);
    ASSERT_OK(session_->remove("big"));
    // The space comes back with a commit, which the volume does by itself.
    ASSERT_OK(session_->create("again", bytes(5'000'000, 10)));
    EXPECT_EQ(session_->read("keep").value(), "kept");
}

TEST_P(Written, reserved_space_is_unwritten_and_holes_can_be_punched) {
    ASSERT_OK(session_->create("file", bytes(100'000, 11)));
    const auto entry = session_->find("file").value();
    const fs::Call& call = session_->call();
    Volume& volume = **session_;
    ASSERT_OK(volume.fallocate(call, entry.node, fs::AllocateMode::punch_hole, {10'000, 50'000}));
    std::string expected = bytes(100'000, 11);
    std::fill_n(expected.begin() + 10'000, 50'000, '\0');
    EXPECT_TRUE(session_->read("file").value() == expected);
    ASSERT_OK(volume.fallocate(call, entry.node, fs::AllocateMode::allocate, {0, 150'000}));
    expected.resize(150'000);
    EXPECT_TRUE(session_->read("file").value() == expected);
    EXPECT_GE(session_->stat("file").value().allocated, 150'000u);
    ASSERT_OK(session_->write("file", 30'001, "in the middle"));
    expected.replace(30'001, 13, "in the middle");
    const auto kept =
        volume.fallocate(call, entry.node, fs::AllocateMode::keep_size, {150'000, 50'000});
    EXPECT_EQ(kept.has_value(), GetParam().name.starts_with("ext4"));
    ASSERT_OK(volume.fallocate(call, entry.node, fs::AllocateMode::zero_range, {70'000, 5'000}));
    std::fill_n(expected.begin() + 70'000, 5'000, '\0');
    session_->drop(entry);
    close_and_check();
    EXPECT_TRUE(session_->read("file").value() == expected);
}

// The free blocks lie apart, so that what is reserved fills the root of a tree, and none is left to
// let it grow.
TEST_P(Written, what_was_reserved_can_be_written_when_nothing_is_free) {
    if (!GetParam().name.starts_with("ext4")) GTEST_SKIP() << "no unwritten blocks";
    const std::uint64_t block = (*session_)->statistics(session_->call())->block_size;
    const auto fill = [&](const std::string& name) {
        ASSERT_OK(session_->create(name));
        for (std::uint64_t piece = 256 * block; piece >= block; piece /= 2)
            for (std::uint64_t at = session_->stat(name)->size;
                 session_->write(name, at, std::string(piece, 'f'));)
                at = session_->stat(name)->size;
    };
    ASSERT_OK(session_->create("inside"));
    ASSERT_OK(session_->create("behind"));
    const fs::Call& call = session_->call();
    Volume& volume = **session_;
    const auto inside = session_->find("inside").value();
    const auto behind = session_->find("behind").value();
    fill("rest");
    // Eight blocks in a row, eight times: one will hold what says where the others are.
    for (std::uint64_t i = 1; i <= 8; ++i) {
        const auto rest = session_->find("rest").value();
        ASSERT_OK(volume.fallocate(call, rest.node, fs::AllocateMode::punch_hole,
                                   {i * 64 * block, 8 * block}));
        session_->drop(rest);
    }
    ASSERT_OK(volume.sync(call));
    constexpr std::uint64_t count = 24;
    constexpr std::uint64_t more = 32;
    ASSERT_OK(volume.fallocate(call, inside.node, fs::AllocateMode::allocate, {0, count * block}));
    ASSERT_OK(volume.fallocate(call, behind.node, fs::AllocateMode::keep_size, {0, more * block}));
    fill("more");
    EXPECT_EQ((*session_)->statistics(call)->free_blocks, 0u);
    std::string model(count * block, '\0');
    std::string other;
    for (std::uint64_t i = 0; i < more; ++i) {
        const std::uint64_t at = i * 7 % count * block + 5;
        const std::string text(block - 9, static_cast<char>('a' + i % 26));
        ASSERT_OK(session_->write("inside", at, text)) << i;
        model.replace(at, text.size(), text);
        if (other.size() + 2 * text.size() > more * block) continue;
        ASSERT_OK(session_->write("behind", other.size(), text + text)) << i;
        other += text + text;
    }
    session_->drop(inside);
    session_->drop(behind);
    close_and_check();
    EXPECT_TRUE(session_->read("inside").value() == model);
    EXPECT_TRUE(session_->read("behind").value() == other);
}

TEST_P(Written, many_names_in_one_directory) {
    ASSERT_OK(session_->mkdir("dir"));
    for (int i = 0; i < 1500; ++i)
        ASSERT_OK(session_->create("dir/" + std::string(20, 'n') + std::to_string(i)));
    close_and_check();
    EXPECT_EQ(session_->list("dir").value().size(), 1500u);
    for (int i = 0; i < 1500; i += 2)
        ASSERT_OK(session_->remove("dir/" + std::string(20, 'n') + std::to_string(i)));
    EXPECT_EQ(session_->list("dir").value().size(), 750u);
    EXPECT_OK(session_->find("dir/" + std::string(20, 'n') + "1001"));
    ASSERT_OK(session_->find("lost+found"));
    session_.reset();
    session_ = std::make_unique<Session>(Session::open(*image_, steady()));
}

TEST_P(Written, an_operation_that_fails_leaves_nothing_behind) {
    ASSERT_OK(session_->create("file", "x"));
    const auto before = (*session_)->statistics(session_->call()).value();
    const auto root = session_->find("").value();
    EXPECT_ERROR(std::errc::file_exists, session_->create("file"));
    EXPECT_ERROR(std::errc::file_exists, session_->mkdir("file"));
    EXPECT_ERROR(std::errc::invalid_argument,
                 (*session_)->mknod(session_->call(), root.node, *Name::parse("device"),
                                    {0600, 0, 0}, fs::FileType::block_device, {5000, 0}));
    session_->drop(root);
    const auto after = (*session_)->statistics(session_->call()).value();
    EXPECT_EQ(before.free_inodes, after.free_inodes);
    EXPECT_EQ(before.free_blocks, after.free_blocks);
    EXPECT_ERROR(std::errc::no_such_file_or_directory, session_->find("device"));
}

TEST_P(Written, the_same_operations_give_the_same_bytes) {
    const auto work = [](Session& session) {
        ASSERT_OK(session.mkdir("dir"));
        for (int i = 0; i < 50; ++i)
            ASSERT_OK(session.create("dir/" + std::to_string(i),
                                     bytes(100u * static_cast<unsigned>(i), 5)));
        for (int i = 0; i < 50; i += 3) ASSERT_OK(session.remove("dir/" + std::to_string(i)));
        ASSERT_OK(session.unmount());
    };
    run("cp " + image_->path() + " " + image_->path() + ".copy");
    work(*session_);
    session_.reset();
    const std::string first = run("sha256sum < " + image_->path()).text;
    run("mv " + image_->path() + ".copy " + image_->path());
    session_ = std::make_unique<Session>(Session::open(*image_, steady()));
    work(*session_);
    session_.reset();
    EXPECT_EQ(run("sha256sum < " + image_->path()).text, first);
}

TEST_P(Written, a_copy_made_at_rest_is_the_image_as_an_unmount_would_leave_it) {
    const std::string content = bytes(100'000, 7);
    ASSERT_OK(session_->mkdir("dir"));
    ASSERT_OK(session_->create("dir/file", content));
    ASSERT_OK(session_->create("goes", content));
    // Still held, so that it lives on without a name.
    const fs::Entry held = session_->find("goes").value();
    ASSERT_OK(session_->remove("goes"));
    const std::string copy = image_->path() + ".copy";
    ASSERT_OK((*session_)->at_rest([&]() -> Result<void> {
        return run("cp " + image_->path() + " " + copy).status == 0 ? Result<void>()
                                                                    : fail(std::errc::io_error);
    }));
    ASSERT_OK(session_->write("dir/file", 0, "later"));
    ASSERT_OK(session_->create("later", content));
    session_->drop(held);
    {
        block::FileOptions options;
        options.writable = true;
        auto device = block::FileDevice::open(copy, options);
        ASSERT_OK(device);
        auto volume = Volume::open(*std::move(device), steady());
        ASSERT_OK(volume);
        Session copied(*volume);
        EXPECT_TRUE(copied.read("dir/file").value() == content);
        EXPECT_THAT(copied.list("").value(), ElementsAre("dir", "lost+found"));
        ASSERT_OK(copied.unmount());
    }
    EXPECT_TRUE(clean(copy));
    const Error refusal(std::errc::invalid_argument);
    EXPECT_ERROR(refusal.code(),
                 (*session_)->at_rest([&]() -> Result<void> { return fail(refusal); }));
    ASSERT_OK(session_->create("goes on"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Written, ::testing::ValuesIn(writable_kinds()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace quire::ext::tests
