// SPDX-License-Identifier: MIT

#include "quire/assembly/address.hpp"

#include <gtest/gtest.h>

namespace quire::assembly {
namespace {

using Scheme = Address::Scheme;

Address parsed(std::string_view text) {
    auto address = Address::parse(text);
    EXPECT_TRUE(address) << text << ": " << (address ? "" : address.error().message());
    return address ? *address : *Address::parse("failed");
}

void expect_refused(std::string_view text, std::errc code, std::string_view part_of_sentence) {
    auto address = Address::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code(), code) << text;
    EXPECT_NE(address.error().message().find(part_of_sentence), std::string::npos)
        << address.error().message();
}

// An address in one line: SCHEME "SOURCE" SLICE then each step.
std::string shape(std::string_view text) {
    const Address address = parsed(text);
    constexpr std::array names = {"file", "standard", "mem", "host", "socket"};
    std::string line = names[static_cast<std::size_t>(address.scheme())];
    line += " [" + address.source() + "]" + address.slice().text();
    for (const auto& step : address.steps())
        line += " [" + step.path.text() + (step.path.must_be_directory() ? "/]" : "]") +
                step.slice.text();
    return line;
}

TEST(Address, a_bare_host_path_is_bare) {
    for (auto text : {"disk.img", "/etc", "./x", "a b", "user@host.img", "@", "a@b"}) {
        EXPECT_TRUE(parsed(text).bare()) << text;
        EXPECT_EQ(parsed(text).source(), text);
        EXPECT_FALSE(parsed(text).names_node());
    }
}

TEST(Address, a_path_inside_an_image) {
    EXPECT_EQ(shape("disk.img:/etc/passwd"), "file [disk.img] [/etc/passwd]");
    EXPECT_EQ(shape("disk.img:etc/passwd"), "file [disk.img] [/etc/passwd]");
    EXPECT_EQ(shape("./disk.img:/etc/"), "file [./disk.img] [/etc/]");
    EXPECT_EQ(shape("/a/disk.img:/.."), "file [/a/disk.img] [/../]");
    EXPECT_TRUE(parsed("disk.img:/x").names_node());
}

TEST(Address, a_colon_at_the_end_means_the_root) {
    EXPECT_EQ(shape("disk.img:"), "file [disk.img] [//]");
    EXPECT_EQ(shape("./disk.img:"), "file [./disk.img] [//]");
    EXPECT_EQ(shape("disk.img:/x.img:"), "file [disk.img] [/x.img] [//]");
    EXPECT_FALSE(parsed("disk.img:").bare());
}

TEST(Address, partitions_and_offsets) {
    EXPECT_EQ(shape("disk.img@p2:/x"), "file [disk.img]@p2 [/x]");
    EXPECT_EQ(shape("disk.img@p2"), "file [disk.img]@p2");
    EXPECT_EQ(shape("disk.img@@1M:/x"), "file [disk.img]@@1048576 [/x]");
    EXPECT_EQ(shape("disk.img@@0"), "file [disk.img]@@0");
    EXPECT_EQ(shape("a.img:/b.img@p1:/c"), "file [a.img] [/b.img]@p1 [/c]");
    EXPECT_EQ(shape("a.img:/b.img@@512"), "file [a.img] [/b.img]@@512");
    EXPECT_FALSE(parsed("disk.img@p2").bare());
    EXPECT_FALSE(parsed("disk.img@p2").names_node());
    EXPECT_FALSE(parsed("a.img:/b.img@p1").names_node());
}

TEST(Address, images_inside_images_to_any_depth) {
    EXPECT_EQ(shape("main.fs:/fs/docs.fs:/docs/COPYING.txt"),
              "file [main.fs] [/fs/docs.fs] [/docs/COPYING.txt]");
    std::string deep = "a";
    for (int i = 0; i < 100; ++i) deep += ":/a";
    EXPECT_EQ(parsed(deep).steps().size(), 100u);
}

TEST(Address, escaped_letters_are_letters) {
    EXPECT_EQ(shape(R"(a\:b:/x)"), "file [a:b] [/x]");
    EXPECT_EQ(shape(R"(a\@p2:/x)"), "file [a@p2] [/x]");
    EXPECT_EQ(shape(R"(a@\@1:/x)"), "file [a@@1] [/x]");
    EXPECT_EQ(shape(R"(a\\:/x)"), R"(file [a\] [/x])");
    EXPECT_EQ(shape(R"(a\b:/x\:y)"), R"(file [a\b] [/x:y])");
    EXPECT_EQ(shape(R"(a\)"), R"(file [a\])");
    EXPECT_EQ(shape(R"(a\:b)"), "file [a:b]");
    EXPECT_TRUE(parsed(R"(a\:b)").bare());
    EXPECT_EQ(shape(R"(mem\:)"), "file [mem:]");
}

TEST(Address, a_path_with_a_slash_first_beats_every_scheme) {
    EXPECT_EQ(shape("./a:b"), "file [./a:b]");
    EXPECT_EQ(shape("./mem:"), "file [./mem] [//]");
    EXPECT_EQ(shape("./nbd:x"), "file [./nbd:x]");
    EXPECT_EQ(shape("./host:dir:/x"), "file [./host:dir] [/x]");
    EXPECT_EQ(shape("../a:b"), "file [../a:b]");
    EXPECT_EQ(shape("/dev/disk/by-path/pci-0000:00:1f.2@p1:/etc"),
              "file [/dev/disk/by-path/pci-0000:00:1f.2]@p1 [/etc]");
}

TEST(Address, schemes) {
    EXPECT_EQ(shape("mem:"), "mem []");
    EXPECT_EQ(shape("mem:/a/b"), "mem [] [/a/b]");
    EXPECT_EQ(shape("mem:/a.img@p1:/b"), "mem [] [/a.img]@p1 [/b]");
    EXPECT_EQ(shape("host:/srv"), "host [/srv]");
    EXPECT_EQ(shape("host:dir"), "host [dir]");
    EXPECT_EQ(shape("host:"), "host [.]");
    EXPECT_EQ(shape("host:/srv:/a.img:/x"), "host [/srv] [/a.img] [/x]");
    EXPECT_EQ(shape("-"), "standard []");
    EXPECT_EQ(shape("-@p1:/x"), "standard []@p1 [/x]");
    EXPECT_EQ(shape("--"), "file [--]");
    EXPECT_EQ(shape("./-"), "file [./-]");
    EXPECT_EQ(shape("socket:/run/q"), "socket [/run/q]");
    EXPECT_EQ(shape("socket:q:/etc/motd"), "socket [q] [/etc/motd]");
    EXPECT_EQ(shape("socket:/run/a:b@p2:/x.img@@512:/y"),
              "socket [/run/a:b]@p2 [/x.img]@@512 [/y]");
    EXPECT_EQ(shape("./socket:/q"), "file [./socket] [/q]");
    expect_refused("socket:", std::errc::invalid_argument, "names no socket");
    EXPECT_FALSE(parsed("socket:q").bare());
    EXPECT_TRUE(parsed("mem:").names_node());
    EXPECT_TRUE(parsed("host:/srv").names_node());
}

TEST(Address, schemes_of_later_versions_are_named) {
    for (auto text : {"nbd://host/x", "nbd:unix:/x", "rbd:pool/name"})
        expect_refused(text, std::errc::operation_not_supported, "not available in this version");
    expect_refused("rbd:pool/name", std::errc::operation_not_supported, "rbd:");
    EXPECT_EQ(shape("nbdx:/a"), "file [nbdx] [/a]");
}

TEST(Address, nonsense_is_refused_with_a_reason) {
    expect_refused("", std::errc::invalid_argument, "empty");
    expect_refused(":/x", std::errc::invalid_argument, "no image");
    expect_refused("@p1:/x", std::errc::invalid_argument, "no image");
    expect_refused("a.img::/x", std::errc::invalid_argument, "empty path");
    expect_refused("a.img:@p1", std::errc::invalid_argument, "empty path");
    expect_refused("a.img@p0", std::errc::invalid_argument, "counted from 1");
    expect_refused("a.img@p99999999999", std::errc::invalid_argument, "counted from 1");
    expect_refused("a.img@@1X", std::errc::invalid_argument, "offset");
    expect_refused("a.img@@99999999999999999999", std::errc::invalid_argument, "offset");
    expect_refused(std::string_view("a\0b", 3), std::errc::invalid_argument, "NUL");
    expect_refused("a.img:/" + std::string(256, 'x'), std::errc::filename_too_long, "255");
    expect_refused("a.img:/" + std::string(5000, '/'), std::errc::filename_too_long, "4095");
}

TEST(Address, an_escaped_part_parses_to_itself) {
    for (std::string name : {"a:b", "a@p1", R"(\:)", R"(x\\y)", "@@5", "plain"}) {
        const Address address = parsed("i:/" + escape_address(name));
        ASSERT_EQ(address.steps().size(), 1u);
        EXPECT_EQ(address.steps()[0].path.text(), "/" + name);
        EXPECT_TRUE(address.steps()[0].slice.whole());
    }
}

}  // namespace
}  // namespace quire::assembly
