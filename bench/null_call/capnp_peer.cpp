// SPDX-License-Identifier: MIT

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <kj/io.h>
#include <sys/socket.h>

#include <memory>

#include "null.capnp.h"
#include "peer.hpp"

namespace quire::bench {

namespace {

class CapnpObject final : public ::Null::Server {
protected:
    kj::Promise<void> nothing(NothingContext) override { return kj::READY_NOW; }
};

void serve_capnp(int end) {
    auto io = kj::setupAsyncIo();
    auto stream = io.lowLevelProvider->wrapSocketFd(end);
    capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER);
    auto server = capnp::makeRpcServer(network, kj::heap<CapnpObject>());
    network.onDisconnect().wait(io.waitScope);
}

/// A thread has one event loop, and a child must not begin with its parent's: so the first call makes
/// it, when all servers are there.
kj::AsyncIoContext& event_loop() {
    static kj::AsyncIoContext loop = kj::setupAsyncIo();
    return loop;
}

struct CapnpClient {
    explicit CapnpClient(int end)
        : stream(event_loop().lowLevelProvider->wrapSocketFd(kj::AutoCloseFd(end))),
          client(*stream),
          object(client.bootstrap().castAs<::Null>()) {}

    kj::Own<kj::AsyncIoStream> stream;
    capnp::TwoPartyClient client;
    ::Null::Client object;
};

class CapnpPeer final : public Peer {
public:
    explicit CapnpPeer(int processor) : Peer("Cap'n Proto", processor, SOCK_STREAM, serve_capnp) {}
    // Its member's may throw, which no other peer's does.
    ~CapnpPeer() noexcept override {}
    void call(long times) override {
        if (!client_) client_ = std::make_unique<CapnpClient>(release_end());
        for (long i = 0; i < times; ++i)
            client_->object.nothingRequest().send().wait(event_loop().waitScope);
    }

private:
    std::unique_ptr<CapnpClient> client_;
};

}  // namespace

std::unique_ptr<Peer> make_capnp_peer(int processor) {
    return std::make_unique<CapnpPeer>(processor);
}

}  // namespace quire::bench
