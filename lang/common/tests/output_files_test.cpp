// SPDX-License-Identifier: MIT

#include "quire/lang/common/output_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <sstream>

#include "quire/testing/temporary_directory.hpp"

namespace quire::lang {
namespace {

using quire::testing::TemporaryDirectory;

std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::set<std::string> names(const std::filesystem::path& directory) {
    std::set<std::string> list;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        list.insert(entry.path().filename().string());
    return list;
}

TEST(OutputFiles, appear_with_their_directories) {
    const TemporaryDirectory directory;
    OutputFiles files;
    files.add(directory / "a/b/one", "1");
    files.add(directory / "two", "old");
    files.add(directory / "two", "2");
    EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
    ASSERT_TRUE(files.write());
    EXPECT_EQ(content(directory / "a/b/one"), "1");
    EXPECT_EQ(content(directory / "two"), "2");
    EXPECT_EQ(names(directory.path()), (std::set<std::string>{"a", "two"}));
}

TEST(OutputFiles, replace_what_is_there_and_heed_the_umask) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "one") << "something longer";
    OutputFiles files;
    files.add(directory / "one", "1");
    const mode_t before = ::umask(027);
    const auto written = files.write();
    ::umask(before);
    ASSERT_TRUE(written);
    EXPECT_EQ(content(directory / "one"), "1");
    struct stat facts{};
    ASSERT_EQ(::stat((directory / "one").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0640u);
}

TEST(OutputFiles, leave_everything_as_it_was_when_one_cannot_be_written) {
    const TemporaryDirectory directory;
    std::ofstream(directory / "one") << "old";
    std::ofstream(directory / "file") << "a file";
    OutputFiles files;
    files.add(directory / "one", "new");
    files.add(directory / "file/below", "2");
    EXPECT_FALSE(files.write());
    EXPECT_EQ(content(directory / "one"), "old");
    EXPECT_EQ(names(directory.path()), (std::set<std::string>{"file", "one"}));
}

TEST(OutputFiles, leave_nothing_beside_when_a_name_cannot_be_had) {
    const TemporaryDirectory directory;
    std::filesystem::create_directories(directory / "one/inside");
    OutputFiles files;
    files.add(directory / "one", "1");
    EXPECT_FALSE(files.write());
    EXPECT_EQ(names(directory.path()), std::set<std::string>{"one"});
}

}  // namespace
}  // namespace quire::lang
