// SPDX-License-Identifier: MIT

#include "buffers/transfer_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace quire::client {

TransferBuffer::~TransferBuffer() {
    if (place_ != nullptr) ::munmap(place_, parts * part_size);
}

// The memory stays the same when the server is told again: it may yet do what it was told before.
Result<void> TransferBuffer::make() {
    if (!memory_) {
        UniqueFd made(::memfd_create("quire-client", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (!made || ::ftruncate(made.get(), parts * part_size) != 0 ||
            ::fcntl(made.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0)
            return fail_errno();
        void* const place =
            ::mmap(nullptr, parts * part_size, PROT_READ | PROT_WRITE, MAP_SHARED, made.get(), 0);
        if (place == MAP_FAILED) return fail_errno();
        place_ = static_cast<std::byte*>(place);
        memory_ = std::move(made);
        QUIRE_TRY(fill(0));
    }
    UniqueFd theirs(::fcntl(memory_.get(), F_DUPFD_CLOEXEC, 0));
    if (!theirs) return fail_errno();
    return announce_(ipc::Memory(std::move(theirs), parts * part_size, true));
}

// The pages are there before they are used: what cannot be had is an error here, and no signal
// later.
Result<void> TransferBuffer::fill(std::size_t number) {
    if (number < filled_) return {};
    while (::fallocate(memory_.get(), 0, static_cast<off_t>(number * part_size), part_size) != 0)
        if (errno != EINTR) return fail_errno();
    filled_ = number + 1;
    return {};
}

std::size_t TransferBuffer::free_part() const {
    std::size_t number = 0;
    while (number < parts && (*lent_)[number].load(std::memory_order_acquire)) ++number;
    return number;
}

std::optional<TransferBuffer::Part> TransferBuffer::part() {
    if (impossible_) return std::nullopt;
    if (!announced_) {
        const Result<void> made = make();
        announced_ = made.has_value();
        // Who gave up is told by the message that takes the part's place, and tries again.
        impossible_ = !made && made.error() != std::errc::timed_out &&
                      made.error() != std::errc::operation_canceled;
        if (!made) return std::nullopt;
    }
    std::size_t number = free_part();
    if (number == parts) {
        look_();
        number = free_part();
    }
    if (number == parts || !fill(number)) return std::nullopt;
    (*lent_)[number].store(true, std::memory_order_relaxed);
    std::shared_ptr<const void> held(place_, [number, lent = lent_](const void*) {
        (*lent)[number].store(false, std::memory_order_release);
    });
    return Part{number * part_size, {place_ + number * part_size, part_size}, std::move(held)};
}

}  // namespace quire::client
