// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quire/memory/pins.hpp"
#include "quire/wire/transfer_buffer.hpp"

namespace quire::server {

/// The runs that one client looks at where they lie, in memory of its own. Whatever it writes there: as
/// many runs as it may have are not used for anything else.
/// Threads: any.
class PinnedRuns final : public paging::Pins {
public:
    static constexpr std::size_t size = 4096;  ///< bytes of the client's memory

    explicit PinnedRuns(std::shared_ptr<wire::Account> account) : words_(std::move(account)) {}

    /// The first `most` words count from now on.
    /// Fails: as wire::TransferBuffer::replace; invalid_argument (too short).
    Result<void> set(const ipc::Memory& memory, std::uint32_t most);
    void add_to(std::vector<std::uint32_t>& runs) const override;

private:
    wire::TransferBuffer words_;
    std::atomic<std::uint32_t> most_ = 0;
};

}  // namespace quire::server
