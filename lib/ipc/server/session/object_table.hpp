// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "quire/ipc/any_cap.hpp"
#include "quire/ipc/snapshot.hpp"
#include "server/session/account.hpp"

namespace quire::ipc {

/// The objects that one channel's client may name, by number, each with the references that the
/// client was given. An object lives here from before the message that hands it out until the last
/// of them is given up, so it never vanishes on the way.
///
/// What leaves the table is returned, to be destroyed by the caller outside every lock.
/// Threads: any.
class ObjectTable {
public:
    explicit ObjectTable(std::shared_ptr<Account> account) : account_(std::move(account)) {}
    ~ObjectTable() { clear(); }

    /// One more reference to an object, which keeps its number while there are any. Nothing: the
    /// account's quota is used up.
    std::optional<std::uint32_t> hand_out(const AnyCap& cap);

    /// Empty: there is no such object.
    AnyCap find(std::uint32_t number) const;

    /// Takes references back. Nothing: the client never had so many.
    std::optional<AnyCap> give_up(std::uint32_t number, std::uint32_t references);

    /// From now on there are no objects, and none can be handed out.
    std::vector<AnyCap> clear();

    std::vector<Snapshot::Object> list() const;

private:
    struct Entry {
        AnyCap cap;
        std::uint64_t references = 0;
    };
    using Key = std::pair<const Interface*, const InterfaceType*>;
    static Key key_of(const AnyCap& cap) { return {cap.object().get(), &cap.type()}; }
    Entry* entry_locked(std::uint32_t number);

    const std::shared_ptr<Account> account_;
    /// Guards everything below.
    mutable std::mutex mutex_;
    /// Object n is entry n - 1.
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> free_;
    std::map<Key, std::uint32_t> numbers_;
    bool closed_ = false;
};

}  // namespace quire::ipc
