// SPDX-License-Identifier: MIT

#include "quire/assembly/assembler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "quire/testing/bytes.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::assembly {
namespace {

using ::testing::HasSubstr;

const fs::Call call = fs::Call::as_root();

Address address(std::string_view text) {
    return *Address::parse(text);
}

class AssemblerTest : public ::testing::Test {
protected:
    // Runs a script in the test's directory; false when it fails.
    bool shell(const std::string& script) const {
        const std::string line =
            "cd '" + place.path().string() + "' && PATH=$PATH:/usr/sbin:/sbin && " + script;
        return std::system(line.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe)
    }
    bool have_tools() const {
        return shell("command -v mke2fs >/dev/null && command -v e2fsck >/dev/null");
    }
    // Three images, each in the next: a.img in b.img in c.img.
    void make_nest() const {
        ASSERT_TRUE(
            shell("mkdir a b c && echo inner > a/file && mke2fs -q -t ext4 -d a a.img 4M && "
                  "cp a.img b/ && mke2fs -q -t ext2 -b 1024 -d b b.img 8M && cp b.img c/ && "
                  "mke2fs -q -t ext4 -d c c.img 24M"));
    }

    Environment environment() const {
        Environment result;
        result.clock = std::make_shared<FixedClock>(Time{1700000000, 5});
        result.working_directory = place.path().string();
        return result;
    }

    static Result<void> write_file(const Location& place, std::string_view text) {
        QUIRE_TRY_ASSIGN(const fs::Parent parent, place.tree->walk_parent(call, place.path));
        QUIRE_TRY_ASSIGN(const auto node,
                         place.tree->create(call, parent.directory, parent.name, 0644));
        QUIRE_TRY_ASSIGN(const auto file, place.tree->open(call, node, {true, true}));
        return file->write_all(call, 0, std::as_bytes(std::span(text)));
    }
    static Result<std::string> read_file(const Location& place) {
        QUIRE_TRY_ASSIGN(const auto node, place.tree->walk(call, place.path));
        QUIRE_TRY_ASSIGN(const auto file, place.tree->open(call, node, {true, false}));
        std::array<char, 100> memory{};
        QUIRE_TRY_ASSIGN(const std::size_t count,
                         file->read(call, 0, std::as_writable_bytes(std::span(memory))));
        return std::string(memory.data(), count);
    }
    std::string read(std::string_view text) const {
        Assembler assembler(environment());
        const auto place_of = assembler.locate(address(text), Access::read, Bare::host);
        if (!place_of) return place_of.error().message();
        const auto content = read_file(*place_of);
        return content ? *content : content.error().message();
    }

