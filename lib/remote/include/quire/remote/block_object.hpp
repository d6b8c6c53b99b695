// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/protocols/block.hpp"
#include "quire/wire/transfer_buffer.hpp"

namespace quire::remote {

/// A device for one client elsewhere. What the client may do, the device says: for reading only,
/// give it a read-only window (block::RegionDevice).
///
/// The client is hostile: ranges are checked by the device, places in the buffer here. What is
/// written may change in the client's memory while the device reads it.
/// Threads: any.
class BlockObject final : public virtual protocols::Block {
public:
    /// `account`: of the client, for its buffer.
    BlockObject(std::shared_ptr<block::Device> device, std::shared_ptr<wire::Account> account);
    ~BlockObject() override;

    Result<protocols::BlockGeometryResult> geometry(const ipc::Call&) override;
    Result<std::vector<std::byte>> read(const ipc::Call&, std::uint64_t offset,
                                        std::uint32_t length) override;
    Result<void> write(const ipc::Call&, std::uint64_t offset,
                       std::span<const std::byte> content) override;
    Result<void> set_buffer(const ipc::Call&, ipc::Memory buffer) override;
    Result<void> read_runs(const ipc::Call&, const std::vector<protocols::BlockRun>&) override;
    Result<void> write_runs(const ipc::Call&, const std::vector<protocols::BlockRun>&) override;
    Result<void> flush(const ipc::Call&) override;
    Result<void> discard(const ipc::Call&, const protocols::Range& range) override;
    Result<void> zero(const ipc::Call&, const protocols::Range& range) override;
    Result<protocols::Range> next_data(const ipc::Call&, std::uint64_t offset) override;
    Result<void> resize(const ipc::Call&, std::uint64_t size) override;

private:
    const std::shared_ptr<block::Device> device_;
    wire::TransferBuffer buffer_;
};

}  // namespace quire::remote
