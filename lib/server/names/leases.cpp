// SPDX-License-Identifier: MIT

#include "names/leases.hpp"

#include <atomic>
#include <utility>

namespace quire::server {

Result<void> Leases::set(const ipc::Memory& memory) {
    if (memory.size() < size || !memory.writable())
        return fail(std::errc::invalid_argument, "leases are 4096 bytes that can be written");
    return words_.replace(memory);
}

bool Leases::has(std::uint64_t identity) const {
    const auto place = words_.target(0, size);
    if (!place) return false;
    auto* const words = reinterpret_cast<std::uint64_t*>(place->bytes.data());
    for (std::size_t i = 0; i < size / sizeof(std::uint64_t); ++i)
        if (std::atomic_ref(words[i]).load() == identity) return true;
    return false;
}

void Leases::keep(const paging::NameTable::Left& left, paging::NameTable::Gone& gone) {
    if (!left.was_readable || !has(left.identity)) return;
    const std::scoped_lock lock(mutex_);
    // Who has given up as much as there are words for has not told us.
    if (kept_.size() >= size / sizeof(std::uint64_t)) {
        for (auto& [identity, node] : kept_)
            if (!has(identity))
                gone.push_back({identity, {0, std::exchange(node, nullptr)}, false});
        std::erase_if(kept_, [](const auto& one) { return one.second == nullptr; });
    }
    if (kept_.size() >= size / sizeof(std::uint64_t)) return;
    kept_.emplace(left.identity, std::static_pointer_cast<const fs::Node>(left.node.hold));
}

fs::NodeReference Leases::find(std::uint64_t identity) const {
    const std::scoped_lock lock(mutex_);
    const auto found = kept_.find(identity);
    return found == kept_.end() ? nullptr : found->second;
}

void Leases::end(std::uint64_t identity) {
    fs::NodeReference ended;
    const std::scoped_lock lock(mutex_);
    const auto found = kept_.find(identity);
    if (found == kept_.end() || has(identity)) return;
    ended = std::move(found->second);
    kept_.erase(found);
}

}  // namespace quire::server
