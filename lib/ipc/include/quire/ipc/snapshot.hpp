// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace quire::ipc {

/// Who is at the other end of a channel, as the kernel says. Of a channel that came through a gate:
/// who made that end.
struct Peer {
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    /// Supplementary groups.
    std::vector<gid_t> groups;
};

/// A server at one moment, for `quire ps` and for tests.
struct Snapshot {
    struct Object {
        std::uint32_t number = 0;
        std::string_view interface_name;
        /// References that the client holds.
        std::uint64_t references = 0;
    };
    struct Channel {
        /// Never used again after its end.
        std::uint64_t number = 0;
        Peer peer;
        std::vector<Object> objects;
        /// Requests that were taken, and bytes of messages both ways.
        std::uint64_t calls = 0;
        std::uint64_t received_bytes = 0;
        std::uint64_t sent_bytes = 0;
        std::uint64_t running_calls = 0;
        std::uint64_t waiting_calls = 0;
        bool slot = false;
    };
    struct Gate {
        std::string_view interface_name;
    };

    std::vector<Channel> channels;
    std::vector<Gate> gates;
    std::uint64_t workers = 0;

    // Since the server began.
    std::uint64_t received_messages = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t received_descriptors = 0;
    std::uint64_t sent_messages = 0;
    std::uint64_t sent_bytes = 0;
    std::uint64_t sent_descriptors = 0;
    /// Of the messages in both directions, those through shared slots.
    std::uint64_t slot_messages = 0;
    std::uint64_t accepted_channels = 0;
    /// Ended for malformed messages or unread replies.
    std::uint64_t expelled_channels = 0;
    /// How often the kernel was made to look for sockets that nobody can reach.
    std::uint64_t forced_collections = 0;
};

}  // namespace quire::ipc
