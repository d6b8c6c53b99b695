// SPDX-License-Identifier: MIT

#include "server/session/object_table.hpp"

namespace quire::ipc {

ObjectTable::Entry* ObjectTable::entry_locked(std::uint32_t number) {
    if (number == 0 || number > entries_.size() || !entries_[number - 1].cap) return nullptr;
    return &entries_[number - 1];
}

std::optional<std::uint32_t> ObjectTable::hand_out(const AnyCap& cap) {
    const std::scoped_lock lock(mutex_);
    if (closed_) return std::nullopt;
    if (const auto found = numbers_.find(key_of(cap)); found != numbers_.end()) {
        ++entries_[found->second - 1].references;
        return found->second;
    }
    if (!account_->take_object()) return std::nullopt;
    std::uint32_t number = 0;
    if (free_.empty()) {
        entries_.emplace_back();
        number = static_cast<std::uint32_t>(entries_.size());
    } else {
        number = free_.back();
        free_.pop_back();
    }
    entries_[number - 1] = {cap, 1};
    numbers_.emplace(key_of(cap), number);
    return number;
}

AnyCap ObjectTable::find(std::uint32_t number) const {
    const std::scoped_lock lock(mutex_);
    if (number == 0 || number > entries_.size()) return {};
    return entries_[number - 1].cap;
}

std::optional<AnyCap> ObjectTable::give_up(std::uint32_t number, std::uint32_t references) {
    const std::scoped_lock lock(mutex_);
    Entry* const entry = entry_locked(number);
    if (entry == nullptr || references == 0 || references > entry->references) return std::nullopt;
    entry->references -= references;
    if (entry->references > 0) return AnyCap();
    numbers_.erase(key_of(entry->cap));
    free_.push_back(number);
    account_->give_objects(1);
    return std::exchange(entry->cap, AnyCap());
}

std::vector<AnyCap> ObjectTable::clear() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    std::vector<AnyCap> gone;
    for (Entry& entry : entries_) {
        if (entry.cap) gone.push_back(std::move(entry.cap));
    }
    account_->give_objects(gone.size());
    entries_.clear();
    free_.clear();
    numbers_.clear();
    return gone;
}

std::vector<Snapshot::Object> ObjectTable::list() const {
    const std::scoped_lock lock(mutex_);
    std::vector<Snapshot::Object> objects;
    for (std::uint32_t number = 1; number <= entries_.size(); ++number) {
        const Entry& entry = entries_[number - 1];
        if (entry.cap) objects.push_back({number, entry.cap.type().name, entry.references});
    }
    return objects;
}

}  // namespace quire::ipc
