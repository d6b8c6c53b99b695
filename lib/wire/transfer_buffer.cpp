// SPDX-License-Identifier: MIT

#include "quire/wire/transfer_buffer.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>

namespace quire::wire {

namespace {

/// The kernel counts mappings, not bytes.
constexpr std::uint64_t least_charge = std::uint64_t{1} << 20U;

// Pages of a hugetlbfs file can be taken out, and then there may be none to put in: touching them
// would end this process. Sealed tmpfs memory has no such hole.
Result<void> check_client_memory(const ipc::Memory& memory) {
    const auto refuse = [](const char* why) { return fail(std::errc::invalid_argument, why); };
    if (!memory || memory.size() == 0 || memory.size() > TransferBuffer::largest)
        return refuse("a transfer buffer has 1 byte to 64 MiB");
    struct stat status{};
    struct statfs filesystem{};
    if (::fstat(memory.fd(), &status) != 0 || ::fstatfs(memory.fd(), &filesystem) != 0)
        return fail_errno();
    if (!S_ISREG(status.st_mode) || filesystem.f_type != TMPFS_MAGIC)
        return refuse("a transfer buffer is a memfd of common pages");
    if (!memory.require_fixed_size())
        return refuse("a transfer buffer is sealed against shrinking");
    // Asked after the seals: from there on it cannot become less.
    if (::fstat(memory.fd(), &status) != 0) return fail_errno();
    if (std::cmp_not_equal(status.st_size, memory.size()))
        return refuse("a transfer buffer has the size that was said");
    return {};
}

}  // namespace

/// Memory of the client that is mapped, and charged, as long as this lives.
struct TransferBuffer::Region {
    explicit Region(std::shared_ptr<Account> its_account) : account(std::move(its_account)) {}
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;
    ~Region() {
        if (data != nullptr) ::munmap(data, size);
        account->buffer_bytes.give_back(charged_bytes);
        account->buffers->give_back(charged_buffers);
    }

    Result<void> charge(std::uint64_t bytes) {
        if (!account->buffers->take(1))
            return fail(std::errc(EDQUOT), "the server has too many buffers");
        charged_buffers = 1;
        const std::uint64_t amount = std::max(bytes, least_charge);
        if (!account->buffer_bytes.take(amount))
            return fail(std::errc(EDQUOT), "the client has too much memory in buffers");
        charged_bytes = amount;
        return {};
    }

    Result<void> map(const ipc::Memory& memory) {
        writable = memory.writable();
        const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
        void* const place = ::mmap(nullptr, memory.size(), protection, MAP_SHARED, memory.fd(), 0);
        if (place == MAP_FAILED && errno == ENOMEM) return fail_errno();
        if (place == MAP_FAILED)
            return fail(std::errc::invalid_argument, "the transfer buffer cannot be mapped");
        data = static_cast<std::byte*>(place);
        size = memory.size();
        return {};
    }

    const std::shared_ptr<Account> account;
    std::uint64_t charged_bytes = 0;
    std::uint64_t charged_buffers = 0;
    std::byte* data = nullptr;
    std::size_t size = 0;
    bool writable = false;
};

Result<void> TransferBuffer::replace(const ipc::Memory& memory) {
    QUIRE_TRY(check_client_memory(memory));
    auto mapped = std::make_shared<Region>(account_);
    QUIRE_TRY(mapped->charge(memory.size()));
    QUIRE_TRY(mapped->map(memory));
    std::shared_ptr<const Region> region = std::move(mapped);
    const std::scoped_lock lock(mutex_);
    region_.swap(region);  // the one before ends after the lock
    return {};
}

std::shared_ptr<const TransferBuffer::Region> TransferBuffer::get() const {
    const std::scoped_lock lock(mutex_);
    return region_;
}

Result<std::shared_ptr<const TransferBuffer::Region>> TransferBuffer::reach(
    std::uint64_t offset, std::uint64_t length) const {
    auto region = get();
    if (!region) return fail(std::errc::invalid_argument, "there is no transfer buffer");
    if (offset > region->size || length > region->size - offset)
        return fail(std::errc::invalid_argument, "that is outside the transfer buffer");
    return region;
}

Result<Place<const std::byte>> TransferBuffer::source(std::uint64_t offset,
                                                      std::uint64_t length) const {
    QUIRE_TRY_ASSIGN(auto region, reach(offset, length));
    const std::span<const std::byte> all(region->data, region->size);
    return Place<const std::byte>{std::move(region), all.subspan(offset, length)};
}

Result<Place<std::byte>> TransferBuffer::target(std::uint64_t offset, std::uint64_t length) const {
    QUIRE_TRY_ASSIGN(auto region, reach(offset, length));
    if (!region->writable)
        return fail(std::errc::permission_denied, "the transfer buffer is for reading only");
    const std::span<std::byte> all(region->data, region->size);
    return Place<std::byte>{std::move(region), all.subspan(offset, length)};
}

}  // namespace quire::wire
