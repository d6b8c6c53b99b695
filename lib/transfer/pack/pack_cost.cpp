// SPDX-License-Identifier: MIT

#include "pack/pack_cost.hpp"

#include <algorithm>
#include <array>

namespace quire::transfer {

namespace {

// What an inode of 256 bytes has room for besides its fields, less the headers.
constexpr std::size_t attributes_in_inode = 88;
constexpr std::size_t longest_link_in_inode = 59;
constexpr std::uint64_t extents_in_inode = 4;
constexpr std::uint64_t pointers_in_inode = 12;
constexpr std::uint64_t dot_names = 24;  // "." and ".."

}  // namespace

PackCost::PackCost(std::uint32_t block_size) : block_size_(block_size) {
    crypto_generichash_init(&fingerprint_, nullptr, 0, sizeof(std::uint64_t) * 2);
}

void PackCost::note(std::string_view bytes) {
    crypto_generichash_update(&fingerprint_, reinterpret_cast<const unsigned char*>(bytes.data()),
                              bytes.size());
}

std::uint64_t PackCost::name(std::string_view name) {
    ++size_.entries;
    return (8 + name.size() + 3) / 4 * 4;
}

void PackCost::directory(std::uint64_t name_bytes) {
    // Hashed directories split their blocks in halves, so that some are only half full.
    const std::uint64_t blocks = blocks_of(name_bytes + dot_names + 16);
    size_.blocks += blocks > 1 ? blocks * 2 + 1 : 1;
}

void PackCost::node(std::string_view path, const fs::Attributes& attributes,
                    std::span<const ExtendedAttribute> extended) {
    ++size_.inodes;
    size_.newest = std::max(size_.newest, attributes.modify);
    note(path);
    const bool sized =
        attributes.type == fs::FileType::regular || attributes.type == fs::FileType::symbolic_link;
    const std::array<std::uint64_t, 6> facts = {
        attributes.mode(),
        attributes.uid,
        attributes.gid,
        sized ? attributes.size : 0,
        static_cast<std::uint64_t>(attributes.modify.seconds),
        attributes.modify.nanoseconds,
    };
    note({reinterpret_cast<const char*>(facts.data()), sizeof facts});

    std::size_t bytes = 0;
    for (const ExtendedAttribute& attribute : extended)
        bytes += 20 + attribute.name.size() + attribute.value.size();
    if (bytes > attributes_in_inode) ++size_.blocks;
    if (attributes.type == fs::FileType::symbolic_link && attributes.size > longest_link_in_inode)
        ++size_.blocks;
}

void PackCost::Content::range(std::uint64_t offset, std::uint64_t length) {
    if (length == 0) return;
    const std::uint64_t size = cost_.block_size_;
    if (ranges_ == 0 || offset != end_) ++ranges_;
    std::uint64_t first = offset / size;
    // A range that goes on where the last one ended shares its block.
    if (ranges_ > 0 && end_ > 0 && first == (end_ - 1) / size) ++first;
    const std::uint64_t last = (offset + length - 1) / size;
    if (last >= first) blocks_ += last - first + 1;
    end_ = offset + length;
    cost_.size_.bytes += length;
}

// The map: extents beyond those in the inode, or pointers with their own blocks above.
PackCost::Content::~Content() {
    const std::uint64_t size = cost_.block_size_;
    cost_.size_.blocks += blocks_;
    if (blocks_ > pointers_in_inode) cost_.size_.blocks += blocks_ / (size / 4) + 3;
    if (ranges_ > extents_in_inode) cost_.size_.blocks += 2 * ranges_ / (size / 12) + 2;
}

PackSize PackCost::finish() {
    std::array<unsigned char, sizeof(std::uint64_t) * 2> bytes{};
    crypto_generichash_final(&fingerprint_, bytes.data(), bytes.size());
    for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i)
        size_.fingerprint = size_.fingerprint << 8 | bytes[i];
    return size_;
}

}  // namespace quire::transfer
