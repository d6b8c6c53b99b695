// SPDX-License-Identifier: MIT

// Both trees are walked in the same order, so that comparing them is merging two sorted lists.

#include "quire/transfer/compare.hpp"

#include "compare/compare_nodes.hpp"
#include "quire/transfer/exclude.hpp"
#include "quire/transfer/walker.hpp"

namespace quire::transfer {

namespace {

// The order of a walk: name by name, a directory before what is in it.
std::strong_ordering order(std::string_view left, std::string_view right) {
    while (true) {
        if (left.empty() || right.empty()) return left.size() <=> right.size();
        auto left_slash = left.find('/');
        auto right_slash = right.find('/');
        auto names = left.substr(0, left_slash) <=> right.substr(0, right_slash);
        if (names != 0) return names;
        left = left_slash == std::string_view::npos ? "" : left.substr(left_slash + 1);
        right = right_slash == std::string_view::npos ? "" : right.substr(right_slash + 1);
    }
}

class Merge {
public:
    Merge(const Side& left, const Side& right, const CompareOptions& options,
          const std::function<void(const Difference&)>& sink, Account& account)
        : options_(options),
          account_(account),
          left_(left.tree, left.call, left.start),
          right_(right.tree, right.call, right.start),
          nodes_(left, right, options, sink, account) {}

    Result<std::uint64_t> run() {
        auto left = advance(left_);
        auto right = advance(right_);
        while (left || right) {
            if (account_.stop()) return fail(std::errc::operation_canceled);
            auto side = !right  ? std::strong_ordering::less
                        : !left ? std::strong_ordering::greater
                                : order(left->path, right->path);
            if (side == 0) {
                both(*left, *right);
                left = advance(left_);
                right = advance(right_);
            } else if (side < 0) {
                one(left_, *left, Aspect::only_left);
                left = advance(left_);
            } else {
                one(right_, *right, Aspect::only_right);
                right = advance(right_);
            }
        }
        if (!account_.summary().ok())
            return fail(std::errc::io_error, "the trees could not be compared whole");
        return nodes_.differences();
    }

private:
    std::optional<Step> advance(Walker& walker) {
        while (auto step = walker.next()) {
            if (step->kind == Step::Kind::leave) continue;
            if (left_out(*step)) {
                if (step->kind == Step::Kind::enter) walker.skip_children();
                continue;
            }
            return step;
        }
        return std::nullopt;
    }

    bool left_out(const Step& step) const {
        if (step.kind == Step::Kind::enter && step.depth == 1 && step.name == "lost+found" &&
            !options_.lost_and_found)
            return true;
        return !step.path.empty() && is_excluded(options_.exclude, step.path);
    }

    void one(Walker& walker, const Step& step, Aspect aspect) {
        if (step.kind == Step::Kind::problem) {
            account_.problem(step.path, *step.error);
            return;
        }
        nodes_.say(step.path, aspect, {}, {});
        if (step.kind == Step::Kind::enter) walker.skip_children();
    }

    void both(const Step& left, const Step& right) {
        account_.begin(left.path);
        for (const Step* step : {&left, &right})
            if (step->kind == Step::Kind::problem) account_.problem(step->path, *step->error);
        bool compared = false;
        if (left.kind != Step::Kind::problem && right.kind != Step::Kind::problem) {
            auto same = nodes_.compare(left, right);
            if (!same) account_.problem(left.path, same.error());
            compared = left.kind == right.kind;
        }
        if (compared) return;
        // What is in a directory on one side only is not worth a line each.
        if (left.kind == Step::Kind::enter) left_.skip_children();
        if (right.kind == Step::Kind::enter) right_.skip_children();
    }

    const CompareOptions& options_;
    Account& account_;
    Walker left_;
    Walker right_;
    NodeComparison nodes_;
};

}  // namespace

Result<std::uint64_t> compare(const Side& left, const Side& right, const CompareOptions& options,
                              const std::function<void(const Difference&)>& sink,
                              Listener& listener, Progress& progress) {
    Account account(listener, progress);
    return Merge(left, right, options, sink, account).run();
}

}  // namespace quire::transfer
