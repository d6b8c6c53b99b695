// SPDX-License-Identifier: MIT

#include "pack/streams.hpp"

#include <unistd.h>

#include <cerrno>

#include "quire/base/units.hpp"

namespace quire::app {

namespace {

constexpr std::size_t collected = 256 * KiB;

}  // namespace

Result<std::size_t> FileStream::read(std::span<std::byte> memory) {
    QUIRE_TRY_ASSIGN(const std::size_t got, file_->read(call_, position_, memory));
    position_ += got;
    return got;
}

Result<std::size_t> read_descriptor(int fd, std::span<std::byte> memory,
                                    std::optional<off_t> place) {
    for (;;) {
        const ssize_t got = place ? ::pread(fd, memory.data(), memory.size(), *place)
                                  : ::read(fd, memory.data(), memory.size());
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) return fail_errno("standard input");
    }
}

Result<std::size_t> DescriptorStream::read(std::span<std::byte> memory) {
    QUIRE_TRY_ASSIGN(const std::size_t got, read_descriptor(fd_, memory, position_));
    if (position_) *position_ += static_cast<off_t>(got);
    return got;
}

Result<void> BufferedSink::write(std::span<const std::byte> bytes) {
    if (buffer_.size() + bytes.size() > collected) QUIRE_TRY(flush());
    if (bytes.size() >= collected) return put(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
}

Result<void> BufferedSink::flush() {
    if (buffer_.empty()) return {};
    auto done = put(buffer_);
    buffer_.clear();
    return done;
}

Result<void> NewFileSink::put(std::span<const std::byte> bytes) {
    QUIRE_TRY(file_.device()->resize(size_ + bytes.size()));
    QUIRE_TRY(file_.device()->write(size_, bytes));
    size_ += bytes.size();
    return {};
}

}  // namespace quire::app
