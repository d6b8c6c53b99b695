// SPDX-License-Identifier: MIT

#include "quire/ipc/decoder.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "message/kinds.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

namespace {

/// A gate, and the channel that its first use opens.
constexpr std::size_t descriptors_of_gate = 2;

bool all_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// Whether a descriptor is what its sender says: a regular file of so many bytes, open for this.
bool is_memory(int fd, std::uint64_t size, bool writable) {
    struct stat status{};
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_PATH) != 0 || ::fstat(fd, &status) != 0) return false;
    if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) < size) return false;
    const int mode = flags & O_ACCMODE;
    return mode == O_RDWR || (mode == O_RDONLY && !writable);
}

}  // namespace

const std::byte* Decoder::take(std::size_t alignment, std::size_t size) {
    if (state_ == State::malformed) return nullptr;
    const std::size_t padding = (alignment - position_ % alignment) % alignment;
    const std::span<const std::byte> rest = body_.subspan(position_);
    if (padding > rest.size() || size > rest.size() - padding || !all_zero(rest.first(padding))) {
        refuse();
        return nullptr;
    }
    position_ += padding + size;
    return rest.data() + padding;
}

std::size_t Decoder::get_count(std::size_t bound) {
    const auto count = get<std::uint32_t>();
    if (count > bound || count > body_.size() - position_) refuse();
    return state_ == State::malformed ? 0 : count;
}

std::span<const std::byte> Decoder::get_bytes_view(std::size_t bound) {
    const std::size_t size = get_count(bound);
    const std::byte* const place = take(1, size);
    if (place == nullptr) return {};
    return {place, size};
}

std::vector<std::byte> Decoder::get_bytes(std::size_t bound) {
    const auto view = get_bytes_view(bound);
    return {view.begin(), view.end()};
}

std::string_view Decoder::get_string_view(std::size_t bound) {
    const auto view = get_bytes_view(bound);
    const std::string_view text(reinterpret_cast<const char*>(view.data()), view.size());
    if (text.find('\0') == text.npos) return text;
    refuse();
    return {};
}

UniqueFd Decoder::take_descriptor(std::uint32_t number) {
    if (state_ == State::malformed || number != next_descriptor_ || number >= descriptors_.size()) {
        refuse();
        return {};
    }
    ++next_descriptor_;
    return std::move(descriptors_[number]);
}

Memory Decoder::get_memory() {
    const auto number = get<std::uint32_t>();
    const auto rights = get<std::uint32_t>();
    const auto size = get<std::uint64_t>();
    if (rights != right_to_read && rights != (right_to_read | right_to_write)) refuse();
    UniqueFd descriptor = take_descriptor(number);
    if (!descriptor) return {};
    const bool writable = (rights & right_to_write) != 0;
    if (!is_memory(descriptor.get(), size, writable)) {
        refuse();
        return {};
    }
    auto charged = charge(1);
    if (!charged) return {};
    return Memory(std::move(descriptor), size, writable, std::move(*charged));
}

std::optional<std::shared_ptr<void>> Decoder::charge(std::size_t descriptors) {
    if (source_ == nullptr) return std::shared_ptr<void>();
    auto charged = source_->charge_descriptors(descriptors);
    if (!charged) object(State::no_room);
    return charged;
}

Decoder::Taken Decoder::take_cap(bool optional) {
    const auto kind = get<std::uint32_t>();
    const auto value = get<std::uint32_t>();
    if (state_ == State::malformed) return {};
    if (kind == static_cast<std::uint32_t>(CapKind::null)) {
        if (!optional || value != 0) refuse();
        return {};
    }
    if (kind == static_cast<std::uint32_t>(CapKind::gate)) {
        UniqueFd descriptor = take_descriptor(value);
        // Anything else must not be written to: another kind of socket might act on it.
        if (descriptor && source_ != nullptr && is_channel(descriptor.get())) {
            auto charged = charge(descriptors_of_gate);
            if (!charged) return {};
            return {source_->gate(std::move(descriptor), std::move(*charged)), {}};
        }
    } else if (kind == static_cast<std::uint32_t>(CapKind::senders) && source_ != nullptr) {
        auto object = source_->theirs(value);
        if (object) return {std::move(object), {}};
    } else if (kind == static_cast<std::uint32_t>(CapKind::receivers) && source_ != nullptr) {
        auto cap = source_->ours(value);
        if (cap) {
            if (!*cap) object(State::stale);
            return {std::nullopt, std::move(*cap)};
        }
    }
    refuse();
    return {};
}

bool Decoder::end() {
    const std::span<const std::byte> rest = body_.subspan(position_);
    if (body_.size() % 8 != 0 || rest.size() >= 8 || !all_zero(rest) ||
        next_descriptor_ != descriptors_.size())
        refuse();
    if (source_ != nullptr && state_ != State::malformed) source_->decoded();
    return state_ == State::good;
}

std::optional<Error> Decoder::objection() const {
    if (state_ == State::stale)
        return Error(std::errc::bad_file_descriptor, "a capability given back was released before");
    if (state_ == State::no_room)
        return Error(std::errc::too_many_files_open,
                     "the server keeps no more descriptors for you");
    if (state_ == State::wrong_interface)
        return Error(std::errc::invalid_argument, "a capability given back has another interface");
    return std::nullopt;
}

}  // namespace quire::ipc