    const quire::testing::TemporaryDirectory place;
};

TEST_F(AssemblerTest, a_memory_filesystem_is_one_for_a_command) {
    Assembler assembler(environment());
    const auto places = assembler.locate(
        {{address("mem:/x"), Access::write, {}}, {address("mem:/x"), Access::read, {}}});
    ASSERT_TRUE(places);
    ASSERT_TRUE(write_file((*places)[0], "text"));
    EXPECT_EQ(*read_file((*places)[1]), "text");
    EXPECT_EQ((*places)[0].tree, (*places)[1].tree);
}

TEST_F(AssemblerTest, bare_paths_are_the_hosts_or_images_as_asked) {
    ASSERT_TRUE(shell("mkdir d && echo text > d/f"));
    EXPECT_EQ(read("d/f"), "text\n");
    EXPECT_EQ(read("./d/../d/f"), "text\n");
    EXPECT_EQ(read((place / "d/f").string()), "text\n");
    EXPECT_EQ(read("host:d:/f"), "text\n");
    Assembler assembler(environment());
    const auto tree = assembler.locate(address("d"), Access::read, Bare::image);
    ASSERT_TRUE(tree);
    EXPECT_TRUE(tree->on_host);
    EXPECT_TRUE(tree->tree->walk(call, *Path::parse("/f")));
    const auto image = assembler.locate(address("d/f"), Access::read, Bare::image);
    ASSERT_FALSE(image);
    EXPECT_THAT(image.error().sentence(), HasSubstr("no filesystem"));
    const auto directory = assembler.locate(address("d:/f"), Access::read, Bare::image);
    EXPECT_THAT(directory.error().sentence(), HasSubstr("'host:d' is its tree"));
}

TEST_F(AssemblerTest, writes_through_every_level_and_commits_inner_before_outer) {
    if (!have_tools()) GTEST_SKIP() << "e2fsprogs is not installed";
    make_nest();
    {
        Assembler assembler(environment());
        const auto inner = assembler.locate(address("c.img:/b.img:/a.img:/new"), Access::write);
        ASSERT_TRUE(inner) << inner.error().message();
        ASSERT_TRUE(write_file(*inner, "deep"));
    }
    // Never finished, so never committed.
    EXPECT_THAT(read("c.img:/b.img:/a.img:/new"), HasSubstr("No such file"));
    Assembler assembler(environment());
    {
        const auto inner = assembler.locate(address("c.img:/b.img:/a.img:/new"), Access::write);
        ASSERT_TRUE(inner) << inner.error().message();
        ASSERT_TRUE(write_file(*inner, "deep"));
    }
    const auto finished = assembler.finish();
    ASSERT_TRUE(finished) << finished.error().message();
    EXPECT_EQ(read("c.img:/b.img:/a.img:/new"), "deep");
    EXPECT_TRUE(shell("e2fsck -fn c.img >/dev/null 2>&1"));
    EXPECT_TRUE(
        shell("debugfs -R 'dump /b.img b2.img' c.img 2>/dev/null && e2fsck -fn b2.img "
              ">/dev/null 2>&1 && debugfs -R 'dump /a.img a2.img' b2.img 2>/dev/null && "
              "e2fsck -fn a2.img >/dev/null 2>&1"));
    EXPECT_TRUE(shell("test \"$(debugfs -R 'cat /new' a2.img 2>/dev/null)\" = deep"));
}

TEST_F(AssemblerTest, arguments_on_one_volume_share_it) {
    if (!have_tools()) GTEST_SKIP() << "e2fsprogs is not installed";
    make_nest();
    ASSERT_TRUE(shell("ln -s a.img link.img && ln a.img hard.img"));
    Assembler assembler(environment());
    {
        const auto places = assembler.locate({{address("a.img:/file"), Access::read, {}},
                                              {address("link.img:/new"), Access::write, {}},
                                              {address("hard.img@@0:/new"), Access::read, {}},
                                              {address("host:.:/a.img:/"), Access::read, {}}});
        ASSERT_TRUE(places) << places.error().message();
        EXPECT_EQ((*places)[3].tree, (*places)[1].tree);
        EXPECT_EQ((*places)[0].tree, (*places)[1].tree);
        EXPECT_EQ((*places)[0].tree, (*places)[2].tree);
        ASSERT_TRUE(write_file((*places)[1], "seen"));
        EXPECT_EQ(*read_file((*places)[2]), "seen");
    }
    ASSERT_TRUE(assembler.finish());
    EXPECT_TRUE(shell("e2fsck -fn a.img >/dev/null 2>&1"));
}

TEST_F(AssemblerTest, an_inner_image_is_one_by_whatever_name) {
    if (!have_tools()) GTEST_SKIP() << "e2fsprogs is not installed";
    ASSERT_TRUE(
        shell("mkdir a b && mke2fs -q -t ext4 -d a a.img 4M && cp a.img b/ && "
              "ln b/a.img b/hard.img && ln -s a.img b/link.img && "
              "mke2fs -q -t ext4 -d b b.img 12M"));
    Assembler assembler(environment());
    const auto places = assembler.locate({{address("b.img:/hard.img:/"), Access::read, {}},
                                          {address("b.img:/a.img:/"), Access::write, {}},
                                          {address("b.img:/link.img:/"), Access::read, {}},
                                          {address("b.img:/"), Access::read, {}}});
    ASSERT_TRUE(places) << places.error().message();
    EXPECT_EQ((*places)[0].tree, (*places)[1].tree);
    EXPECT_EQ((*places)[2].tree, (*places)[1].tree);
    EXPECT_NE((*places)[3].tree, (*places)[1].tree);
}

TEST_F(AssemblerTest, reading_first_and_writing_later_is_refused) {
    if (!have_tools()) GTEST_SKIP() << "e2fsprogs is not installed";
    make_nest();
    Assembler assembler(environment());
    ASSERT_TRUE(assembler.locate(address("a.img:/"), Access::read));
    const auto writer = assembler.locate(address("a.img:/"), Access::write);
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error(), std::errc::device_or_resource_busy);
    EXPECT_THAT(writer.error().sentence(), HasSubstr("a.img"));
}

