// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quire::lang {

/// A place for a person: both count from 1, columns in characters (bytes, where the text is not
/// UTF-8; a tab is one).
struct Position {
    std::size_t line = 1;
    std::size_t column = 1;
    friend bool operator==(const Position&, const Position&) = default;
};

/// One text that is compiled, under the name by which its user knows it.
///
/// Whoever compiles owns the sources and keeps them where they are: spans point at them.
class Source {
public:
    /// Needs: text.size() fits 32 bits, which the limit of a reader sees to.
    Source(std::string name, std::string text);
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    const std::string& name() const { return name_; }
    const std::string& text() const { return text_; }

    /// An offset past the end counts as the end.
    Position position(std::size_t offset) const;
    std::size_t lines() const { return line_starts_.size(); }
    /// A line without its end. Needs: 1 <= number <= lines().
    std::string_view line(std::size_t number) const;

private:
    std::string name_;
    std::string text_;
    std::vector<std::uint32_t> line_starts_;
};

/// The bytes [begin, end) of a source.
struct Span {
    const Source* source = nullptr;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;

    std::string_view text() const {
        return std::string_view(source->text()).substr(begin, end - begin);
    }
    friend bool operator==(const Span&, const Span&) = default;
};

/// From the beginning of one to the end of the other, both of one source.
inline Span join(const Span& first, const Span& last) {
    return {first.source, first.begin, last.end};
}

}  // namespace quire::lang
