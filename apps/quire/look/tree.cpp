// SPDX-License-Identifier: MIT

#include <limits>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/facts.hpp"
#include "look/start.hpp"
#include "look/traverse.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"

namespace quire::app {

namespace {

class TreeVerb final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "where to begin")
            .flag("-a,--all", all_, "names that begin with a dot too")
            .flag("-d", directories_, "directories only")
            .value("-L,--level", "N", depth_, "not deeper than N")
            .flag("-s", size_, "sizes in bytes")
            .flag("-h,--human-readable", human_, "sizes as 1.5K, 38M")
            .flag("-p", mode_, "type and mode");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (depth_) {
            auto depth = parse_size(*depth_);
            if (!depth || *depth == 0) return session.usage("-L takes a number from 1 on");
            max_depth_ = static_cast<std::size_t>(*depth);
        }
        for (const std::string& address : addresses_) {
            if (auto start = find_start(session, address, assembly::Bare::image, fs::Follow::yes))
                draw(*start);
            else
                session.report(start.error());
        }
        if (!session.manner().json && !session.manner().quiet)
            session.out().print("\n{} directories, {} files\n", directory_count_, file_count_);
        return {};
    }

private:
    void draw(const Start& start) {
        Traversal traversal{.max_depth = max_depth_, .by_name = true, .enter = {}, .failed = {}};
        traversal.wanted = [this](std::string_view name, fs::FileType type) {
            return (all_ || !name.starts_with('.')) &&
                   (!directories_ || type == fs::FileType::directory);
        };
        traversal.enter = [&](const Visit& visit) {
            if (visit.depth > 0)
                ++(visit.attributes.type == fs::FileType::directory ? directory_count_
                                                                    : file_count_);
            print(start, visit);
            return Descend::yes;
        };
        traversal.failed = [&](const std::string& path, Error error) {
            session_->report(std::move(error).within(printable(start.place.text_of(path))));
        };
        traversal.go_on = [this] { return session_->out().alive(); };
        traverse(start.place.tree, session_->call(), start.node, traversal);
    }

    void print(const Start& start, const Visit& visit) {
        if (session_->manner().json) {
            Json json = Json::line("entry");
            json.add("path", visit.path).add("depth", visit.depth);
            add_facts(json, visit.attributes);
            session_->out().print("{}\n", json.text());
            return;
        }
        std::string line;
        if (visit.depth > 0) {
            // Whether each ancestor has siblings to come decides its column.
            open_.resize(visit.depth);
            open_[visit.depth - 1] = !visit.last;
            for (std::size_t i = 0; i + 1 < visit.depth; ++i) line += open_[i] ? "│   " : "    ";
            line += visit.last ? "└── " : "├── ";
        }
        line += details(visit.attributes);
        line += session_->shown(visit.depth == 0 ? start.place.text : std::string(visit.name));
        session_->out().print("{}{}", line, session_->end_of_name());
    }

    std::string details(const fs::Attributes& attributes) const {
        std::string text;
        if (mode_) text += mode_text(attributes);
        if (size_ || human_) {
            const std::string size =
                human_ ? human_size(attributes.size) : std::to_string(attributes.size);
            text += fmt::format("{}{:>{}}", mode_ ? " " : "", size, human_ ? 5 : 11);
        }
        return text.empty() ? text : fmt::format("[{}]  ", text);
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    std::optional<std::string> depth_;
    std::size_t max_depth_ = std::numeric_limits<std::size_t>::max();
    bool all_ = false;
    bool directories_ = false;
    bool size_ = false;
    bool human_ = false;
    bool mode_ = false;
    std::vector<bool> open_;
    std::uint64_t directory_count_ = 0;
    std::uint64_t file_count_ = 0;
};

}  // namespace

const Verb verb_tree = {
    .name = "tree",
    .summary = "draw directories as a tree",
    .examples =
        "quire tree disk.img:/etc\n"
        "quire tree -L 2 -d disk.img      # directories, two levels\n"
        "quire tree -ph disk.img:/usr     # with modes and sizes\n",
    .common = {.json = true, .null = true},
    .make = make_command<TreeVerb>,
};

}  // namespace quire::app
