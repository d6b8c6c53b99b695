// SPDX-License-Identifier: MIT

#include "look/expression.hpp"

#include <fmt/core.h>
#include <fnmatch.h>

#include <charconv>

#include "look/facts.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

// -n, n or +n, as find counts: less than, exactly, more than.
struct Comparison {
    int sign = 0;
    std::uint64_t number = 0;

    bool holds(std::uint64_t value) const {
        return sign < 0 ? value < number : sign > 0 ? value > number : value == number;
    }
};

std::unexpected<Error> wrong(std::string sentence) {
    return fail(std::errc::invalid_argument, std::move(sentence));
}

Result<std::uint64_t> number_in(std::string_view word, std::string_view text, int base = 10) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
        return wrong(fmt::format("{} takes a number, not '{}'", word, printable(text)));
    return number;
}

Result<Comparison> comparison_in(std::string_view word, std::string_view text) {
    Comparison comparison;
    if (text.starts_with('+') || text.starts_with('-')) {
        comparison.sign = text.front() == '+' ? 1 : -1;
        text.remove_prefix(1);
    }
    QUIRE_TRY_ASSIGN(comparison.number, number_in(word, text));
    return comparison;
}

// fnmatch(3) on bytes: the program runs in the C locale, so `?` is one byte of a name.
bool matches(const std::string& pattern, std::string_view text, int flags) {
    return ::fnmatch(pattern.c_str(), std::string(text).c_str(), flags) == 0;
}

// Nesting that nobody means, before it fills the stack.
constexpr int deepest = 1000;

}  // namespace

class ExpressionParser {
public:
    using Test = Expression::Test;

    ExpressionParser(const std::vector<std::string>& words, Time now, FindActions actions)
        : words_(words), now_(now), actions_(std::make_shared<FindActions>(std::move(actions))) {}

    Result<Expression> run() {
        Test test = [](const Candidate&) { return true; };
        if (!words_.empty()) {
            QUIRE_TRY_ASSIGN(test, alternatives(0));
            if (next_ < words_.size())
                return wrong(fmt::format("'{}' has no '(' before it", printable(words_[next_])));
        }
        if (!acts_)
            test = [test, actions = actions_](const Candidate& candidate) {
                if (!test(candidate)) return false;
                actions->print(candidate, '\n');
                return true;
            };
        expression_.test_ = std::move(test);
        return std::move(expression_);
    }

private:
    bool at(std::string_view word) const { return next_ < words_.size() && words_[next_] == word; }
    bool take(std::string_view word) {
        if (!at(word)) return false;
        ++next_;
        return true;
    }

    Result<Test> alternatives(int depth) {
        QUIRE_TRY_ASSIGN(Test test, conjunction(depth));
        while (take("-o") || take("-or")) {
            QUIRE_TRY_ASSIGN(Test other, conjunction(depth));
            test = [test, other](const Candidate& c) { return test(c) || other(c); };
        }
        return test;
    }

    Result<Test> conjunction(int depth) {
        QUIRE_TRY_ASSIGN(Test test, negation(depth));
        while (next_ < words_.size() && !at("-o") && !at("-or") && !at(")")) {
            if (take("-a") || take("-and")) {
            }
            QUIRE_TRY_ASSIGN(Test other, negation(depth));
            test = [test, other](const Candidate& c) { return test(c) && other(c); };
        }
        return test;
    }

    Result<Test> negation(int depth) {
        if (depth > deepest) return wrong("the expression is nested too deep");
        if (take("!") || take("-not")) {
            QUIRE_TRY_ASSIGN(Test test, negation(depth + 1));
            return Test([test](const Candidate& c) { return !test(c); });
        }
        if (take("(")) {
            QUIRE_TRY_ASSIGN(Test test, alternatives(depth + 1));
            if (!take(")")) return wrong("a '(' has no ')' behind it");
            return test;
        }
        return primary();
    }

    Result<std::string> argument(const std::string& word) {
        if (next_ == words_.size()) return wrong(fmt::format("{} needs an argument", word));
        return words_[next_++];
    }

