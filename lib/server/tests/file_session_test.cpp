// SPDX-License-Identifier: MIT
//
// What an open file does, by message and through memory that is shared with a client who may not
// be a friend.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "quire/base/units.hpp"
#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using enum std::errc;

using FileSessions = FileGround;
using Buffers = FileGround;

TEST_F(FileSessions, read_and_write_where_they_are_told) {
    const auto file = open("f");
    const auto written = file->write(in_time, 3, bytes_of("abc"));
    ASSERT_TRUE(written);
    EXPECT_EQ(written->position_after, 6u);
    EXPECT_EQ(written->size, 6u);
    EXPECT_EQ(text_of(*file->read(in_time, 2, 3)), std::string("\0ab", 3));
    EXPECT_EQ(text_of(*file->read(in_time, 4, 100)), "bc");
    EXPECT_TRUE(file->read(in_time, 6, 100)->empty());
    EXPECT_EQ(code_of(file->read(in_time, 0, protocols::content_limit + 1)), invalid_argument);
    EXPECT_EQ(code_of(file->read(in_time, ~0ULL, 1)), invalid_argument);
    EXPECT_EQ(code_of(file->write(in_time, ~0ULL, bytes_of("x"))), file_too_large);
    EXPECT_EQ(file->write(in_time, 1, {})->size, 6u);
    EXPECT_EQ(file->attributes(in_time)->size, 6u);
}

TEST_F(FileSessions, do_only_what_they_were_opened_for) {
    file("f", "x");
    const auto reader = open("f", to_read);
    EXPECT_EQ(code_of(reader->write(in_time, 0, bytes_of("y"))), bad_file_descriptor);
    EXPECT_EQ(code_of(reader->allocate(in_time, {}, {0, 1})), bad_file_descriptor);
    const auto writer = open("f", protocols::open_write);
    EXPECT_EQ(code_of(writer->read(in_time, 0, 1)), bad_file_descriptor);
    EXPECT_TRUE(writer->write(in_time, 0, bytes_of("y")));
}

TEST_F(FileSessions, append_where_the_end_is) {
    file("log", "start ");
    const auto one = open("log", protocols::open_write | protocols::open_append);
    const auto other = open("log", protocols::open_write | protocols::open_append);
    EXPECT_EQ(one->write(in_time, 0, bytes_of("one "))->position_after, 10u);
    EXPECT_EQ(other->write(in_time, 0, bytes_of("two"))->position_after, 13u);
    EXPECT_EQ(content("log"), "start one two");
}

