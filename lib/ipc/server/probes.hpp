// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace quire::ipc {

class GateEnd;
class Incoming;

/// Finds circles through the kernel. A client may give an object of ours, through another such
/// object, a socket whose other end is ours too: a notifier, say, that leads to the file itself. When
/// the client is gone, the object keeps the socket and the socket the object, and no end of anything
/// is ever seen. So what clients have given for gates is written to now and then, more and more
/// seldom: a number that nobody else knows. Who receives it here is held by nobody but ourselves.
/// Threads: any. Its lock is a leaf.
class Probes {
public:
    /// From now on written to, as long as it lives.
    void add(const std::shared_ptr<GateEnd>& end);
    /// To be called now and then.
    void tick();
    /// Whether a number is one that was sent and whose gate is still held here.
    bool sent(std::uint64_t number) const;

    /// The number in a well-formed probe, or nothing.
    static std::optional<std::uint64_t> number_in(Incoming& message);

private:
    struct Probe {
        std::weak_ptr<GateEnd> end;
        unsigned interval = 1;  // in ticks
        unsigned left = 1;
    };

    mutable std::mutex mutex_;
    std::map<std::uint64_t, Probe> probes_;
};

}  // namespace quire::ipc
