// SPDX-License-Identifier: MIT

#include <gmock/gmock.h>

#include <fstream>

#include "quire/block/file_device.hpp"
#include "quire/volumes/ext/summary.hpp"
#include "support.hpp"

namespace quire::ext::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Images that mke2fs fills from a directory of the host.
class Filled : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        SKIP_WITHOUT("mke2fs");
        const std::string root = (source_ / "root").string();
        const Output made =
            run("mkdir -p " + root + "/dir/below && cd " + root +
                " && echo hello > file && ln file dir/hard && ln -s file link && "
                "ln -s $(printf 'x%.0s' $(seq 1 200)) long && mkfifo fifo && "
                "truncate -s 300000 sparse && printf end | dd of=sparse bs=1 seek=250000 "
                "conv=notrunc status=none "
                "&& seq 1 20000 > numbers && for i in $(seq 1 600); do echo $i > dir/below/name$i; "
                "done");
        ASSERT_EQ(made.status, 0) << made.text;
        image_ = std::make_unique<Image>(GetParam(), "-d " + root);
    }

    testing::TemporaryDirectory source_;
    std::unique_ptr<Image> image_;
};

TEST_P(Filled, names_links_and_contents_are_those_of_the_source) {
    Session session = Session::open(*image_, steady(true));
    EXPECT_EQ(session.read("file").value(), "hello\n");
    EXPECT_EQ(session.read("dir/hard").value(), "hello\n");
    EXPECT_EQ(session.stat("file").value().links, 2u);
    EXPECT_EQ(session.stat("file").value().inode, session.stat("dir/hard").value().inode);
    EXPECT_EQ(session.stat("fifo").value().type, fs::FileType::fifo);

    const auto link = session.find("link").value();
    EXPECT_EQ(session->readlink(session.call(), link.node).value(), "file");
    const auto long_link = session.find("long").value();
    EXPECT_EQ(session->readlink(session.call(), long_link.node).value(), std::string(200, 'x'));
    session.drop(link);
    session.drop(long_link);

    std::ifstream numbers(source_ / "root/numbers");
    const std::string expected((std::istreambuf_iterator<char>(numbers)), {});
    EXPECT_TRUE(session.read("numbers").value() == expected);
    EXPECT_EQ(session.list("dir/below").value().size(), 600u);
    EXPECT_EQ(session.read("dir/below/name417").value(), "417\n");
    EXPECT_ERROR(std::errc::no_such_file_or_directory, session.find("dir/below/name601"));
    EXPECT_ERROR(std::errc::not_a_directory, session.find("file/below"));
}

TEST_P(Filled, a_sparse_file_reads_as_zeros_and_its_holes_are_found) {
    if (GetParam().name == "ext4_inline")
        GTEST_SKIP() << "mke2fs 1.47 cuts sparse files off where there is inline data";
    Session session = Session::open(*image_, steady(true));
    const std::string content = session.read("sparse").value();
    ASSERT_EQ(content.size(), 300000u);
    EXPECT_EQ(content.substr(250000, 3), "end");
    EXPECT_EQ(content.find_first_not_of('\0'), 250000u);
    const auto entry = session.find("sparse").value();
    const std::uint64_t block = session->statistics(session.call()).value().block_size;
    const std::uint64_t data =
        session->seek(session.call(), entry.node, 0, fs::SeekTo::data).value();
    EXPECT_LE(data, 250000u);
    EXPECT_GE(data, 250000u - 65536);
    EXPECT_EQ(data % block, 0u);
    EXPECT_EQ(session->seek(session.call(), entry.node, 0, fs::SeekTo::hole).value(), 0u);
    EXPECT_ERROR(std::errc::no_such_device_or_address,
                 session->seek(session.call(), entry.node, 300000, fs::SeekTo::data));
    session.drop(entry);
}

TEST_P(Filled, reading_changes_nothing) {
    const std::string before = run("sha256sum " + image_->path()).text;
    {
        Session session = Session::open(*image_, steady(true));
        EXPECT_OK(session.list("dir/below"));
        EXPECT_ERROR(std::errc::read_only_file_system, session.create("new"));
        EXPECT_OK(session.unmount());
    }
    EXPECT_EQ(run("sha256sum " + image_->path()).text, before);
}

