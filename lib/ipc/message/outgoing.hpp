// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "message/header.hpp"
#include "message/kinds.hpp"
#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/any_cap.hpp"
#include "quire/ipc/encoder.hpp"

namespace quire::ipc {

/// How one side of a channel names an object to the other.
struct CapName {
    explicit CapName(CapKind its_kind, std::uint32_t its_number = 0)
        : kind(its_kind), number(its_number) {}

    CapKind kind;
    /// In a table of objects.
    std::uint32_t number;
    /// Of a gate: a descriptor that the capability keeps open, or one made for this message.
    int descriptor = -1;
    UniqueFd made;
};

class CapNamer {
public:
    virtual ~CapNamer() = default;
    virtual Result<CapName> name(const AnyCap& cap) = 0;
};

/// A message that can be sent: an encoder's body with its capabilities named.
class Outgoing {
public:
    /// Fails: as Encoder::error(), and what the namer reports.
    static Result<Outgoing> seal(Encoder&& encoder, CapNamer& namer);
    /// Of a body without capabilities.
    static Result<Outgoing> seal(Encoder&& encoder);

    /// Completes and writes the header.
    void set_header(Header header);

    /// Sends it without waiting. Fails: as send_message.
    Result<void> send(int fd) const;

    std::span<const std::byte> bytes() const { return bytes_; }
    std::size_t descriptor_count() const { return descriptor_count_; }

private:
    explicit Outgoing(Encoder&& encoder) : encoder_(std::move(encoder)) {}
    void add_descriptor(int fd) { descriptors_[descriptor_count_++] = fd; }

    /// Keeps what the descriptors belong to.
    Encoder encoder_;
    std::span<std::byte> bytes_;
    std::vector<UniqueFd> made_;
    std::size_t descriptor_count_ = 0;
    std::array<int, max_descriptors> descriptors_{};
};

}  // namespace quire::ipc