    Result<Test> primary();
    Result<Test> pattern(const std::string& word);
    Result<Test> type();
    Result<Test> size();
    Result<Test> permissions();
    Result<Test> age(const std::string& word, std::int64_t unit);
    Result<Test> newer();
    Result<Test> number(const std::string& word);
    Result<Test> action(const std::string& word);

    const std::vector<std::string>& words_;
    Time now_;
    std::shared_ptr<FindActions> actions_;
    Expression expression_;
    std::size_t next_ = 0;
    bool acts_ = false;
};

Result<ExpressionParser::Test> ExpressionParser::primary() {
    if (next_ == words_.size()) return wrong("the expression ends where a test is expected");
    const std::string word = words_[next_++];
    if (word == "-name" || word == "-iname" || word == "-path" || word == "-ipath")
        return pattern(word);
    if (word == "-type") return type();
    if (word == "-size") return size();
    if (word == "-perm") return permissions();
    if (word == "-mtime") return age(word, 24 * 60 * 60);
    if (word == "-mmin") return age(word, 60);
    if (word == "-newer") return newer();
    if (word == "-uid" || word == "-gid" || word == "-links" || word == "-inum")
        return number(word);
    if (word == "-true" || word == "-false")
        return Test([value = word == "-true"](const Candidate&) { return value; });
    if (word == "-maxdepth" || word == "-mindepth") {
        QUIRE_TRY_ASSIGN(const std::string text, argument(word));
        QUIRE_TRY_ASSIGN(const std::uint64_t depth, number_in(word, text));
        (word == "-maxdepth" ? expression_.max_depth : expression_.min_depth) = depth;
        return Test([](const Candidate&) { return true; });
    }
    return action(word);
}

Result<ExpressionParser::Test> ExpressionParser::action(const std::string& word) {
    if (word == "-empty")
        return Test([actions = actions_](const Candidate& c) { return actions->is_empty(c); });
    if (word == "-prune")
        return Test([pruned = expression_.pruned_](const Candidate&) { return *pruned = true; });
    if (word == "-print" || word == "-print0") {
        acts_ = true;
        return Test([actions = actions_, end = word == "-print" ? '\n' : '\0'](const Candidate& c) {
            actions->print(c, end);
            return true;
        });
    }
    if (word == "-ls") {
        acts_ = true;
        return Test([actions = actions_](const Candidate& c) {
            actions->list(c);
            return true;
        });
    }
    return wrong(fmt::format("find knows no '{}'", printable(word)));
}

Result<ExpressionParser::Test> ExpressionParser::pattern(const std::string& word) {
    QUIRE_TRY_ASSIGN(const std::string pattern, argument(word));
    const int flags = word.starts_with("-i") ? FNM_CASEFOLD : 0;
    if (word.ends_with("path"))
        return Test([=](const Candidate& c) { return matches(pattern, c.address, flags); });
    return Test([=](const Candidate& c) { return matches(pattern, c.name, flags); });
}

Result<ExpressionParser::Test> ExpressionParser::type() {
    QUIRE_TRY_ASSIGN(const std::string list, argument("-type"));
    std::string letters;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const bool comma = i % 2 == 1;
        if (comma ? list[i] != ','
                  : std::string_view("fdlcbps").find(list[i]) == std::string_view::npos)
            return wrong(
                fmt::format("-type takes letters of f d l c b p s, not '{}'", printable(list)));
        if (!comma) letters += list[i];
    }
    if (list.size() % 2 == 0)
        return wrong(
            fmt::format("-type takes letters of f d l c b p s, not '{}'", printable(list)));
    return Test([letters](const Candidate& c) {
        return letters.find(fs::type_letter(c.visit.attributes.type)) != letters.npos;
    });
}

