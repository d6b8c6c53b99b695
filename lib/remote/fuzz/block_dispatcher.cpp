// SPDX-License-Identifier: MIT

// Messages to a block object over a small device in memory: see fuzz_messages.hpp.

#include "quire/block/memory_device.hpp"
#include "quire/remote/block_object.hpp"
#include "quire/testing/fuzz_messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace quire;
    const auto device = std::make_shared<block::MemoryDevice>(
        65536, block::MemoryDevice::Options{.limit = 1U << 20U});
    remote::BlockObject object(device, wire::Account::alone());
    const ipc::Call call = ipc::Call::forever();
    testing::fuzz_expect(object.set_buffer(call, testing::fuzz_buffer(8192)).has_value());
    std::span input(data, size);
    while (testing::dispatch_message<protocols::Block>(object, 128, input)) continue;
    testing::fuzz_expect(device->resize(4096).has_value());
    testing::fuzz_expect(object.read_runs(call, {{0, 4096, 4096}}).has_value());
    return 0;
}
