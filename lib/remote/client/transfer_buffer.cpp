// SPDX-License-Identifier: MIT

#include "client/transfer_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace quire::remote {

namespace {

static_assert(TransferBuffer::units == 32);

constexpr std::uint32_t bits_of(std::size_t first, std::size_t count) {
    return static_cast<std::uint32_t>(((std::uint64_t{1} << count) - 1) << first);
}

}  // namespace

TransferBuffer::Slice::~Slice() {
    if (mapping_) owner_.give_back(*this);
}

void TransferBuffer::Slice::used(const Error* error) {
    // Others are the object's answer, or say that nothing was sent or nobody is there.
    if (error != nullptr &&
        (*error == std::errc::timed_out || *error == std::errc::operation_canceled))
        lost_ = true;
}

void TransferBuffer::give_back(const Slice& slice) {
    {
        const std::scoped_lock lock(mutex_);
        --in_use_;
        if (slice.lost_) {
            lost_ += slice.count_;
        } else {
            taken_ &= ~bits_of(slice.first_, slice.count_);
        }
    }
    changed_.notify_all();
}

std::optional<TransferBuffer::Slice> TransferBuffer::find_locked(std::size_t count) {
    for (std::size_t first = 0; first + count <= units; ++first) {
        if ((taken_ & bits_of(first, count)) != 0) continue;
        taken_ |= bits_of(first, count);
        ++in_use_;
        return Slice(*this, start_ + first * unit, first, count, mapping_);
    }
    return std::nullopt;
}

// All pages are there from the beginning: what cannot be had is an error here, and no signal later.
Result<std::shared_ptr<const Mapping>> TransferBuffer::grow(std::size_t length) {
    if (length > most)
        return fail(std::errc::no_buffer_space, "too many calls to this server were given up");
    if (!memory_) {
        memory_.reset(::memfd_create("quire-transfer", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (!memory_ || ::fcntl(memory_.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0)
            return fail_errno();
    }
    while (::fallocate(memory_.get(), 0, static_cast<off_t>(length - size), size) != 0)
        if (errno != EINTR) return fail_errno();
    QUIRE_TRY_ASSIGN(auto mapping, Mapping::map(memory_.get(), length, true));
    UniqueFd theirs(::fcntl(memory_.get(), F_DUPFD_CLOEXEC, 0));
    if (!theirs) return fail_errno();
    QUIRE_TRY(announce_(ipc::Memory(std::move(theirs), length, true)));
    return mapping;
}

Result<void> TransferBuffer::make_locked(std::unique_lock<std::mutex>& lock) {
    if (impossible_) return fail(*impossible_);
    if (mapping_ && (lost_ < units / 2 || in_use_ > 0)) return {};
    // Nobody gets a slice of the new part before the server has said that it knows it.
    making_ = true;
    const std::size_t start = mapping_ ? start_ + size : 0;
    lock.unlock();
    auto grown = grow(start + size);
    lock.lock();
    making_ = false;
    if (grown) {
        mapping_ = *std::move(grown);
        start_ = start;
        taken_ = 0;
        lost_ = 0;
    } else {
        impossible_ = grown.error();
    }
    changed_.notify_all();
    if (impossible_) return fail(*impossible_);
    return {};
}

std::optional<TransferBuffer::Slice> TransferBuffer::take(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    if (making_ || !make_locked(lock)) return std::nullopt;
    for (std::size_t count = (std::min(bytes, largest_slice) + unit - 1) / unit; count > 0;
         count /= 2)
        if (auto slice = find_locked(count)) return slice;
    return std::nullopt;
}

Result<TransferBuffer::Slice> TransferBuffer::wait_for(std::size_t bytes) {
    const std::size_t count = std::max<std::size_t>((bytes + unit - 1) / unit, 1);
    std::unique_lock lock(mutex_);
    while (true) {
        if (!making_) {
            QUIRE_TRY(make_locked(lock));
            if (auto slice = find_locked(count)) return std::move(*slice);
        }
        changed_.wait(lock);
    }
}

}  // namespace quire::remote
