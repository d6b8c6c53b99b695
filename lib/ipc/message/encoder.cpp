// SPDX-License-Identifier: MIT

#include "quire/ipc/encoder.hpp"

#include <utility>

#include "message/kinds.hpp"

namespace quire::ipc {

namespace {

constexpr std::size_t body_alignment = 8;
constexpr std::size_t usual_size = 256;

constexpr std::size_t aligned(std::size_t position, std::size_t alignment) {
    return (position + alignment - 1) / alignment * alignment;
}

}  // namespace

static_assert(header_size % body_alignment == 0, "alignment counts from the body's start");

Encoder::Encoder() {
    bytes_.reserve(usual_size);
    bytes_.resize(header_size);
}

void Encoder::clear() {
    bytes_.assign(header_size, std::byte{0});
    handles_.clear();
    error_.reset();
}

void Encoder::fail(Error error) {
    if (!error_) error_ = std::move(error);
}

std::byte* Encoder::extend(std::size_t alignment, std::size_t size) {
    if (failed()) return nullptr;
    const std::size_t begin = aligned(bytes_.size(), alignment);
    // The end is padded too, so that the largest message stays within the limit.
    if (size > max_message_size || aligned(begin + size, body_alignment) > max_message_size) {
        fail(Error(std::errc::argument_list_too_long, "a message cannot hold this much"));
        return nullptr;
    }
    bytes_.resize(begin + size);
    return bytes_.data() + begin;
}

void Encoder::put_string(std::string_view text, std::size_t bound) {
    if (text.find('\0') != text.npos)
        return fail(Error(std::errc::invalid_argument, "a string contains a NUL byte"));
    put_bytes(std::as_bytes(std::span(text)), bound);
}

void Encoder::put_bytes(std::span<const std::byte> bytes, std::size_t bound) {
    put_count(bytes.size(), bound);
    std::byte* const place = extend(1, bytes.size());
    if (place != nullptr && !bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
}

void Encoder::put_count(std::size_t count, std::size_t bound) {
    // Nothing with more elements than bytes fits, whatever the bound says.
    if (count > bound || count > max_message_size)
        return fail(Error(std::errc::argument_list_too_long));
    put(static_cast<std::uint32_t>(count));
}

bool Encoder::add_handle(std::variant<AnyCap, Memory, Descriptor> what) {
    if (handles_.size() == max_descriptors) {
        fail(
            Error(std::errc::argument_list_too_long, "a message cannot hold so many capabilities"));
        return false;
    }
    handles_.push_back({aligned(bytes_.size(), sizeof(std::uint32_t)), std::move(what)});
    put(std::uint32_t{0});
    return true;
}

void Encoder::put_any_cap(AnyCap cap, bool optional) {
    if (!cap) {
        if (!optional) return fail(Error(std::errc::invalid_argument, "a capability is empty"));
        put(std::uint32_t{0});
    } else if (!add_handle(std::move(cap))) {
        return;
    }
    put(std::uint32_t{0});
}

void Encoder::put_memory(const Memory& memory) {
    if (!memory) return fail(Error(std::errc::invalid_argument, "a memory object is missing"));
    if (!add_handle(memory)) return;
    put(memory.writable() ? right_to_read | right_to_write : right_to_read);
    put(memory.size());
}

void Encoder::put_descriptor(UniqueFd descriptor) {
    add_handle(std::make_shared<const UniqueFd>(std::move(descriptor)));
}

void Encoder::pad() {
    bytes_.resize(aligned(bytes_.size(), body_alignment));
}

std::span<const std::byte> Encoder::body() {
    pad();
    return std::span<const std::byte>(bytes_).subspan(header_size);
}

std::span<std::byte> Encoder::message() {
    pad();
    return bytes_;
}

}  // namespace quire::ipc
