// SPDX-License-Identifier: MIT
//
// The bytes of what the protocols speak of, written out. The same source runs as a 64-bit and as a
// 32-bit program: two processes of one machine may well be one of each.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "quire/base/unique_fd.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "quire/protocols/block.hpp"
#include "quire/protocols/directory.hpp"
#include "quire/protocols/namespace.hpp"
#include "quire/protocols/service.hpp"
#include "quire/protocols/volume.hpp"

namespace quire::protocols {
namespace {

std::string hex(std::span<const std::byte> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<unsigned>(byte) / 16];
        text += digits[std::to_integer<unsigned>(byte) % 16];
    }
    return text;
}

template <typename T>
std::string bytes_of(const T& value) {
    ipc::Encoder out;
    encode(out, value);
    EXPECT_FALSE(out.failed());
    ipc::Decoder in(out.body());
    T read{};
    decode(in, read);
    EXPECT_TRUE(in.end());
    EXPECT_EQ(read, value);
    return hex(out.body());
}

/// Without blanks, and zeros up to a multiple of 8 bytes.
std::string whole(std::string_view words) {
    std::string text;
    for (const char c : words)
        if (c != ' ') text += c;
    while (text.size() % 16 != 0) text += '0';
    return text;
}

const Time a_time{.seconds = -2, .nanoseconds = 999'999'999};
const std::string bytes_of_time = "feffffffffffffff ffc99a3b";

Attributes some_attributes() {
    return {.type = FileType::symbolic_link,
            .permissions = 0x0102,
            .uid = 0x03040506,
            .gid = 0x0708090a,
            .links = 11,
            .size = 0x0c0d0e0f10111213,
            .allocated = 20,
            .inode = 0x8000000000000021,
            .generation = 22,
            .device = {.major_number = 23, .minor_number = 24},
            .preferred_io_size = 25,
            .flags = 26,
            .access = a_time,
            .modify = a_time,
            .change = a_time,
            .has_birth = true,
            .birth = a_time};
}

const std::string bytes_of_attributes =
    "03 00 0201 06050403 0a090807 0b000000 131211100f0e0d0c 1400000000000000 2100000000000080 "
    "16000000 17000000 18000000 19000000 1a000000 00000000 " +
    bytes_of_time + " 00000000 " + bytes_of_time + " 00000000 " + bytes_of_time + " 01 000000 " +
    bytes_of_time;

TEST(Bytes, of_nodes) {
    EXPECT_EQ(bytes_of(a_time), whole(bytes_of_time));
    EXPECT_EQ(bytes_of(some_attributes()), whole(bytes_of_attributes));
    EXPECT_EQ(bytes_of(AttributeChanges{.which = change_size | change_modify_now,
                                        .permissions = 0x0102,
                                        .uid = 3,
                                        .gid = 4,
                                        .size = 0x0102030405060708,
                                        .access = a_time,
                                        .modify = a_time,
                                        .change = a_time,
                                        .birth = a_time}),
              whole("08020000 0201 0000 03000000 04000000 0807060504030201 " + bytes_of_time +
                    " 00000000 " + bytes_of_time + " 00000000 " + bytes_of_time + " 00000000 " +
                    bytes_of_time));
    EXPECT_EQ(bytes_of(Handle{.inode = 1, .generation = ~std::uint64_t{1}}),
              whole("0100000000000000 feffffffffffffff"));
    EXPECT_EQ(bytes_of(Entry{.node = 5,
                             .attributes = some_attributes(),
                             .name_lifetime = -1,
                             .attribute_lifetime = 1000}),
              whole("0500000000000000 " + bytes_of_attributes +
                    " 00000000 ffffffffffffffff e803000000000000"));
}

TEST(Bytes, of_people_and_volumes) {
    EXPECT_EQ(bytes_of(Identity{.uid = 1, .gid = 2, .groups = {3, 4}, .umask = 022}),
              whole("01000000 02000000 02000000 03000000 04000000 1200"));
    EXPECT_EQ(bytes_of(Credentials{.uid = 1, .gid = 2, .groups = {3}, .umask = 022, .pid = -1}),
              whole("01000000 02000000 01000000 03000000 1200 0000 ffffffff"));
    EXPECT_EQ(bytes_of(Statistics{.block_size = 4096,
                                  .blocks = 0x0102030405060708,
                                  .free_blocks = 2,
                                  .available_blocks = 1,
                                  .inodes = 9,
                                  .free_inodes = 8,
                                  .name_length = 255,
                                  .read_only = true}),
              whole("00100000 00000000 0807060504030201 0200000000000000 0100000000000000 "
                    "0900000000000000 0800000000000000 ff000000 01"));
    EXPECT_EQ(bytes_of(Geometry{.size = 1, .preferred_alignment = 512, .writable = true}),
              whole("0100000000000000 00020000 01"));
    EXPECT_EQ(bytes_of(BlockRun{.offset = 1, .length = 2, .buffer_offset = 3}),
              whole("0100000000000000 0200000000000000 0300000000000000"));
    EXPECT_EQ(bytes_of(ServedClient{.number = 1,
                                    .pid = -1,
                                    .uid = 2,
                                    .gid = 3,
                                    .objects = 4,
                                    .calls = 5,
                                    .received = 6,
                                    .sent = 7}),
              whole("0100000000000000 ffffffff 02000000 03000000 00000000 0400000000000000 "
                    "0500000000000000 0600000000000000 0700000000000000"));
}

