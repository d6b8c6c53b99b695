// SPDX-License-Identifier: MIT

#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "message/header.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/ipc/call.hpp"
#include "quire/ipc/limits.hpp"

namespace quire::ipc {

/// A message that was received: its bytes and the descriptors that nobody has taken yet, which its
/// end closes. It has room for the largest message, so that one call receives any.
class Incoming {
public:
    Incoming();
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;
    ~Incoming();

    /// A copy in no more memory than needed, for a message that has to wait. Takes the descriptors.
    std::unique_ptr<Incoming> move_to_own_memory();

    std::span<std::byte> room() { return {memory_.get(), capacity_}; }
    void set_size(std::size_t size) { size_ = size; }
    void add_descriptor(int fd) { descriptors_[descriptor_count_++].reset(fd); }
    /// Closes what is left, for the next message.
    void clear();

    std::span<const std::byte> bytes() const { return {memory_.get(), size_}; }
    std::span<const std::byte> body() const { return bytes().subspan(header_size); }
    /// Whether this process had no room for some of its descriptors, which are gone.
    bool lost_descriptors() const { return lost_descriptors_; }
    void set_lost_descriptors() { lost_descriptors_ = true; }
    std::span<UniqueFd> descriptors() { return {descriptors_.data(), descriptor_count_}; }

    /// Of what bytes() are, once somebody has read them.
    Header header;
    /// Of a request: until when it counts.
    Call call = Call::forever();
    /// What counts its descriptors while it waits.
    std::shared_ptr<void> charge;
    /// What counts its memory, from when it had to wait.
    std::shared_ptr<void> kept;

private:
    explicit Incoming(std::size_t capacity);

    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
    std::size_t descriptor_count_ = 0;
    bool lost_descriptors_ = false;
    std::array<UniqueFd, max_descriptors> descriptors_;
};

}  // namespace quire::ipc
