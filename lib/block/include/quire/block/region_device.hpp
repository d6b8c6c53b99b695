// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <vector>

#include "quire/block/device.hpp"

namespace quire::block {

/// A window of another device, as a device: a partition, an image at an offset, or the whole of it
/// for reading only. Its size is fixed; a flush is one of the whole device below.
class RegionDevice final : public Device {
public:
    struct Options {
        bool read_only = false;
        /// What messages call it; empty: "bytes OFFSET to END of …".
        std::string name = {};
    };

    /// Owns: a share of `base`.
    /// Fails: result_out_of_range (the window leaves the device).
    [[nodiscard]] static Result<std::unique_ptr<RegionDevice>> open(std::shared_ptr<Device> base,
                                                                    Range window, Options options);
    [[nodiscard]] static Result<std::unique_ptr<RegionDevice>> open(std::shared_ptr<Device> base,
                                                                    Range window) {
        return open(std::move(base), window, Options{});
    }

    /// The whole of a device, for reading only.
    [[nodiscard]] static std::unique_ptr<RegionDevice> read_only(std::shared_ptr<Device> base);

    Geometry geometry() const override;
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> read_runs(std::span<const ReadRun> runs) override;
    Result<void> write_runs(std::span<const WriteRun> runs) override;
    Result<void> flush() override { return base_->flush(); }
    Result<void> discard(Range range) override;
    Result<void> zero(Range range) override;
    Result<Range> next_data(std::uint64_t offset) override;
    Result<void> resize(std::uint64_t size) override;
    std::string describe() const override { return options_.name; }

    const std::shared_ptr<Device>& base() const { return base_; }
    Range window() const { return window_; }

private:
    RegionDevice(std::shared_ptr<Device> base, Range window, Options options);

    Result<void> check_writable() const;
    template <typename Run>
    Result<std::vector<Run>> translate(std::span<const Run> runs) const;

    std::shared_ptr<Device> base_;
    Range window_;
    Options options_;
};

}  // namespace quire::block
