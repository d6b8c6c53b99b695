// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "quire/fs/tree.hpp"
#include "quire/memory/name_table.hpp"
#include "quire/wire/transfer_buffer.hpp"

namespace quire::server {

/// The files that one client has open for reading without having said so: small ones, whose content it
/// found in its table of names. It has their identities in memory of its own; what goes from the
/// table, by being removed or for want of room, or may not be opened any more, is kept for it here.
/// The client writes a word and then looks at the record, we take the record away and then look at
/// the words: so one of us sees the other.
/// What a client writes there is its own affair: it keeps what it could have opened, and no more at once
/// than there are words.
/// Threads: any. Its lock is a leaf but for the buffer's.
class Leases {
public:
    static constexpr std::size_t size = 4096;  ///< bytes of the client's memory

    explicit Leases(std::shared_ptr<wire::Account> account) : words_(std::move(account)) {}

    /// Fails: as wire::TransferBuffer::replace; invalid_argument (too short).
    Result<void> set(const ipc::Memory& memory);
    /// What has just been taken away from a table, if the client has it open. What it turns out not to
    /// have any more goes to `gone`.
    void keep(const paging::NameTable::Left& left, paging::NameTable::Gone& gone);
    /// nullptr: it has not been kept.
    fs::NodeReference find(std::uint64_t identity) const;
    /// Lets go of it if the client does not have it any more.
    void end(std::uint64_t identity);

private:
    bool has(std::uint64_t identity) const;

    wire::TransferBuffer words_;
    mutable std::mutex mutex_;  // guards what follows
    std::map<std::uint64_t, fs::NodeReference> kept_;
};

}  // namespace quire::server
