// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "tests/kit/raw_client.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

TEST(RemoteCall, an_empty_call_reaches_the_object) {
    Serving serving;
    const auto client = serving.connect();
    ASSERT_TRUE(client->nothing(any_time));
    EXPECT_EQ(serving.world->calls, 1);
}

TEST(RemoteCall, bytes_come_back_as_they_went) {
    Serving serving;
    const auto client = serving.connect();
    for (const std::size_t size : {0, 1, 7, 8, 9, 4096, 65000}) {
        std::vector<std::byte> bytes(size);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7);
        const auto echo = client->echo(any_time, bytes);
        ASSERT_TRUE(echo) << echo.error().message();
        EXPECT_EQ(*echo, bytes);
    }
}

TEST(RemoteCall, a_failure_comes_back_with_its_sentence) {
    Serving serving;
    const auto client = serving.connect();
    const auto refused = client->refuse(any_time, EXDEV, "the other side");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), std::errc::cross_device_link);
    EXPECT_EQ(refused.error().sentence(), "the other side");
}

TEST(RemoteCall, a_sentence_from_elsewhere_cannot_steer_the_terminal) {
    Serving serving;
    const auto client = serving.connect();
    const auto refused = client->refuse(any_time, EIO, "\x1b[2J");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().sentence(), "\\033[2J");
}

TEST(RemoteCall, a_failure_without_a_number_is_an_io_error) {
    Serving serving;
    const auto client = serving.connect();
    EXPECT_EQ(client->refuse(any_time, 0, "").error(), std::errc::io_error);
}

TEST(RemoteCall, arguments_over_their_bound_are_refused_before_anything_is_sent) {
    Serving serving;
    const auto client = serving.connect();
    ASSERT_TRUE(client->nothing(any_time));
    const auto before = client->remote()->counters().sent_messages;
    EXPECT_EQ(client->echo(any_time, std::vector<std::byte>(65001)).error(),
              std::errc::argument_list_too_long);
    EXPECT_EQ(client->refuse(any_time, 1, std::string(101, 'x')).error(),
              std::errc::argument_list_too_long);
    EXPECT_EQ(client->ask(any_time, {}).error(), std::errc::invalid_argument);
    EXPECT_EQ(client->remote()->counters().sent_messages, before);
}

TEST(RemoteCall, results_over_their_bound_are_answered_and_the_channel_goes_on) {
    Serving serving;
    const auto client = serving.connect();
    EXPECT_EQ(client->few_bytes(any_time, 8)->size(), 8u);
    EXPECT_EQ(client->few_bytes(any_time, 9).error(), std::errc::message_size);
    EXPECT_EQ(client->make_counters(any_time, 17).error(), std::errc::message_size);
    serving.wait_until([&] { return serving.world->counters == 0; });
    EXPECT_TRUE(client->nothing(any_time));
}

TEST(RemoteCall, one_message_there_and_one_back) {
    Serving serving;
    const auto client = serving.connect();
    ASSERT_TRUE(client->nothing(any_time));
    const ChannelCounters counters = client->remote()->counters();
    EXPECT_EQ(counters.sent_messages, 1u);
    EXPECT_EQ(counters.sent_bytes, 32u);
    EXPECT_EQ(counters.received_messages, 1u);
    EXPECT_EQ(counters.received_bytes, 32u);
    EXPECT_EQ(counters.sent_descriptors + counters.received_descriptors, 0u);
}

TEST(RemoteCall, a_one_way_message_is_done_before_what_follows_it) {
    Serving serving;
    const auto client = serving.connect(Cap<Both>(std::make_shared<BothObject>(serving.world)));
    for (int i = 0; i < 1000; ++i) client->add(any_time, 1);
    EXPECT_EQ(*client->value(any_time), 1007u);
}

TEST(RemoteCall, memory_is_the_same_memory_at_both_ends) {
    Serving serving;
    const auto client = serving.connect();
    UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(::ftruncate(fd.get(), 100), 0);
    const int number = fd.get();
    const auto grown = client->resize(any_time, Memory(std::move(fd), 100, true), 5000);
    ASSERT_TRUE(grown) << grown.error().message();
    EXPECT_EQ(grown->size(), 5000u);
    EXPECT_TRUE(grown->writable());
    struct stat here{};
    struct stat there{};
    ASSERT_EQ(::fstat(number, &here), -1) << "it was given away";
    ASSERT_EQ(::fstat(grown->fd(), &there), 0);
    EXPECT_EQ(there.st_size, 5000);
    EXPECT_EQ(client->remote()->counters().sent_descriptors, 1u);
    EXPECT_EQ(client->remote()->counters().received_descriptors, 1u);
}

TEST(RemoteCall, descriptors_do_not_survive_exec_and_none_is_left_over) {
    Serving serving;
    const auto client = serving.connect();
    const auto count = [] {
        int open = 0;
        for (int fd = 0; fd < 1000; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
        return open;
    };
    ASSERT_TRUE(client->nothing(any_time));
    const int before = count();
    for (int i = 0; i < 20; ++i) {
        const Memory memory(UniqueFd(::memfd_create("test", MFD_CLOEXEC)), 0, true);
        const auto back = client->resize(any_time, memory, 10);
        ASSERT_TRUE(back);
        EXPECT_EQ(::fcntl(back->fd(), F_GETFD), FD_CLOEXEC);
    }
    // The server closes its own when the call has ended, a little after the reply.
    serving.wait_until([&] { return count() == before; });
}

TEST(RemoteCall, an_unknown_operation_is_answered_and_the_channel_goes_on) {
    Serving serving;
    RawClient client(serving.raw_client());
    EXPECT_EQ(client.call(1, 999), static_cast<std::uint32_t>(ENOSYS));
    EXPECT_TRUE(client.send({.kind = MessageKind::one_way, .object = 1, .opcode = 999}));
    EXPECT_EQ(client.call(1, 1), 0u);
}

TEST(RemoteCall, an_unknown_object_is_answered_and_the_channel_goes_on) {
    Serving serving;
    RawClient client(serving.raw_client());
    for (const std::uint32_t object : {0u, 2u, 0xffffffffu})
        EXPECT_EQ(client.call(object, 1), static_cast<std::uint32_t>(EBADF));
    EXPECT_TRUE(client.send({.kind = MessageKind::one_way, .object = 77, .opcode = 1}));
    EXPECT_EQ(client.call(1, 1), 0u);
}

TEST(RemoteCall, a_proxy_of_nothing_fails) {
    const auto nobody = Protocol<Sample>::proxy(RemoteObject());
    EXPECT_EQ(nobody->nothing(any_time).error(), std::errc::connection_reset);
    EXPECT_EQ(nobody->remote()->counters().sent_messages, 0u);
}

}  // namespace

}  // namespace quire::ipc
