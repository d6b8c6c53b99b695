// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <mutex>
#include <shared_mutex>

#include "quire/fs/volume.hpp"

namespace quire::fs {

/// What all callers of one volume share so that it is called as its thread model allows.
class Turns {
public:
    explicit Turns(ThreadModel model) : model_(model) {}

private:
    friend class Turn;

    const ThreadModel model_;
    // A serial volume is called with names_ held exclusively. A per-node volume: exclusively for
    // operations on names, else shared with the node's stripe. A parallel one: neither.
    std::shared_mutex names_;
    std::array<std::mutex, 64> stripes_;
};

/// The right to call a volume, for the time of one call. None may be taken while one is held.
class Turn {
public:
    /// For a call on one node that no names are part of.
    Turn(Turns& turns, Cookie node) {
        switch (turns.model_) {
            case ThreadModel::serial:
                exclusive_ = std::unique_lock(turns.names_);
                break;
            case ThreadModel::per_node:
                shared_ = std::shared_lock(turns.names_);
                stripe_ = std::unique_lock(turns.stripes_[node % turns.stripes_.size()]);
                break;
            case ThreadModel::parallel:
                break;
        }
    }

    /// For a call on names, several nodes or the whole volume.
    explicit Turn(Turns& turns) {
        if (turns.model_ != ThreadModel::parallel) exclusive_ = std::unique_lock(turns.names_);
    }

private:
    std::unique_lock<std::shared_mutex> exclusive_;
    std::shared_lock<std::shared_mutex> shared_;
    std::unique_lock<std::mutex> stripe_;
};

}  // namespace quire::fs
