// SPDX-License-Identifier: MIT
//
// The largest message is computed without building it; here it is compared with building it.

#include <gtest/gtest.h>

#include <random>

#include "limits.hpp"
#include "model/measure.hpp"
#include "tests/support/case_file.hpp"

namespace quire::idl::testing {
namespace {

std::uint64_t align(std::uint64_t offset, std::uint64_t to) {
    return (offset + to - 1) / to * to;
}

// Walks through a value with every length at its bound, or at nothing.
std::uint64_t walk(const Type& type, std::uint64_t at, bool full) {
    switch (type.kind) {
        case Type::Kind::scalar:
            return align(at, bytes_of(type.scalar)) + bytes_of(type.scalar);
        case Type::Kind::enumeration:
            return align(at, bytes_of(type.enumeration->scalar)) +
                   bytes_of(type.enumeration->scalar);
        case Type::Kind::string:
        case Type::Kind::bytes:
            return align(at, 4) + 4 + (full ? type.bound : 0);
        case Type::Kind::list:
            at = align(at, 4) + 4;
            for (std::uint64_t i = 0; full && i < type.bound; ++i)
                at = walk(type.element.front(), at, full);
            return at;
        case Type::Kind::structure:
            for (const Field& member : type.structure->members) at = walk(member.type, at, full);
            return at;
        case Type::Kind::capability:
            return align(at, 4) + 8;
        case Type::Kind::memory:
            return align(align(at, 4) + 8, 8) + 8;
    }
    return at;
}

std::uint64_t walk(const std::vector<const Field*>& body, bool full) {
    std::uint64_t at = 0;
    for (const Field* field : body) at = walk(field->type, at, full);
    return header_size + align(at, 8);
}

class Generator {
public:
    explicit Generator(unsigned seed) : random_(seed) {}

    std::string source() {
        std::string text =
            "enum Small : uint8 { one = 1 }; enum Large : uint64 { one = 1 };\n"
            "interface Thing {};\n";
        for (int i = 0; i < 4; ++i) {
            text += "struct S" + std::string(1, static_cast<char>('a' + i)) + " { ";
            for (std::uint64_t n = 1 + below(4); n > 0; --n)
                text += type(i) + " m" + std::to_string(n) + "; ";
            text += "};\n";
        }
        text += "interface Tested\n{\n";
        for (int i = 1; i <= 8; ++i) {
            text += "  [opcode(" + std::to_string(i) + ")] void op" + std::to_string(i) + "(";
            for (std::uint64_t n = 1 + below(5); n > 0; --n)
                text += (below(2) ? "in " : "out ") + type(4) + " p" + std::to_string(n) +
                        (n > 1 ? ", " : "");
            text += ");\n";
        }
        return text + "};\n";
    }

private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    std::string type(int structs) {
        static const char* const simple[] = {"int8",      "int16",    "int32",  "int64",
                                             "bool",      "Small",    "Large",  "uint8",
                                             "string<3>", "bytes<5>", "uint64", "uint16"};
        const std::uint64_t kind = below(10);
        if (kind == 0) return "cap<Thing>";
        if (kind == 1) return "memory";
        const std::string inner =
            kind == 2 && structs > 0
                ? "S" +
                      std::string(1, static_cast<char>('a' + below(static_cast<unsigned>(structs))))
                : simple[below(std::size(simple))];
        return below(3) == 0 ? "list<" + inner + ", " + std::to_string(1 + below(9)) + ">" : inner;
    }

    std::mt19937 random_;
};

TEST(Measure, agrees_with_a_walk_through_the_message) {
    int compared = 0;
    for (unsigned seed = 1; seed <= 300; ++seed) {
        const std::string source = Generator(seed).source();
        const CaseFile file = CaseFile::parse("main.idl", source);
        const auto compiled = file.compile();
        for (const auto& diagnostic : compiled.diagnostics().list())
            ASSERT_EQ(diagnostic.code, code_of(Wrong::too_many_descriptors))
                << diagnostic.message << '\n'
                << source;
        for (const Operation& operation : compiled.changed->model.interfaces.back().operations) {
            for (const auto& body : {operation.inputs(), operation.outputs()}) {
                const MessageSize size = message_size(body);
                EXPECT_EQ(size.most, walk(body, true)) << operation.name << '\n' << source;
                EXPECT_EQ(size.least, walk(body, false)) << operation.name << '\n' << source;
                ++compared;
            }
        }
    }
    EXPECT_GT(compared, 2000);
}

TEST(Measure, lists_of_lists_saturate) {
    Steps steps = Steps::scalar(8);
    for (int i = 0; i < 100; ++i) steps = steps.times(65536).then(Steps::scalar(4));
    EXPECT_EQ(steps.from(3), Steps::endless);
    EXPECT_EQ(Steps::scalar(1).times(65536).from(5), 65541u);
    EXPECT_EQ(Steps::scalar(8).from(1), 16u);
    EXPECT_EQ(Steps::scalar(4).then(Steps::scalar(8)).times(3).from(0), 48u);
}

}  // namespace
}  // namespace quire::idl::testing