TEST_F(AssemblerTest, a_second_command_cannot_write_what_one_has_open) {
    if (!have_tools()) GTEST_SKIP() << "e2fsprogs is not installed";
    make_nest();
    Assembler first(environment());
    ASSERT_TRUE(first.locate(address("a.img:/"), Access::read));
    Assembler reader(environment());
    EXPECT_TRUE(reader.locate(address("a.img:/"), Access::read));
    Assembler writer(environment());
    const auto refused = writer.locate(address("a.img:/"), Access::write);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), std::errc::device_or_resource_busy);
}

TEST_F(AssemblerTest, a_place_only_read_cannot_be_changed) {
    if (!have_tools()) GTEST_SKIP() << "e2fsprogs is not installed";
    make_nest();
    Assembler assembler(environment());
    for (const char* text : {"a.img:/new", "b.img:/a.img:/new", "host:.:/new"}) {
        const auto place_of = assembler.locate(address(text), Access::read);
        ASSERT_TRUE(place_of) << text;
        const auto written = write_file(*place_of, "x");
        ASSERT_FALSE(written) << text;
        EXPECT_EQ(written.error(), std::errc::read_only_file_system) << text;
    }
}

TEST_F(AssemblerTest, devices_are_the_bytes_that_an_address_names) {
    if (!have_tools()) GTEST_SKIP() << "e2fsprogs is not installed";
    make_nest();
    Assembler assembler(environment());
    const auto size = [&](std::string_view text) -> std::uint64_t {
        const auto device = assembler.device(address(text), Access::read);
        EXPECT_TRUE(device) << text;
        return device ? (*device)->geometry().size : 0;
    };
    EXPECT_EQ(size("a.img"), 4U << 20);
    EXPECT_EQ(size("a.img@@1M"), 3U << 20);
    EXPECT_EQ(size("c.img:/b.img:/a.img"), 4U << 20);
    EXPECT_EQ(size("c.img:/b.img:/a.img@@1M"), 3U << 20);
    const auto read_only = assembler.device(address("c.img:/b.img"), Access::read);
    EXPECT_FALSE((*read_only)->geometry().writable);
    EXPECT_EQ(assembler.device(address("c.img:/"), Access::read).error(),
              std::errc::is_a_directory);
    EXPECT_EQ(assembler.device(address("mem:"), Access::read).error(), std::errc::is_a_directory);
}

TEST_F(AssemblerTest, a_place_knows_the_files_that_carry_it) {
    if (!have_tools()) GTEST_SKIP() << "mke2fs is not installed";
    ASSERT_NO_FATAL_FAILURE(make_nest());
    Assembler assembler(environment());
    const Location inner = *assembler.locate(address("c.img:/b.img:/a.img:"), Access::read);
    const auto carries = [&](std::string_view text, Bare bare) {
        const Location other = *assembler.locate(address(text), Access::read, bare);
        return inner.lies_in(other, (*other.tree->walk(call, other.path))->handle());
    };
    EXPECT_EQ(inner.carriers.size(), 3u);
    EXPECT_TRUE(carries("c.img", Bare::host));
    EXPECT_TRUE(carries("host:.:/c.img", Bare::host));
    EXPECT_TRUE(carries("c.img:/b.img", Bare::host));
    EXPECT_TRUE(carries("c.img:/b.img:/a.img", Bare::host));
    EXPECT_FALSE(carries("a.img", Bare::host));
    EXPECT_FALSE(carries("c.img:/b.img:/a.img:/file", Bare::host));
}

