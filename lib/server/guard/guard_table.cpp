// SPDX-License-Identifier: MIT

#include "guard_table.hpp"

#include <algorithm>
#include <cerrno>

namespace quire::server {

namespace {

constexpr std::errc stale_cookie = std::errc(ESTALE);
constexpr std::size_t most_locks = 1024;  // of one node

std::size_t slot_of(fs::OpenMode mode) {
    return (mode.read ? 1U : 0U) | (mode.write ? 2U : 0U);
}

}  // namespace

Result<fs::Cookie> GuardTable::give(const fs::NodeReference& node, std::uint64_t moves) {
    const std::lock_guard lock(mutex_);
    if (const auto number = numbers_.find(node->cookie()); number != numbers_.end()) {
        Held& held = held_.at(number->second);
        ++held.lookups;
        if (moves != 0) held.moves = moves;
        return number->second;
    }
    if (held_.size() >= limit_)
        return fail(std::errc::too_many_files_open, "more files are held than one client may hold");
    const fs::Cookie number = next_++;
    numbers_.emplace(node->cookie(), number);
    handles_.emplace(node->handle(), number);
    held_.emplace(number, Held{node, 1, moves, {}, {}, {}});
    return number;
}

Result<GuardTable::Known> GuardTable::find(fs::Cookie cookie) const {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found == held_.end()) return fail(stale_cookie);
    return Known{found->second.node, found->second.moves};
}

Result<fs::Cookie> GuardTable::find(const fs::Handle& handle) const {
    const std::lock_guard lock(mutex_);
    const auto number = handles_.find(handle);
    if (number == handles_.end()) return fail(stale_cookie);
    return number->second;
}

void GuardTable::confirm(fs::Cookie cookie, std::uint64_t moves) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found != held_.end()) found->second.moves = moves;
}

void GuardTable::reclaim(fs::Cookie cookie, std::uint64_t lookups) {
    Held gone;  // ends after the lock
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found == held_.end()) return;
    Held& held = found->second;
    held.lookups -= std::min(held.lookups, lookups);
    if (held.lookups != 0) return;
    gone = std::move(held);
    numbers_.erase(gone.node->cookie());
    const auto handle = handles_.find(gone.node->handle());
    if (handle != handles_.end() && handle->second == cookie) handles_.erase(handle);
    held_.erase(found);
}

std::size_t GuardTable::size() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
}

void GuardTable::keep_fresh(fs::Cookie cookie, std::shared_ptr<fs::OpenFile> file) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found != held_.end()) found->second.fresh.swap(file);
}

std::shared_ptr<fs::OpenFile> GuardTable::take_fresh(fs::Cookie cookie) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found == held_.end()) return nullptr;
    return std::exchange(found->second.fresh, nullptr);
}

Result<void> GuardTable::opened(fs::Cookie cookie, fs::OpenMode mode,
                                std::shared_ptr<fs::OpenFile> file) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found == held_.end()) return fail(stale_cookie);
    Slot& slot = found->second.slots.at(slot_of(mode));
    slot.file.swap(file);  // the one before ends after the lock
    ++slot.count;
    return {};
}

Result<void> GuardTable::closed(fs::Cookie cookie, fs::OpenMode mode) {
    std::shared_ptr<fs::OpenFile> last;
    Locks locks;
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found == held_.end()) return fail(stale_cookie);
    Slot& slot = found->second.slots.at(slot_of(mode));
    if (slot.count == 0) return fail(std::errc::bad_file_descriptor);
    if (--slot.count == 0) last.swap(slot.file);
    if (!found->second.open()) locks.swap(found->second.locks);
    return {};
}

Result<std::shared_ptr<fs::OpenFile>> GuardTable::opened_for(fs::Cookie cookie,
                                                             fs::OpenMode mode) const {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found == held_.end()) return fail(stale_cookie);
    const std::size_t wanted = slot_of(mode);
    const auto& slots = found->second.slots;
    for (std::size_t index = 0; index < slots.size(); ++index)
        if ((index & wanted) == wanted && slots.at(index).file) return slots.at(index).file;
    return fail(std::errc::bad_file_descriptor);
}

std::shared_ptr<fs::FileLock> GuardTable::lock_of(fs::Cookie cookie, std::uint64_t owner) const {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found == held_.end()) return nullptr;
    const auto place = found->second.locks.find(owner);
    return place == found->second.locks.end() ? nullptr : place->second;
}

Result<void> GuardTable::keep_lock(fs::Cookie cookie, std::uint64_t owner,
                                   std::shared_ptr<fs::FileLock> lock) {
    const std::lock_guard guard(mutex_);  // ends before what is not kept does
    const auto found = held_.find(cookie);
    if (found == held_.end()) return fail(stale_cookie);
    if (!found->second.open()) return fail(std::errc::bad_file_descriptor);
    Locks& locks = found->second.locks;
    if (locks.size() >= most_locks) return fail(std::errc::no_lock_available);
    // Of two calls of one owner at once that both had it, both have shared it.
    locks.try_emplace(owner, std::move(lock));
    return {};
}

void GuardTable::end_lock(fs::Cookie cookie, std::uint64_t owner) {
    Locks::node_type gone;  // ends after the lock
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(cookie);
    if (found != held_.end()) gone = found->second.locks.extract(owner);
}

}  // namespace quire::server
