// SPDX-License-Identifier: MIT

#include "quire/lang/common/reader.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "quire/testing/temporary_directory.hpp"

namespace quire::lang {
namespace {

using quire::testing::TemporaryDirectory;

TEST(FileReader, reads_up_to_its_limit) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "fits") << std::string(100, 'a');
    std::ofstream(directory / "over") << std::string(101, 'a');
    FileReader reader(100);
    const auto text = reader.read(directory / "fits");
    ASSERT_TRUE(text);
    EXPECT_EQ(text->text, std::string(100, 'a'));
    EXPECT_EQ(reader.read(directory / "over").error(), std::errc::file_too_large);
}

TEST(FileReader, knows_one_file_under_two_names) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "one") << "text";
    std::ofstream(directory / "other") << "text";
    ASSERT_EQ(::symlink("one", (directory / "link").c_str()), 0);
    FileReader reader(100);
    const auto one = reader.read(directory / "one");
    const auto link = reader.read(directory / "link");
    const auto other = reader.read(directory / "other");
    ASSERT_TRUE(one && link && other);
    EXPECT_EQ(one->identity, link->identity);
    EXPECT_NE(one->identity, other->identity);
}

TEST(FileReader, refuses_what_is_no_regular_file) {
    const TemporaryDirectory directory;
    ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
    FileReader reader(100);
    EXPECT_EQ(reader.read(directory / "pipe").error(), std::errc::invalid_argument);
    EXPECT_EQ(reader.read(directory.path()).error(), std::errc::invalid_argument);
    EXPECT_EQ(reader.read("/dev/zero").error(), std::errc::invalid_argument);
    EXPECT_EQ(reader.read(directory / "none").error(), std::errc::no_such_file_or_directory);
    EXPECT_EQ(reader.read(std::string("a\0b", 3)).error(), std::errc::invalid_argument);
    EXPECT_EQ(reader.read("").error(), std::errc::no_such_file_or_directory);
}

// /proc says that its files have no bytes: the size that counts is what is read.
TEST(FileReader, does_not_trust_the_size_that_it_is_told) {
    FileReader reader(10);
    EXPECT_EQ(reader.read("/proc/self/status").error(), std::errc::file_too_large);
}

TEST(MemoryReader, has_what_it_was_given) {
    MemoryReader reader(4);
    reader.add("a", "1");
    reader.add("a", "2");
    reader.add("b", "12345");
    ASSERT_TRUE(reader.read("a"));
    EXPECT_EQ(reader.read("a")->text, "2");
    EXPECT_EQ(reader.read("b").error(), std::errc::file_too_large);
    EXPECT_EQ(reader.read("c").error(), std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace quire::lang
