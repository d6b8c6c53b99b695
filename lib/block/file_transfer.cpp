// SPDX-License-Identifier: MIT

#include "file_transfer.hpp"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "quire/base/units.hpp"

namespace quire::block {

namespace {

constexpr std::uint64_t buffer_size = MiB;

struct FreeMemory {
    void operator()(std::byte* memory) const { std::free(memory); }
};
using AlignedBuffer = std::unique_ptr<std::byte[], FreeMemory>;

AlignedBuffer make_buffer(std::size_t alignment, std::size_t size) {
    alignment = std::max(alignment, sizeof(void*));
    return AlignedBuffer(static_cast<std::byte*>(std::aligned_alloc(alignment, size)));
}

std::uint64_t round_down(std::uint64_t value, std::uint64_t unit) {
    return value & ~(unit - 1);
}
std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
    return round_down(value + unit - 1, unit);
}

/// Drops what a system call has moved from the front of the pieces.
std::span<iovec> advance(std::span<iovec> pieces, std::size_t moved) {
    while (!pieces.empty() && moved >= pieces.front().iov_len) {
        moved -= pieces.front().iov_len;
        pieces = pieces.subspan(1);
    }
    if (moved > 0) {
        pieces.front().iov_base = static_cast<std::byte*>(pieces.front().iov_base) + moved;
        pieces.front().iov_len -= moved;
    }
    return pieces;
}

int batch(std::span<iovec> pieces) {
    return static_cast<int>(std::min<std::size_t>(pieces.size(), IOV_MAX));
}

/// Walks along the pieces of a stretch, copying in either direction.
class Cursor {
public:
    explicit Cursor(std::span<const iovec> pieces) : pieces_(pieces) {}

    void copy_out(std::byte* to, std::size_t length) {
        walk(length, [&](std::byte* piece, std::size_t step) {
            std::memcpy(to, piece, step);
            to += step;
        });
    }
    void copy_in(const std::byte* from, std::size_t length) {
        walk(length, [&](std::byte* piece, std::size_t step) {
            std::memcpy(piece, from, step);
            from += step;
        });
    }

private:
    template <typename Copy>
    void walk(std::size_t length, Copy&& copy) {
        while (length > 0) {
            const iovec& piece = pieces_.front();
            const std::size_t step = std::min(length, piece.iov_len - done_);
            copy(static_cast<std::byte*>(piece.iov_base) + done_, step);
            length -= step;
            done_ += step;
            if (done_ == piece.iov_len) {
                pieces_ = pieces_.subspan(1);
                done_ = 0;
            }
        }
    }

    std::span<const iovec> pieces_;
    std::size_t done_ = 0;
};

// preadv and pwritev share iovec, which has no const; a write never changes what it points to.
iovec piece_of(std::span<const std::byte> memory) {
    return {const_cast<std::byte*>(memory.data()), memory.size()};
}

}  // namespace

FileTransfer::FileTransfer(int fd, std::string name, bool direct, DirectAlignment alignment)
    : fd_(fd), name_(std::move(name)), direct_(direct), alignment_(alignment) {}

template <typename Run, typename Move>
Result<void> FileTransfer::for_each_stretch(std::span<const Run> runs, Move&& move) {
    if (runs.size() == 1) {
        iovec piece = piece_of(runs[0].memory);
        const Stretch single{runs[0].offset, piece.iov_len, {&piece, 1}};
        return single.length == 0 ? Result<void>() : move(single);
    }
    std::vector<const Run*> sorted;
    sorted.reserve(runs.size());
    for (const Run& run : runs)
        if (!run.memory.empty()) sorted.push_back(&run);
    // Of runs at the same place the last one given is written last.
    std::ranges::sort(sorted, [](const Run* one, const Run* other) {
        return one->offset != other->offset ? one->offset < other->offset : one < other;
    });

    std::vector<iovec> pieces;
    pieces.reserve(sorted.size());
    for (std::size_t at = 0; at < sorted.size();) {
        const std::uint64_t begin = sorted[at]->offset;
        std::uint64_t end = begin;
        pieces.clear();
        for (; at < sorted.size() && sorted[at]->offset == end; ++at) {
            pieces.push_back(piece_of(sorted[at]->memory));
            end += pieces.back().iov_len;
        }
        QUIRE_TRY(move(Stretch{begin, end - begin, pieces}));
    }
    return {};
}

Result<void> FileTransfer::read(std::span<const ReadRun> runs) {
    return for_each_stretch(runs, [this](const Stretch& stretch) { return read_stretch(stretch); });
}

Result<void> FileTransfer::write(std::span<const WriteRun> runs) {
    return for_each_stretch(runs,
                            [this](const Stretch& stretch) { return write_stretch(stretch); });
}

bool FileTransfer::splits_block(std::uint64_t offset, std::uint64_t length) const {
    return direct_ && ((offset | (offset + length)) & (alignment_.offset - 1)) != 0;
}

void FileTransfer::stop_direct() {
    // The flag goes first: whoever sees direct_ false relies on requests of any shape. Where the
    // host keeps the flag, it refuses what is not aligned and that refusal is reported.
    if (const int flags = ::fcntl(fd_, F_GETFL); flags >= 0)
        (void)::fcntl(fd_, F_SETFL, flags & ~O_DIRECT);
    direct_ = false;
}

