// SPDX-License-Identifier: MIT

#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/lang/common/source.hpp"

namespace quire::lang {

/// The number of a kind of diagnostic, such as Q0107: what a person looks up. Each compiler has
/// a letter of its own.
struct Code {
    char letter = 'Q';
    std::uint16_t number = 0;

    std::string text() const;
    /// A letter and four digits, or nothing.
    static std::optional<Code> parse(std::string_view text);
    friend auto operator<=>(const Code&, const Code&) = default;
};

/// Another place that belongs to a diagnostic: where something was declared first.
struct Note {
    Span span;
    std::string text;
};

/// One thing that is wrong with a source.
struct Diagnostic {
    Code code;
    Span span;
    /// A sentence without a capital and a full stop, as in lib/base's errors.
    std::string message;
    /// What to do about it, or nothing.
    std::string help;
    std::vector<Note> notes;
};

/// What a compilation has to say, in the order in which it was found. A place gets each number
/// once, and a hopeless source no more than `limit` in all.
class Diagnostics {
public:
    explicit Diagnostics(std::size_t limit = 20) : limit_(limit) {}

    void add(Diagnostic diagnostic);

    const std::vector<Diagnostic>& list() const { return list_; }
    bool empty() const { return list_.empty(); }
    /// Nothing more will be kept: whoever finds diagnostics may stop looking.
    bool full() const { return list_.size() >= limit_; }
    /// How many were not kept.
    std::size_t dropped() const { return dropped_; }

private:
    std::size_t limit_;
    std::size_t dropped_ = 0;
    std::vector<Diagnostic> list_;
};

}  // namespace quire::lang
