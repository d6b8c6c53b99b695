// SPDX-License-Identifier: MIT
//
// The compiler as a verb; what it says and makes is tested in lang/idl.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Outcome;
using ::testing::StartsWith;

class IdlVerb : public ::testing::Test {
protected:
    void SetUp() override {
        testing::prepare(R"(
            mkdir old more
            printf 'struct Size\n{\n  uint64 bytes;\n};\n' > more/size.idl
            printf 'include "size.idl";\ninterface Store\n{\n  [opcode(7)] void put(in Size size);\n};\n' > store.idl
            sed 's/opcode(7)/opcode(8)/' store.idl > old/store.idl
        )",
                         place.path());
    }
    Outcome idl(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "idl");
        return testing::quire(arguments,
                              {.directory = place.path(), .input = {}, .environment = {}});
    }
    const quire::testing::TemporaryDirectory place;
};

TEST_F(IdlVerb, writes_what_it_makes_of_a_file) {
    const Outcome outcome = idl({"--out", "made", "-I", "more", "--namespace", "a::b",
                                 "--include-prefix=c", "--depfile", "made/d", "store.idl"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    for (const char* name : {"store.hpp", "store.cpp", "store.md", "d"})
        EXPECT_TRUE(std::filesystem::exists(place / "made" / name)) << name;
    EXPECT_THAT(idl({"-I", "more", "--layout", "store.idl"}).out, HasSubstr("operation 7 put"));
    EXPECT_THAT(idl({"--explain", "Q0107"}).out, HasSubstr("Q0107"));
}

TEST_F(IdlVerb, ends_as_the_compiler_does) {
    const Outcome lost = idl({"store.idl"});
    EXPECT_EQ(lost.status, 1);
    EXPECT_THAT(lost.err, StartsWith("store.idl:1:"));
    const Outcome changed = idl({"-I", "more", "--compatible-with", "old/store.idl", "store.idl"});
    EXPECT_EQ(changed.status, 1);
    EXPECT_THAT(changed.err, HasSubstr("Q06"));
    EXPECT_THAT(changed.out, IsEmpty());
    const Outcome missing = idl({"none.idl"});
    EXPECT_EQ(missing.status, 2);
    EXPECT_THAT(missing.err, StartsWith("quire idl: "));
    EXPECT_EQ(idl({}).status, 2);
}

}  // namespace
}  // namespace quire::app
