// SPDX-License-Identifier: MIT

#pragma once

#include <sodium/crypto_generichash.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace quire::transfer {

/// BLAKE2b with a result of 160 bits.
class Digest {
public:
    Digest() { crypto_generichash_init(&state_, nullptr, 0, size); }

    void add(std::span<const std::byte> bytes) {
        crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()),
                                  bytes.size());
    }
    void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
    /// Eight bytes, little-endian.
    void add(std::uint64_t number) {
        std::array<std::byte, 8> bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::byte>(number >> (8 * i));
        add(bytes);
    }

    /// In hexadecimal. Nothing can be added afterwards.
    std::string finish() {
        std::array<unsigned char, size> result{};
        crypto_generichash_final(&state_, result.data(), result.size());
        static constexpr std::string_view digits = "0123456789abcdef";
        std::string text;
        for (unsigned char byte : result) {
            text += digits[byte >> 4];
            text += digits[byte & 15];
        }
        return text;
    }

private:
    static constexpr std::size_t size = 20;
    crypto_generichash_state state_;
};

}  // namespace quire::transfer
