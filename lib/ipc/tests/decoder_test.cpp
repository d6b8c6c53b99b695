// SPDX-License-Identifier: MIT

#include "quire/ipc/decoder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "message/header.hpp"
#include "system/sockets.hpp"
#include "tests/kit/raw_client.hpp"
#include "tests/kit/sample_object.hpp"

namespace quire::ipc {

namespace {

using Read = std::function<void(Decoder&)>;

/// Whether a body, read like this, is well-formed to its end.
bool reads(std::string_view hex, const Read& read) {
    const auto body = bytes_of_hex(hex);
    Decoder decoder(body);
    read(decoder);
    const bool good = decoder.end();
    EXPECT_NE(good, decoder.failed());
    EXPECT_FALSE(decoder.objection());
    return good;
}

void nothing(Decoder&) {}
void a_byte(Decoder& in) {
    (void)in.get<std::uint8_t>();
}
void a_word(Decoder& in) {
    (void)in.get<std::uint32_t>();
}
void a_bool(Decoder& in) {
    (void)in.get<bool>();
}
void a_string(Decoder& in) {
    (void)in.get_string(8);
}
void some_bytes(Decoder& in) {
    (void)in.get_bytes(8);
}
void some_words(Decoder& in) {
    const std::size_t count = in.get_count(3);
    for (std::size_t i = 0; i < count; ++i) (void)in.get<std::uint32_t>();
}

TEST(Decoder, values_come_back_as_they_were_written) {
    Encoder out;
    out.put(std::int8_t{-5});
    out.put(true);
    out.put(std::uint64_t{0xfedcba9876543210});
    out.put_string("name", 10);
    out.put(std::int16_t{-300});
    out.put_bytes(std::as_bytes(std::span("\0\xff", 2)), 10);
    out.put_count(2, 2);
    out.put(std::uint32_t{7});
    out.put(std::uint32_t{8});
    Decoder in(out.body());
    EXPECT_EQ(in.get<std::int8_t>(), -5);
    EXPECT_TRUE(in.get<bool>());
    EXPECT_EQ(in.get<std::uint64_t>(), 0xfedcba9876543210);
    EXPECT_EQ(in.get_string_view(10), "name");
    EXPECT_EQ(in.get<std::int16_t>(), -300);
    EXPECT_EQ(in.get_bytes(10), (std::vector{std::byte{0}, std::byte{0xff}}));
    EXPECT_EQ(in.get_count(2), 2u);
    EXPECT_EQ(in.get<std::uint32_t>(), 7u);
    EXPECT_EQ(in.get<std::uint32_t>(), 8u);
    EXPECT_TRUE(in.end());
}

TEST(Decoder, what_is_too_short_is_malformed) {
    EXPECT_TRUE(reads("", nothing));
    EXPECT_FALSE(reads("", a_byte));
    EXPECT_FALSE(reads("010203", a_word));
    EXPECT_FALSE(reads("05000000 61626364", a_string));
    EXPECT_FALSE(reads("02000000 01000000", some_words));
}

TEST(Decoder, the_body_ends_where_its_values_end) {
    EXPECT_TRUE(reads("01000000 00000000", a_word));
    EXPECT_FALSE(reads("01000000", a_word));
    EXPECT_FALSE(reads("01000000 00000000 00000000 00000000", a_word));
    EXPECT_FALSE(reads("00000000 00000000", nothing));
    EXPECT_FALSE(reads("01000000 00000000 00", a_word));
}

TEST(Decoder, every_byte_of_padding_is_zero) {
    EXPECT_FALSE(reads("01000000 00000001", a_word));
    EXPECT_FALSE(reads("01000000 01000000", a_word));
    const Read byte_then_word = [](Decoder& in) {
        a_byte(in);
        a_word(in);
    };
    EXPECT_TRUE(reads("01000000 02000000", byte_then_word));
    EXPECT_FALSE(reads("01000100 02000000", byte_then_word));
    EXPECT_FALSE(reads("01010000 02000000", byte_then_word));
}

TEST(Decoder, a_bool_is_zero_or_one) {
    EXPECT_TRUE(reads("00000000 00000000", a_bool));
    EXPECT_TRUE(reads("01000000 00000000", a_bool));
    EXPECT_FALSE(reads("02000000 00000000", a_bool));
    EXPECT_FALSE(reads("ff000000 00000000", a_bool));
}

TEST(Decoder, lengths_are_bounded) {
    EXPECT_TRUE(reads("08000000 61626364 65666768 00000000", some_bytes));
    EXPECT_FALSE(reads("09000000 61626364 65666768 69000000", some_bytes));
    EXPECT_FALSE(reads("ffffffff 61626364", some_bytes));
    EXPECT_FALSE(reads("04000000 01000000 01000000 01000000 01000000 00000000", some_words));
}

TEST(Decoder, a_count_alone_makes_nobody_allocate) {
    const auto body = bytes_of_hex("00000010 00000000");
    Decoder decoder(body);
    EXPECT_EQ(decoder.get_count(0xffffffff), 0u);
    EXPECT_TRUE(decoder.failed());
}

TEST(Decoder, a_string_has_no_nul) {
    EXPECT_TRUE(reads("03000000 61626300", a_string));
    EXPECT_FALSE(reads("03000000 61006300", a_string));
    EXPECT_TRUE(reads("03000000 61006300", some_bytes));
}

TEST(Decoder, after_the_first_error_everything_is_zero) {
    const auto body = bytes_of_hex("02000000 61620000");
    Decoder decoder(body);
    EXPECT_FALSE(decoder.get<bool>());
    EXPECT_EQ(decoder.get<std::uint8_t>(), 0);
    EXPECT_EQ(decoder.get_string(100), "");
    EXPECT_EQ(decoder.get_count(100), 0u);
    EXPECT_FALSE(decoder.get_memory());
    EXPECT_FALSE(decoder.get_optional_cap<Counter>());
    EXPECT_FALSE(decoder.end());
}

TEST(Decoder, what_generated_code_refuses_is_malformed) {
    EXPECT_FALSE(reads("00000000 00000000", [](Decoder& in) {
        a_word(in);
        in.refuse();
    }));
}

/// A side of a channel that has both tables, with an object 5 of its own and no more to spend after
/// so many descriptors.
class Source : public CapSource {
public:
    std::optional<RemoteObject> theirs(std::uint32_t number) override {
        return RemoteObject(nullptr, number);
    }
    std::optional<AnyCap> ours(std::uint32_t number) override {
        return number == 5 ? AnyCap(object) : AnyCap();
    }
    std::optional<std::shared_ptr<void>> charge_descriptors(std::size_t count) override {
        if (count > room) return std::nullopt;
        room -= count;
        return std::shared_ptr<void>();
    }
    RemoteObject gate(UniqueFd, std::shared_ptr<void>) override {
        ++gates;
        return {};
    }
    void decoded() override { ++ends; }

