// SPDX-License-Identifier: MIT

#include "quire/ipc/encoder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <limits>
#include <string>

#include "message/outgoing.hpp"
#include "quire/ipc/decoder.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/sample_object.hpp"

namespace quire::ipc {

namespace {

enum class Colour : std::uint16_t { red = 0x0102 };

std::string body_of(Encoder& encoder) {
    return hex_of_bytes(encoder.body());
}

TEST(Encoder, an_empty_body_has_no_bytes) {
    Encoder encoder;
    EXPECT_EQ(body_of(encoder), "");
    EXPECT_EQ(encoder.message().size(), header_size);
}

TEST(Encoder, integers_are_little_endian_and_aligned_to_their_size) {
    Encoder encoder;
    encoder.put(std::uint8_t{0x11});
    encoder.put(std::uint16_t{0x2233});
    encoder.put(std::int8_t{-1});
    encoder.put(std::uint32_t{0x44556677});
    encoder.put(true);
    encoder.put(std::int64_t{-2});
    EXPECT_EQ(body_of(encoder), "11003322 ff000000 77665544 01000000 feffffff ffffffff");
}

TEST(Encoder, the_end_is_filled_up_to_eight_bytes) {
    Encoder encoder;
    encoder.put(std::uint64_t{1});
    encoder.put(std::uint8_t{2});
    EXPECT_EQ(body_of(encoder), "01000000 00000000 02000000 00000000");
}

TEST(Encoder, enums_are_as_their_type) {
    Encoder encoder;
    encoder.put(Colour::red);
    EXPECT_EQ(body_of(encoder), "02010000 00000000");
}

TEST(Encoder, strings_and_bytes_follow_their_length) {
    Encoder encoder;
    encoder.put(std::uint8_t{9});
    encoder.put_string("abc", 3);
    encoder.put_bytes(std::as_bytes(std::span("\0x", 2)), 10);
    encoder.put(std::uint16_t{0xffff});
    // 9, gap, length 3, abc, gap, length 2, bytes, 0xffff
    EXPECT_EQ(body_of(encoder), "09000000 03000000 61626300 02000000 0078ffff 00000000");
}

TEST(Encoder, lists_are_a_count_and_their_elements) {
    Encoder encoder;
    encoder.put_count(3, 3);
    for (const std::uint16_t element : {1, 2, 3}) encoder.put(element);
    EXPECT_EQ(body_of(encoder), "03000000 01000200 03000000 00000000");
}

TEST(Encoder, an_absent_capability_is_kind_zero) {
    Encoder encoder;
    encoder.put(std::uint8_t{1});
    encoder.put_optional_cap(Cap<Counter>());
    EXPECT_EQ(body_of(encoder), "01000000 00000000 00000000 00000000");
    EXPECT_TRUE(encoder.handles().empty());
}

/// Names capabilities in all the ways there are.
class FixedNamer : public CapNamer {
public:
    Result<CapName> name(const AnyCap&) override {
        ++asked_;
        if (asked_ == 1) return CapName(CapKind::senders, 0x10);
        if (asked_ == 2) return CapName(CapKind::receivers, 0x20);
        CapName gate(CapKind::gate);
        gate.made = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        return gate;
    }

private:
    int asked_ = 0;
};

TEST(Encoder, capabilities_and_memory_are_named_when_sent_and_descriptors_numbered_in_order) {
    const auto world = std::make_shared<World>();
    const Cap<Counter> counter(std::make_shared<CounterObject>(world, 1));
    const Memory memory(UniqueFd(::memfd_create("test", MFD_CLOEXEC)), 0x1000, true);
    const Memory read_only(UniqueFd(::memfd_create("test", MFD_CLOEXEC)), 0x2000, false);
    Encoder encoder;
    encoder.put_cap(counter);
    encoder.put_memory(memory);
    encoder.put_optional_cap(counter);
    encoder.put_cap(counter);
    encoder.put_memory(read_only);
    ASSERT_FALSE(encoder.failed());
    FixedNamer namer;
    const auto outgoing = Outgoing::seal(std::move(encoder), namer);
    ASSERT_TRUE(outgoing);
    EXPECT_EQ(outgoing->descriptor_count(), 3u);
    EXPECT_EQ(hex_of_bytes(outgoing->bytes().subspan(header_size)),
              "01000000 10000000"                       // ours, 0x10
              " 00000000 03000000 00100000 00000000"    // descriptor 0, read and write, size
              " 02000000 20000000"                      // given back
              " 03000000 01000000"                      // a gate, descriptor 1
              " 02000000 01000000 00200000 00000000");  // descriptor 2, read
}

TEST(Encoder, a_header_is_thirty_two_bytes) {
    Encoder encoder;
    encoder.put(std::uint64_t{0x1122334455667788});
    const auto message = encoder.message();
    write_header(message, {.kind = MessageKind::request,
                           .descriptors = 2,
                           .call = 0xa1a2a3a4,
                           .object = 0xb1b2b3b4,
                           .opcode = 0xc1c2c3c4,
                           .left = -1});
    EXPECT_EQ(hex_of_bytes(message),
              "28000000 01000200 a4a3a2a1 b4b3b2b1 c4c3c2c1 00000000 ffffffff ffffffff "
              "88776655 44332211");
}

TEST(Encoder, what_is_over_its_bound_fails_and_nothing_else_is_written) {
    const auto fails = [](auto put, std::errc code) {
        Encoder encoder;
        put(encoder);
        EXPECT_TRUE(encoder.failed());
        if (!encoder.failed()) return;
        EXPECT_EQ(encoder.error(), code);
        const std::size_t size = encoder.message().size();
        encoder.put(std::uint64_t{1});
        EXPECT_EQ(encoder.message().size(), size);
        FixedNamer namer;
        EXPECT_FALSE(Outgoing::seal(std::move(encoder), namer));
    };
    const std::vector<std::byte> large(max_message_size);
    fails([](Encoder& e) { e.put_string("four", 3); }, std::errc::argument_list_too_long);
    fails([&](Encoder& e) { e.put_bytes(large, max_message_size); },
          std::errc::argument_list_too_long);
    fails([](Encoder& e) { e.put_count(4, 3); }, std::errc::argument_list_too_long);
    fails(
        [](Encoder& e) {
            // Where a count has 64 bits, one that would be 0 in the 32 of the message.
            constexpr auto most = std::numeric_limits<std::size_t>::max();
            e.put_count(most > 0xffffffff ? most & ~std::size_t{0xffffffff} : most, most);
        },
        std::errc::argument_list_too_long);
    fails([](Encoder& e) { e.put_string(std::string_view("a\0b", 3), 10); },
          std::errc::invalid_argument);
    fails([](Encoder& e) { e.put_cap(Cap<Counter>()); }, std::errc::invalid_argument);
    fails([](Encoder& e) { e.put_memory(Memory()); }, std::errc::invalid_argument);
    fails(
        [](Encoder& e) {
            const auto world = std::make_shared<World>();
            const Cap<Counter> counter(std::make_shared<CounterObject>(world, 1));
            for (std::size_t i = 0; i <= max_descriptors; ++i) e.put_cap(counter);
        },
        std::errc::argument_list_too_long);
}

TEST(Encoder, the_largest_message_is_exactly_the_limit) {
    Encoder fits;
    fits.put_bytes(std::vector<std::byte>(max_body_size - 4), max_body_size);
    EXPECT_FALSE(fits.failed());
    EXPECT_EQ(fits.message().size(), max_message_size);
    Encoder too_large;
    too_large.put_bytes(std::vector<std::byte>(max_body_size - 3), max_body_size);
    EXPECT_TRUE(too_large.failed());
    // Padding counts.
    Encoder padded;
    padded.put_bytes(std::vector<std::byte>(max_body_size - 5), max_body_size);
    EXPECT_FALSE(padded.failed());
    EXPECT_EQ(padded.message().size(), max_message_size);
    padded.put(std::uint16_t{1});
    EXPECT_TRUE(padded.failed());
}

TEST(Encoder, clear_forgets_a_failure) {
    Encoder encoder;
    encoder.put_string("four", 3);
    encoder.clear();
    EXPECT_FALSE(encoder.failed());
    encoder.put(std::uint64_t{3});
    EXPECT_EQ(body_of(encoder), "03000000 00000000");
}

}  // namespace

}  // namespace quire::ipc
