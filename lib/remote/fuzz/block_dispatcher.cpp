// SPDX-License-Identifier: MIT

// Messages to a block object over a small device in memory: see messages.hpp.

#include <algorithm>

#include "fuzz/messages.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/remote/block_object.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace quire;
    const auto device = std::make_shared<block::MemoryDevice>(
        65536, block::MemoryDevice::Options{.limit = 1U << 20U});
    remote::BlockObject object(device);
    const ipc::Call call = ipc::Call::forever();
    remote::fuzz::expect(object.set_buffer(call, remote::fuzz::buffer(8192)).has_value());
    remote::fuzz::dispatch_all<protocols::Block>(object, 128, std::span(data, size));
    remote::fuzz::expect(device->resize(4096).has_value());
    remote::fuzz::expect(object.read_runs(call, {{0, 4096, 4096}}).has_value());
    return 0;
}
