// SPDX-License-Identifier: MIT

#include "client/releases.hpp"

#include <algorithm>

#include "client/channel.hpp"
#include "quire/ipc/remote_object.hpp"

namespace quire::ipc {

namespace {

struct Batch {
    int depth = 0;
    std::vector<std::shared_ptr<Channel>> channels;
};

thread_local Batch batch_of_thread;

}  // namespace

void Releases::add(std::uint32_t object, std::uint32_t references) {
    const std::scoped_lock lock(mutex_);
    pending_[object] += references;
    any_.store(true, std::memory_order_release);
}

Releases::Pairs Releases::take() {
    const std::scoped_lock lock(mutex_);
    Pairs pairs;
    while (!pending_.empty() && pairs.size() < max_pairs) {
        pairs.emplace_back(*pending_.begin());
        pending_.erase(pending_.begin());
    }
    any_.store(!pending_.empty(), std::memory_order_release);
    return pairs;
}

bool note_in_batch(const std::shared_ptr<Channel>& channel) {
    Batch& batch = batch_of_thread;
    if (batch.depth == 0) return false;
    if (std::ranges::find(batch.channels, channel) == batch.channels.end())
        batch.channels.push_back(channel);
    return true;
}

ReleaseBatch::ReleaseBatch() {
    ++batch_of_thread.depth;
}

ReleaseBatch::~ReleaseBatch() {
    if (--batch_of_thread.depth > 0) return;
    const auto channels = std::exchange(batch_of_thread.channels, {});
    for (const auto& channel : channels) channel->flush_releases();
}

}  // namespace quire::ipc
