// SPDX-License-Identifier: MIT

#include "quire/transfer/listing.hpp"

#include <algorithm>
#include <limits>

namespace quire::transfer {

Result<Listing> Listing::read(fs::Tree& tree, const fs::Call& call,
                              const fs::NodeReference& directory) {
    Listing listing;
    bool too_long = false;
    auto take = [&](const fs::DirectoryEntry& entry) {
        if (listing.bytes_.size() + entry.name.size() > std::numeric_limits<std::uint32_t>::max() ||
            entry.name.size() > std::numeric_limits<std::uint16_t>::max()) {
            too_long = true;
            return false;
        }
        listing.names_.push_back({static_cast<std::uint32_t>(listing.bytes_.size()),
                                  static_cast<std::uint16_t>(entry.name.size())});
        listing.bytes_ += entry.name;
        return true;
    };
    QUIRE_TRY(tree.list(call, directory, 0, fs::WithAttributes::no, take));
    if (too_long)
        return fail(std::errc::value_too_large, "the directory holds more names than fit");
    std::string_view bytes = listing.bytes_;
    std::ranges::sort(listing.names_, std::less<>(), [bytes](const Place& place) {
        return bytes.substr(place.offset, place.length);
    });
    return listing;
}

}  // namespace quire::transfer
