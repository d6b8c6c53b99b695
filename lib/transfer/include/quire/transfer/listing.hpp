// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quire/fs/tree.hpp"

namespace quire::transfer {

/// The names of one directory as they were at one moment, in byte order, packed into one piece of
/// memory: a million names cost little more than their bytes, and what the walker does to the
/// directory meanwhile does not disturb it.
class Listing {
public:
    Listing() = default;
    /// Fails: as fs::Tree::list; value_too_large (more than 4 GiB of names).
    static Result<Listing> read(fs::Tree& tree, const fs::Call& call,
                                const fs::NodeReference& directory);

    std::size_t size() const { return names_.size(); }
    std::string_view operator[](std::size_t index) const {
        return std::string_view(bytes_).substr(names_[index].offset, names_[index].length);
    }

private:
    struct Place {
        std::uint32_t offset = 0;
        std::uint16_t length = 0;
    };
    std::string bytes_;
    std::vector<Place> names_;
};

}  // namespace quire::transfer
