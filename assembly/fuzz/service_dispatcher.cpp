// SPDX-License-Identifier: MIT

// Messages to the first object of a connection, as a peer that owns nothing sends them. Before each
// (see fuzz_messages.hpp) a byte says to which service: of a tree as a plain user, of a tree as who
// serves it, or of a device. What they give is dropped at once; then nothing is left of it, the tree
// is as it was, and the device is free for its next user.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "quire/block/memory_device.hpp"
#include "quire/testing/fuzz_messages.hpp"
#include "quire/volumes/memory/memory_volume.hpp"
#include "serve/service_object.hpp"

namespace {

using namespace quire;

const ipc::Call no_limit = ipc::Call::forever();
constexpr std::uint32_t first_opcode = 256;
constexpr std::uint32_t client_uid = 1000;
constexpr std::uint64_t device_size = 1U << 20U;

ipc::Peer peer_of(std::uint32_t uid) {
    ipc::Peer peer;
    peer.pid = 1;
    peer.uid = uid;
    peer.gid = uid;
    return peer;
}

/// Two users of the server, and what they hold.
ipc::Snapshot two_clients() {
    ipc::Snapshot snapshot;
    for (const std::uint64_t number : {1U, 2U}) {
        ipc::Snapshot::Channel channel;
        channel.number = number;
        channel.peer = peer_of(static_cast<std::uint32_t>(number) * client_uid);
        channel.objects.push_back({1, "Service", 1});
        snapshot.channels.push_back(std::move(channel));
    }
    return snapshot;
}

std::shared_ptr<assembly::Served> serve_tree() {
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0});
    auto served = std::make_shared<assembly::Served>();
    served->description = "a tree";
    served->snapshot = two_clients;
    const auto tree = *fs::Tree::open(*memory::MemoryVolume::create(options));
    served->tree = server::Authority(tree, fs::Credentials::root());
    served->files = std::make_unique<server::FileServer>(tree);
    const auto context = *served->files->opener(*served->tree)->context(no_limit);
    testing::fuzz_expect(context->mkdir(no_limit, "private", 0700).has_value());
    testing::fuzz_expect(context->mkdir(no_limit, "private/below", 0777).has_value());
    testing::fuzz_expect(context->mkdir(no_limit, "home", 0777).has_value());
    testing::fuzz_expect(context->symlink(no_limit, "/private", "home/link").has_value());
    return served;
}

std::shared_ptr<assembly::Served> serve_device() {
    auto served = std::make_shared<assembly::Served>();
    served->description = "a device";
    served->snapshot = two_clients;
    served->device = std::make_shared<block::MemoryDevice>(device_size);
    return served;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto tree = serve_tree();
    const auto device = serve_device();
    {
        std::array services{
            assembly::ServiceObject(tree, peer_of(client_uid)),
            assembly::ServiceObject(tree, peer_of(0)),
            assembly::ServiceObject(device, peer_of(0)),
            assembly::ServiceObject(device, peer_of(client_uid)),
        };
        std::span input(data, size);
        bool goes_on = true;
        while (goes_on && !input.empty()) {
            protocols::Service& service = services.at(input.front() % services.size());
            input = input.subspan(1);
            goes_on = testing::dispatch_message(service, first_opcode, input);
        }
        // A plain user gets neither what only the image's root may have, nor what it may not search.
        testing::fuzz_expect(!services[0].filesystem(no_limit) &&
                             !services[3].block(no_limit, true));
        testing::fuzz_expect(!services[0].opener(no_limit, "home/link/below", false));
        testing::fuzz_expect(services[0].clients(no_limit, 0)->size() == 1);
        testing::fuzz_expect(services[2].block(no_limit, false).has_value());
    }
    const server::FileServerCounters left = tree->files->counters();
    testing::fuzz_expect(left.openers == 0 && left.contexts == 0 && left.files == 0 &&
                         left.providers == 0 && device->users == 0);
    return 0;
}
