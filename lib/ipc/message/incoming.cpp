// SPDX-License-Identifier: MIT

#include "message/incoming.hpp"

#include <cstring>
#include <utility>

namespace quire::ipc {

namespace {

/// One buffer of the largest size for each thread that has just finished with one: a call receives
/// into it, and its reply is gone before the next call.
thread_local std::unique_ptr<std::byte[]> spare_memory;

}  // namespace

Incoming::Incoming() : capacity_(max_message_size) {
    memory_ = spare_memory ? std::move(spare_memory)
                           : std::make_unique_for_overwrite<std::byte[]>(max_message_size);
}

Incoming::Incoming(std::size_t capacity)
    : memory_(std::make_unique_for_overwrite<std::byte[]>(capacity)), capacity_(capacity) {}

Incoming::~Incoming() {
    if (capacity_ == max_message_size) spare_memory = std::move(memory_);
}

void Incoming::clear() {
    for (UniqueFd& descriptor : descriptors()) descriptor.reset();
    descriptor_count_ = 0;
    lost_descriptors_ = false;
    size_ = 0;
}

std::unique_ptr<Incoming> Incoming::move_to_own_memory() {
    std::unique_ptr<Incoming> copy(new Incoming(size_));
    std::memcpy(copy->memory_.get(), memory_.get(), size_);
    copy->size_ = size_;
    copy->header = header;
    copy->call = call;
    copy->descriptor_count_ = std::exchange(descriptor_count_, 0);
    for (std::size_t i = 0; i < copy->descriptor_count_; ++i)
        copy->descriptors_[i] = std::move(descriptors_[i]);
    size_ = 0;
    return copy;
}

}  // namespace quire::ipc
