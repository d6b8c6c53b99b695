// SPDX-License-Identifier: MIT
//
// Archives that binutils' ar made, and archives that nobody should make.

#include "ar_volume.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "quire/block/file_device.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/fs/tree.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::examples {
namespace {

const fs::Call as_root = fs::Call::as_root();

std::string content(fs::Tree& tree, const std::string& name) {
    const auto node = tree.walk(as_root, *Path::parse("/" + name));
    if (!node) return "(" + node.error().message() + ")";
    const auto file = *tree.open(as_root, *node, {});
    std::string text(file->attributes(as_root)->size, '\0');
    EXPECT_EQ(*file->read(as_root, 0, std::as_writable_bytes(std::span(text))), text.size());
    return text;
}

std::string member(const std::string& name, const std::string& text, std::string size = {}) {
    if (size.empty()) size = std::to_string(text.size());
    std::string header(60, ' ');
    header.replace(0, name.size(), name).replace(16, 1, "7").replace(28, 1, "1");
    header.replace(34, 1, "2").replace(40, 6, "100600").replace(48, size.size(), size);
    header.replace(58, 2, "`\n");
    return header + text + (text.size() % 2 == 1 ? "\n" : "");
}

Result<std::shared_ptr<ArVolume>> open(const std::string& bytes) {
    const auto device = std::make_shared<block::MemoryDevice>(bytes.size());
    EXPECT_TRUE(device->write(0, std::as_bytes(std::span(bytes))));
    return ArVolume::open(device);
}

TEST(ArVolume, reads_what_ar_writes) {
    if (std::system("ar --version >/dev/null 2>&1") != 0)  // NOLINT(concurrency-mt-unsafe)
        GTEST_SKIP() << "ar is not installed";
    const testing::TemporaryDirectory place;
    const std::string long_name(100, 'n');
    std::ofstream(place / "odd") << "odd";
    std::ofstream(place / "empty");
    std::ofstream(place / long_name) << std::string(70000, 'x');
    const std::string command =
        "cd '" + place.path().string() + "' && ar qc x.a odd empty " + long_name;
    ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)

    std::shared_ptr<block::Device> device = *block::FileDevice::open((place / "x.a").string());
    const auto tree = *fs::Tree::open(*ArVolume::open(device));
    EXPECT_EQ(content(*tree, "odd"), "odd");
    EXPECT_EQ(content(*tree, "empty"), "");
    EXPECT_EQ(content(*tree, long_name), std::string(70000, 'x'));
    std::vector<std::string> names;
    ASSERT_TRUE(tree->list(as_root, tree->root(), 0, fs::WithAttributes::no,
                           [&](const fs::DirectoryEntry& entry) {
                               names.emplace_back(entry.name);
                               return true;
                           }));
    EXPECT_EQ(names, (std::vector<std::string>{"odd", "empty", long_name}));
}

TEST(ArVolume, knows_names_of_bsd_and_the_facts_of_members) {
    const auto tree = *fs::Tree::open(
        *open("!<arch>\n" + member("#1/6", std::string("name\0\0text", 10)) + member("b/", "B")));
    EXPECT_EQ(content(*tree, "name"), "text");
    const auto facts = *tree->attributes(as_root, *tree->walk(as_root, *Path::parse("/b")));
    EXPECT_EQ(facts.permissions, 0600);
    EXPECT_EQ(facts.uid, 1u);
    EXPECT_EQ(facts.gid, 2u);
    EXPECT_EQ(facts.modify.seconds, 7);
}

TEST(ArVolume, the_first_of_two_equal_names_counts) {
    const auto tree =
        *fs::Tree::open(*open("!<arch>\n" + member("a/", "first") + member("a/", "second")));
    EXPECT_EQ(content(*tree, "a"), "first");
}

TEST(ArVolume, what_is_no_archive_is_refused) {
    EXPECT_EQ(open("").error(), std::errc::invalid_argument);
    EXPECT_EQ(open("!<arch>").error(), std::errc::invalid_argument);
    EXPECT_EQ(open("something else").error(), std::errc::invalid_argument);
}

TEST(ArVolume, damage_is_an_error) {
    for (const std::string& bad :
         {member("a/", "x", "99"), member("a/", "x", "18446744073"), member("a/", "x", "-1"),
          member("a/", "x").substr(0, 30), member("/5", "x"), member("/", "x").substr(0, 59),
          member("#1/99", "x"), member("#1/", "x") + "?", member("../", "x"), member("./", "x"),
          member("a/b/", "x"), std::string(60, '\0')})
        EXPECT_EQ(open("!<arch>\n" + bad).error(), std::errc::bad_message) << bad;
}

}  // namespace
}  // namespace quire::examples