TEST_P(Filled, opening_for_writing_and_closing_changes_nothing) {
    const std::string before = run("sha256sum " + image_->path()).text;
    Session session = Session::open(*image_, steady());
    EXPECT_OK(session.unmount());
    EXPECT_EQ(run("sha256sum " + image_->path()).text, before);
}

TEST_P(Filled, a_probe_tells_what_the_superblock_says) {
    const auto device = image_->device(false);
    const auto summary = probe(*device);
    ASSERT_OK(summary);
    ASSERT_TRUE(summary->has_value());
    EXPECT_EQ((*summary)->type, GetParam().name.substr(0, 4));
    EXPECT_TRUE((*summary)->clean);
    EXPECT_EQ((*summary)->unwritable_because, "");
    EXPECT_LE((*summary)->size(), device->geometry().size);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Filled, ::testing::ValuesIn(writable_kinds()),
                         [](const auto& instance) { return instance.param.name; });

struct Refusal {
    std::string name;
    std::string options;
    std::string sentence;
    bool readable = true;
};

class Refused : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refused, what_we_do_not_keep_is_refused_by_name) {
    SKIP_WITHOUT("mke2fs");
    Image image({"refused", GetParam().options});
    const auto writing = Volume::open(image.device(), steady());
    ASSERT_FALSE(writing.has_value());
    EXPECT_THAT(writing.error().sentence(), HasSubstr(GetParam().sentence));
    EXPECT_EQ(Volume::open(image.device(false), steady(true)).has_value(), GetParam().readable);
}

INSTANTIATE_TEST_SUITE_P(
    Features, Refused,
    ::testing::Values(Refusal{"quota", "-t ext4 -O quota", "quota"},
                      Refusal{"bigalloc", "-t ext4 -O bigalloc", "bigalloc"},
                      Refusal{"fast_commit", "-t ext4 -O fast_commit", "fast_commit"},
                      Refusal{"encrypt", "-t ext4 -O encrypt", "encrypt"},
                      Refusal{"journal_dev", "-O journal_dev -b 4096", "journal_dev", false}),
    [](const auto& instance) { return instance.param.name; });

TEST(Opening, what_is_no_ext_is_told) {
    testing::TemporaryDirectory directory;
    for (const char* make :
         {"truncate -s 0", "truncate -s 1M", "dd if=/dev/urandom bs=4k count=9 of="}) {
        const std::string path = (directory / "file").string();
        run("rm -f " + path + "; " + make + (make[0] == 'd' ? "" : " ") + path);
        auto device = block::FileDevice::open(path, {});
        ASSERT_OK(device);
        const auto opened =
            Volume::open(std::shared_ptr<block::Device>(std::move(*device)), steady(true));
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().code(), std::errc::invalid_argument);
        EXPECT_THAT(opened.error().sentence(), HasSubstr("no ext2"));
    }
}

TEST(Opening, a_truncated_image_is_told) {
    SKIP_WITHOUT("mke2fs");
    Image image({"ext4", "-t ext4"});
    run("truncate -s 5M " + image.path());
    const auto opened = Volume::open(image.device(false), steady(true));
    ASSERT_FALSE(opened.has_value());
    EXPECT_THAT(opened.error().sentence(), HasSubstr("truncated"));
}

TEST(Opening, an_unclean_image_without_a_journal_is_only_read) {
    SKIP_WITHOUT("mke2fs");
    Image image({"ext2", "-t ext2"});
    image.debugfs("ssv state 0", true);
    const auto writing = Volume::open(image.device(), steady());
    ASSERT_FALSE(writing.has_value());
    EXPECT_THAT(writing.error().sentence(), HasSubstr("e2fsck"));
    EXPECT_OK(Volume::open(image.device(false), steady(true)));
}

}  // namespace
}  // namespace quire::ext::tests
