// SPDX-License-Identifier: MIT

// Messages to a volume object over a small volume in memory: see messages.hpp. The client holds the
// root, node 1 in most inputs, from the beginning.

#include <algorithm>

#include "fuzz/messages.hpp"
#include "quire/remote/volume_object.hpp"
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
        remote::VolumeObject object(*shared, {.nodes = 20});
        const auto entry = object.root(call, root);
        (void)object.create(call, root, entry->node, "f", {});
        remote::fuzz::expect(object.set_buffer(call, remote::fuzz::buffer(8192)).has_value());
        remote::fuzz::dispatch_all<protocols::Volume>(object, 144, std::span(data, size));
    }
    // Whatever the one client did, the next one is served.
    remote::VolumeObject other(*shared);
    const auto entry = other.root(call, root);
    remote::fuzz::expect(entry.has_value());
    remote::fuzz::expect(other.readdir(call, root, entry->node, 0, true, 10).has_value());
    return 0;
}