    Cap<Both> object{std::make_shared<BothObject>(std::make_shared<World>())};
    std::size_t room = 100;
    int gates = 0;
    int ends = 0;
};

class CapDecoder : public ::testing::Test {
protected:
    void give(int fd) { descriptors_[count_++].reset(fd); }
    /// What end() says, and objects to.
    bool reads(std::string_view hex, const Read& read) {
        const auto body = bytes_of_hex(hex);
        Decoder decoder(body, {descriptors_.data(), count_}, &source_);
        read(decoder);
        const bool good = decoder.end();
        objection_ = decoder.objection();
        return good;
    }
    std::errc objection() const { return objection_ ? objection_->code() : std::errc{}; }

    std::array<UniqueFd, 4> descriptors_;
    std::size_t count_ = 0;
    Source source_;
    std::optional<Error> objection_;
};

void a_counter(Decoder& in) {
    (void)in.get_cap<Counter>();
}
void perhaps_a_counter(Decoder& in) {
    (void)in.get_optional_cap<Counter>();
}
void memory(Decoder& in) {
    (void)in.get_memory();
}

TEST_F(CapDecoder, null_is_for_optional_capabilities_only) {
    EXPECT_TRUE(reads("00000000 00000000", perhaps_a_counter));
    EXPECT_EQ(source_.ends, 1);
    EXPECT_FALSE(reads("00000000 00000000", a_counter));
    EXPECT_FALSE(reads("00000000 01000000", perhaps_a_counter));
    EXPECT_EQ(source_.ends, 1);
}

TEST_F(CapDecoder, unknown_kinds_are_malformed) {
    EXPECT_FALSE(reads("04000000 01000000", a_counter));
    EXPECT_FALSE(reads("ffffffff 01000000", a_counter));
    EXPECT_EQ(objection(), std::errc{});
}

TEST_F(CapDecoder, an_object_of_the_sender_becomes_a_proxy) {
    EXPECT_TRUE(reads("01000000 09000000", [](Decoder& in) {
        const auto cap = in.get_cap<Counter>();
        ASSERT_TRUE(cap);
        ASSERT_NE(cap->remote(), nullptr);
        EXPECT_EQ(cap->remote()->number(), 9u);
    }));
}

TEST_F(CapDecoder, an_object_given_back_is_the_object_itself) {
    EXPECT_TRUE(reads("02000000 05000000", [this](Decoder& in) {
        const auto cap = in.get_cap<Both>();
        EXPECT_EQ(cap.object(), source_.object.object());
    }));
    // A compound is each of its parts.
    EXPECT_TRUE(reads("02000000 05000000", a_counter));
}

TEST_F(CapDecoder, a_stale_number_is_answered_and_no_crime) {
    EXPECT_FALSE(reads("02000000 06000000", a_counter));
    EXPECT_EQ(objection(), std::errc::bad_file_descriptor);
    EXPECT_EQ(source_.ends, 1);
    // Unless the rest is malformed.
    EXPECT_FALSE(reads("02000000 06000000 01000000 00000000", a_counter));
    EXPECT_EQ(objection(), std::errc{});
}

TEST_F(CapDecoder, an_object_is_only_what_it_was_handed_out_as) {
    source_.object = {};
    class PartSource : public Source {
    public:
        std::optional<AnyCap> ours(std::uint32_t) override { return AnyCap(Cap<Counter>(both)); }
        Cap<Both> both{std::make_shared<BothObject>(std::make_shared<World>())};
    } part;
    const auto body = bytes_of_hex("02000000 05000000");
    Decoder decoder(body, {}, &part);
    EXPECT_FALSE(decoder.get_cap<Both>());
    EXPECT_FALSE(decoder.end());
    ASSERT_TRUE(decoder.objection());
    EXPECT_EQ(*decoder.objection(), std::errc::invalid_argument);
}

TEST_F(CapDecoder, a_gate_is_a_unix_socket_of_packets) {
    SocketPair pair = *make_socket_pair();
    give(pair.ours.release());
    EXPECT_TRUE(reads("03000000 00000000", a_counter));
    EXPECT_EQ(source_.gates, 1);
}

TEST_F(CapDecoder, no_other_descriptor_is_a_gate) {
    for (const int fd :
         {::open("/dev/null", O_RDWR | O_CLOEXEC), ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
          ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)}) {
        ASSERT_GE(fd, 0);
        count_ = 0;
        give(fd);
        EXPECT_FALSE(reads("03000000 00000000", a_counter));
        EXPECT_EQ(objection(), std::errc{});
    }
    EXPECT_EQ(source_.gates, 0);
}

TEST_F(CapDecoder, each_descriptor_is_used_once_and_in_order) {
    const auto fresh = [] { return ::memfd_create("test", MFD_CLOEXEC); };
    const Read two = [](Decoder& in) {
        memory(in);
        memory(in);
    };
    const std::string first = "00000000 01000000 00000000 00000000";
    const std::string second = " 01000000 01000000 00000000 00000000";
    const auto reads_two = [&](const std::string& hex) {
        count_ = 0;
        give(fresh());
        give(fresh());
        return reads(hex, two);
    };
    EXPECT_TRUE(reads_two(first + second));
    EXPECT_FALSE(reads_two(second.substr(1) + " " + first));
    EXPECT_FALSE(reads_two(first + " " + first));
    count_ = 0;
    give(fresh());
    give(fresh());
    EXPECT_FALSE(reads(first, memory)) << "one is left over";
    count_ = 0;
    EXPECT_FALSE(reads(first, memory)) << "there is none";
}

TEST_F(CapDecoder, memory_is_what_its_sender_says) {
    const auto reads_of = [&](int fd, std::string_view hex) {
        count_ = 0;
        give(fd);
        return reads(hex, memory);
    };
    const auto sized = [](off_t size) {
        const int fd = ::memfd_create("test", MFD_CLOEXEC);
        EXPECT_EQ(::ftruncate(fd, size), 0);
        return fd;
    };
    const auto reader = [&] {
        const UniqueFd fd(sized(4096));
        return ::open(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), O_RDONLY | O_CLOEXEC);
    };
    EXPECT_TRUE(reads_of(sized(4096), "00000000 03000000 00100000 00000000"));
    EXPECT_TRUE(reads_of(sized(4097), "00000000 01000000 00100000 00000000"));
    EXPECT_FALSE(reads_of(sized(4095), "00000000 01000000 00100000 00000000")) << "too small";
    EXPECT_FALSE(reads_of(sized(0), "00000000 01000000 00000000 00000080")) << "no size";
    EXPECT_FALSE(reads_of(sized(4096), "00000000 00000000 00100000 00000000")) << "no rights";
    EXPECT_FALSE(reads_of(sized(4096), "00000000 02000000 00100000 00000000")) << "odd rights";
    EXPECT_FALSE(reads_of(sized(4096), "00000000 07000000 00100000 00000000")) << "odd rights";
    EXPECT_TRUE(reads_of(reader(), "00000000 01000000 00100000 00000000"));
    EXPECT_FALSE(reads_of(reader(), "00000000 03000000 00100000 00000000")) << "not writable";
    EXPECT_FALSE(
        reads_of(::open("/dev/zero", O_RDWR | O_CLOEXEC), "00000000 03000000 00000000 00000000"));
    EXPECT_FALSE(
        reads_of(::open("/", O_RDONLY | O_CLOEXEC), "00000000 01000000 00000000 00000000"));
    EXPECT_FALSE(reads_of(::open("/proc/self/exe", O_PATH | O_CLOEXEC),
                          "00000000 01000000 00000000 00000000"));
}

TEST_F(CapDecoder, who_has_spent_its_descriptors_is_told_so) {
    source_.room = 1;
    SocketPair pair = *make_socket_pair();
    give(pair.ours.release());
    EXPECT_FALSE(reads("03000000 00000000", a_counter));
    EXPECT_EQ(objection(), std::errc::too_many_files_open);
    count_ = 0;
    give(::memfd_create("test", MFD_CLOEXEC));
    EXPECT_TRUE(reads("00000000 01000000 00000000 00000000", memory));
}

TEST_F(CapDecoder, without_a_channel_there_are_no_capabilities) {
    for (const char* hex :
         {"01000000 01000000", "02000000 01000000", "03000000 00000000", "03000000 01000000"}) {
        const auto body = bytes_of_hex(hex);
        SocketPair pair = *make_socket_pair();
        std::array descriptors{std::move(pair.ours)};
        Decoder decoder(body, descriptors, nullptr);
        EXPECT_FALSE(decoder.get_cap<Counter>());
        EXPECT_FALSE(decoder.end());
    }
}

}  // namespace

}  // namespace quire::ipc
