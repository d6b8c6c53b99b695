// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "quire/block/device.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/block.hpp"

namespace quire::remote {

class TransferBuffer;

/// A device of another process. Its size is taken when it is opened; only resize() changes it.
///
/// What fits a message goes in one; more goes through memory shared with the server, many runs to a
/// message.
/// Fails besides: connection_reset (the server is gone; every call, at once).
class Device final : public block::Device {
public:
    /// Fails: what the object answers; io_error (it describes no device).
    [[nodiscard]] static Result<std::unique_ptr<Device>> open(ipc::Cap<protocols::Block> block);
    ~Device() override;

    block::Geometry geometry() const override;
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> read_runs(std::span<const block::ReadRun> runs) override;
    Result<void> write_runs(std::span<const block::WriteRun> runs) override;
    Result<void> flush() override;
    Result<void> discard(block::Range range) override;
    Result<void> zero(block::Range range) override;
    Result<block::Range> next_data(std::uint64_t offset) override;
    Result<void> resize(std::uint64_t size) override;
    std::string describe() const override { return description_; }

private:
    Device(ipc::Cap<protocols::Block> block, const block::Geometry& geometry,
           std::string description);

    template <typename Run>
    Result<void> transfer(std::span<const Run> runs);
    template <typename Run>
    Result<void> transfer_in_message(const Run& piece);
    template <typename Run>
    Result<void> check(std::span<const Run> runs) const;
    Result<void> check_writable() const;

    const ipc::Cap<protocols::Block> block_;
    const block::Geometry geometry_;  // but for the size
    const std::string description_;
    std::atomic<std::uint64_t> size_;
    const std::unique_ptr<TransferBuffer> buffer_;
};

}  // namespace quire::remote