TEST_F(AssemblerTest, what_is_synced_is_there_before_the_end) {
    if (!have_tools()) GTEST_SKIP() << "mke2fs is not installed";
    ASSERT_NO_FATAL_FAILURE(make_nest());
    Assembler assembler(environment());
    const Location inner =
        *assembler.locate(address("c.img:/b.img:/a.img:/new"), Access::write, Bare::host);
    ASSERT_TRUE(write_file(inner, "text"));
    ASSERT_TRUE(assembler.sync(inner, inner.tree->root()));
    // As a crash would leave it: the files as they are now, not what is still in memory.
    ASSERT_TRUE(shell("mkdir then && cp c.img then/"));
    EXPECT_EQ(read("then/c.img:/b.img:/a.img:/new"), "text");
}

TEST_F(AssemblerTest, what_is_still_held_is_told_at_the_end) {
    Assembler assembler(environment());
    const auto place_of = assembler.locate(address("mem:/"), Access::write);
    ASSERT_TRUE(place_of);
    const fs::NodeReference held = place_of->tree->root();
    const auto finished = assembler.finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error(), std::errc::device_or_resource_busy);
}

TEST_F(AssemblerTest, text_of_inner_names_can_be_given_back) {
    ASSERT_TRUE(shell("mkdir -p d/e && : > d/e/f"));
    Assembler assembler(environment());
    const auto text = [&](std::string_view start) {
        const auto place_of = assembler.locate(address(start), Access::read, Bare::host);
        return place_of ? place_of->text_of("x/y") : place_of.error().message();
    };
    EXPECT_EQ(text("d"), "d/x/y");
    EXPECT_EQ(text("d/"), "d/x/y");
    EXPECT_EQ(text("host:d"), "host:d:/x/y");
    EXPECT_EQ(text("host:d:"), "host:d:x/y");
    EXPECT_EQ(text("host:d:/"), "host:d:/x/y");
    EXPECT_EQ(text("host:d:/e"), "host:d:/e/x/y");
    EXPECT_EQ(text("mem:"), "mem:/x/y");
    EXPECT_EQ(text("mem:/"), "mem:/x/y");
}

TEST_F(AssemblerTest, the_image_under_a_filesystem_stays_as_it_was) {
    if (!have_tools()) GTEST_SKIP() << "mke2fs or e2fsck is not installed";
    for (const std::string type : {"ext2", "ext4"}) {
        SCOPED_TRACE(type);
        ASSERT_TRUE(shell("rm -f a.img && mke2fs -q -t " + type + " a.img 8M"));
        Assembler assembler(environment());
        assembler.keep_images();
        const auto root = assembler.locate(address("a.img:/before"), Access::write);
        ASSERT_TRUE(root) << root.error().message();
        ASSERT_TRUE(write_file(*root, "before"));
        const auto image = assembler.image(*root)();
        ASSERT_TRUE(image) << image.error().message();
        EXPECT_FALSE((*image)->geometry().writable);
        const std::size_t size = static_cast<std::size_t>((*image)->geometry().size);
        const testing::Bytes bytes = testing::read_bytes(**image, 0, size);
        const auto later = assembler.locate(address("a.img:/later"), Access::write);
        ASSERT_TRUE(write_file(*later, std::string(100'000, 'x')));
        ASSERT_TRUE(root->tree->sync(call));
        EXPECT_TRUE(testing::read_bytes(**image, 0, size) == bytes);
        std::ofstream(place / "copy.img", std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        EXPECT_TRUE(shell("e2fsck -fn copy.img >/dev/null 2>&1"));
        EXPECT_EQ(read("copy.img:/before"), "before");
        EXPECT_EQ(read("copy.img:/later"), "No such file or directory");
    }
    Assembler assembler(environment());
    const auto memory = assembler.locate(address("mem:/"), Access::read);
    ASSERT_TRUE(memory);
    EXPECT_EQ(assembler.image(*memory)().error(), std::errc::operation_not_supported);
}

}  // namespace
}  // namespace quire::assembly
