// SPDX-License-Identifier: MIT

#include "message/header.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "quire/ipc/memory.hpp"
#include "tests/kit/raw_client.hpp"

namespace quire::ipc {

namespace {

TEST(Memory, of_fixed_size_is_what_cannot_shrink) {
    const auto sealed = [](int seals) {
        UniqueFd fd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        EXPECT_EQ(::ftruncate(fd.get(), 4096), 0);
        EXPECT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
        return Memory(std::move(fd), 4096, true);
    };
    EXPECT_TRUE(sealed(F_SEAL_SHRINK).require_fixed_size());
    EXPECT_EQ(sealed(F_SEAL_GROW).require_fixed_size().error(), std::errc::permission_denied);
    const Memory device(UniqueFd(::open("/dev/zero", O_RDWR | O_CLOEXEC)), 0, true);
    EXPECT_EQ(device.require_fixed_size().error(), std::errc::permission_denied);
    EXPECT_EQ(Memory().require_fixed_size().error(), std::errc::bad_file_descriptor);
}

TEST(Header, comes_back_as_it_was_written) {
    const Header header{.kind = MessageKind::request,
                        .descriptors = 3,
                        .call = 4,
                        .object = 5,
                        .opcode = 6,
                        .left = 7};
    std::vector<std::byte> message(40);
    write_header(message, header);
    EXPECT_EQ(read_header(message, 3), header);
    EXPECT_FALSE(read_header(message, 2)) << "as many descriptors as it says";
    EXPECT_FALSE(read_header(std::span(message).first(32), 3)) << "as long as it says";
}

TEST(Header, every_wrong_field_is_malformed) {
    // Of a message without a body: a request, a reply, a one-way message, a control message.
    const std::string request = "20000000 01000000 01000000 01000000 01000000 00000000";
    const std::string reply = "20000000 02000000 01000000 00000000 00000000 00000000";
    const std::string one_way = "20000000 03000000 00000000 01000000 01000000 00000000";
    const std::string control = "20000000 04000000 00000000 00000000 01000000 00000000";
    const std::string forever = " ffffffff ffffffff";
    const std::string no_time = " 00000000 00000000";
    const auto good = [](const std::string& hex) {
        return read_header(bytes_of_hex(hex), 0).has_value();
    };
    EXPECT_TRUE(good(request + forever));
    EXPECT_TRUE(good(request + no_time));
    EXPECT_TRUE(good(reply + no_time));
    EXPECT_TRUE(good(one_way + no_time));
    EXPECT_TRUE(good(control + no_time));
    EXPECT_FALSE(good(""));
    EXPECT_FALSE(good(request)) << "too short";
    EXPECT_FALSE(good(request + forever + " 00")) << "too long";
    EXPECT_FALSE(good(request + " feffffff ffffffff")) << "a time below -1";
    EXPECT_FALSE(good(reply + forever)) << "a reply has no time";
    EXPECT_FALSE(good(one_way + forever)) << "a one-way message has no time";
    EXPECT_FALSE(good(control + forever)) << "a control message has no time";
    const auto with = [](std::string hex, std::size_t byte, std::string_view value) {
        return hex.replace(byte / 4 * 9 + byte % 4 * 2, 2, value);
    };
    EXPECT_FALSE(good(with(request + forever, 4, "00"))) << "no kind";
    EXPECT_FALSE(good(with(request + forever, 4, "05"))) << "no kind";
    EXPECT_FALSE(good(with(request + forever, 5, "01"))) << "no kind";
    EXPECT_FALSE(good(with(request + forever, 6, "01"))) << "descriptors";
    EXPECT_FALSE(good(with(request + forever, 8, "00"))) << "a call has a number";
    EXPECT_FALSE(good(with(request + forever, 20, "01"))) << "what is not used is zero";
    EXPECT_FALSE(good(with(reply + no_time, 8, "00"))) << "a reply has a number";
    EXPECT_FALSE(good(with(reply + no_time, 12, "01"))) << "a reply has no object";
    EXPECT_FALSE(good(with(one_way + no_time, 8, "01"))) << "nobody answers it";
    EXPECT_FALSE(good(with(control + no_time, 8, "01"))) << "nobody answers it";
    EXPECT_FALSE(good(with(control + no_time, 12, "01"))) << "control has no object";
}

}  // namespace

}  // namespace quire::ipc
