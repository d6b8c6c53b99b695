// SPDX-License-Identifier: MIT

#include "quire/memory/segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "quire/base/units.hpp"

// Newer than the headers of some systems.
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace quire::paging {

namespace {

constexpr std::uint64_t huge_page = 2 * MiB;
constexpr std::uint64_t page = 4 * KiB;

}  // namespace

Result<std::byte*> map_aligned(int fd, std::uint64_t size, int protection) {
    // Room to choose from; what is too much goes back.
    const std::uint64_t slack = size >= huge_page ? huge_page : 0;
    void* const room = ::mmap(nullptr, size + slack, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED) return fail_errno();
    auto* const start = static_cast<std::byte*>(room);
    const std::uint64_t before =
        slack == 0 ? 0
                   : (huge_page - reinterpret_cast<std::uintptr_t>(start) % huge_page) % huge_page;
    std::byte* const place = start + before;
    if (::mmap(place, size, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
        const int error = errno;
        ::munmap(room, size + slack);
        return fail(std::errc(error));
    }
    if (before > 0) ::munmap(start, before);
    if (slack > before) ::munmap(place + size, slack - before);
    return place;
}

Result<std::unique_ptr<Segment>> Segment::create(std::uint64_t size, Kind kind) {
    UniqueFd fd(::memfd_create("quire-segment", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return fail_errno();
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return fail_errno();
    QUIRE_TRY_ASSIGN(std::byte* const data, map_aligned(fd.get(), size, PROT_READ | PROT_WRITE));
    std::unique_ptr<Segment> segment(new Segment(std::move(fd), data, size));
    const int against_writing = kind == Kind::sealed ? F_SEAL_FUTURE_WRITE : 0;
    if (::fcntl(segment->fd(), F_ADD_SEALS,
                against_writing | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return fail(std::errc::function_not_supported,
                    "memory cannot be sealed against writing (F_SEAL_FUTURE_WRITE)");
    return segment;
}

Segment::Segment(UniqueFd fd, std::byte* data, std::uint64_t size)
    : fd_(std::move(fd)),
      data_(data),
      size_(size),
      populated_((size + huge_page - 1) / huge_page) {}

Segment::~Segment() {
    ::munmap(data_, size_);
}

Result<void> Segment::populate(std::uint64_t offset, std::uint64_t length) {
    if (length == 0) return {};
    const std::scoped_lock lock(mutex_);
    for (std::uint64_t part = offset / huge_page; part * huge_page < offset + length; ++part) {
        if (populated_[part]) continue;
        const std::uint64_t start = part * huge_page;
        QUIRE_TRY(populate_part(start, std::min(size_ - start, huge_page)));
        populated_[part] = true;
    }
    return {};
}

Result<void> Segment::populate_part(std::uint64_t offset, std::uint64_t length) {
    std::byte* const start = data_ + offset;
    // A huge page is made from one that is there; where there is none to be had, small ones do.
    if (length == huge_page && ::madvise(start, page, MADV_POPULATE_WRITE) == 0)
        (void)::madvise(start, huge_page, MADV_COLLAPSE);
    if (::madvise(start, length, MADV_POPULATE_WRITE) == 0) return {};
    if (errno != EINVAL) return fail(std::errc::not_enough_memory);
    // Before Linux 5.14. The memory of a memfd can be asked for without touching it.
    if (::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length)) != 0)
        return fail(std::errc::not_enough_memory);
    return {};
}

}  // namespace quire::paging
