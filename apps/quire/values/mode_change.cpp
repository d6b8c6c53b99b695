// SPDX-License-Identifier: MIT

#include "values/mode_change.hpp"

#include <fmt/core.h>

#include "quire/base/name.hpp"
#include "quire/fs/attributes.hpp"

namespace quire::app {

namespace {

constexpr std::uint16_t all_bits = fs::permission_mask;
constexpr std::uint16_t special_of_directories = fs::set_user_id | fs::set_group_id;
constexpr std::uint16_t reading = 0444;
constexpr std::uint16_t writing = 0222;
constexpr std::uint16_t executing = 0111;

std::uint16_t bits_of_who(char who) {
    switch (who) {
        case 'u':
            return fs::set_user_id | 0700;
        case 'g':
            return fs::set_group_id | 0070;
        case 'o':
            return fs::sticky | 0007;
        default:
            return all_bits;
    }
}

// The permissions of one class, given to all classes.
std::uint16_t spread(std::uint16_t bits) {
    return static_cast<std::uint16_t>((bits & reading ? reading : 0) |
                                      (bits & writing ? writing : 0) |
                                      (bits & executing ? executing : 0));
}

}  // namespace

// One pass over the text; `true` from a step means that it found what it looked for.
class ModeChange::Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    bool all(std::vector<Clause>& clauses) {
        if (next_is("01234567")) {
            Clause clause;
            if (!octal(clause) || !text_.empty()) return false;
            clause.who = all_bits;
            clauses.push_back(clause);
            return true;
        }
        do {
            std::uint16_t who = 0;
            while (next_is("ugoa")) who |= bits_of_who(take());
            do {
                if (!next_is("+-=")) return false;
                Clause clause;
                clause.operation = take();
                clause.who = who;
                if (!operand(clause)) return false;
                clauses.push_back(clause);
            } while (next_is("+-="));
        } while (next_is(",") && take() == ',');
        return text_.empty();
    }

private:
    bool next_is(std::string_view set) const {
        return !text_.empty() && set.find(text_.front()) != set.npos;
    }
    char take() {
        const char letter = text_.front();
        text_.remove_prefix(1);
        return letter;
    }

    bool octal(Clause& clause) {
        std::uint32_t value = 0;
        std::size_t digits = 0;
        for (; next_is("01234567"); ++digits) {
            value = value * 8 + static_cast<std::uint32_t>(take() - '0');
            if (value > all_bits) return false;
        }
        clause.bits = static_cast<std::uint16_t>(value);
        constexpr std::size_t digits_that_say_all = 5;
        clause.mentioned =
            digits >= digits_that_say_all
                ? all_bits
                : static_cast<std::uint16_t>((value & special_of_directories) | fs::sticky | 0777);
        return true;
    }

    bool operand(Clause& clause) {
        if (next_is("01234567")) {
            if (clause.who != 0 || !octal(clause)) return false;
            clause.who = clause.mentioned = all_bits;
            return text_.empty() || next_is(",");
        }
        if (next_is("ugo")) {
            clause.kind = Kind::copy;
            clause.bits = bits_of_who(take()) & 0777;
        } else {
            while (next_is("rwxXst")) permission(clause, take());
        }
        clause.mentioned = clause.who != 0 ? clause.who & clause.bits : clause.bits;
        return true;
    }

    static void permission(Clause& clause, char letter) {
        switch (letter) {
            case 'r':
                clause.bits |= reading;
                break;
            case 'w':
                clause.bits |= writing;
                break;
            case 'x':
                clause.bits |= executing;
                break;
            case 'X':
                clause.execute_if_any = true;
                break;
            case 's':
                clause.bits |= special_of_directories;
                break;
            default:
                clause.bits |= fs::sticky;
        }
    }

    std::string_view text_;
};

Result<ModeChange> ModeChange::parse(std::string_view text) {
    ModeChange change;
    if (!Parser(text).all(change.clauses_))
        return fail(std::errc::invalid_argument,
                    fmt::format("'{}' is not a mode; modes are like 755, u=rwX,go=rX or g-w",
                                printable(text)));
    return change;
}

ModeChange ModeChange::exactly(std::uint16_t permissions) {
    ModeChange change;
    Clause clause;
    clause.who = clause.mentioned = all_bits;
    clause.bits = permissions & all_bits;
    change.clauses_.push_back(clause);
    return change;
}

ModeChange::Outcome ModeChange::apply(std::uint16_t permissions, bool directory,
                                      std::uint16_t umask) const {
    unsigned now = permissions & all_bits;
    unsigned decided = 0;
    for (const Clause& clause : clauses_) {
        const unsigned spared = directory ? special_of_directories & ~clause.mentioned : 0U;
        unsigned bits = clause.bits;
        if (clause.kind == Kind::copy) bits = spread(static_cast<std::uint16_t>(bits & now));
        if (clause.execute_if_any && (directory || now & executing)) bits |= executing;
        const unsigned reach = clause.who != 0 ? clause.who : all_bits & ~umask;
        bits &= reach & ~spared;
        if (clause.operation == '=') {
            const unsigned kept = (clause.who != 0 ? all_bits & ~clause.who : 0U) | spared;
            decided |= all_bits & ~kept;
            now = (now & kept) | bits;
        } else {
            decided |= bits;
            now = clause.operation == '+' ? now | bits : now & ~bits;
        }
    }
    return {static_cast<std::uint16_t>(now), static_cast<std::uint16_t>(decided)};
}

bool is_mode_with_dash(std::string_view word) {
    return word.size() > 1 && word[0] == '-' && word[1] != '-' &&
           word.find_first_not_of("rwxXstugoa,+-=01234567", 1) == word.npos;
}

}  // namespace quire::app
