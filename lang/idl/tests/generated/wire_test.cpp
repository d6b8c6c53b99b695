// SPDX-License-Identifier: MIT
//
// The bytes that generated code writes are those of docs/wire.md, and it reads nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "model/measure.hpp"
#include "tests/generated/node_object.hpp"
#include "tests/support/case_file.hpp"

namespace quire::idl_goldens {
namespace {

template <typename T>
std::vector<std::byte> encoded(const T& value) {
    ipc::Encoder out;
    encode(out, value);
    EXPECT_FALSE(out.failed());
    const auto body = out.body();
    return {body.begin(), body.end()};
}

// Whether the bytes are a whole T.
template <typename T>
bool decodes(std::span<const std::byte> bytes, T& value) {
    ipc::Decoder in(bytes);
    decode(in, value);
    return in.end();
}

std::vector<std::byte> bytes_of_hex(std::string_view hex) {
    std::vector<std::byte> bytes;
    std::string digits;
    for (const char c : hex) {
        if (c == ' ' || c == '\n') continue;
        digits += c;
        if (digits.size() < 2) continue;
        bytes.push_back(static_cast<std::byte>(std::stoi(digits, nullptr, 16)));
        digits.clear();
    }
    return bytes;
}

TEST(Wire, every_type_has_the_bytes_of_the_specification) {
    EXPECT_EQ(encoded(full_value()), bytes_of_hex(R"(
        80 00 feff fdffffff 0000000000000080
        ff 00 0600 07000000 ffffffffffffffff
        f7ffffffffffffff 0a00000000000000
        01 0c 000000000000 ffffffffffffffff
        ffffffffffffffff ffc99a3b
        05000000 ff6e616d65 000000
        02000000 0100 0000
        03000000 0100 0200 0300 0000
        02000000 0100000000000000 02000000 00000000 0300000000000000 04000000
        02000000 00000000 08000000 6569676874383838
        02000000 00000000 01000000 09 000000
        02000000 01 02 0000
        03000000 01 00 01 00)"));
}

TEST(Wire, every_type_is_read_as_it_was_written) {
    for (const Everything& value : {full_value(), Everything{.l = FileType::regular}}) {
        Everything read = full_value();  // what was there before does not stay
        ASSERT_TRUE(decodes(encoded(value), read));
        EXPECT_EQ(read, value);
    }
}

TEST(Wire, no_part_of_a_value_is_a_value) {
    const std::vector<std::byte> whole = encoded(full_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Everything value;
        EXPECT_FALSE(decodes(std::span(whole).first(size), value)) << size;
    }
    std::vector<std::byte> more = whole;
    more.resize(whole.size() + 8);
    Everything value;
    EXPECT_FALSE(decodes(more, value));
}

// Whatever is read is what would be written: there are no two messages for one value.
TEST(Wire, a_changed_byte_is_refused_or_another_value) {
    const std::vector<std::byte> whole = encoded(full_value());
    int refused = 0;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const int change : {1, 0x80, 0xFF}) {
            std::vector<std::byte> bytes = whole;
            bytes[at] ^= static_cast<std::byte>(change);
            Everything value;
            if (decodes(bytes, value))
                EXPECT_EQ(encoded(value), bytes) << at;
            else
                ++refused;
        }
    }
    EXPECT_GT(refused, 100);
}

TEST(Wire, values_without_a_name_are_refused) {
    for (const int value : {0, 1, 2, 12}) {
        FileType type{};
        EXPECT_TRUE(decodes(std::vector{std::byte(value), std::byte{}, std::byte{}, std::byte{},
                                        std::byte{}, std::byte{}, std::byte{}, std::byte{}},
                            type));
        EXPECT_EQ(static_cast<int>(type), value);
    }
    for (const int value : {3, 11, 13, 255}) {
        FileType type{};
        EXPECT_FALSE(decodes(std::vector{std::byte(value), std::byte{}, std::byte{}, std::byte{},
                                         std::byte{}, std::byte{}, std::byte{}, std::byte{}},
                             type));
        ipc::Encoder out;
        encode(out, static_cast<FileType>(value));
        ASSERT_TRUE(out.failed());
        EXPECT_EQ(out.error(), std::errc::invalid_argument);
    }
}

TEST(Wire, bounds_are_kept_when_writing) {
    const auto failure = [](auto change) {
        Everything value = full_value();
        change(value);
        ipc::Encoder out;
        encode(out, value);
        return out.failed();
    };
    EXPECT_FALSE(failure([](Everything& v) { v.o.assign(name_limit, 'x'); }));
    EXPECT_TRUE(failure([](Everything& v) { v.o.assign(name_limit + 1, 'x'); }));
    EXPECT_TRUE(failure([](Everything& v) { v.o.assign(1, '\0'); }));
    EXPECT_FALSE(failure([](Everything& v) { v.p.resize(64); }));
    EXPECT_TRUE(failure([](Everything& v) { v.p.resize(65); }));
    EXPECT_FALSE(failure([](Everything& v) { v.q.resize(5); }));
    EXPECT_TRUE(failure([](Everything& v) { v.q.resize(6); }));
    EXPECT_TRUE(failure([](Everything& v) { v.r.resize(1000000); }));
    EXPECT_TRUE(failure([](Everything& v) { v.s.back() += 'x'; }));
    EXPECT_TRUE(failure([](Everything& v) { v.v.resize(5); }));
}

TEST(Wire, a_long_count_makes_nobody_allocate) {
    // 4 elements at most, and the message says 5, and four thousand million.
    for (const char* count : {"05000000", "ffffffff"}) {
        auto bytes = encoded(Everything{.l = FileType::regular});
        const auto lie = bytes_of_hex(count);
        std::copy(lie.begin(), lie.end(), bytes.end() - 8);
        Everything value;
        EXPECT_FALSE(decodes(bytes, value));
        EXPECT_LE(value.u.size(), 4u);
        EXPECT_LE(value.v.size(), 4u);
    }
}

// The sizes that the compiler computes are those of the largest and the smallest value.
TEST(Wire, sizes_are_what_the_compiler_says) {
    lang::FileReader reader(idl::Limits{}.file_size);
    const auto compiled =
        idl::compile(reader, (idl::testing::tests_folder() / "golden/everything.idl").string(), {},
                     idl::Limits{});
    ASSERT_TRUE(compiled);
    const auto& interfaces = (*compiled)->model.interfaces;
    const auto node = std::find_if(interfaces.begin(), interfaces.end(),
                                   [](const auto& one) { return one.name == "Node"; });
    ASSERT_NE(node, interfaces.end());
    ASSERT_EQ(node->operations[1].name, "mirror");
    const idl::MessageSize size = idl::message_size(node->operations[1].inputs());

    Everything value{.l = FileType::regular};
    EXPECT_EQ(encoded(value).size() + idl::header_size, size.least);
    value.o.assign(name_limit, 'x');
    value.p.resize(64);
    value.q.resize(5);
    value.r.resize(3);
    value.s.assign(2, "12345678");
    value.t.assign(2, std::vector<std::byte>(4));
    value.u.assign(4, FileType::regular);
    value.v.resize(4);
    EXPECT_EQ(encoded(value).size() + idl::header_size, size.most);
}

}  // namespace
}  // namespace quire::idl_goldens
