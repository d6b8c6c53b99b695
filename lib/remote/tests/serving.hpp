// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <thread>
#include <utility>

#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "quire/remote/block_object.hpp"
#include "quire/remote/device.hpp"
#include "quire/remote/volume.hpp"
#include "quire/remote/volume_object.hpp"

namespace quire::remote {

inline const ipc::Call patient = ipc::Call::forever();

/// A server in this process, and clients of it with channels of their own.
class Serving {
public:
    Serving() : server(std::make_unique<ipc::Server>(*ipc::Server::create())) {}

    template <typename I>
    ipc::Cap<I> serve(ipc::Cap<I> object) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
        UniqueFd ours(ends[0]);
        EXPECT_TRUE(server->adopt(UniqueFd(ends[1]), object));
        return *ipc::adopt<I>(std::move(ours), server->home());
    }

    ipc::Cap<protocols::Block> block(std::shared_ptr<block::Device> device) {
        return serve<protocols::Block>(
            std::make_shared<BlockObject>(std::move(device), wire::Account::alone()));
    }
    std::shared_ptr<Device> device(std::shared_ptr<block::Device> device) {
        return *Device::open(block(std::move(device)));
    }
    ipc::Cap<protocols::Volume> cap(std::shared_ptr<fs::Volume> volume) {
        return serve<protocols::Volume>(
            VolumeObject::over(std::move(volume), wire::Account::alone()));
    }
    std::shared_ptr<Volume> volume(std::shared_ptr<fs::Volume> volume) {
        return *Volume::open(cap(std::move(volume)));
    }

    /// Waits until all channels that ended are taken down.
    void wait_for_channels(std::size_t count) const {
        while (server->snapshot().channels.size() != count) std::this_thread::yield();
    }

    std::unique_ptr<ipc::Server> server;
};

/// What a client sends while it lives: messages, one-way ones included.
class Messages {
public:
    template <typename I>
    explicit Messages(const ipc::Cap<I>& cap) : remote_(*cap->remote()), seen_(sent()) {}

    /// Since the last time.
    std::uint64_t count() {
        const std::uint64_t now = sent();
        return now - std::exchange(seen_, now);
    }

private:
    std::uint64_t sent() const { return remote_.counters().sent_messages; }

    const ipc::RemoteObject& remote_;
    std::uint64_t seen_;
};

}  // namespace quire::remote
