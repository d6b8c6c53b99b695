// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "quire/base/name.hpp"
#include "quire/fs/volume.hpp"
#include "space.hpp"

namespace quire::memory {

class Node;

/// The entries of a directory, in the order in which their names were made.
///
/// An entry's number is its position and never comes again, so a listing that goes on after a
/// number misses nothing that stayed and repeats nothing. An entry that is replaced keeps its
/// number: its name was there throughout.
/// Threads: none; the volume's lock of names guards it.
class Directory {
public:
    struct Slot {
        std::string name;
        std::shared_ptr<Node> node;
    };
    using Slots = std::map<fs::Position, Slot>;

    explicit Directory(std::shared_ptr<Space> space) : charge_(std::move(space)) {}

    std::shared_ptr<Node> find(std::string_view name) const;
    /// Needs: the name is free. Fails: no_space_on_device.
    Result<void> insert(const Name& name, std::shared_ptr<Node> node);
    /// Gives the name another node. Needs: the name is taken.
    void replace(const Name& name, std::shared_ptr<Node> node);
    /// Needs: the name is taken.
    void erase(const Name& name);
    void clear();

    bool empty() const { return slots_.empty(); }
    const Slots& slots() const { return slots_; }
    /// The last position ever given out.
    fs::Position last() const { return last_; }
    std::uint64_t bytes() const { return charge_.amount(); }

    std::weak_ptr<Node> parent;

private:
    static std::uint64_t cost(std::string_view name) { return 64 + name.size(); }

    Charge charge_;
    Slots slots_;
    std::unordered_map<std::string_view, fs::Position> index_;  // views of the names in slots_
    fs::Position last_ = 0;
};

}  // namespace quire::memory
