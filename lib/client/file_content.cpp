// SPDX-License-Identifier: MIT

// Reading, writing and seeking. What is kept for writing is written before anything is read: so
// a file sees its own writes, and read-ahead is dropped by writes.

#include <algorithm>
#include <limits>
#include <utility>

#include "buffers/read_ahead.hpp"
#include "buffers/transfer.hpp"
#include "file_note.hpp"
#include "pages/borrowed_file.hpp"
#include "pages/paged_content.hpp"
#include "quire/protocols/filesystem.hpp"

namespace quire::client {

namespace {

constexpr std::uint64_t largest_position = std::numeric_limits<std::int64_t>::max();

}  // namespace

Result<std::uint64_t> File::send(std::uint64_t position, std::span<const std::byte> memory) {
    if (borrowed_) {
        QUIRE_TRY_ASSIGN(const bool written, borrowed_->write(*file_, position, memory));
        if (written) return position + memory.size();
    }
    return transfer_out(*state_, *file_, position, memory, appends());
}

Result<void> File::drain() {
    if (!write_behind_ || write_behind_->empty()) return {};
    const auto sent = send(write_behind_->start(), write_behind_->content());
    write_behind_->clear();
    if (sent) {
        if (appends()) position_ = *sent;
        return {};
    }
    if (!kept_error_) kept_error_ = sent.error();
    return fail(sent.error());
}

Result<std::size_t> File::fetch(std::uint64_t position, std::span<std::byte> memory) {
    if (position <= largest_position) {
        QUIRE_TRY_ASSIGN(const auto got, read_memory(position, memory));
        if (got) return *got;
    }
    return transfer_in(*state_, *file_, position, memory);
}

// What is on loan is newer than what the server shows to everybody, which is nothing.
Result<std::optional<std::size_t>> File::read_memory(std::uint64_t position,
                                                     std::span<std::byte> memory) {
    if (is_on_loan()) {
        QUIRE_TRY_ASSIGN(const auto got, borrowed_->read(*file_, position, memory));
        if (got) return got;
    }
    return paged_->read(*state_, *file_, position, memory);
}

// What is warm is as fast as what is on this way is short.
std::optional<std::size_t> File::read_shown(std::uint64_t position, std::span<std::byte> memory) {
    if (read_ahead_ || !paged_ || !readable()) return std::nullopt;
    if (borrowed_)
        if (const auto got = borrowed_->read_shown(position, memory)) return got;
    return paged_->read_shown(position, memory);
}

Result<std::size_t> File::read(std::span<std::byte> memory) {
    if (const auto got = read_shown(position_, memory)) {
        position_ += *got;
        return *got;
    }
    return note(read_at_position(memory));
}

Result<std::size_t> File::read_at_position(std::span<std::byte> memory) {
    QUIRE_TRY(need(readable()));
    QUIRE_TRY(drain());
    if (!read_ahead_) {
        QUIRE_TRY_ASSIGN(const std::size_t got, fetch(position_, memory));
        position_ += got;
        return got;
    }
    std::size_t done = 0;
    while (done < memory.size()) {
        const std::uint64_t position = position_ + done;
        const auto rest = memory.subspan(done);
        if (const std::size_t got = read_ahead_->copy(position, rest); got > 0) {
            done += got;
            continue;
        }
        // Who has got something comes again, and then hears of the end.
        if (read_ahead_->ends_at(position)) {
            if (done == 0) read_ahead_->take_end(position);
            break;
        }
        QUIRE_TRY_ASSIGN(const auto shown, read_memory(position, rest));
        if (shown) {
            done += *shown;
            if (*shown < rest.size() && done > 0) read_ahead_->found_end(position + *shown);
            break;
        }
        const std::size_t amount = read_ahead_->amount(position, rest.size());
        if (amount > rest.size()) {
            QUIRE_TRY_ASSIGN(const std::size_t there, fill(position, amount));
            if (there == 0) break;
            continue;
        }
        QUIRE_TRY_ASSIGN(const std::size_t got, transfer_in(*state_, *file_, position, rest));
        done += got;
        read_ahead_->passed(position + got);
        if (got < rest.size() && done > 0) read_ahead_->found_end(position + got);
        break;
    }
    position_ += done;
    return done;
}

// What was met at the end is known until somebody was told of it: a read that brings nothing.
Result<std::size_t> File::fill(std::uint64_t position, std::size_t amount) {
    std::vector<std::byte> content(amount);
    QUIRE_TRY_ASSIGN(const std::size_t got, transfer_in(*state_, *file_, position, content));
    content.resize(got);
    if (0 < got && got < amount) read_ahead_->found_end(position + got);
    read_ahead_->put(position, std::move(content));
    return got;
}

Result<std::size_t> File::pread(std::uint64_t position, std::span<std::byte> memory) {
    if (const auto got = read_shown(position, memory)) return *got;
    return note(read_elsewhere(position, memory));
}

Result<std::size_t> File::read_elsewhere(std::uint64_t position, std::span<std::byte> memory) {
    QUIRE_TRY(need(readable()));
    QUIRE_TRY(drain());
    if (read_ahead_ && read_ahead_->copy(position, memory) == memory.size()) return memory.size();
    return fetch(position, memory);
}

Result<View> File::view(std::uint64_t position, std::size_t length) {
    return note(view_of(position, length));
}

// What is on loan changes where it lies: of that there are copies only.
Result<View> File::view_of(std::uint64_t position, std::size_t length) {
    QUIRE_TRY(need(readable()));
    QUIRE_TRY(drain());
    length = std::min(length, View::longest);
    if (!is_on_loan() && position < paging::PageReader::farthest - View::longest) {
        QUIRE_TRY_ASSIGN(auto shown, paged_->view(state_, *file_, position, length));
        if (shown) return *std::move(shown);
    }
    std::vector<std::byte> copy(length);
    QUIRE_TRY_ASSIGN(const std::size_t got, fetch(position, copy));
    copy.resize(got);
    return View(std::move(copy));
}

bool File::is_on_loan() const {
    return borrowed_ && borrowed_->on_loan();
}

// What is kept comes first.
bool File::write_shown(std::uint64_t position, std::span<const std::byte> memory) {
    if (!borrowed_ || (write_behind_ && !write_behind_->empty())) return false;
    if (!borrowed_->write_shown(position, memory)) return false;
    forget_read();
    return true;
}

Result<void> File::write(std::span<const std::byte> memory) {
    if (write_shown(position_, memory)) {
        position_ += memory.size();
        return {};
    }
    return note(write_at_position(memory));
}

Result<void> File::write_at_position(std::span<const std::byte> memory) {
    QUIRE_TRY(need(writable()));
    if (memory.empty()) return {};
    if (!appends() && memory.size() > largest_position - std::min(position_, largest_position))
        return fail(std::errc::file_too_large);
    forget_read();
    // What is appended is in sequence, wherever that will be.
    const std::uint64_t position = appends() && write_behind_
                                       ? write_behind_->start() + write_behind_->content().size()
                                       : position_;
    if (write_behind_ && memory.size() < WriteBehind::limit() && !is_on_loan()) {
        if (!write_behind_->takes(position, memory.size())) QUIRE_TRY(drain());
        write_behind_->put(position, memory);
        if (write_behind_->full()) QUIRE_TRY(drain());
        if (!appends()) position_ += memory.size();
        return {};
    }
    QUIRE_TRY(drain());
    QUIRE_TRY_ASSIGN(position_, send(position_, memory));
    return {};
}

Result<void> File::pwrite(std::uint64_t position, std::span<const std::byte> memory) {
    if (write_shown(position, memory)) return {};
    return note(write_elsewhere(position, memory));
}

Result<void> File::write_elsewhere(std::uint64_t position, std::span<const std::byte> memory) {
    QUIRE_TRY(need(writable()));
    if (memory.empty()) return {};
    if (!appends() && memory.size() > largest_position - std::min(position, largest_position))
        return fail(std::errc::file_too_large);
    forget_read();
    // Only where it is known how it will end.
    if (write_behind_ && !appends() && memory.size() < WriteBehind::limit() && !is_on_loan()) {
        if (!write_behind_->takes(position, memory.size())) QUIRE_TRY(drain());
        write_behind_->put(position, memory);
        if (write_behind_->full()) return drain();
        return {};
    }
    QUIRE_TRY(drain());
    QUIRE_TRY(send(position, memory));
    return {};
}

Result<std::uint64_t> File::seek(std::int64_t offset, Whence whence) {
    return note(seek_to(offset, whence));
}

Result<std::uint64_t> File::seek_to(std::int64_t offset, Whence whence) {
    QUIRE_TRY(need(true));
    std::uint64_t from = 0;
    // Where what is kept will be appended, and with it the position, is known when it has been.
    if (appends() || (whence != Whence::set && whence != Whence::current)) QUIRE_TRY(drain());
    if (whence == Whence::data || whence == Whence::hole) {
        if (offset < 0) return fail(std::errc::no_such_device_or_address);
        const auto what =
            whence == Whence::data ? protocols::SeekTo::data : protocols::SeekTo::hole;
        QUIRE_TRY_ASSIGN(from,
                         file_->seek(state_->call(), static_cast<std::uint64_t>(offset), what));
        if (from < static_cast<std::uint64_t>(offset))
            return senseless("a place before the one asked for");
        offset = 0;
    } else if (whence == Whence::current) {
        from = position_;
    } else if (whence == Whence::end) {
        if (is_on_loan()) {
            from = borrowed_->size();
        } else {
            QUIRE_TRY_ASSIGN(const protocols::Attributes now, file_->attributes(state_->call()));
            from = now.size;
        }
    }
    if (from > largest_position) return fail(std::errc::value_too_large);
    const auto start = static_cast<std::int64_t>(from);
    if (offset < -start) return fail(std::errc::invalid_argument);
    if (offset > std::numeric_limits<std::int64_t>::max() - start)
        return fail(std::errc::value_too_large);
    const auto target = static_cast<std::uint64_t>(start + offset);
    if (target != position_) QUIRE_TRY(drain());
    position_ = target;
    return target;
}

}  // namespace quire::client
