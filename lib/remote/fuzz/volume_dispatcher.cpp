// SPDX-License-Identifier: MIT

// Messages to a volume object over a small volume in memory: see fuzz_messages.hpp. The client holds the
// root, node 1 in most inputs, from the beginning.

#include "quire/remote/volume_object.hpp"
#include "quire/testing/fuzz_messages.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace quire;
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0});
    options.byte_limit = 1U << 20U;
    options.inode_limit = 100;
    options.file_size_limit = 1U << 20U;
    const auto volume = *memory::MemoryVolume::create(options);
    const auto shared = fs::SharedVolume::create(volume);
    const ipc::Call call = ipc::Call::forever();
    const protocols::Credentials root;
    {
        remote::VolumeObject object(*shared, wire::Account::alone({.nodes = 20}));
        const auto entry = object.root(call, root);
        (void)object.create(call, root, entry->node, "f", {});
        testing::fuzz_expect(object.set_buffer(call, testing::fuzz_buffer(8192)).has_value());
        std::span input(data, size);
        while (testing::dispatch_message<protocols::Volume>(object, 144, input)) continue;
    }
    // Whatever the one client did, the next one is served.
    remote::VolumeObject other(*shared, wire::Account::alone());
    const auto entry = other.root(call, root);
    testing::fuzz_expect(entry.has_value());
    testing::fuzz_expect(other.readdir(call, root, entry->node, 0, true, 10).has_value());
    return 0;
}
