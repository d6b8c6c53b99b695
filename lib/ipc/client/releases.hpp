// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quire::ipc {

class Channel;

/// References given up that the server has not been told of.
/// Threads: any.
class Releases {
public:
    /// Of one message.
    static constexpr std::size_t max_pairs = 4096;
    using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

    void add(std::uint32_t object, std::uint32_t references = 1);
    /// Cheap, and true once add() has returned.
    bool any() const { return any_.load(std::memory_order_acquire); }
    /// Takes what one message can carry: objects with their numbers of references.
    Pairs take();

private:
    std::atomic<bool> any_ = false;
    std::mutex mutex_;
    std::unordered_map<std::uint32_t, std::uint32_t> pending_;
};

/// When this thread collects releases (ReleaseBatch), notes a channel that has some and says true.
bool note_in_batch(const std::shared_ptr<Channel>& channel);

}  // namespace quire::ipc
