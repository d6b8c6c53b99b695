// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "quire/block/device.hpp"
#include "quire/testing/bytes.hpp"

namespace quire::testing {

/// One thing that happened to a device, in the order in which it happened.
struct Record {
    enum class Kind {
        write,
        zero,
        discard,
        /// What comes before is durable.
        flush,
        /// Not a request: a place that the test named.
        mark,
    };
    Kind kind = Kind::flush;
    block::Range range;
    /// The bytes of a write.
    Bytes bytes;
    /// The name of a mark.
    std::string name;
};

/// Another device whose requests are counted and whose changes are written down, so that a test
/// can say how many blocks an operation reads, or visit what a crash would have left
/// (crash_states.hpp). The size is fixed.
///
/// Threads: any; changes and flushes wait for one another, so that their order is one.
class RecordingDevice final : public block::Device {
public:
    static constexpr std::uint64_t block_size = 4096;

    struct Counts {
        std::uint64_t reads = 0;
        std::uint64_t bytes_read = 0;
        /// Blocks of 4096 bytes that were touched by reads, each as often as it was.
        std::uint64_t blocks_read = 0;
        std::uint64_t writes = 0;
        std::uint64_t bytes_written = 0;
        std::uint64_t zeros = 0;
        std::uint64_t discards = 0;
        std::uint64_t flushes = 0;
    };
    struct Options {
        /// Without it only counts are kept.
        bool log = true;
    };

    explicit RecordingDevice(std::shared_ptr<block::Device> base)
        : RecordingDevice(std::move(base), Options{}) {}
    RecordingDevice(std::shared_ptr<block::Device> base, Options options)
        : base_(std::move(base)), options_(options) {}

    /// Notes that the test has come to this place: "the verb has returned".
    void mark(std::string name);

    std::vector<Record> log() const;
    Counts counts() const;
    /// How many different blocks of 4096 bytes reads have touched.
    std::uint64_t distinct_blocks_read() const;
    /// Forgets the log and sets the counts to zero.
    void reset();

    block::Geometry geometry() const override { return base_->geometry(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> read_runs(std::span<const block::ReadRun> runs) override;
    Result<void> write_runs(std::span<const block::WriteRun> runs) override;
    Result<void> flush() override;
    Result<void> discard(block::Range range) override;
    Result<void> zero(block::Range range) override;
    Result<block::Range> next_data(std::uint64_t offset) override {
        return base_->next_data(offset);
    }
    std::string describe() const override { return base_->describe(); }

private:
    void count_read(std::uint64_t offset, std::uint64_t length);
    void note_locked(Record record);

    std::shared_ptr<block::Device> base_;
    const Options options_;
    /// Held while a change or a flush runs below. Taken before counts_mutex_.
    mutable std::mutex log_mutex_;
    std::vector<Record> log_;
    mutable std::mutex counts_mutex_;
    Counts counts_;
    std::unordered_set<std::uint64_t> blocks_;
};

}  // namespace quire::testing