TEST_F(FileSessions, change_attributes) {
    const auto file = open("f");
    ASSERT_TRUE(file->write(in_time, 0, bytes_of("content")));
    EXPECT_EQ(file->set_attributes(in_time, {.which = protocols::change_size, .size = 3})->size,
              3u);
    EXPECT_EQ(
        file->set_attributes(in_time, {.which = protocols::change_permissions, .permissions = 0400})
            ->permissions,
        0400);
    const protocols::Time time{123, 456};
    EXPECT_EQ(
        file->set_attributes(in_time, {.which = protocols::change_modify, .modify = time})->modify,
        time);
    EXPECT_GT(
        file->set_attributes(in_time, {.which = protocols::change_modify_now})->modify.seconds,
        time.seconds);
    EXPECT_EQ(code_of(file->set_attributes(in_time, {.which = 1U << 20U})), invalid_argument);
    EXPECT_EQ(code_of(file->set_attributes(
                  in_time, {.which = protocols::change_access | protocols::change_access_now})),
              invalid_argument);
    EXPECT_EQ(code_of(file->set_attributes(
                  in_time, {.which = protocols::change_access,
                            .access = {.seconds = 0, .nanoseconds = 1'000'000'000}})),
              invalid_argument);
}

TEST_F(FileSessions, let_who_may_write_set_the_present) {
    file("f");
    ASSERT_TRUE(context->set_attributes(
        in_time, "f", true, {.which = protocols::change_permissions, .permissions = 0666}));
    const auto other = user(1000);
    EXPECT_TRUE(other->set_attributes(in_time, "f", true, {.which = protocols::change_modify_now}));
    EXPECT_EQ(
        code_of(other->set_attributes(in_time, "f", true, {.which = protocols::change_modify})),
        operation_not_permitted);
    EXPECT_EQ(code_of(other->set_attributes(
                  in_time, "f", true,
                  {.which = protocols::change_modify_now | protocols::change_permissions})),
              operation_not_permitted);
}

TEST_F(FileSessions, flush_and_fill_up) {
    const auto file = open("f");
    ASSERT_TRUE(file->write(in_time, 0, bytes_of("abc")));
    EXPECT_EQ(*file->flush(in_time, 0), 3u);
    EXPECT_EQ(*file->flush(in_time, 2), 3u);
    EXPECT_EQ(*file->flush(in_time, 10), 10u);
    EXPECT_EQ(*file->seek(in_time, 0, protocols::SeekTo::data), 0u);
    EXPECT_EQ(code_of(file->seek(in_time, 10, protocols::SeekTo::data)), no_such_device_or_address);
    EXPECT_TRUE(file->allocate(in_time, protocols::AllocateMode::allocate, {0, 100}));
    EXPECT_EQ(file->attributes(in_time)->size, 100u);
}

TEST_F(FileSessions, keep_extended_attributes_of_any_length) {
    const auto file = open("f");
    SealedMemory buffer(128 * KiB);
    ASSERT_TRUE(file->set_buffer(in_time, buffer.object));
    ASSERT_TRUE(file->set_extended_attribute(in_time, "user.short", bytes_of("value"), {}));
    EXPECT_EQ(text_of(*file->get_extended_attribute(in_time, "user.short")), "value");
    // As long as a value can be: not for a message.
    std::string longest(65536, 'l');
    std::memcpy(buffer.data() + 100, longest.data(), longest.size());
    ASSERT_TRUE(file->set_extended_attribute_from(in_time, "user.long", 100, longest.size(),
                                                  protocols::SetAttributeMode::create));
    EXPECT_EQ(code_of(file->set_extended_attribute_from(in_time, "user.long", 100, 65537, {})),
              argument_list_too_long);
    EXPECT_EQ(code_of(file->get_extended_attribute(in_time, "user.long")), message_size);
    std::memset(buffer.data(), 0, 128 * KiB);
    EXPECT_EQ(*file->get_extended_attribute_to(in_time, "user.long", 7, 70000), longest.size());
    EXPECT_EQ(std::string_view(buffer.data() + 7, longest.size()), longest);
    EXPECT_EQ(code_of(file->get_extended_attribute_to(in_time, "user.long", 0, 100)),
              result_out_of_range);
    EXPECT_EQ(text_of(*file->list_extended_attributes(in_time)),
              std::string("user.long\0user.short\0", 21));
    EXPECT_EQ(*file->list_extended_attributes_to(in_time, 0, 1000), 21u);
    EXPECT_EQ(code_of(file->list_extended_attributes_to(in_time, 0, 20)), result_out_of_range);
    EXPECT_TRUE(file->remove_extended_attribute(in_time, "user.long"));
    EXPECT_EQ(code_of(file->get_extended_attribute_to(in_time, "user.long", 0, 100)),
              std::errc(ENODATA));
    EXPECT_EQ(code_of(file->get_extended_attribute_to(in_time, "user.short", 128 * KiB, 1)),
              invalid_argument);

    // By path, through the context's buffer.
    EXPECT_EQ(code_of(context->get_extended_attribute_to(in_time, "f", true, "user.short", 0, 9)),
              invalid_argument);
    ASSERT_TRUE(context->set_buffer(in_time, buffer.object));
    EXPECT_EQ(*context->get_extended_attribute_to(in_time, "f", true, "user.short", 0, 9), 5u);
    EXPECT_TRUE(context->set_extended_attribute_from(in_time, "f", true, "user.path", 0, 5, {}));
    EXPECT_EQ(text_of(*context->get_extended_attribute(in_time, "f", true, "user.path")), "value");
    EXPECT_EQ(*context->list_extended_attributes_to(in_time, "f", true, 0, 1000), 21u);
}

TEST_F(Buffers, carry_more_than_a_message) {
    SealedMemory buffer(4 * MiB);
    ASSERT_TRUE(context->set_buffer(in_time, buffer.object));
    for (std::size_t i = 0; i < buffer.bytes().size(); ++i)
        buffer.bytes()[i] = static_cast<std::byte>(i % 251);
    const auto file = open("f");
    const auto written = file->write_from(in_time, 5, 100, 3 * MiB);
    ASSERT_TRUE(written);
    EXPECT_EQ(written->size, 3 * MiB + 5);
    std::vector<std::byte> expected(buffer.bytes().begin() + 100,
                                    buffer.bytes().begin() + 100 + 3 * MiB);
    std::ranges::fill(buffer.bytes(), std::byte{0});
    EXPECT_EQ(*file->read_to(in_time, 5, 1, 4 * MiB - 1), 3 * MiB);
    EXPECT_TRUE(std::ranges::equal(buffer.bytes().subspan(1, 3 * MiB), expected));
    EXPECT_EQ(buffer.bytes()[3 * MiB + 1], std::byte{0});
}

TEST_F(Buffers, belong_to_a_file_or_to_the_context_that_opened_it) {
    const auto file = open("f");
    EXPECT_EQ(code_of(file->read_to(in_time, 0, 0, 1)), invalid_argument);
    SealedMemory one(64 * KiB);
    SealedMemory other(64 * KiB);
    ASSERT_TRUE(context->set_buffer(in_time, one.object));
    std::memcpy(one.data(), "common", 6);
    ASSERT_TRUE(file->write_from(in_time, 0, 0, 6));
    ASSERT_TRUE(file->set_buffer(in_time, other.object));
    EXPECT_EQ(*file->read_to(in_time, 0, 0, 100), 6u);
    EXPECT_EQ(std::string_view(other.data(), 6), "common");
    EXPECT_EQ(files->counters().buffers, 2u);
    ASSERT_TRUE(context->set_buffer(in_time, other.object));
    EXPECT_EQ(files->counters().buffers, 2u);
}

TEST_F(Buffers, are_used_inside_their_bounds) {
    SealedMemory buffer(64 * KiB);
    ASSERT_TRUE(context->set_buffer(in_time, buffer.object));
    const auto file = open("f");
    const std::uint64_t size = 64 * KiB;
    for (const auto& [offset, length] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
             {0, size + 1}, {size, 1}, {1, size}, {~0ULL, 1}, {1, ~0ULL}, {~0ULL, ~0ULL}}) {
        EXPECT_EQ(code_of(file->read_to(in_time, 0, offset, length)), invalid_argument);
        EXPECT_EQ(code_of(file->write_from(in_time, 0, offset, length)), invalid_argument);
    }
    EXPECT_TRUE(file->write_from(in_time, 0, size, 0));
    EXPECT_TRUE(file->write_from(in_time, 0, 0, size));
}

TEST_F(Buffers, are_only_what_cannot_be_taken_away) {
    const SealedMemory unsealed(64 * KiB, 0);
    EXPECT_EQ(code_of(context->set_buffer(in_time, unsealed.object)), invalid_argument);
    const SealedMemory grows(64 * KiB, F_SEAL_GROW);
    EXPECT_EQ(code_of(context->set_buffer(in_time, grows.object)), invalid_argument);
    // Says that it is longer than it is.
    const SealedMemory small(4 * KiB);
    EXPECT_EQ(code_of(context->set_buffer(
                  in_time, ipc::Memory(UniqueFd(::dup(small.object.fd())), 64 * KiB, true))),
              invalid_argument);
    EXPECT_EQ(code_of(context->set_buffer(
                  in_time, ipc::Memory(UniqueFd(::dup(small.object.fd())), 4 * KiB, false))),
              invalid_argument);
    EXPECT_EQ(code_of(context->set_buffer(
                  in_time, ipc::Memory(UniqueFd(::dup(small.object.fd())), 0, true))),
              invalid_argument);
    EXPECT_EQ(
        code_of(context->set_buffer(
            in_time, ipc::Memory(UniqueFd(::open("/dev/zero", O_RDWR | O_CLOEXEC)), 4096, true))),
        invalid_argument);
    const SealedMemory huge(64 * MiB + 4096);
    EXPECT_EQ(code_of(context->set_buffer(in_time, huge.object)), invalid_argument);
    EXPECT_EQ(files->counters().buffers, 0u);
}

TEST_F(Buffers, of_one_client_are_not_without_end) {
    const SealedMemory buffer(64 * MiB);
    std::vector<ipc::Cap<OpenerContext>> contexts;
    for (int i = 0; i < 4; ++i) {
        contexts.push_back(*opener->context(in_time));
        EXPECT_TRUE(contexts.back()->set_buffer(in_time, buffer.object));
    }
    EXPECT_EQ(code_of(context->set_buffer(in_time, buffer.object)), std::errc(EDQUOT));
    // Fewer rights do not make another client.
    const auto less = *(*opener->restrict(in_time, "", true))->context(in_time);
    EXPECT_EQ(code_of(less->set_buffer(in_time, buffer.object)), std::errc(EDQUOT));
    const auto other = files->opener(Authority(tree, fs::Credentials::root()));
    EXPECT_TRUE((*other->context(in_time))->set_buffer(in_time, buffer.object));
    contexts.pop_back();
    EXPECT_TRUE(context->set_buffer(in_time, buffer.object));
}

TEST_F(Buffers, of_another_process_are_checked_all_the_same) {
    const auto there = across(context);
    const SealedMemory unsealed(64 * KiB, 0);
    EXPECT_EQ(code_of(there->set_buffer(in_time, unsealed.object)), invalid_argument);
    const SealedMemory buffer(64 * KiB);
    ASSERT_TRUE(there->set_buffer(in_time, buffer.object));
    const auto file = there->open(in_time, "f", to_make, 0644, 0)->file;
    std::memcpy(buffer.data(), "shared", 6);
    ASSERT_TRUE(file->write_from(in_time, 0, 0, 6));
    EXPECT_EQ(content("f"), "shared");
    // Nobody can shrink it under the server's feet.
    EXPECT_NE(::ftruncate(buffer.object.fd(), 0), 0);
}

}  // namespace
}  // namespace quire::server
