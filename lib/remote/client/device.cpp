// SPDX-License-Identifier: MIT

#include "quire/remote/device.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "client/transfer_buffer.hpp"

namespace quire::remote {

namespace {

// Nobody gives a device a deadline.
const ipc::Call& patiently() {
    static const ipc::Call call = ipc::Call::forever();
    return call;
}

constexpr std::size_t runs_in_a_message = 1024;
constexpr std::uint32_t largest_alignment = 1U << 20U;

/// Goes through runs piece by piece, each as long as there is room.
template <typename Run>
class Pieces {
public:
    explicit Pieces(std::span<const Run> runs) : runs_(runs) { skip_empty(); }

    bool done() const { return runs_.empty(); }
    Run take(std::size_t most) {
        const Run& run = runs_.front();
        const std::size_t length = std::min(most, run.memory.size() - done_);
        const Run piece{run.offset + done_, run.memory.subspan(done_, length)};
        done_ += length;
        skip_empty();
        return piece;
    }

private:
    void skip_empty() {
        while (!runs_.empty() && done_ == runs_.front().memory.size()) {
            runs_ = runs_.subspan(1);
            done_ = 0;
        }
    }

    std::span<const Run> runs_;
    std::size_t done_ = 0;
};

template <typename Run>
std::size_t total(std::span<const Run> runs) {
    std::size_t bytes = 0;
    for (const Run& run : runs) bytes += run.memory.size();
    return bytes;
}

template <typename Run>
constexpr bool writes = std::is_same_v<Run, block::WriteRun>;

}  // namespace

Result<std::unique_ptr<Device>> Device::open(ipc::Cap<protocols::Block> block) {
    QUIRE_TRY_ASSIGN(auto found, block->geometry(patiently()));
    const protocols::Geometry& geometry = found.geometry;
    if (!std::has_single_bit(geometry.preferred_alignment) ||
        geometry.preferred_alignment > largest_alignment)
        return fail(std::errc::io_error, "a block server describes an impossible device");
    return std::unique_ptr<Device>(new Device(
        std::move(block), {geometry.size, geometry.preferred_alignment, geometry.writable},
        std::move(found.description)));
}

Device::Device(ipc::Cap<protocols::Block> block, const block::Geometry& geometry,
               std::string description)
    : block_(std::move(block)),
      geometry_(geometry),
      description_(std::move(description)),
      size_(geometry.size),
      buffer_(std::make_unique<TransferBuffer>(
          [cap = block_](ipc::Memory memory) {
              return cap->set_buffer(patiently(), std::move(memory));
          },
          [cap = block_] {
              if (const auto* remote = cap->remote()) remote->take_late_replies();
          })) {}

Device::~Device() = default;

block::Geometry Device::geometry() const {
    block::Geometry geometry = geometry_;
    geometry.size = size_;
    return geometry;
}

Result<void> Device::check_writable() const {
    if (!geometry_.writable) return fail(std::errc::read_only_file_system);
    return {};
}

// The server checks too; this is so that a transfer in several messages is not begun in vain.
template <typename Run>
Result<void> Device::check(std::span<const Run> runs) const {
    if constexpr (writes<Run>) QUIRE_TRY(check_writable());
    for (const Run& run : runs) QUIRE_TRY(block::check_range(run.offset, run.memory.size(), size_));
    return {};
}

template <typename Run>
Result<void> Device::transfer_in_message(const Run& piece) {
    if constexpr (writes<Run>) {
        return block_->write(patiently(), piece.offset, piece.memory);
    } else {
        QUIRE_TRY_ASSIGN(const auto content,
                         block_->read(patiently(), piece.offset,
                                      static_cast<std::uint32_t>(piece.memory.size())));
        if (content.size() != piece.memory.size())
            return fail(std::errc::io_error,
                        "a block server sent another length than it was asked");
        std::ranges::copy(content, piece.memory.begin());
        return {};
    }
}

template <typename Run>
Result<void> Device::transfer(std::span<const Run> runs) {
    QUIRE_TRY(check(runs));
    Pieces<Run> pieces(runs);
    std::size_t left = total(runs);
    std::vector<Run> sent;
    std::vector<protocols::BlockRun> message;
    while (!pieces.done()) {
        const bool fits_a_message = left <= protocols::content_limit && runs.size() == 1;
        const auto slice = fits_a_message ? nullptr : buffer_->take(left);
        if (!slice) {
            const Run piece = pieces.take(protocols::content_limit);
            QUIRE_TRY(transfer_in_message(piece));
            left -= piece.memory.size();
            continue;
        }
        const std::span<std::byte> shared = slice->bytes();
        sent.clear();
        message.clear();
        std::size_t used = 0;
        while (!pieces.done() && used < shared.size() && message.size() < runs_in_a_message) {
            const Run piece = pieces.take(shared.size() - used);
            if constexpr (writes<Run>)
                std::ranges::copy(piece.memory, shared.subspan(used).begin());
            message.push_back({piece.offset, piece.memory.size(), slice->offset() + used});
            sent.push_back(piece);
            used += piece.memory.size();
        }
        Result<void> done;
        if constexpr (writes<Run>) {
            done = block_->write_runs(patiently().lending(slice), message);
        } else {
            done = block_->read_runs(patiently().lending(slice), message);
        }
        if (!done) return done;
        if constexpr (!writes<Run>) {
            std::size_t place = 0;
            for (const Run& piece : sent) {
                std::ranges::copy(shared.subspan(place, piece.memory.size()), piece.memory.begin());
                place += piece.memory.size();
            }
        }
        left -= used;
    }
    return {};
}

Result<void> Device::read(std::uint64_t offset, std::span<std::byte> memory) {
    const block::ReadRun run{offset, memory};
    return transfer(std::span(&run, 1));
}

Result<void> Device::write(std::uint64_t offset, std::span<const std::byte> memory) {
    const block::WriteRun run{offset, memory};
    return transfer(std::span(&run, 1));
}

Result<void> Device::read_runs(std::span<const block::ReadRun> runs) {
    return transfer(runs);
}

Result<void> Device::write_runs(std::span<const block::WriteRun> runs) {
    return transfer(runs);
}

Result<void> Device::flush() {
    return block_->flush(patiently());
}

Result<void> Device::discard(block::Range range) {
    return block_->discard(patiently(), {range.offset, range.length});
}

Result<void> Device::zero(block::Range range) {
    return block_->zero(patiently(), {range.offset, range.length});
}

Result<block::Range> Device::next_data(std::uint64_t offset) {
    QUIRE_TRY_ASSIGN(const protocols::Range found, block_->next_data(patiently(), offset));
    if (found.offset < offset || !block::check_range(found.offset, found.length, size_))
        return fail(std::errc::io_error, "a block server found data where there is nothing");
    return block::Range{found.offset, found.length};
}

Result<void> Device::resize(std::uint64_t size) {
    QUIRE_TRY(block_->resize(patiently(), size));
    size_ = size;
    return {};
}

}  // namespace quire::remote
