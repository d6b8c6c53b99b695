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
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "quire/base/error.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/any_cap.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/ipc/limits.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::ipc {

/// Writes the body of a message (docs/wire.md). It never fails half-way: what cannot be written
/// marks the encoder as failed, and nothing is sent of it.
///
/// Capabilities and memory are kept as they are until the message is sent, since only the channel
/// knows how an object is named to its peer; until then their eight bytes are zero.
class Encoder {
public:
    Encoder();

    template <std::integral T>
    void put(T value) {
        if constexpr (std::same_as<T, bool>) {
            put_scalar(static_cast<std::uint8_t>(value ? 1 : 0));
        } else {
            put_scalar(static_cast<std::make_unsigned_t<T>>(value));
        }
    }
    /// As its underlying type.
    template <typename E>
        requires std::is_enum_v<E>
    void put(E value) {
        put(static_cast<std::underlying_type_t<E>>(value));
    }

    /// A NUL inside, or more than `bound` bytes, fails.
    void put_string(std::string_view text, std::size_t bound);
    void put_bytes(std::span<const std::byte> bytes, std::size_t bound);
    /// Of a list; its elements follow.
    void put_count(std::size_t count, std::size_t bound);

    /// An empty one fails.
    template <typename I>
    void put_cap(const Cap<I>& cap) {
        put_any_cap(AnyCap(cap), false);
    }
    template <typename I>
    void put_optional_cap(const Cap<I>& cap) {
        put_any_cap(AnyCap(cap), true);
    }
    void put_any_cap(AnyCap cap, bool optional);
    void put_memory(const Memory& memory);

    /// Marks the encoder as failed, the first time.
    void fail(Error error);

    bool failed() const { return error_.has_value(); }
    /// Why: argument_list_too_long (over a bound, or more than a message may hold),
    /// invalid_argument (NUL in a string, an empty capability or memory).
    /// Needs: failed().
    const Error& error() const { return *error_; }

    /// Forgets everything that was written.
    void clear();

    // For the transport.

    /// What follows the header, filled up with zeros to a multiple of 8.
    std::span<const std::byte> body();
    /// Room for the header, and the body after it.
    std::span<std::byte> message();
    using Descriptor = std::shared_ptr<const UniqueFd>;
    /// The number of a descriptor alone, as control messages have it.
    void put_descriptor(UniqueFd descriptor);
    /// What cannot be written before it is sent, and where, counted from the message's start.
    struct Handle {
        std::size_t position = 0;
        std::variant<AnyCap, Memory, Descriptor> what;
    };
    const std::vector<Handle>& handles() const { return handles_; }

private:
    template <std::unsigned_integral U>
    void put_scalar(U value) {
        if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
        std::byte* const place = extend(sizeof(U), sizeof(U));
        if (place != nullptr) std::memcpy(place, &value, sizeof(U));
    }
    /// The place for `size` more bytes, after zeros up to the alignment; nullptr when failed.
    std::byte* extend(std::size_t alignment, std::size_t size);
    bool add_handle(std::variant<AnyCap, Memory, Descriptor> what);
    void pad();

    std::vector<std::byte> bytes_;
    std::vector<Handle> handles_;
    std::optional<Error> error_;
};

}  // namespace quire::ipc
