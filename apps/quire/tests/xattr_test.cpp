// SPDX-License-Identifier: MIT
//
// xattr beside getfattr, setfattr and debugfs.

#include <gmock/gmock.h>

#include "tests/support/twins.hpp"
#include "values/bytes_text.hpp"

namespace quire::app::testing {
namespace {

using ::testing::HasSubstr;

class Attributes : public Twins {
protected:
    void SetUp() override {
        Twins::SetUp();
        if (IsSkipped()) return;
        make("mkdir d; echo x > file; ln -s file link");
    }
    std::string out(const std::vector<std::string>& words) const {
        const Outcome outcome = quire(words);
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        EXPECT_EQ(outcome.err, "");
        return outcome.out;
    }
};

TEST_F(Attributes, are_set_shown_and_removed) {
    for (const std::string file : {"a.img:/file", "a.img:/d", "mine/file"}) {
        if (quire({"xattr", "--set", "user.text=hello = world", file}).status != 0 &&
            file == "mine/file")
            GTEST_SKIP() << "the host keeps no user attributes here";
        out({"xattr", "--set", "user.binary", "--value-hex", "00fF7f", file});
        out({"xattr", "--set", "user.base", "--value-base64", "AP9/", file});
        out({"xattr", "--set", "user.empty=", file});
        out({"xattr", "--set", "user.name", "--value", "gr\xc3\xbc\xc3\x9f \"dich\"", file});
        EXPECT_EQ(out({"xattr", file}),
                  "user.base=0sAP9/\nuser.binary=0sAP9/\nuser.empty=\"\"\n"
                  "user.name=\"gr\xc3\xbc\xc3\x9f \\\"dich\\\"\"\nuser.text=\"hello = world\"\n");
        EXPECT_EQ(out({"xattr", "--get", "user.binary", "--encoding", "hex", file}), "0x00ff7f\n");
        EXPECT_EQ(out({"xattr", "--get", "user.name", "--encoding", "text", file}),
                  "\"gr\\303\\274\\303\\237 \\\"dich\\\"\"\n");
        EXPECT_EQ(out({"xattr", "--get", "user.text", "--encoding", "base64", file}),
                  "0saGVsbG8gPSB3b3JsZA==\n");
        out({"xattr", "--set", "user.text=new", file});
        EXPECT_EQ(out({"xattr", "--get", "user.text", file}), "\"new\"\n");
        out({"xattr", "--remove", "user.text", file});
        expect_refused({"xattr", "--get", "user.text", file},
                       file + ": has no attribute 'user.text'");
        expect_refused({"xattr", "--remove", "user.text", file}, "has no attribute 'user.text'");
        expect_clean();
    }
    EXPECT_THAT(shell("debugfs -R 'ea_get -x /file user.binary' a.img 2>&1"),
                HasSubstr("00 ff 7f"));
    if (have("getfattr")) {
        EXPECT_EQ(shell("getfattr --only-values -n user.binary mine/file | od -An -tx1"),
                  " 00 ff 7f\n");
    }
}

TEST_F(Attributes, of_other_programs_are_shown) {
    shell(
        "debugfs -w -R 'ea_set /file user.other value' a.img 2>/dev/null\n"
        "debugfs -w -R 'ea_set /file trusted.x y' a.img 2>/dev/null");
    EXPECT_EQ(out({"xattr", "a.img:/file"}), "trusted.x=\"y\"\nuser.other=\"value\"\n");
    EXPECT_EQ(out({"xattr", "a.img:/link"}), "trusted.x=\"y\"\nuser.other=\"value\"\n");
    EXPECT_EQ(out({"xattr", "-h", "a.img:/link"}), "");
    EXPECT_EQ(out({"xattr", "a.img:/file", "a.img:/d", "a.img:/link"}),
              "# file: a.img:/file\ntrusted.x=\"y\"\nuser.other=\"value\"\n\n"
              "# file: a.img:/link\ntrusted.x=\"y\"\nuser.other=\"value\"\n");
}

TEST_F(Attributes, are_bytes_in_json) {
    out({"xattr", "--set", "user.binary", "--value-hex", "00ff", "a.img:/file"});
    out({"xattr", "--set", "user.a=b", "a.img:/file"});
    EXPECT_EQ(out({"xattr", "--json", "a.img:/file"}),
              R"({"schema":1,"type":"xattrs","address":"a.img:/file","xattrs":[)"
              R"({"name":"user.a","value":"b"},{"name":"user.binary","value_base64":"AP8="}]})"
              "\n");
}

TEST_F(Attributes, that_cannot_be_are_refused) {
    expect_refused({"xattr", "--set", "user.a=b", "-h", "a.img:/link"}, "a.img:/link: ");
    expect_refused({"xattr", "--set", "nonsense=b", "a.img:/file"}, "names are like user.NAME");
    expect_refused(
        {"xattr", "--set", "user.big", "--value", std::string(70000, 'x'), "a.img:/file"},
        "a.img:/file: ");
    expect_refused({"xattr", "a.img:/none"}, "a.img:/none: No such file");
    EXPECT_EQ(quire({"xattr", "--set", "user.a", "a.img:/file"}).status, 2);
    EXPECT_EQ(quire({"xattr", "--value", "x", "a.img:/file"}).status, 2);
    EXPECT_EQ(quire({"xattr", "--get", "user.a", "--remove", "user.a", "a.img:/file"}).status, 2);
    EXPECT_EQ(quire({"xattr", "--set", "user.a", "--value-hex", "0g", "a.img:/file"}).status, 2);
    expect_clean();
}

TEST_F(Attributes, are_left_alone_in_a_dry_run) {
    const std::string before = shell("cksum a.img");
    EXPECT_EQ(out({"xattr", "--dry-run", "--set", "user.a=b", "a.img:/file"}),
              "would have set user.a of a.img:/file\n");
    expect_refused({"xattr", "--dry-run", "--remove", "user.a", "a.img:/file"}, "no attribute");
    EXPECT_EQ(out({"xattr", "a.img:/file"}), "");
    EXPECT_EQ(shell("cksum a.img"), before);
}

TEST(Values, come_back_as_they_were) {
    for (const std::string text :
         {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\x00\x10"}) {
        const Bytes bytes = bytes_of(text);
        EXPECT_EQ(*decode_base64(encode(bytes, Encoding::base64).substr(2)), bytes);
        EXPECT_EQ(*decode_hex(encode(bytes, Encoding::hex).substr(2)), bytes);
    }
    EXPECT_EQ(encode(bytes_of("fooba"), Encoding::base64), "0sZm9vYmE=");
    EXPECT_EQ(*decode_base64("Zm9vYmE"), bytes_of("fooba"));
    for (const char* wrong : {"Z", "Zm9v=", "Zm9vYmE==", "Zm 9", "====", "Zm9vY"})
        EXPECT_FALSE(decode_base64(wrong)) << wrong;
    for (const char* wrong : {"0", "0x", "zz", "000"}) EXPECT_FALSE(decode_hex(wrong)) << wrong;
}

}  // namespace
}  // namespace quire::app::testing
