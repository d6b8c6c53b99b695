// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "quire/block/device.hpp"

namespace quire::block {

/// Another device, of which snapshots can be taken: what is overwritten while there are any is kept
/// in memory for them. Nobody else may write to the device below.
class SnapshotDevice final : public Device {
public:
    /// Before-images are kept in pieces of this size.
    static constexpr std::uint64_t piece_size = 4096;
    static constexpr std::uint64_t default_budget = std::uint64_t{128} << 20;

    /// All snapshots together keep at most `budget` bytes.
    /// Owns: a share of `base`.
    static std::shared_ptr<SnapshotDevice> over(std::shared_ptr<Device> base,
                                                std::uint64_t budget = default_budget);
    explicit SnapshotDevice(std::shared_ptr<Device> base, std::uint64_t budget);

    /// The bytes as they are now, however this device goes on. What is written to a snapshot stays
    /// in its memory, and ends with it.
    /// Fails (every operation of the snapshot): no_buffer_space (more was to be kept than the
    /// budget has; the device below could not be read when it was to be kept, or has become
    /// smaller). This device does not fail for its snapshots.
    std::shared_ptr<Device> snapshot();

    Geometry geometry() const override { return base_->geometry(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override {
        return base_->read(offset, memory);
    }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> read_runs(std::span<const ReadRun> runs) override {
        return base_->read_runs(runs);
    }
    Result<void> write_runs(std::span<const WriteRun> runs) override;
    Result<void> flush() override { return base_->flush(); }
    Result<void> discard(Range range) override;
    Result<void> zero(Range range) override;
    Result<Range> next_data(std::uint64_t offset) override { return base_->next_data(offset); }
    Result<void> resize(std::uint64_t size) override;
    std::string describe() const override { return base_->describe(); }

    /// How many bytes are kept for snapshots now.
    std::uint64_t kept() const { return *kept_; }

private:
    class Snapshot;

    void keep(Range range);

    const std::shared_ptr<Device> base_;
    const std::uint64_t budget_;
    const std::shared_ptr<std::atomic<std::uint64_t>> kept_;
    /// Held shared by what changes the device, exclusively while a snapshot is taken: none begins
    /// in the midst of a write.
    std::shared_mutex changing_;
    std::vector<std::weak_ptr<Snapshot>> snapshots_;
};

}  // namespace quire::block
