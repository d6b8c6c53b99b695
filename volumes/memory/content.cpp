// SPDX-License-Identifier: MIT

#include "content.hpp"

#include <algorithm>
#include <cstring>

namespace quire::memory {

std::size_t Content::read(std::uint64_t offset, std::span<std::byte> memory) const {
    if (offset >= size_) return 0;
    const std::size_t length = std::min<std::uint64_t>(memory.size(), size_ - offset);
    for (std::size_t done = 0; done < length;) {
        const std::uint64_t at = offset + done;
        const std::uint64_t inside = at % page_size;
        const std::size_t piece = std::min<std::uint64_t>(length - done, page_size - inside);
        const auto page = pages_.find(at / page_size);
        if (page == pages_.end() || !page->second)
            std::memset(memory.data() + done, 0, piece);
        else
            std::memcpy(memory.data() + done, page->second->data() + inside, piece);
        done += piece;
    }
    return length;
}

Result<Content::Page*> Content::page_for_writing(std::uint64_t number) {
    auto page = pages_.find(number);
    if (page == pages_.end()) {
        QUIRE_TRY(charge_.grow(page_size));
        page = pages_.emplace(number, nullptr).first;
    }
    if (!page->second) page->second = std::make_unique<Page>();
    return page->second.get();
}

Result<std::size_t> Content::write(std::uint64_t offset, std::span<const std::byte> memory) {
    std::size_t done = 0;
    while (done < memory.size()) {
        const std::uint64_t at = offset + done;
        const std::uint64_t inside = at % page_size;
        const std::size_t piece = std::min<std::uint64_t>(memory.size() - done, page_size - inside);
        const Result<Page*> page = page_for_writing(at / page_size);
        if (!page) {
            if (done == 0) return fail(page.error());
            break;
        }
        std::memcpy((*page)->data() + inside, memory.data() + done, piece);
        done += piece;
    }
    if (done > 0) size_ = std::max(size_, offset + done);
    return done;
}

void Content::clear_part(std::uint64_t number, std::uint64_t from, std::uint64_t to) {
    const auto page = pages_.find(number);
    if (page != pages_.end() && page->second)
        std::fill(page->second->begin() + from, page->second->begin() + to, std::byte{0});
}

void Content::drop(std::uint64_t first, std::uint64_t last) {
    const auto begin = pages_.lower_bound(first);
    const auto end = pages_.lower_bound(last);
    charge_.shrink(page_size * std::distance(begin, end));
    pages_.erase(begin, end);
}

void Content::resize(std::uint64_t size) {
    if (size <= size_) {
        const std::uint64_t used = size % page_size;
        if (used != 0) clear_part(size / page_size, used, page_size);
        drop((size / page_size) + (used != 0 ? 1 : 0), UINT64_MAX);
    }
    size_ = size;
}

std::pair<std::uint64_t, std::uint64_t> Content::clear_edges(block::Range range) {
    const std::uint64_t end = range.offset + range.length;
    const std::uint64_t first = (range.offset + page_size - 1) / page_size;
    const std::uint64_t last = end / page_size;
    if (first > last) {
        clear_part(last, range.offset % page_size, end % page_size);
        return {last, last};
    }
    if (range.offset % page_size != 0) clear_part(first - 1, range.offset % page_size, page_size);
    if (end % page_size != 0) clear_part(last, 0, end % page_size);
    return {first, last};
}

void Content::punch(block::Range range) {
    const auto [first, last] = clear_edges(range);
    drop(first, last);
}

Result<void> Content::reserve(block::Range range) {
    if (range.length == 0) return {};
    const std::uint64_t first = range.offset / page_size;
    const std::uint64_t last = ((range.offset + range.length - 1) / page_size) + 1;
    const std::uint64_t present =
        std::distance(pages_.lower_bound(first), pages_.lower_bound(last));
    // Charged as a whole before the first is made: a range of petabytes fails at once.
    QUIRE_TRY(charge_.grow((last - first - present) * page_size));
    for (std::uint64_t number = first; number < last; ++number) pages_.try_emplace(number, nullptr);
    return {};
}

Result<void> Content::zero(block::Range range) {
    QUIRE_TRY(reserve(range));
    const auto [first, last] = clear_edges(range);
    for (auto page = pages_.lower_bound(first); page != pages_.end() && page->first < last; ++page)
        page->second.reset();
    return {};
}

std::optional<std::uint64_t> Content::next_data(std::uint64_t offset) const {
    auto page = pages_.lower_bound(offset / page_size);
    while (page != pages_.end() && !page->second) ++page;
    if (page == pages_.end()) return std::nullopt;
    const std::uint64_t found = std::max(offset, page->first * page_size);
    return found < size_ ? std::optional(found) : std::nullopt;
}

std::uint64_t Content::next_hole(std::uint64_t offset) const {
    std::uint64_t number = offset / page_size;
    for (auto page = pages_.find(number);
         page != pages_.end() && page->first == number && page->second; ++page)
        ++number;
    return std::min(size_, std::max(offset, number * page_size));
}

}  // namespace quire::memory