bool FileTransfer::aligned(const Stretch& stretch) const {
    if (((stretch.offset | stretch.length) & (alignment_.offset - 1)) != 0) return false;
    return std::ranges::all_of(stretch.pieces, [this](const iovec& piece) {
        return (reinterpret_cast<std::uintptr_t>(piece.iov_base) & (alignment_.memory - 1)) == 0 &&
               (piece.iov_len & (alignment_.offset - 1)) == 0;
    });
}

Result<void> FileTransfer::read_stretch(const Stretch& stretch) {
    if (direct_ && !aligned(stretch)) return read_through_buffer(stretch);
    return read_fully(stretch.offset, stretch.pieces);
}

Result<void> FileTransfer::write_stretch(const Stretch& stretch) {
    if (direct_ && !aligned(stretch)) return write_through_buffer(stretch);
    return write_fully(stretch.offset, stretch.pieces);
}

Result<void> FileTransfer::read_through_buffer(const Stretch& stretch) {
    const std::uint64_t unit = alignment_.offset;
    const std::uint64_t end = stretch.offset + stretch.length;
    const std::uint64_t span = round_up(end, unit) - round_down(stretch.offset, unit);
    const std::uint64_t capacity = std::min(span, buffer_size);
    const AlignedBuffer buffer = make_buffer(std::max<std::size_t>(alignment_.memory, unit),
                                             static_cast<std::size_t>(capacity));
    if (!buffer) return fail(std::errc::not_enough_memory);

    Cursor cursor(stretch.pieces);
    for (std::uint64_t at = stretch.offset; at < end;) {
        const std::uint64_t begin = round_down(at, unit);
        const std::uint64_t window = std::min(capacity, round_up(end, unit) - begin);
        iovec piece{buffer.get(), window};
        QUIRE_TRY(read_fully(begin, {&piece, 1}));
        const std::uint64_t step = std::min(begin + window, end) - at;
        cursor.copy_in(buffer.get() + (at - begin), step);
        at += step;
    }
    return {};
}

Result<void> FileTransfer::write_through_buffer(const Stretch& stretch) {
    const std::uint64_t unit = alignment_.offset;
    const std::uint64_t end = stretch.offset + stretch.length;
    const std::uint64_t span = round_up(end, unit) - round_down(stretch.offset, unit);
    const std::uint64_t capacity = std::min(span, buffer_size);
    const AlignedBuffer buffer = make_buffer(std::max<std::size_t>(alignment_.memory, unit),
                                             static_cast<std::size_t>(capacity));
    if (!buffer) return fail(std::errc::not_enough_memory);

    Cursor cursor(stretch.pieces);
    for (std::uint64_t at = stretch.offset; at < end;) {
        const std::uint64_t begin = round_down(at, unit);
        const std::uint64_t window = std::min(capacity, round_up(end, unit) - begin);
        const std::uint64_t step = std::min(begin + window, end) - at;
        auto read_block = [&](std::uint64_t block) {
            iovec piece{buffer.get() + (block - begin), unit};
            return read_fully(block, {&piece, 1});
        };
        const std::uint64_t last_block = begin + window - unit;
        const bool splits_last = at + step < begin + window;
        if (at > begin) QUIRE_TRY(read_block(begin));
        if (splits_last && (at == begin || last_block != begin)) QUIRE_TRY(read_block(last_block));
        cursor.copy_out(buffer.get() + (at - begin), step);
        iovec piece{buffer.get(), window};
        QUIRE_TRY(write_fully(begin, {&piece, 1}));
        at += step;
    }
    return {};
}

Result<void> FileTransfer::read_fully(std::uint64_t offset, std::span<iovec> pieces) {
    while (!pieces.empty()) {
        const bool was_direct = direct_;
        const ssize_t moved =
            ::preadv(fd_, pieces.data(), batch(pieces), static_cast<off_t>(offset));
        if (moved > 0) {
            offset += static_cast<std::uint64_t>(moved);
            pieces = advance(pieces, static_cast<std::size_t>(moved));
        } else if (moved == 0) {
            return fail(std::errc::io_error,
                        fmt::format("{} ends before byte {}", name_, offset + 1));
        } else if (errno == EINVAL && was_direct) {
            stop_direct();
        } else if (errno != EINTR) {
            return fail_errno(fmt::format("cannot read {} at byte {}", name_, offset));
        }
    }
    return {};
}

Result<void> FileTransfer::write_fully(std::uint64_t offset, std::span<iovec> pieces) {
    while (!pieces.empty()) {
        const bool was_direct = direct_;
        const ssize_t moved =
            ::pwritev(fd_, pieces.data(), batch(pieces), static_cast<off_t>(offset));
        if (moved > 0) {
            offset += static_cast<std::uint64_t>(moved);
            pieces = advance(pieces, static_cast<std::size_t>(moved));
        } else if (moved == 0) {
            return fail(std::errc::io_error,
                        fmt::format("{} takes no bytes at byte {}", name_, offset));
        } else if (errno == EINVAL && was_direct) {
            stop_direct();
        } else if (errno != EINTR) {
            return fail_errno(fmt::format("cannot write {} at byte {}", name_, offset));
        }
    }
    return {};
}

}  // namespace quire::block
