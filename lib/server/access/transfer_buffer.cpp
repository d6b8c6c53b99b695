// SPDX-License-Identifier: MIT

#include "access/transfer_buffer.hpp"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>

#include "quire/base/units.hpp"

namespace quire::server {

namespace {

constexpr std::uint64_t largest_buffer = 64 * MiB;
/// The kernel counts mappings, not bytes.
constexpr std::uint64_t least_charge = MiB;

std::uint64_t charge_for(std::uint64_t size) {
    return std::max(size, least_charge);
}

}  // namespace

Result<std::shared_ptr<TransferBuffer>> TransferBuffer::map(const ipc::Memory& memory,
                                                            std::shared_ptr<Account> account,
                                                            std::shared_ptr<Allowance> buffers) {
    const std::uint64_t size = memory.size();
    if (size == 0 || size > largest_buffer || !memory.writable())
        return fail(std::errc::invalid_argument,
                    "a transfer buffer is memory for writing of at most 64 MiB");
    // Only what cannot shrink never faults. Huge pages are sealed too, and fault all the same when
    // there are none left.
    struct statfs found{};
    struct stat facts{};
    if (!memory.require_fixed_size() || ::fstatfs(memory.fd(), &found) != 0 ||
        found.f_type != TMPFS_MAGIC || ::fstat(memory.fd(), &facts) != 0 ||
        static_cast<std::uint64_t>(facts.st_size) < size)
        return fail(std::errc::invalid_argument,
                    "a transfer buffer is a memfd that is sealed against shrinking");

    std::shared_ptr<TransferBuffer> buffer(new TransferBuffer());
    if (!buffers->take(1)) return fail(std::errc(EDQUOT), "the server has too many buffers");
    buffer->buffers_ = std::move(buffers);
    if (!account->buffer_bytes.take(charge_for(size)))
        return fail(std::errc(EDQUOT), "the client has too much memory in buffers");
    buffer->account_ = std::move(account);
    buffer->size_ = size;
    void* const place = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd(), 0);
    if (place == MAP_FAILED) return fail_errno("the transfer buffer cannot be mapped");
    buffer->memory_ = static_cast<std::byte*>(place);
    return buffer;
}

TransferBuffer::~TransferBuffer() {
    if (memory_ != nullptr) ::munmap(memory_, size_);
    if (account_) account_->buffer_bytes.give_back(charge_for(size_));
    if (buffers_) buffers_->give_back(1);
}

Result<std::span<std::byte>> TransferBuffer::part(std::uint64_t offset,
                                                  std::uint64_t length) const {
    if (length > size_ || offset > size_ - length)
        return fail(std::errc::invalid_argument, "this is not inside the transfer buffer");
    return std::span(memory_ + offset, length);
}

void BufferPlace::put(std::shared_ptr<TransferBuffer> buffer) {
    const std::lock_guard lock(mutex_);
    buffer_.swap(buffer);  // the one before ends after the lock
}

std::shared_ptr<TransferBuffer> BufferPlace::get() const {
    const std::lock_guard lock(mutex_);
    return buffer_;
}

}  // namespace quire::server
