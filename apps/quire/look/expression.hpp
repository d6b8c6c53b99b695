// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "look/traverse.hpp"
#include "quire/base/result.hpp"

namespace quire::app {

/// What a test or action of find sees of a node.
struct Candidate {
    const Visit& visit;
    /// The name that -name compares: of the start, the last name of its address.
    std::string_view name;
    /// What -path compares and -print prints.
    const std::string& address;
};

/// What find does besides testing. True from each means that the action succeeded.
struct FindActions {
    std::function<void(const Candidate&, char end)> print;
    std::function<void(const Candidate&)> list;
    std::function<bool(const Candidate&)> is_empty;
    /// The modification time of what an address names, for -newer.
    std::function<Result<Time>(const std::string& address)> time_of;
};

/// The expression of find: tests and actions joined by -a (or nothing), -o, !, ( ). The words mean
/// what they mean to find(1).
class Expression {
public:
    /// Whether a word of the command line begins the expression.
    static bool begins(std::string_view word);
    /// Every word that an expression may hold, for completion.
    static const std::vector<std::string>& words();

    /// `now` is what -mtime and -mmin count from.
    /// Fails: invalid_argument (a usage error), what `actions.time_of` does.
    static Result<Expression> parse(const std::vector<std::string>& words, Time now,
                                    FindActions actions);

    bool evaluate(const Candidate& candidate);
    /// Whether -prune was met in the last evaluate().
    bool pruned() const { return *pruned_; }

    std::size_t min_depth = 0;
    std::size_t max_depth = std::numeric_limits<std::size_t>::max();

private:
    friend class ExpressionParser;
    using Test = std::function<bool(const Candidate&)>;

    Test test_;
    std::shared_ptr<bool> pruned_ = std::make_shared<bool>(false);
};

}  // namespace quire::app
