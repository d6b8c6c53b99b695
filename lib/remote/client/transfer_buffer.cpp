// SPDX-License-Identifier: MIT

#include "client/transfer_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "mapping.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::remote {

namespace {

static_assert(TransferBuffer::units == 32);

/// How often is looked whether calls that nobody waits for have been answered.
constexpr std::chrono::milliseconds glance(5);

constexpr std::uint32_t bits_of(std::size_t first, std::size_t count) {
    return static_cast<std::uint32_t>(((std::uint64_t{1} << count) - 1) << first);
}

}  // namespace

struct TransferBuffer::State : std::enable_shared_from_this<State> {
    State(Announce its_announce, std::function<void()> its_look)
        : announce(std::move(its_announce)), look(std::move(its_look)) {}

    Result<void> make();
    Result<void> make_locked(std::unique_lock<std::mutex>& lock);
    std::shared_ptr<Slice> find_locked(std::size_t count);
    void give_back(std::size_t first, std::size_t count);

    const Announce announce;
    const std::function<void()> look;
    // Of who is making, and then for good.
    UniqueFd memory;
    std::shared_ptr<const Mapping> mapping;

    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    bool made = false;
    bool making = false;
    std::optional<Error> impossible;
    std::uint32_t taken = 0;  // a bit for each unit
};

TransferBuffer::Slice::Slice(std::shared_ptr<State> state, std::size_t first, std::size_t count)
    : state_(std::move(state)), first_(first), count_(count) {}

TransferBuffer::Slice::~Slice() {
    state_->give_back(first_, count_);
}

std::span<std::byte> TransferBuffer::Slice::bytes() const {
    return {state_->mapping->data() + offset(), count_ * unit};
}

void TransferBuffer::State::give_back(std::size_t first, std::size_t count) {
    {
        const std::scoped_lock lock(mutex);
        taken &= ~bits_of(first, count);
    }
    changed.notify_all();
}

std::shared_ptr<TransferBuffer::Slice> TransferBuffer::State::find_locked(std::size_t count) {
    for (std::size_t first = 0; first + count <= units; ++first) {
        if ((taken & bits_of(first, count)) != 0) continue;
        auto slice = std::make_shared<Slice>(shared_from_this(), first, count);
        taken |= bits_of(first, count);
        return slice;
    }
    return nullptr;
}

// All pages are there from the beginning: what cannot be had is an error here, and no signal later.
// The memory stays the same when the server is told again: it may yet do what it was told before.
Result<void> TransferBuffer::State::make() {
    if (!mapping) {
        UniqueFd fresh(::memfd_create("quire-transfer", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (!fresh) return fail_errno();
        while (::fallocate(fresh.get(), 0, 0, size) != 0)
            if (errno != EINTR) return fail_errno();
        if (::fcntl(fresh.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0) return fail_errno();
        QUIRE_TRY_ASSIGN(mapping, Mapping::map(fresh.get(), size, true));
        memory = std::move(fresh);
    }
    UniqueFd theirs(::fcntl(memory.get(), F_DUPFD_CLOEXEC, 0));
    if (!theirs) return fail_errno();
    return announce(ipc::Memory(std::move(theirs), size, true));
}

Result<void> TransferBuffer::State::make_locked(std::unique_lock<std::mutex>& lock) {
    if (impossible) return fail(*impossible);
    if (made) return {};
    making = true;
    lock.unlock();
    const Result<void> result = make();
    lock.lock();
    making = false;
    made = result.has_value();
    // Who gave up is no reason for others not to try again.
    if (!result && result.error() != std::errc::timed_out &&
        result.error() != std::errc::operation_canceled)
        impossible = result.error();
    changed.notify_all();
    return result;
}

TransferBuffer::TransferBuffer(Announce announce, std::function<void()> look)
    : state_(std::make_shared<State>(std::move(announce), std::move(look))) {}

std::shared_ptr<TransferBuffer::Slice> TransferBuffer::take(std::size_t bytes) {
    std::unique_lock lock(state_->mutex);
    if (state_->making || !state_->make_locked(lock)) return nullptr;
    for (std::size_t count = (std::min(bytes, largest_slice) + unit - 1) / unit; count > 0;
         count /= 2)
        if (auto slice = state_->find_locked(count)) return slice;
    return nullptr;
}

Result<std::shared_ptr<TransferBuffer::Slice>> TransferBuffer::wait_for(const ipc::Call& call,
                                                                        std::size_t bytes) {
    const std::size_t count = std::max<std::size_t>((bytes + unit - 1) / unit, 1);
    std::unique_lock lock(state_->mutex);
    while (true) {
        if (!state_->making) {
            QUIRE_TRY(state_->make_locked(lock));
            if (auto slice = state_->find_locked(count)) return slice;
        }
        if (call.expired()) return fail(std::errc::timed_out);
        if (call.cancelled()) return fail(std::errc::operation_canceled);
        state_->changed.wait_for(lock, glance);
        lock.unlock();
        state_->look();
        lock.lock();
    }
}

}  // namespace quire::remote
