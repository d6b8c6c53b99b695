// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace quire::bench {

/// One way to make an empty call to another process, whose server runs as long as this lives.
class Peer {
public:
    virtual ~Peer();

    virtual void call(long times) = 0;

    const std::string& name() const { return name_; }
    /// Of the server's process, in nanoseconds.
    long long server_processor_time() const;

protected:
    /// Forks the server: it gets the other end of `end()` and runs on `processor`.
    Peer(std::string name, int processor, const std::function<void(int end)>& serve);
    /// For a stream instead of packets.
    Peer(std::string name, int processor, int socket_type,
         const std::function<void(int end)>& serve);
    int end() const { return end_; }
    int release_end();

private:
    std::string name_;
    int end_ = -1;
    pid_t pid_ = -1;
};

/// A loop of recv and send, with no more in it.
std::unique_ptr<Peer> make_raw_peer(int processor);
/// Quire's calls, by the socket alone or with a slot.
std::unique_ptr<Peer> make_quire_peer(int processor, bool slot);
/// Cap'n Proto's calls over a Unix socket; nullptr when it was not there when this was built.
std::unique_ptr<Peer> make_capnp_peer(int processor);

/// Puts this thread, and those that it makes, on one processor.
void run_on(int processor);

}  // namespace quire::bench
