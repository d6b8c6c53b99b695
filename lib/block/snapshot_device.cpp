// SPDX-License-Identifier: MIT

#include "quire/block/snapshot_device.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

namespace quire::block {

/// The device below, but for the pieces that are kept here. Whoever reads below holds the lock
/// shared; who is about to change a piece below puts it here first, with the lock held exclusively.
/// So what a reader did not find here is unchanged until it has read it.
class SnapshotDevice::Snapshot final : public Device {
public:
    Snapshot(std::shared_ptr<Device> base, std::uint64_t budget,
             std::shared_ptr<std::atomic<std::uint64_t>> kept)
        : base_(std::move(base)),
          budget_(budget),
          kept_(std::move(kept)),
          alignment_(base_->geometry().preferred_alignment),
          size_(base_->geometry().size) {}
    ~Snapshot() override { give_back(); }

    /// What lies there is about to be changed below.
    void keep(Range range) {
        const std::lock_guard lock(mutex_);
        if (lost_ || range.offset >= size_) return;
        range.length = std::min(range.length, size_ - range.offset);
        if (range.length == 0) return;
        const std::uint64_t end = (range.offset + range.length - 1) / piece_size + 1;
        for (std::uint64_t index = range.offset / piece_size; index < end; ++index)
            if (const auto piece = piece_of(index); !piece) return lose(piece.error());
    }
    /// The device below is about to become smaller.
    void cut() {
        const std::lock_guard lock(mutex_);
        lose(Error(std::errc::no_buffer_space, "it became smaller"));
    }

    Geometry geometry() const override { return {size_, alignment_, true}; }

    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override {
        const std::shared_lock lock(mutex_);
        QUIRE_TRY(check(offset, memory.size()));
        QUIRE_TRY(base_->read(offset, memory));
        const std::uint64_t end = offset + memory.size();
        for (auto at = pieces_.lower_bound(offset / piece_size);
             at != pieces_.end() && at->first * piece_size < end; ++at) {
            const std::uint64_t start = at->first * piece_size;
            const std::uint64_t from = std::max(start, offset);
            const std::uint64_t to = std::min({start + piece_size, end, size_});
            if (from < to)
                std::memcpy(&memory[from - offset], at->second.get() + (from - start), to - from);
        }
        return {};
    }

    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override {
        const std::lock_guard lock(mutex_);
        QUIRE_TRY(check(offset, memory.size()));
        while (!memory.empty()) {
            const std::uint64_t inside = offset % piece_size;
            const auto now =
                memory.first(std::min<std::uint64_t>(memory.size(), piece_size - inside));
            QUIRE_TRY_ASSIGN(std::byte* const piece, piece_of(offset / piece_size));
            std::memcpy(piece + inside, now.data(), now.size());
            memory = memory.subspan(now.size());
            offset += now.size();
        }
        return {};
    }

    Result<void> flush() override { return {}; }

    Result<Range> next_data(std::uint64_t offset) override {
        const std::shared_lock lock(mutex_);
        QUIRE_TRY(check(offset, 0));
        QUIRE_TRY_ASSIGN(Range below, base_->next_data(offset));
        if (below.offset >= size_) below = {size_, 0};
        below.length = std::min(below.length, size_ - below.offset);
        const auto at = pieces_.lower_bound(offset / piece_size);
        if (at == pieces_.end()) return below;
        const std::uint64_t start = std::max(at->first * piece_size, offset);
        if (start >= size_ || (below.length > 0 && below.offset <= start)) return below;
        return Range{start, std::min((at->first + 1) * piece_size, size_) - start};
    }

    std::string describe() const override { return base_->describe(); }

private:
    using Piece = std::unique_ptr<std::byte[]>;

    Result<void> check(std::uint64_t offset, std::uint64_t length) const {
        if (lost_) return fail(*lost_);
        return check_range(offset, length, size_);
    }

    /// Here from now on, as it is below, if it was not here before.
    Result<std::byte*> piece_of(std::uint64_t index) {
        const auto place = pieces_.lower_bound(index);
        if (place != pieces_.end() && place->first == index) return place->second.get();
        if ((*kept_ += piece_size) > budget_) {
            *kept_ -= piece_size;
            return fail(std::errc::no_buffer_space,
                        fmt::format("more than {} bytes would have to be kept", budget_));
        }
        auto piece = std::make_unique<std::byte[]>(piece_size);
        const std::uint64_t start = index * piece_size;
        if (auto read = base_->read(start, {piece.get(), std::min(piece_size, size_ - start)});
            !read) {
            *kept_ -= piece_size;
            return std::unexpected(std::move(read).error());
        }
        return pieces_.emplace_hint(place, index, std::move(piece))->second.get();
    }

    void lose(const Error& why) {
        give_back();
        lost_ = Error(std::errc::no_buffer_space,
                      fmt::format("{} has changed too much since this snapshot of it: {}",
                                  base_->describe(), why.message()));
    }

    void give_back() {
        *kept_ -= pieces_.size() * piece_size;
        pieces_.clear();
    }

    const std::shared_ptr<Device> base_;
    const std::uint64_t budget_;
    const std::shared_ptr<std::atomic<std::uint64_t>> kept_;
    const std::uint32_t alignment_;
    const std::uint64_t size_;
    std::shared_mutex mutex_;
    std::map<std::uint64_t, Piece> pieces_;
    std::optional<Error> lost_;
};

SnapshotDevice::SnapshotDevice(std::shared_ptr<Device> base, std::uint64_t budget)
    : base_(std::move(base)),
      budget_(budget),
      kept_(std::make_shared<std::atomic<std::uint64_t>>(0)) {}

std::shared_ptr<SnapshotDevice> SnapshotDevice::over(std::shared_ptr<Device> base,
                                                     std::uint64_t budget) {
    return std::make_shared<SnapshotDevice>(std::move(base), budget);
}

std::shared_ptr<Device> SnapshotDevice::snapshot() {
    const std::lock_guard lock(changing_);
    std::erase_if(snapshots_, [](const auto& one) { return one.expired(); });
    auto taken = std::make_shared<Snapshot>(base_, budget_, kept_);
    snapshots_.push_back(taken);
    return taken;
}

void SnapshotDevice::keep(Range range) {
    for (const auto& one : snapshots_)
        if (const auto snapshot = one.lock()) snapshot->keep(range);
}

Result<void> SnapshotDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    const std::shared_lock lock(changing_);
    keep({offset, memory.size()});
    return base_->write(offset, memory);
}

Result<void> SnapshotDevice::write_runs(std::span<const WriteRun> runs) {
    const std::shared_lock lock(changing_);
    for (const WriteRun& run : runs) keep({run.offset, run.memory.size()});
    return base_->write_runs(runs);
}

Result<void> SnapshotDevice::discard(Range range) {
    const std::shared_lock lock(changing_);
    keep(range);
    return base_->discard(range);
}

Result<void> SnapshotDevice::zero(Range range) {
    const std::shared_lock lock(changing_);
    keep(range);
    return base_->zero(range);
}

Result<void> SnapshotDevice::resize(std::uint64_t size) {
    const std::lock_guard lock(changing_);
    if (size < base_->geometry().size)
        for (const auto& one : snapshots_)
            if (const auto snapshot = one.lock()) snapshot->cut();
    return base_->resize(size);
}

}  // namespace quire::block
