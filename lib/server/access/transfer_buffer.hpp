// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "access/account.hpp"
#include "quire/base/result.hpp"
#include "quire/ipc/memory.hpp"

namespace quire::server {

/// Memory of a client, mapped here, through which content travels. The client may change it at any
/// time: what is looked at, or must not change while it is used, is copied out first.
/// Threads: any.
class TransferBuffer {
public:
    /// Charges for it as long as it lives.
    /// Fails: invalid_argument (not a sealed memfd for writing, empty or over 64 MiB), EDQUOT,
    /// not_enough_memory.
    static Result<std::shared_ptr<TransferBuffer>> map(const ipc::Memory& memory,
                                                       std::shared_ptr<Account> account,
                                                       std::shared_ptr<Allowance> buffers);
    TransferBuffer(const TransferBuffer&) = delete;
    TransferBuffer& operator=(const TransferBuffer&) = delete;
    ~TransferBuffer();

    /// Fails: invalid_argument (it is not inside).
    Result<std::span<std::byte>> part(std::uint64_t offset, std::uint64_t length) const;

private:
    TransferBuffer() = default;

    std::byte* memory_ = nullptr;
    std::size_t size_ = 0;
    std::shared_ptr<Account> account_;
    std::shared_ptr<Allowance> buffers_;
};

/// Where a session has its buffer, if it has one.
/// Threads: any.
class BufferPlace {
public:
    void put(std::shared_ptr<TransferBuffer> buffer);
    std::shared_ptr<TransferBuffer> get() const;

private:
    mutable std::mutex mutex_;
    std::shared_ptr<TransferBuffer> buffer_;
};

}  // namespace quire::server
