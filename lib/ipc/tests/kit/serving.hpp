// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>

#include "quire/ipc/call.hpp"
#include "quire/ipc/client.hpp"
#include "quire/ipc/server.hpp"
#include "system/sockets.hpp"
#include "tests/kit/sample_object.hpp"

namespace quire::ipc {

inline const Call any_time = Call::forever();

/// A server in this process, and clients of it that do not know that.
class Serving {
public:
    explicit Serving(ServerOptions options = {}) : server(std::move(*Server::create(options))) {}

    /// A client with a channel of its own.
    template <typename I = Sample>
    Cap<I> connect(Cap<I> root) {
        return *adopt<I>(raw_client(std::move(root)), server.home());
    }
    Cap<Sample> connect() { return connect<Sample>(sample()); }
    /// The client's end of such a channel.
    UniqueFd raw_client(AnyCap root) {
        SocketPair pair = *make_socket_pair();
        EXPECT_TRUE(server.adopt(std::move(pair.theirs), std::move(root)));
        return std::move(pair.ours);
    }
    UniqueFd raw_client() { return raw_client(Cap<Sample>(sample())); }

    Cap<Sample> sample() const { return Cap<Sample>(std::make_shared<SampleObject>(world)); }

    /// Waits until something is so that no event tells of; the server works on other threads.
    template <typename Condition>
    void wait_until(Condition condition) const {
        while (!condition()) std::this_thread::yield();
    }

    std::shared_ptr<World> world = std::make_shared<World>();
    Server server;
};

}  // namespace quire::ipc
