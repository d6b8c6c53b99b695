// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/expression.hpp"
#include "look/facts.hpp"
#include "look/start.hpp"
#include "output/json.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

class Find final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "where to begin")
            .rest("EXPRESSION", Expression::begins, words_,
                  "tests: -name -iname -path -ipath PATTERN, -type LETTERS, -size N[cwbkMG], "
                  "-perm [-/]MODE, -mtime N, -mmin N, -newer ADDRESS, -uid N, -gid N, -links N, "
                  "-inum N, -empty, -true, -false; how far: -maxdepth N, -mindepth N, -prune; "
                  "actions: -print (the default), -print0, -ls; joined by -a, -o, !, ( )");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        const auto parsed =
            Expression::parse(words_, session.environment().clock->now(), actions());
        if (!parsed)
            return parsed.error() == std::errc::invalid_argument
                       ? session.usage(parsed.error().sentence())
                       : Result<void>(std::unexpected(parsed.error()));
        Expression expression = *parsed;
        for (const std::string& address : addresses_) {
            auto start = find_start(session, address, assembly::Bare::image, fs::Follow::no);
            if (start)
                search(*start, expression);
            else
                session.report(start.error());
        }
        return {};
    }

private:
    FindActions actions() {
        return {.print = [this](const Candidate& candidate, char end) { print(candidate, end); },
                .list = [this](const Candidate& candidate) { list(candidate); },
                .is_empty = [this](const Candidate& candidate) { return is_empty(candidate); },
                .time_of = [this](const std::string& address) -> Result<Time> {
                    QUIRE_TRY_ASSIGN(
                        const Start other,
                        find_start(*session_, address, assembly::Bare::host, fs::Follow::yes));
                    QUIRE_TRY_ASSIGN(const fs::Attributes facts,
                                     other.place.tree->attributes(session_->call(), other.node));
                    return facts.modify;
                }};
    }

    void search(const Start& start, Expression& expression) {
        start_ = &start;
        const std::string first = start.place.path.empty()
                                      ? start.place.text
                                      : std::string(start.place.path.components().back().view());
        Traversal traversal{.max_depth = expression.max_depth, .enter = {}, .failed = {}};
        traversal.enter = [&](const Visit& visit) {
            const std::string address =
                visit.depth == 0 ? start.place.text : address_of(visit.path);
            const Candidate candidate{visit, visit.depth == 0 ? first : visit.name, address};
            if (visit.depth < expression.min_depth) return Descend::yes;
            expression.evaluate(candidate);
            return expression.pruned() ? Descend::no : Descend::yes;
        };
        traversal.failed = [&](const std::string& path, Error error) {
            session_->report(std::move(error).within(printable(start.place.text_of(path))));
        };
        traversal.go_on = [this] { return session_->out().alive(); };
        traverse(start.place.tree, session_->call(), start.node, traversal);
    }

    // What is printed is an address, so that it can be given to another verb.
    std::string address_of(const std::string& path) const {
        return start_->place.prefix + assembly::escape_address(path);
    }

    void print(const Candidate& candidate, char end) {
        if (session_->manner().json) {
            Json json = Json::line("entry");
            json.add("address", candidate.address)
                .add("path", candidate.visit.path)
                .add("depth", candidate.visit.depth);
            add_facts(json, candidate.visit.attributes);
            session_->out().print("{}\n", json.text());
            return;
        }
        const bool raw = end == '\0' || session_->manner().null;
        session_->out().print("{}{}", raw ? candidate.address : session_->shown(candidate.address),
                              raw ? '\0' : end);
    }

    void list(const Candidate& candidate) {
        const fs::Attributes& facts = candidate.visit.attributes;
        session_->out().print("{:>9} {} {:>4} {:>7} {:>7} {:>12} {} {}\n", facts.inode,
                              mode_text(facts), facts.links, facts.uid, facts.gid, facts.size,
                              time_text(facts.modify).substr(0, 19),
                              session_->shown(candidate.address));
    }

    bool is_empty(const Candidate& candidate) {
        const fs::Attributes& facts = candidate.visit.attributes;
        if (facts.type == fs::FileType::regular) return facts.size == 0;
        if (facts.type != fs::FileType::directory) return false;
        bool empty = true;
        auto looked = [&]() -> Result<void> {
            const fs::Call call = session_->call();
            fs::NodeReference node = start_->node;
            if (!candidate.visit.path.empty()) {
                QUIRE_TRY_ASSIGN(const Path path, Path::parse(candidate.visit.path));
                QUIRE_TRY_ASSIGN(node, start_->place.tree->walk(call, node, path, fs::Follow::no));
            }
            return start_->place.tree->list(
                call, node, 0, fs::WithAttributes::no,
                [&](const fs::DirectoryEntry&) { return empty = false; });
        }();
        if (!looked)
            session_->report(std::move(looked).error().within(printable(candidate.address)));
        return looked && empty;
    }

    Session* session_ = nullptr;
    const Start* start_ = nullptr;
    std::vector<std::string> addresses_;
    std::vector<std::string> words_;
};

}  // namespace

const Verb verb_find = {
    .name = "find",
    .summary = "find files by name, type, size, age and more",
    .examples =
        "quire find disk.img:/etc -name '*.conf'\n"
        "quire find disk.img -type f -size +1M -newer disk.img:/etc/hostname\n"
        "quire find disk.img -perm -4000 -ls                  # set-user-id programs\n"
        "quire find disk.img -name '*.tmp' -print0 | xargs -0 quire rm\n",
    .common = {.json = true, .null = true},
    .make = make_command<Find>,
};

}  // namespace quire::app
