// SPDX-License-Identifier: MIT

#include "format/content_output.hpp"

namespace quire::ext {

Result<void> ContentOutput::write(std::uint64_t offset, std::span<const std::byte> memory) {
    if (offset != start_ + buffer_.size() || buffer_.size() + memory.size() > capacity) {
        QUIRE_TRY(flush());
        start_ = offset;
    }
    if (memory.size() >= capacity) {
        QUIRE_TRY(device_.write(offset, memory));
        start_ = offset + memory.size();
        return {};
    }
    buffer_.insert(buffer_.end(), memory.begin(), memory.end());
    return {};
}

Result<void> ContentOutput::flush() {
    if (!buffer_.empty()) QUIRE_TRY(device_.write(start_, buffer_));
    start_ += buffer_.size();
    buffer_.clear();
    return {};
}

}  // namespace quire::ext
