// SPDX-License-Identifier: MIT

#include "quire/testing/recording_device.hpp"

namespace quire::testing {

void RecordingDevice::note_locked(Record record) {
    if (options_.log) log_.push_back(std::move(record));
}

void RecordingDevice::mark(std::string name) {
    const std::lock_guard lock(log_mutex_);
    note_locked({Record::Kind::mark, {}, {}, std::move(name)});
}

std::vector<Record> RecordingDevice::log() const {
    const std::lock_guard lock(log_mutex_);
    return log_;
}

RecordingDevice::Counts RecordingDevice::counts() const {
    const std::lock_guard lock(counts_mutex_);
    return counts_;
}

std::uint64_t RecordingDevice::distinct_blocks_read() const {
    const std::lock_guard lock(counts_mutex_);
    return blocks_.size();
}

void RecordingDevice::reset() {
    const std::scoped_lock lock(log_mutex_, counts_mutex_);
    log_.clear();
    counts_ = {};
    blocks_.clear();
}

void RecordingDevice::count_read(std::uint64_t offset, std::uint64_t length) {
    const std::lock_guard lock(counts_mutex_);
    ++counts_.reads;
    counts_.bytes_read += length;
    if (length == 0) return;
    const std::uint64_t first = offset / block_size;
    const std::uint64_t last = (offset + length - 1) / block_size;
    counts_.blocks_read += last - first + 1;
    for (std::uint64_t block = first; block <= last; ++block) blocks_.insert(block);
}

Result<void> RecordingDevice::read(std::uint64_t offset, std::span<std::byte> memory) {
    QUIRE_TRY(base_->read(offset, memory));
    count_read(offset, memory.size());
    return {};
}

Result<void> RecordingDevice::read_runs(std::span<const block::ReadRun> runs) {
    QUIRE_TRY(base_->read_runs(runs));
    for (const block::ReadRun& run : runs) count_read(run.offset, run.memory.size());
    return {};
}

Result<void> RecordingDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    const block::WriteRun run{offset, memory};
    return write_runs({&run, 1});
}

Result<void> RecordingDevice::write_runs(std::span<const block::WriteRun> runs) {
    const std::lock_guard lock(log_mutex_);
    // What a failed write leaves is not known, so it is not in the log: a test that makes writes
    // fail can't ask for crash states.
    QUIRE_TRY(base_->write_runs(runs));
    for (const block::WriteRun& run : runs) {
        note_locked({Record::Kind::write,
                     {run.offset, run.memory.size()},
                     Bytes(run.memory.begin(), run.memory.end()),
                     {}});
        const std::lock_guard counts_lock(counts_mutex_);
        ++counts_.writes;
        counts_.bytes_written += run.memory.size();
    }
    return {};
}

Result<void> RecordingDevice::flush() {
    const std::lock_guard lock(log_mutex_);
    QUIRE_TRY(base_->flush());
    note_locked({Record::Kind::flush, {}, {}, {}});
    const std::lock_guard counts_lock(counts_mutex_);
    ++counts_.flushes;
    return {};
}

Result<void> RecordingDevice::discard(block::Range range) {
    const std::lock_guard lock(log_mutex_);
    QUIRE_TRY(base_->discard(range));
    note_locked({Record::Kind::discard, range, {}, {}});
    const std::lock_guard counts_lock(counts_mutex_);
    ++counts_.discards;
    return {};
}

Result<void> RecordingDevice::zero(block::Range range) {
    const std::lock_guard lock(log_mutex_);
    QUIRE_TRY(base_->zero(range));
    note_locked({Record::Kind::zero, range, {}, {}});
    const std::lock_guard counts_lock(counts_mutex_);
    ++counts_.zeros;
    return {};
}

}  // namespace quire::testing
