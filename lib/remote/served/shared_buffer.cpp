// SPDX-License-Identifier: MIT

#include "served/shared_buffer.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <utility>

namespace quire::remote {

namespace {

// Pages of a hugetlbfs file can be taken out, and then there may be none to put in: touching them
// would end this process. Sealed tmpfs memory has no such hole.
Result<void> check_client_memory(const ipc::Memory& memory) {
    const auto refuse = [](const char* why) { return fail(std::errc::invalid_argument, why); };
    if (!memory || memory.size() == 0 || memory.size() > SharedBuffer::largest)
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

Result<void> SharedBuffer::replace(const ipc::Memory& memory) {
    QUIRE_TRY(check_client_memory(memory));
    auto mapped =
        Mapping::map(memory.fd(), static_cast<std::size_t>(memory.size()), memory.writable());
    if (!mapped && mapped.error() == std::errc::not_enough_memory) return fail(mapped.error());
    if (!mapped)
        return fail(std::errc::invalid_argument,
                    "a transfer buffer cannot be mapped: " + mapped.error().message());
    std::shared_ptr<const Mapping> mapping = std::move(*mapped);
    const std::scoped_lock lock(mutex_);
    mapping_.swap(mapping);
    return {};
}

Result<std::shared_ptr<const Mapping>> SharedBuffer::reach(std::uint64_t offset,
                                                           std::uint64_t length) const {
    std::shared_ptr<const Mapping> mapping;
    {
        const std::scoped_lock lock(mutex_);
        mapping = mapping_;
    }
    if (!mapping) return fail(std::errc::invalid_argument, "there is no transfer buffer");
    if (offset > mapping->size() || length > mapping->size() - offset)
        return fail(std::errc::invalid_argument, "that is outside the transfer buffer");
    return mapping;
}

Result<Place<const std::byte>> SharedBuffer::source(std::uint64_t offset,
                                                    std::uint64_t length) const {
    QUIRE_TRY_ASSIGN(auto mapping, reach(offset, length));
    const std::span<const std::byte> all(mapping->data(), mapping->size());
    return Place<const std::byte>{std::move(mapping), all.subspan(offset, length)};
}

Result<Place<std::byte>> SharedBuffer::target(std::uint64_t offset, std::uint64_t length) const {
    QUIRE_TRY_ASSIGN(auto mapping, reach(offset, length));
    if (!mapping->writable())
        return fail(std::errc::permission_denied, "the transfer buffer is for reading only");
    const std::span<std::byte> all(mapping->data(), mapping->size());
    return Place<std::byte>{std::move(mapping), all.subspan(offset, length)};
}

}  // namespace quire::remote
