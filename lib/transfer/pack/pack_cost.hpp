// SPDX-License-Identifier: MIT

#pragma once

#include <sodium/crypto_generichash.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "quire/transfer/metadata.hpp"
#include "quire/transfer/pack.hpp"

namespace quire::transfer {

/// Adds up what nodes take in an image: never too little, and not much more than needed.
class PackCost {
public:
    explicit PackCost(std::uint32_t block_size);

    /// A name in some directory; answers the bytes that it takes there.
    std::uint64_t name(std::string_view name);
    /// A directory whose names take so many bytes.
    void directory(std::uint64_t name_bytes);
    /// Any node, directories too. The path is for the fingerprint.
    void node(std::string_view path, const fs::Attributes& attributes,
              std::span<const ExtendedAttribute> extended);

    /// The content of one file, range by range.
    class Content {
    public:
        explicit Content(PackCost& cost) : cost_(cost) {}
        void range(std::uint64_t offset, std::uint64_t length);
        ~Content();
        Content(const Content&) = delete;
        Content& operator=(const Content&) = delete;

    private:
        PackCost& cost_;
        std::uint64_t ranges_ = 0;
        std::uint64_t blocks_ = 0;
        std::uint64_t end_ = 0;  // of the last range
    };

    PackSize finish();

private:
    std::uint64_t blocks_of(std::uint64_t bytes) const {
        return bytes / block_size_ + (bytes % block_size_ != 0);
    }
    void note(std::string_view bytes);

    std::uint64_t block_size_;
    PackSize size_;
    crypto_generichash_state fingerprint_;
};

}  // namespace quire::transfer
