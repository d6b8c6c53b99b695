// SPDX-License-Identifier: MIT

#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "quire/fs/attributes.hpp"

namespace quire::server {

/// Turns by node: what is done to one node while a turn is held is done by nobody else, and who
/// wants another node's turn does not wait.
/// Threads: any. A turn may be held while volumes are called; who wants two takes them at once.
class HandleTurns {
public:
    class Turn {
    public:
        Turn(HandleTurns& turns, const fs::Handle& handle);
        /// Of two nodes, which may be one.
        Turn(HandleTurns& turns, const fs::Handle& one, const fs::Handle& other);
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn();

    private:
        HandleTurns& turns_;
        fs::Handle first_;
        std::optional<fs::Handle> second_;
    };

private:
    struct Place {
        bool taken = false;
        std::size_t waiting = 0;
        std::condition_variable freed;
    };

    void take(std::unique_lock<std::mutex>& lock, const fs::Handle& handle);
    void give_back(const fs::Handle& handle);

    std::mutex mutex_;
    std::map<fs::Handle, Place> places_;  // of turns that are held
};

}  // namespace quire::server
