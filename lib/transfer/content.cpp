// SPDX-License-Identifier: MIT

#include "quire/transfer/content.hpp"

#include <algorithm>
#include <cstring>

namespace quire::transfer {

namespace {

// The least piece worth a hole: the page of most filesystems.
constexpr std::size_t hole_block = 4096;

}  // namespace

bool all_zero(std::span<const std::byte> bytes) {
    // Comparing memory with itself one byte further runs at the speed of memcmp.
    return bytes.empty() || (bytes[0] == std::byte{0} &&
                             std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

Result<block::Range> DataRanges::next() {
    if (position_ >= size_) return block::Range{size_, 0};
    // Most files begin with data and have no hole: one question tells both.
    std::uint64_t begin = position_;
    std::uint64_t end = size_;
    auto hole = file_.seek(call_, begin, fs::SeekTo::hole);
    if (hole && *hole == begin) {
        const auto data = file_.seek(call_, begin, fs::SeekTo::data);
        if (!data && data.error() == std::errc::no_such_device_or_address) {
            position_ = size_;
            return block::Range{size_, 0};
        }
        begin = data ? std::max(begin, std::min(*data, size_)) : begin;
        hole = file_.seek(call_, begin, fs::SeekTo::hole);
    }
    // An answer that does not go forward would never end; the rest is then read as data.
    if (hole && *hole > begin) end = std::min(*hole, size_);
    // Else: holes are not known here, and everything is data.
    position_ = end;
    return block::Range{begin, end - begin};
}

Result<void> write_sparsely(const fs::Call& call, fs::OpenFile& to, std::uint64_t offset,
                            std::span<const std::byte> bytes) {
    std::size_t begin = 0;  // of the run that waits to be written
    std::size_t at = 0;
    while (at < bytes.size()) {
        // Blocks are counted from the start of the file, so that a hole can become one there.
        std::size_t length = std::min(
            bytes.size() - at, hole_block - static_cast<std::size_t>((offset + at) % hole_block));
        if (all_zero(bytes.subspan(at, length))) {
            if (at > begin)
                QUIRE_TRY(to.write_all(call, offset + begin, bytes.subspan(begin, at - begin)));
            begin = at + length;
        }
        at += length;
    }
    if (at > begin) QUIRE_TRY(to.write_all(call, offset + begin, bytes.subspan(begin, at - begin)));
    return {};
}

Result<std::uint64_t> copy_content(const fs::Call& from_call, fs::OpenFile& from,
                                   const fs::Call& to_call, fs::OpenFile& to, std::uint64_t size,
                                   Sparse sparse, Buffer& buffer, Account& account) {
    if (buffer.size() < piece_size) buffer.resize(piece_size);
    std::uint64_t written_to = 0;
    DataRanges ranges(from, from_call, size);
    while (true) {
        block::Range range{written_to, size - written_to};
        if (sparse != Sparse::never) {
            QUIRE_TRY_ASSIGN(range, ranges.next());
        }
        if (range.length == 0) break;
        std::uint64_t end = range.offset + range.length;
        for (std::uint64_t at = range.offset; at < end;) {
            if (account.stop()) return fail(std::errc::operation_canceled);
            std::size_t wanted =
                static_cast<std::size_t>(std::min<std::uint64_t>(end - at, piece_size));
            std::span<std::byte> piece(buffer.data(), wanted);
            QUIRE_TRY_ASSIGN(std::size_t got, from.read(from_call, at, piece));
            if (got == 0) {
                QUIRE_TRY(to.resize(to_call, at));
                return at;
            }
            piece = piece.first(std::min(got, wanted));
            if (sparse == Sparse::always)
                QUIRE_TRY(write_sparsely(to_call, to, at, piece));
            else
                QUIRE_TRY(to.write_all(to_call, at, piece));
            at += piece.size();
            if (sparse != Sparse::always) written_to = at;
            account.bytes(piece.size());
        }
        if (sparse == Sparse::never) break;
    }
    if (written_to != size) QUIRE_TRY(to.resize(to_call, size));
    return size;
}

}  // namespace quire::transfer
