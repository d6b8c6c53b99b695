// SPDX-License-Identifier: MIT

#include "quire/block/file_device.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "file_facts.hpp"
#include "file_transfer.hpp"

namespace quire::block {

namespace {

constexpr auto largest_offset = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());

template <typename Run>
Result<void> check_runs(std::span<const Run> runs, std::uint64_t size) {
    for (const Run& run : runs) QUIRE_TRY(check_range(run.offset, run.memory.size(), size));
    return {};
}

/// fallocate, continued when a signal interrupts it. Returns 0 or the error number.
int allocate(int fd, int mode, Range range) {
    while (::fallocate(fd, mode, static_cast<off_t>(range.offset),
                       static_cast<off_t>(range.length)) != 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

bool not_supported(int error) {
    return error == EOPNOTSUPP || error == ENOSYS || error == ENOTTY || error == EINVAL;
}

/// The part of a range that is made of whole blocks; its length is 0 when there is none.
Range whole_blocks(Range range, std::uint64_t block) {
    const std::uint64_t begin = (range.offset + block - 1) & ~(block - 1);
    const std::uint64_t end = (range.offset + range.length) & ~(block - 1);
    return {begin, end > begin ? end - begin : 0};
}

}  // namespace

FileDevice::FileDevice(UniqueFd fd, std::string name, const FileFacts& facts, bool writable)
    : fd_(std::move(fd)),
      name_(std::move(name)),
      identity_(facts.identity),
      writable_(writable),
      alignment_(facts.preferred_alignment),
      size_(facts.size),
      transfer_(std::make_unique<FileTransfer>(fd_.get(), name_, facts.direct, facts.alignment)) {}

FileDevice::~FileDevice() = default;

Geometry FileDevice::geometry() const {
    return {size_, alignment_, writable_};
}

bool FileDevice::direct() const {
    return transfer_->direct();
}

Result<UniqueFd> FileDevice::descriptor() const {
    UniqueFd fd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
    if (!fd) return fail_errno(name_);
    return fd;
}

Result<void> FileDevice::check_writable() const {
    if (writable_) return {};
    return fail(std::errc::read_only_file_system, name_ + " is open for reading only");
}

Result<void> FileDevice::read(std::uint64_t offset, std::span<std::byte> memory) {
    const ReadRun run{offset, memory};
    return read_runs({&run, 1});
}

Result<void> FileDevice::write(std::uint64_t offset, std::span<const std::byte> memory) {
    const WriteRun run{offset, memory};
    return write_runs({&run, 1});
}

Result<void> FileDevice::read_runs(std::span<const ReadRun> runs) {
    QUIRE_TRY(check_runs(runs, size_));
    return transfer_->read(runs);
}

Result<void> FileDevice::write_runs(std::span<const WriteRun> runs) {
    QUIRE_TRY(check_writable());
    bool alone = false;
    for (const WriteRun& run : runs)
        alone = alone || transfer_->splits_block(run.offset, run.memory.size());
    std::unique_lock exclusive(gate_, std::defer_lock);
    std::shared_lock shared(gate_, std::defer_lock);
    if (alone)
        exclusive.lock();
    else
        shared.lock();
    QUIRE_TRY(check_runs(runs, size_));
    return transfer_->write(runs);
}

Result<void> FileDevice::flush() {
    const std::lock_guard lock(flush_mutex_);
    if (flush_failure_) return fail(*flush_failure_);
    while (::fdatasync(fd_.get()) != 0) {
        if (errno == EINTR) continue;
        flush_failure_ = Error::from_errno("cannot make what was written to " + name_ + " durable");
        return fail(*flush_failure_);
    }
    return {};
}

Result<void> FileDevice::discard(Range range) {
    QUIRE_TRY(check_writable());
    const std::shared_lock lock(gate_);
    QUIRE_TRY(check_range(range.offset, range.length, size_));
    int error = 0;
    if (identity_.block_special) {
        const Range blocks = whole_blocks(range, alignment_);
        const std::uint64_t request[2] = {blocks.offset, blocks.length};
        if (blocks.length > 0 && ::ioctl(fd_.get(), BLKDISCARD, request) != 0) error = errno;
    } else if (range.length > 0) {
        error = allocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, range);
    }
    if (error == 0 || not_supported(error)) return {};
    return fail(static_cast<std::errc>(error), "cannot discard a part of " + name_);
}

Result<void> FileDevice::zero(Range range) {
    QUIRE_TRY(check_writable());
    if (identity_.block_special) return zero_block_special(range);
    {
        const std::shared_lock lock(gate_);
        QUIRE_TRY(check_range(range.offset, range.length, size_));
        if (range.length == 0) return {};
        int error = allocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, range);
        if (not_supported(error))
            error = allocate(fd_.get(), FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, range);
        if (error == 0) return {};
        if (!not_supported(error))
            return fail(static_cast<std::errc>(error), "cannot zero a part of " + name_);
    }
    return Device::zero(range);
}

Result<void> FileDevice::zero_block_special(Range range) {
    QUIRE_TRY(check_range(range.offset, range.length, size_));
    const Range blocks = whole_blocks(range, alignment_);
    if (blocks.length == 0) return Device::zero(range);
    const std::uint64_t request[2] = {blocks.offset, blocks.length};
    int error = 0;
    {
        const std::shared_lock lock(gate_);
        if (::ioctl(fd_.get(), BLKZEROOUT, request) != 0) error = errno;
    }
    if (not_supported(error)) return Device::zero(range);
    if (error != 0) return fail(static_cast<std::errc>(error), "cannot zero a part of " + name_);
    const std::uint64_t blocks_end = blocks.offset + blocks.length;
    QUIRE_TRY(Device::zero({range.offset, blocks.offset - range.offset}));
    return Device::zero({blocks_end, range.offset + range.length - blocks_end});
}

Result<Range> FileDevice::next_data(std::uint64_t offset) {
    const std::uint64_t size = size_;
    QUIRE_TRY(check_range(offset, 0, size));
    if (identity_.block_special || offset == size) return Range{offset, size - offset};
    const off_t data = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return Range{size, 0};
    if (data < 0 && errno == EINVAL) return Range{offset, size - offset};
    if (data < 0) return fail_errno("cannot find the holes of " + name_);
    const off_t hole = ::lseek(fd_.get(), data, SEEK_HOLE);
    if (hole < 0 && errno != ENXIO) return fail_errno("cannot find the holes of " + name_);
    // Another program may have changed the file between the two calls, or grown it.
    const std::uint64_t begin = std::min(static_cast<std::uint64_t>(data), size);
    const std::uint64_t end = hole < 0 ? size : std::min(static_cast<std::uint64_t>(hole), size);
    return Range{begin, end > begin ? end - begin : 0};
}

Result<void> FileDevice::resize(std::uint64_t size) {
    QUIRE_TRY(check_writable());
    if (identity_.block_special) return Device::resize(size);
    if (size > largest_offset) return fail(std::errc::file_too_large, name_ + " can't be so large");
    const std::unique_lock lock(gate_);
    // Past the cache, the last piece of a file whose size is no multiple of a block can't be moved.
    if (transfer_->splits_block(0, size)) transfer_->stop_direct();
    while (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) {
        if (errno != EINTR) return fail_errno("cannot change the size of " + name_);
    }
    size_ = size;
    return {};
}

}  // namespace quire::block
