// SPDX-License-Identifier: MIT
//
// touch beside the program of coreutils.

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/support/twins.hpp"
#include "values/date.hpp"

namespace quire::app::testing {
namespace {

using ::testing::HasSubstr;

class Times : public Twins {};

TEST_F(Times, of_all_forms) {
    const std::vector<std::string> dates = {
        "2024-02-29",
        "2024-02-29 12:34",
        "2024-02-29T12:34:56",
        "2024-02-29T12:34:56.789",
        "2024-02-29 12:34:56,123456789",
        "2024-02-29T12:34:56.1234567899Z",
        "2024-02-29T12:34:56Z",
        "2024-02-29 12:34:56 UTC",
        "2024-02-29T12:34:56+02:00",
        "2024-02-29 12:34:56 -0330",
        "2024-02-29T12:34:56.5+14",
        "1969-12-31T23:59:59.25Z",
        "1901-12-13T20:45:52Z",
        "2038-01-19T03:14:08Z",
        "2106-02-07T06:28:16Z",
        "2446-05-10T22:38:55Z",
        "@0",
        "@1700000000",
        "@1700000000.000000001",
        "@-1.5",
        "@-0.25",
        "@4294967296.5",
    };
    std::string script = "mkdir d; ";
    for (std::size_t i = 0; i < dates.size(); ++i) script += fmt::format(">f{0}; >n{0}; ", i);
    make(script);
    for (std::size_t i = 0; i < dates.size(); ++i)
        command({"touch", "-d", "@1000000000.5", fmt::format("{{}}/f{}", i),
                 fmt::format("{{}}/n{}", i)});
    command({"touch", "-d", "@1000000000.5", "{}/d"});
    for (std::size_t i = 0; i < dates.size(); ++i) {
        command({"touch", "-d", dates[i], fmt::format("{{}}/f{}", i)});
        command({"touch", i % 2 == 0 ? "-a" : "-m", "-d", dates[i], fmt::format("{{}}/n{}", i)});
    }
    expect_same(true);
}

TEST_F(Times, by_stamps_and_references) {
    make("echo x > a; echo y > b; ln -s a link; ln -s none broken; mkdir d");
    command({"touch", "-d", "@1.5", "{}/a"});
    command({"touch", "-a", "-d", "@2.25", "{}/a"});
    command({"touch", "-h", "-d", "@4.125", "{}/link", "{}/broken", "{}/d", "{}/b"});
    command({"touch", "-t", "202402291234.56", "{}/b"});
    command({"touch", "-t", "6812311234", "{}/d"});
    expect_same(true);
    command({"touch", "-r", "{}/a", "{}/b"});
    command({"touch", "-h", "-r", "{}/a", "{}/link"});
    command({"touch", "-h", "-d", "@77", "{}/broken", "{}/none"});
    command({"touch", "-d", "@88.5", "{}/link", "{}/d"});
    command({"touch", "-c", "-d", "@99", "{}/none", "{}/broken"});
    expect_same(true);
}

TEST_F(Times, are_given_to_new_files) {
    make("mkdir d; ln -s d/new broken; ln -s none/x nowhere; touch -hd @7 broken nowhere");
    command({"touch", "-d", "@1234.5", "{}/fresh", "{}/broken", "{}/nowhere", "{}/none/x"}, "027");
    command({"touch", "-d", "@6", "{}/slash/"});
    command({"touch", "-d", "@8", "{}/d"});
    expect_same(true);
}

TEST(Date, what_is_none_is_refused) {
    for (const char* text :
         {"", "@", "@x", "@1.", "@1.x", "2024", "2024-2-29", "2023-02-29", "2024-13-01",
          "2024-02-29T", "2024-02-29T24:00", "2024-02-29T12:60", "2024-02-29T12:34:56.",
          "2024-02-29T12:34:56+1", "2024-02-29T12:34:56+99", "2024-02-29x", "@99999999999999999999",
          "2024-02-29T12:34:56ZZ"})
        EXPECT_FALSE(parse_date(text, {})) << text;
    for (const char* text : {"", "1", "0229123", "13011234", "202402291234.5", "202402291234.567",
                             "20240229123x", "2024022912345"})
        EXPECT_FALSE(parse_stamp(text, {})) << text;
    EXPECT_EQ(parse_date("now", Time{5, 6}), (Time{5, 6}));
}

TEST_F(Times, now_is_source_date_epoch) {
    make(">old");
    EXPECT_EQ(quire({"touch", "a.img:/new", "a.img:/old"}, {"SOURCE_DATE_EPOCH=1600000000"}).err,
              "");
    const Tree tree = tree_of_image("a.img", {{"new", {}}, {"old", {}}});
    for (const char* name : {"new", "old"}) {
        EXPECT_EQ(tree.at(name).modify, "1600000000.000000000");
        EXPECT_EQ(tree.at(name).access, "1600000000.000000000");
        EXPECT_THAT(shell(fmt::format("debugfs -R 'stat /{}' a.img 2>/dev/null", name)),
                    HasSubstr("ctime: 0x5f5e1000:00000000"));
    }
    expect_clean();
}

TEST_F(Times, are_left_alone_in_a_dry_run) {
    make(">old");
    const std::string before = shell("cksum a.img");
    EXPECT_EQ(quire({"touch", "--dry-run", "a.img:/new", "a.img:/old"}).out,
              "would have made a.img:/new\nwould have dated a.img:/old\n");
    EXPECT_EQ(shell("cksum a.img"), before);
    EXPECT_EQ(quire({"touch", "-d", "yesterday", "a.img:/new"}).status, 2);
    EXPECT_EQ(quire({"touch", "-d", "@1", "-t", "01011200", "a.img:/new"}).status, 2);
}

}  // namespace
}  // namespace quire::app::testing