TEST(Bytes, of_names) {
    EXPECT_EQ(
        bytes_of(DirectoryEntry{.name = "abc", .inode = 7, .type = FileType::directory, .next = 9}),
        whole("03000000 616263 00 0700000000000000 02 00000000000000 0900000000000000"));
    EXPECT_EQ(bytes_of(HeldObject{.interface_name = "File", .objects = 1, .references = 2}),
              whole("04000000 46696c65 0100000000000000 0200000000000000"));
    EXPECT_EQ(bytes_of(NamespaceEntry{
                  .name = "n", .kind = EntryKind::placeholder, .interface_name = "Block"}),
              whole("01000000 6e 02 0000 05000000 426c6f636b"));
    EXPECT_EQ(bytes_of(DirectoryPage{.count = 1, .entries = {std::byte{9}}, .last = true}),
              whole("01000000 01000000 09 01"));
}

/// A device that knows one byte.
class Asked final : public Block {
public:
    Result<BlockGeometryResult> geometry(const ipc::Call&) override {
        return BlockGeometryResult{{~std::uint64_t{0}, 512, false}, "asked"};
    }
    Result<std::vector<std::byte>> read(const ipc::Call&, std::uint64_t offset,
                                        std::uint32_t length) override {
        if (offset != 0x0102030405060708 || length != 1) return none();
        return std::vector{std::byte{42}};
    }
    Result<void> write(const ipc::Call&, std::uint64_t, std::span<const std::byte>) override {
        return none();
    }
    Result<void> set_buffer(const ipc::Call&, ipc::Memory) override { return none(); }
    Result<void> read_runs(const ipc::Call&, const std::vector<BlockRun>&) override {
        return none();
    }
    Result<void> write_runs(const ipc::Call&, const std::vector<BlockRun>&) override {
        return none();
    }
    Result<void> flush(const ipc::Call&) override { return none(); }
    Result<void> discard(const ipc::Call&, const Range&) override { return none(); }
    Result<void> zero(const ipc::Call&, const Range&) override { return none(); }
    Result<Range> next_data(const ipc::Call&, std::uint64_t offset) override {
        return Range{offset, ~std::uint64_t{0}};
    }
    Result<void> resize(const ipc::Call&, std::uint64_t) override { return none(); }

private:
    static std::unexpected<Error> none() { return fail(std::errc::io_error); }
};

struct Ends {
    UniqueFd one;
    UniqueFd other;
};

Ends make_ends() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string receive(const UniqueFd& end) {
    std::array<char, 256> memory;
    const ssize_t got = ::recv(end.get(), memory.data(), memory.size(), 0);
    return {memory.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

void send(const UniqueFd& end, const std::string& message) {
    EXPECT_EQ(::send(end.get(), message.data(), message.size(), 0),
              static_cast<ssize_t>(message.size()));
}

TEST(Bytes, of_a_call_and_its_reply) {
    Ends client = make_ends();
    Ends served = make_ends();
    ipc::Server server = *ipc::Server::create();
    ASSERT_TRUE(server.adopt(std::move(served.one), ipc::Cap<Block>(std::make_shared<Asked>())));
    const auto block = ipc::adopt<Block>(std::move(client.one));
    ASSERT_TRUE(block);
    std::thread caller([&] {
        const auto content = (*block)->read(ipc::Call::forever(), 0x0102030405060708, 1);
        ASSERT_TRUE(content) << content.error().message();
        EXPECT_EQ(*content, std::vector{std::byte{42}});
    });
    // The test stands between the two.
    const std::string request = receive(client.other);
    EXPECT_EQ(hex(std::as_bytes(std::span(request))),
              whole("30000000 01000000 01000000 01000000 81000000 00000000 ffffffffffffffff "
                    "0807060504030201 01000000"));
    send(served.other, request);
    const std::string reply = receive(served.other);
    EXPECT_EQ(hex(std::as_bytes(std::span(reply))),
              whole("28000000 02000000 01000000 00000000 00000000 00000000 0000000000000000 "
                    "01000000 2a"));
    send(client.other, reply);
    caller.join();
}

}  // namespace
}  // namespace quire::protocols
