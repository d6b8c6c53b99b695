// SPDX-License-Identifier: MIT

// Content that a confined server of an ext4 image shows in memory,
// and what becomes of it when the server is killed.

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>

#include "crash/traced_program.hpp"
#include "quire/client/context.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "quire/testing/bytes.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

const ipc::Call patient = ipc::Call::forever();

class ShownContent : public ::testing::Test {
protected:
    void SetUp() override {
        const testing::Bytes bytes = testing::pattern(size, 1);
        std::ofstream(served_.tree() + "/f", std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), size);
        served_.create({"--size", "64M"});
        ASSERT_EQ(served_.serve(), "");
    }
    client::Context come() const {
        const auto service = *ipc::connect<protocols::Service>(served_.socket());
        return *client::Context::create(*service->opener(patient, "", false));
    }
    static std::uint64_t messages(const client::Context& context) {
        return context.capability()->remote()->counters().sent_messages;
    }

    static constexpr std::size_t size = 4 << 20;
    ServedImage served_;
};

TEST_F(ShownContent, is_read_without_messages_and_follows_what_a_verb_writes) {
    client::Context context = come();
    client::File file = *context.open("f", "r", {.buffered = false});
    testing::Bytes bytes(size);
    ASSERT_EQ(file.pread(0, bytes), size);
    EXPECT_TRUE(bytes == testing::pattern(size, 1));
    const std::uint64_t before = messages(context);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(file.pread(0, bytes), size);
    EXPECT_EQ(messages(context), before);
    // By a process of its own, as a Volume.
    const auto cut = run_program(quire_words({"truncate", "-s", "1000000", served_.inside("/f")}));
    ASSERT_TRUE(cut && cut->exit_code == 0) << cut->output;
    EXPECT_EQ(file.pread(0, bytes), 1'000'000u);
    EXPECT_EQ(file.pread(1'000'000, bytes), 0u);
}

TEST_F(ShownContent, ends_with_the_server) {
    client::Context context = come();
    client::File file = *context.open("f", "r", {.buffered = false});
    std::array<std::byte, 4096> bytes{};
    ASSERT_EQ(file.pread(8192, bytes), bytes.size());
    served_.kill();
    for (int i = 0; i < 3; ++i) {
        const auto got = file.pread(8192, bytes);
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error(), std::errc::connection_reset);
    }
    // The next server is another one.
    ASSERT_EQ(served_.serve(), "");
    client::Context again = come();
    client::File same = *again.open("f", "r", {.buffered = false});
    EXPECT_EQ(same.pread(8192, bytes), bytes.size());
    EXPECT_FALSE(file.pread(8192, bytes));
}

}  // namespace
}  // namespace quire::tests
