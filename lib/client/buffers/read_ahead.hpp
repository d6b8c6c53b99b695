// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace quire::client {

/// Content of a file that was read before it was asked for, in one piece, and what is known of the
/// file's end.
class ReadAhead {
public:
    /// What is there at `position`, as far as there is room; gives how much.
    std::size_t copy(std::uint64_t position, std::span<std::byte> memory) const;

    /// How much to read at `position` when `least` are needed: more, the longer reading goes on
    /// where it stopped.
    std::size_t amount(std::uint64_t position, std::size_t least);

    void put(std::uint64_t start, std::vector<std::byte>&& content);
    /// Reading has gone on without the buffer up to here.
    void passed(std::uint64_t position);
    /// The file ended here.
    void found_end(std::uint64_t end) { end_ = end; }
    /// Whether it did; asked again, it is not known any more.
    bool take_end(std::uint64_t position);
    bool ends_at(std::uint64_t position) const { return end_ == position; }
    void clear();

private:
    std::uint64_t start_ = 0;
    std::vector<std::byte> content_;
    std::uint64_t expected_ = 0;  // where reading goes on if it is in sequence
    std::size_t amount_;
    std::optional<std::uint64_t> end_;

public:
    ReadAhead();
};

/// Content that is to be written, in one piece.
class WriteBehind {
public:
    bool empty() const { return content_.empty(); }
    bool full() const { return content_.size() == limit(); }
    /// Whether `bytes` more at `position` can be put to what is there.
    bool takes(std::uint64_t position, std::size_t bytes) const {
        return empty() ||
               (position == start_ + content_.size() && bytes <= limit() - content_.size());
    }
    /// Needs: takes(), and at most limit() bytes.
    void put(std::uint64_t position, std::span<const std::byte> memory) {
        if (empty()) start_ = position;
        content_.insert(content_.end(), memory.begin(), memory.end());
    }
    std::uint64_t start() const { return start_; }
    const std::vector<std::byte>& content() const { return content_; }
    void clear() { content_.clear(); }

    /// What fits one message.
    static std::size_t limit();

private:
    std::uint64_t start_ = 0;
    std::vector<std::byte> content_;
};

}  // namespace quire::client
