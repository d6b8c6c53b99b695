// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "quire/block/device.hpp"

namespace quire::ext::journal {

/// A device in plain memory that remembers what was written between one flush and the next, so
/// that a test can make every content a crash may leave.
class RecordedDevice final : public block::Device {
public:
    using Bytes = std::vector<std::byte>;
    struct Write {
        std::uint64_t offset = 0;
        Bytes bytes;
    };
    /// What is written between two flushes, and a number the test gave before.
    struct Epoch {
        std::size_t mark = 0;
        std::vector<Write> writes;
    };

    explicit RecordedDevice(Bytes bytes) : bytes_(std::move(bytes)), start_(bytes_) {}

    block::Geometry geometry() const override { return {bytes_.size(), 512, true}; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> flush() override;
    std::string describe() const override { return "recorded memory"; }

    /// Belongs to what is written from now on. Needs: nothing written since the last flush.
    void set_mark(std::size_t mark) { epochs_.back().mark = mark; }
    const std::vector<Epoch>& epochs() const { return epochs_; }
    const Bytes& bytes() const { return bytes_; }

    /// Calls `visit(content, mark)` with what a crash may leave: every prefix of every epoch's
    /// writes, and of each epoch `shuffles` random selections in random order, some of their
    /// writes torn between sectors of 512 bytes.
    template <typename Visit>
    void for_each_crash(std::mt19937& random, int shuffles, Visit visit) const {
        Bytes before = start_;
        for (const Epoch& epoch : epochs_) {
            Bytes after = before;
            visit(after, epoch.mark);
            for (const Write& write : epoch.writes) {
                apply(write, after);
                visit(after, epoch.mark);
            }
            for (int i = 0; i < shuffles && !epoch.writes.empty(); ++i) {
                Bytes mixed = before;
                apply_some(epoch, random, mixed);
                visit(mixed, epoch.mark);
            }
            before = std::move(after);
        }
    }

private:
    static void apply(const Write& write, Bytes& content);
    static void apply_some(const Epoch& epoch, std::mt19937& random, Bytes& content);

    Bytes bytes_;
    Bytes start_;
    std::vector<Epoch> epochs_{1};
};

}  // namespace quire::ext::journal
