// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "message/header.hpp"
#include "message/incoming.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/encoder.hpp"

namespace quire::ipc {

/// Bytes written as pairs of hexadecimal digits, with blanks anywhere between.
std::vector<std::byte> bytes_of_hex(std::string_view text);
/// The same the other way round, in groups of four bytes.
std::string hex_of_bytes(std::span<const std::byte> bytes);

/// One end of a channel in the hands of somebody who sends what it likes.
class RawClient {
public:
    explicit RawClient(UniqueFd end) : end_(std::move(end)) {}

    int fd() const { return end_.get(); }
    void hang_up() { end_.reset(); }

    /// False when it cannot be sent, because the peer is gone or its queue is full.
    bool send(std::span<const std::byte> bytes, std::span<const int> descriptors = {});
    bool send(Header header, Encoder&& body, std::span<const int> descriptors = {});
    bool send(Header header) { return send(header, Encoder()); }

    /// Waits for the next message; nothing when the peer has ended the channel.
    std::unique_ptr<Incoming> receive();
    /// Waits for the peer to end the channel, dropping what comes before.
    void wait_for_end() {
        while (receive()) continue;
    }
    /// The status of the reply to an empty call.
    std::optional<std::uint32_t> call(std::uint32_t object, std::uint32_t opcode);

private:
    UniqueFd end_;
    std::uint32_t last_call_ = 1000;
};

}  // namespace quire::ipc
