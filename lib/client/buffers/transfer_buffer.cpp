// SPDX-License-Identifier: MIT

#include "buffers/transfer_buffer.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace quire::client {

namespace {

// Whether the callee may still be at it. Others are its answer, or say that nobody is there.
bool leaves_at_work(const Error& error) {
    return error == std::errc::timed_out || error == std::errc::operation_canceled;
}

}  // namespace

TransferBuffer::~TransferBuffer() {
    unmap();
}

void TransferBuffer::unmap() {
    if (part_ != nullptr) ::munmap(part_, part_size);
    part_ = nullptr;
}

// The pages of the part are there from the beginning: what cannot be had is an error here, and no
// signal later.
Result<void> TransferBuffer::make() {
    if (!memory_) {
        UniqueFd made(::memfd_create("quire-client", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        if (!made || ::fcntl(made.get(), F_ADD_SEALS, F_SEAL_SHRINK) != 0) return fail_errno();
        memory_ = std::move(made);
    }
    const auto start = static_cast<off_t>(lost_ * part_size);
    const auto size = static_cast<off_t>(part_size);
    while (::fallocate(memory_.get(), 0, start, size) != 0)
        if (errno != EINTR) return fail_errno();
    void* const place =
        ::mmap(nullptr, part_size, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), start);
    if (place == MAP_FAILED) return fail_errno();
    part_ = static_cast<std::byte*>(place);
    UniqueFd theirs(::fcntl(memory_.get(), F_DUPFD_CLOEXEC, 0));
    if (!theirs) return fail_errno();
    return announce_(
        ipc::Memory(std::move(theirs), static_cast<std::uint64_t>(start + size), true));
}

std::optional<TransferBuffer::Part> TransferBuffer::part() {
    if (impossible_) return std::nullopt;
    if (part_ == nullptr) {
        const Result<void> made = make();
        if (!made) {
            // Who gave up is told by the message that takes the part's place, and tries again.
            unmap();
            impossible_ = !leaves_at_work(made.error());
            return std::nullopt;
        }
    }
    return Part{lost_ * part_size, {part_, part_size}};
}

void TransferBuffer::used(const Error* error) {
    if (error == nullptr || !leaves_at_work(*error)) return;
    unmap();
    if (++lost_ > most_lost) impossible_ = true;
}

}  // namespace quire::client
