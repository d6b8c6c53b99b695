// SPDX-License-Identifier: MIT

#include "peer.hpp"

namespace quire::bench {

std::unique_ptr<Peer> make_capnp_peer(int) {
    return nullptr;
}

}  // namespace quire::bench
