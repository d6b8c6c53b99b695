// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "quire/ipc/limits.hpp"

namespace quire::ipc {

enum class MessageKind : std::uint16_t { request = 1, reply = 2, one_way = 3, control = 4 };

/// What a control message asks for: its opcode. None of them is answered.
enum class Control : std::uint32_t {
    /// Client: `uint32` count of pairs, then of each `uint32` object, `uint32` references given up.
    release = 1,
    /// Client: `uint32` number of a call that nobody waits for any more. It is answered all the same.
    cancel = 2,
    /// Client: `uint32` object, `uint32` descriptor: serve this object at this end of a gate.
    make_gate = 3,
    /// Through a gate: `uint32` descriptor: one end of a new channel, the gate's object being 1.
    connect = 4,
    /// Client: `uint32` descriptor: the memory of a slot (slot/layout.hpp).
    offer_slot = 5,
    /// Through what was given for a gate: `uint64` number, to see whether it comes to the sender
    /// itself (server/probes.hpp). To anybody else it means nothing.
    probe = 6,
};

/// The 32 bytes at the head of each message (docs/wire.md), apart from its length.
struct Header {
    MessageKind kind = MessageKind::request;
    std::uint16_t descriptors = 0;
    std::uint32_t call = 0;
    std::uint32_t object = 0;
    /// In a reply the status.
    std::uint32_t opcode = 0;
    /// Nanoseconds that are left, -1 for ever.
    std::int64_t left = 0;

    friend bool operator==(const Header&, const Header&) = default;
};

/// Writes a header to the first bytes of a message.
/// Needs: message.size() >= header_size.
void write_header(std::span<std::byte> message, const Header& header);

/// Reads and checks the header of a whole message; nothing: it is malformed.
std::optional<Header> read_header(std::span<const std::byte> message, std::size_t descriptors);

/// The same of a message some of whose descriptors were lost on receipt, `descriptors` having come.
std::optional<Header> read_header_of_lost(std::span<const std::byte> message,
                                          std::size_t descriptors);

}  // namespace quire::ipc
