// SPDX-License-Identifier: MIT

#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "quire/base/unique_fd.hpp"
#include "quire/ipc/any_cap.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/ipc/memory.hpp"
#include "quire/ipc/protocol.hpp"
#include "quire/ipc/remote_object.hpp"

namespace quire::ipc {

/// What a decoder asks of the channel that its message came by. For the transport.
class CapSource {
public:
    virtual ~CapSource() = default;
    /// Object `number` of the sender's table; nothing: this peer has no table.
    virtual std::optional<RemoteObject> theirs(std::uint32_t number) = 0;
    /// Object `number` of our own table, given back; nothing: this side has no table. An empty
    /// AnyCap: it has no such object.
    virtual std::optional<AnyCap> ours(std::uint32_t number) = 0;
    /// What counts the descriptors against their sender for as long as it lives; nothing: that
    /// one has no more to spend.
    virtual std::optional<std::shared_ptr<void>> charge_descriptors(std::size_t) {
        return std::shared_ptr<void>();
    }
    virtual RemoteObject gate(UniqueFd descriptor, std::shared_ptr<void> charge) = 0;
    /// Everything has been taken from the message.
    virtual void decoded() {}
};

/// Reads the body of a message (docs/wire.md), which is hostile until end() says otherwise. After
/// the first error every get answers a zero value.
class Decoder {
public:
    /// A body without descriptors and capabilities.
    explicit Decoder(std::span<const std::byte> body) : Decoder(body, {}, nullptr) {}
    /// The descriptors are taken by whoever gets a capability or memory; what is left stays.
    Decoder(std::span<const std::byte> body, std::span<UniqueFd> descriptors, CapSource* source)
        : body_(body), descriptors_(descriptors), source_(source) {}

    template <std::integral T>
    T get() {
        if constexpr (std::same_as<T, bool>) {
            const auto value = get_scalar<std::uint8_t>();
            if (value > 1) refuse();
            return value == 1;
        } else {
            return static_cast<T>(get_scalar<std::make_unsigned_t<T>>());
        }
    }

    std::string get_string(std::size_t bound) { return std::string(get_string_view(bound)); }
    /// Lives as long as the message.
    std::string_view get_string_view(std::size_t bound);
    std::vector<std::byte> get_bytes(std::size_t bound);
    /// Lives as long as the message.
    std::span<const std::byte> get_bytes_view(std::size_t bound);
    /// Of a list; its elements follow. At most what is left of the message, so that a count alone
    /// cannot make anybody allocate.
    std::size_t get_count(std::size_t bound);

    /// Never empty, unless failed.
    template <typename I>
    Cap<I> get_cap() {
        return take_as<I>(false);
    }
    template <typename I>
    Cap<I> get_optional_cap() {
        return take_as<I>(true);
    }
    Memory get_memory();
    /// The number of a descriptor alone, as control messages have it.
    UniqueFd get_descriptor() { return take_descriptor(get<std::uint32_t>()); }

    /// Marks the message as malformed; for generated code that found a value nobody named.
    void refuse() { state_ = State::malformed; }
    bool failed() const { return state_ != State::good; }

    /// True when everything was well-formed, every descriptor was taken and nothing is left. To
    /// be called before anything is done with what was read.
    bool end();

    /// After end() said no: the message is well-formed, but gave back a capability that is not
    /// in the table any more (bad_file_descriptor) or is not of the interface (invalid_argument), or
    /// has brought more descriptors than its sender may leave here (too_many_files_open).
    /// Nothing: it is malformed.
    std::optional<Error> objection() const;

private:
    enum class State { good, stale, wrong_interface, no_room, malformed };
    struct Taken {
        std::optional<RemoteObject> remote;
        AnyCap ours;
    };

    template <std::unsigned_integral U>
    U get_scalar() {
        const std::byte* const place = take(sizeof(U), sizeof(U));
        if (place == nullptr) return 0;
        U value;
        std::memcpy(&value, place, sizeof(U));
        if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
        return value;
    }
    template <typename I>
    Cap<I> take_as(bool optional) {
        Taken taken = take_cap(optional);
        if (taken.remote) return Cap<I>(Protocol<I>::proxy(std::move(*taken.remote)));
        if (!taken.ours) return {};
        Cap<I> cap = taken.ours.as<I>();
        if (!cap) object(State::wrong_interface);
        return cap;
    }
    /// The next `size` bytes, after checked padding; nullptr when failed.
    const std::byte* take(std::size_t alignment, std::size_t size);
    Taken take_cap(bool optional);
    UniqueFd take_descriptor(std::uint32_t number);
    /// Nothing, and an objection, when the sender has no more to spend.
    std::optional<std::shared_ptr<void>> charge(std::size_t descriptors);
    void object(State state) {
        if (state_ == State::good) state_ = state;
    }

    std::span<const std::byte> body_;
    std::size_t position_ = 0;
    std::span<UniqueFd> descriptors_;
    std::size_t next_descriptor_ = 0;
    CapSource* source_ = nullptr;
    State state_ = State::good;
};

}  // namespace quire::ipc
