// SPDX-License-Identifier: MIT

#include "quire/lang/common/source.hpp"

#include <algorithm>
#include <utility>

#include "quire/lang/common/text.hpp"

namespace quire::lang {

Source::Source(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
    line_starts_.push_back(0);
    for (std::size_t at = text_.find('\n'); at != text_.npos; at = text_.find('\n', at + 1))
        line_starts_.push_back(static_cast<std::uint32_t>(at + 1));
}

Position Source::position(std::size_t offset) const {
    offset = std::min(offset, text_.size());
    const auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
    const auto number = static_cast<std::size_t>(after - line_starts_.begin());
    const std::size_t begin = line_starts_[number - 1];
    const auto before = std::string_view(text_).substr(begin, offset - begin);
    return {number, characters(before) + 1};
}

std::string_view Source::line(std::size_t number) const {
    const std::size_t begin = line_starts_[number - 1];
    const std::size_t end = number < lines() ? line_starts_[number] - 1 : text_.size();
    std::string_view line = std::string_view(text_).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace quire::lang
