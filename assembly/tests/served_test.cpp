// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <memory>

#include "quire/block/memory_device.hpp"
#include "quire/testing/faulty_device.hpp"
#include "quire/testing/recording_device.hpp"
#include "serve/service_object.hpp"

namespace quire::assembly {
namespace {

const ipc::Call whenever = ipc::Call::forever();

/// A device that is served, and what one client has of it.
class ServedDevice : public ::testing::Test {
protected:
    ServedDevice() {
        device = std::make_shared<testing::RecordingDevice>(
            std::make_shared<block::MemoryDevice>(1U << 20U));
        served->description = "a device";
        served->device = device;
        ServiceObject service(served, {});
        client = *service.block(whenever, false);
    }
    std::uint64_t flushes_of_commit() {
        const std::uint64_t before = device->counts().flushes;
        EXPECT_TRUE(served->commit());
        return device->counts().flushes - before;
    }

    std::shared_ptr<testing::RecordingDevice> device;
    std::shared_ptr<Served> served = std::make_shared<Served>();
    ipc::Cap<protocols::Block> client;
};

TEST_F(ServedDevice, is_committed_when_it_has_been_written) {
    EXPECT_EQ(flushes_of_commit(), 0U);
    const std::vector<std::byte> bytes(4096, std::byte{1});
    ASSERT_TRUE(client->write(whenever, 0, bytes));
    EXPECT_EQ(flushes_of_commit(), 1U);
    EXPECT_EQ(flushes_of_commit(), 0U);
    ASSERT_TRUE(client->zero(whenever, {0, 4096}));
    EXPECT_EQ(flushes_of_commit(), 1U);
    ASSERT_TRUE(client->discard(whenever, {0, 4096}));
    EXPECT_EQ(flushes_of_commit(), 1U);
    std::vector<std::byte> memory(4096);
    ASSERT_TRUE(client->read(whenever, 0, 4096));
    EXPECT_EQ(flushes_of_commit(), 0U);
}

TEST_F(ServedDevice, is_not_committed_where_it_is_only_read) {
    served->read_only = true;
    served->written = true;
    EXPECT_EQ(flushes_of_commit(), 0U);
}

}  // namespace
}  // namespace quire::assembly