Result<ExpressionParser::Test> ExpressionParser::size() {
    QUIRE_TRY_ASSIGN(std::string text, argument("-size"));
    std::uint64_t unit = 512;
    if (!text.empty()) {
        constexpr std::string_view letters = "cwbkMG";
        constexpr std::uint64_t units[] = {1, 2, 512, 1024, 1024 * 1024, 1024 * 1024 * 1024};
        const std::size_t found = letters.find(text.back());
        if (found != letters.npos) {
            unit = units[found];
            text.pop_back();
        }
    }
    QUIRE_TRY_ASSIGN(const Comparison comparison, comparison_in("-size", text));
    return Test([=](const Candidate& c) {
        const std::uint64_t bytes = c.visit.attributes.size;
        return comparison.holds(bytes / unit + (bytes % unit != 0 ? 1 : 0));
    });
}

Result<ExpressionParser::Test> ExpressionParser::permissions() {
    QUIRE_TRY_ASSIGN(const std::string text, argument("-perm"));
    const char kind =
        !text.empty() && (text.front() == '-' || text.front() == '/') ? text.front() : '=';
    QUIRE_TRY_ASSIGN(const std::uint64_t wanted,
                     number_in("-perm", std::string_view(text).substr(kind == '=' ? 0 : 1), 8));
    if (wanted > fs::permission_mask) return wrong("-perm takes an octal mode up to 7777");
    return Test([=](const Candidate& c) {
        const std::uint64_t mode = c.visit.attributes.permissions;
        if (kind == '-') return (mode & wanted) == wanted;
        if (kind == '/') return wanted == 0 || (mode & wanted) != 0;
        return mode == wanted;
    });
}

Result<ExpressionParser::Test> ExpressionParser::age(const std::string& word, std::int64_t unit) {
    QUIRE_TRY_ASSIGN(const std::string text, argument(word));
    QUIRE_TRY_ASSIGN(const Comparison comparison, comparison_in(word, text));
    return Test([=, now = now_.seconds](const Candidate& c) {
        // What was modified after now counts as just modified.
        const std::int64_t modified = c.visit.attributes.modify.seconds;
        const std::uint64_t age = modified >= now ? 0
                                                  : static_cast<std::uint64_t>(now) -
                                                        static_cast<std::uint64_t>(modified);
        return comparison.holds(age / static_cast<std::uint64_t>(unit));
    });
}

Result<ExpressionParser::Test> ExpressionParser::newer() {
    QUIRE_TRY_ASSIGN(const std::string address, argument("-newer"));
    QUIRE_TRY_ASSIGN(const Time time, actions_->time_of(address));
    return Test([time](const Candidate& c) { return c.visit.attributes.modify > time; });
}

Result<ExpressionParser::Test> ExpressionParser::number(const std::string& word) {
    QUIRE_TRY_ASSIGN(const std::string text, argument(word));
    QUIRE_TRY_ASSIGN(const Comparison comparison, comparison_in(word, text));
    return Test([=](const Candidate& c) {
        const fs::Attributes& facts = c.visit.attributes;
        return comparison.holds(word == "-uid"     ? facts.uid
                                : word == "-gid"   ? facts.gid
                                : word == "-links" ? facts.links
                                                   : facts.inode);
    });
}

const std::vector<std::string>& Expression::words() {
    static const std::vector<std::string> words = {
        "-name",  "-iname", "-path",     "-ipath",    "-type",  "-size",  "-perm",   "-mtime",
        "-mmin",  "-newer", "-uid",      "-gid",      "-links", "-inum",  "-empty",  "-true",
        "-false", "-not",   "-maxdepth", "-mindepth", "-prune", "-print", "-print0", "-ls",
        "-a",     "-and",   "-o",        "-or",       "!",      "(",      ")"};
    return words;
}

bool Expression::begins(std::string_view word) {
    // A single dash and a word; -0, -q and -v are options like those of other verbs.
    return word == "!" || word == "(" || word == ")" ||
           (word.size() > 2 && word[0] == '-' && word[1] != '-');
}

Result<Expression> Expression::parse(const std::vector<std::string>& words, Time now,
                                     FindActions actions) {
    return ExpressionParser(words, now, std::move(actions)).run();
}

bool Expression::evaluate(const Candidate& candidate) {
    *pruned_ = false;
    return test_(candidate);
}

}  // namespace quire::app
