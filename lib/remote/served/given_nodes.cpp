// SPDX-License-Identifier: MIT

#include "served/given_nodes.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace quire::remote {

GivenNodes::~GivenNodes() {
    if (state_ == State::ended) return;
    while (!nodes_.empty()) dispose(nodes_.extract(nodes_.begin()));
}

Result<void> GivenNodes::check_state_locked() const {
    switch (state_) {
        case State::open:
            return {};
        case State::ending:
            return fail(std::errc::device_or_resource_busy, "the volume is being unmounted");
        case State::ended:
            return fail(std::errc::no_such_device, "the volume was unmounted");
        case State::lost:
            break;
    }
    return fail(std::errc::connection_reset,
                "the volume's server gave up a client that took no notice of changes");
}

Result<GivenNodes::Stay> GivenNodes::enter(std::optional<fs::Cookie> first,
                                           std::optional<fs::Cookie> second) {
    const std::scoped_lock lock(mutex_);
    QUIRE_TRY(check_state_locked());
    const Stay::Nodes nodes{first, second};
    for (const auto& node : nodes)
        if (node && !holds_locked(*node)) return fail(std::errc(ESTALE));
    for (const auto& node : nodes)
        if (node) ++nodes_.at(*node).stays;
    ++running_;
    return Stay(*this, nodes);
}

GivenNodes::Map::node_type GivenNodes::take_if_done_locked(fs::Cookie node) {
    const auto found = nodes_.find(node);
    if (found == nodes_.end() || found->second.held > 0 || found->second.stays > 0) return {};
    // While the volume is being unmounted nothing else may call it.
    if (state_ == State::ending || state_ == State::ended) return {};
    return nodes_.extract(found);
}

void GivenNodes::dispose(const Map::node_type& given) {
    if (given.empty()) return;
    const fs::Cookie node = given.key();
    const Modes& opens = given.mapped().opens;
    for (std::size_t i = 0; i < opens.size(); ++i)
        for (std::uint64_t count = opens[i]; count > 0; --count)
            (void)volume_.close(fs::Call::as_root(), node,
                                {.read = (i & 1U) != 0, .write = (i & 2U) != 0});
    volume_.reclaim(node, given.mapped().owed);
}

void GivenNodes::leave(const Stay::Nodes& nodes) {
    std::array<Map::node_type, 2> done;
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& node : nodes)
            if (node) --nodes_.at(*node).stays;
        for (std::size_t i = 0; i < nodes.size(); ++i)
            if (nodes[i]) done[i] = take_if_done_locked(*nodes[i]);
    }
    for (const auto& given : done) dispose(given);
    // Last, so that an unmount does not come between.
    const std::scoped_lock lock(mutex_);
    --running_;
}

Result<void> GivenNodes::check_room() const {
    if (!account_->nodes.has_room())
        return fail(std::errc::too_many_files_open_in_system,
                    "one client holds as many nodes as it may");
    return {};
}

void GivenNodes::add(fs::Cookie node) {
    const std::scoped_lock lock(mutex_);
    Given& given = nodes_.try_emplace(node, account_->nodes).first->second;
    ++given.owed;
    ++given.held;
}

void GivenNodes::reclaim(fs::Cookie node, std::uint64_t lookups) {
    Map::node_type done;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = nodes_.find(node);
        if (found == nodes_.end()) return;
        found->second.held -= std::min(found->second.held, lookups);
        done = take_if_done_locked(node);
        if (done.empty()) return;
        ++running_;
    }
    dispose(done);
    const std::scoped_lock lock(mutex_);
    --running_;
}

void GivenNodes::opened(fs::Cookie node, fs::OpenMode mode) {
    const std::scoped_lock lock(mutex_);
    ++nodes_.at(node).opens[index(mode)];
}

Result<void> GivenNodes::take_open(fs::Cookie node, fs::OpenMode mode) {
    const std::scoped_lock lock(mutex_);
    std::uint64_t& count = nodes_.at(node).opens[index(mode)];
    if (count == 0) return fail(std::errc::bad_file_descriptor);
    --count;
    return {};
}

bool GivenNodes::holds(fs::Cookie node) const {
    const std::scoped_lock lock(mutex_);
    return holds_locked(node);
}

bool GivenNodes::holds_locked(fs::Cookie node) const {
    const auto found = nodes_.find(node);
    return found != nodes_.end() && found->second.held > 0;
}

std::size_t GivenNodes::count() const {
    const std::scoped_lock lock(mutex_);
    return nodes_.size();
}

Result<void> GivenNodes::begin_end() {
    const std::scoped_lock lock(mutex_);
    QUIRE_TRY(check_state_locked());
    if (running_ > 0)
        return fail(std::errc::device_or_resource_busy, "other calls are in progress");
    state_ = State::ending;
    return {};
}

void GivenNodes::finish_end(bool ended) {
    std::vector<Map::node_type> done;
    {
        const std::scoped_lock lock(mutex_);
        if (state_ == State::ending) state_ = ended ? State::ended : State::open;
        if (ended) return nodes_.clear();
        // What was answered meanwhile.
        for (auto next = nodes_.begin(); next != nodes_.end();) {
            const auto node = next++;
            if (node->second.held == 0) done.push_back(nodes_.extract(node));
        }
    }
    for (const auto& given : done) dispose(given);
}

void GivenNodes::lose() {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::open) state_ = State::lost;
}

}  // namespace quire::remote
