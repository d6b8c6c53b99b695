// SPDX-License-Identifier: MIT

#include "look/columns.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace quire::app {

namespace {

constexpr std::size_t gap = 2;

// A number, perhaps with a unit, a percent sign, or the two of a device.
bool is_numeric(std::string_view cell) {
    return !cell.empty() && ((cell.front() >= '0' && cell.front() <= '9') || cell == "-") &&
           cell.find_first_not_of("0123456789., -%KMGTPEB") == cell.npos;
}

}  // namespace

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char letter) { return (static_cast<std::uint8_t>(letter) & 0xC0) != 0x80; }));
}

std::string in_columns(const std::vector<std::string>& names, unsigned width) {
    std::string text;
    if (names.empty()) return text;
    std::vector<std::size_t> widths;
    for (const std::string& name : names) widths.push_back(width_of(name));
    const std::size_t narrowest = std::ranges::min(widths) + gap;
    std::size_t columns = std::clamp<std::size_t>(width / narrowest, 1, names.size());
    std::size_t rows = 0;
    std::vector<std::size_t> offsets;
    for (;; --columns) {
        rows = (names.size() + columns - 1) / columns;
        offsets.assign(1, 0);
        for (std::size_t first = 0; first < names.size(); first += rows) {
            const auto end =
                widths.begin() + static_cast<std::ptrdiff_t>(std::min(first + rows, names.size()));
            const std::size_t widest =
                *std::max_element(widths.begin() + static_cast<std::ptrdiff_t>(first), end);
            offsets.push_back(offsets.back() + widest + gap);
        }
        if (columns == 1 || offsets.back() - gap <= width) break;
    }
    for (std::size_t row = 0; row < rows; ++row) {
        std::size_t position = 0;
        for (std::size_t i = row, column = 0; i < names.size(); i += rows, ++column) {
            text.append(offsets[column] - position, ' ');
            text += names[i];
            position = offsets[column] + widths[i];
        }
        text += '\n';
    }
    return text;
}

std::string as_table(const std::vector<std::vector<std::string>>& rows, char end) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::size_t padding = widths[i] - width_of(row[i]);
            if (i + 1 == row.size()) {
                text += row[i];
            } else if (is_numeric(row[i])) {
                text.append(padding, ' ').append(row[i]) += ' ';
            } else {
                text.append(row[i]).append(padding + 1, ' ');
            }
        }
        // An empty last cell leaves blanks behind the one before it.
        if (!row.empty() && row.back().empty()) text.erase(text.find_last_not_of(' ') + 1);
        text += end;
    }
    return text;
}

}  // namespace quire::app
