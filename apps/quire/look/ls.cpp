// SPDX-License-Identifier: MIT

#include <algorithm>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/columns.hpp"
#include "look/facts.hpp"
#include "look/start.hpp"
#include "look/traverse.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"

namespace quire::app {

namespace {

using assembly::Bare;
using fs::Attributes;
using fs::FileType;

struct Line {
    std::string name;
    Attributes attributes;
    std::string target;  // of a symbolic link, where it is shown
};

class Ls final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "what to list: an image, or a path inside one")
            .flag("-l", long_, "one line each: type and mode, uid, gid, size, links, name")
            .flag("--full-time", full_time_, "as -l, with the modification time to the nanosecond")
            .flag("-a,--all", all_, "names that begin with a dot too, and '.' and '..'")
            .flag("-A,--almost-all", almost_all_, "as -a without '.' and '..'")
            .flag("-d,--directory", directory_, "directories themselves, not what is in them")
            .flag("-R,--recursive", recursive_, "what is below, too")
            .flag("-1", one_, "one name per line, also on a terminal")
            .flag("-i,--inode", inode_, "inode numbers")
            .flag("-h,--human-readable", human_, "sizes as 1.5K, 38M")
            .flag("-n,--numeric-uid-gid", long_, "as -l (owners are always numbers here)")
            .flag(
                "-S", [this] { sort_ = "size"; }, "the largest first")
            .flag(
                "-t", [this] { sort_ = "time"; }, "the latest modified first")
            .flag(
                "-U", [this] { sort_ = "none"; }, "in the order of the directory")
            .choice("--sort", {"name", "size", "time", "none"}, sort_, "the order")
            .flag("-r,--reverse", reverse_, "the other way round");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        long_ = long_ || full_time_;
        std::vector<Line> files;
        std::vector<Start> directories;
        for (const std::string& text : addresses_) {
            auto start = find_argument(text);
            if (!start) {
                session.report(start.error());
                continue;
            }
            auto attributes = start->place.tree->attributes(session.call(), start->node);
            if (!attributes)
                session.report(std::move(attributes).error().within(printable(text)));
            else if (attributes->type == FileType::directory && !directory_)
                directories.push_back(*std::move(start));
            else
                files.push_back({text, *attributes, target_of(*start, *attributes)});
        }
        sort(files);
        print(files, "");
        headings_ = addresses_.size() > 1 || recursive_;
        anything_ = !files.empty();
        for (const Start& start : directories) list(start);
        return {};
    }

private:
    // Without -l a link to a directory on the command line is listed as that directory.
    Result<Start> find_argument(const std::string& text) {
        if (!long_ && !directory_) {
            auto start = find_start(*session_, text, Bare::image, fs::Follow::yes);
            if (start && start->node->type() == FileType::directory) return start;
        }
        return find_start(*session_, text, Bare::image, fs::Follow::no);
    }

    std::string target_of(const Start& start, const Attributes& attributes) {
        if (!shows_targets() || attributes.type != FileType::symbolic_link) return {};
        auto target = start.place.tree->read_link(session_->call(), start.node);
        if (!target)
            session_->report(std::move(target).error().within(printable(start.place.text)));
        return target.value_or("");
    }

    bool shows_targets() const { return long_ || session_->manner().json; }

    bool wanted(std::string_view name) const {
        return all_ || almost_all_ || !name.starts_with('.');
    }

    void list(const Start& start) {
        if (!recursive_) return list_one(start, start.node, "");
        traverse(start.place.tree, session_->call(), start.node,
                 {.by_name = true,
                  .wanted = [this](std::string_view name, fs::FileType) { return wanted(name); },
                  .enter = [](const Visit&) { return Descend::yes; },
                  .open = [&](const Visit& visit,
                              const fs::NodeReference& node) { list_one(start, node, visit.path); },
                  // Listing the directory has told already what can't be read in it.
                  .failed = [](const std::string&, const Error&) {},
                  .go_on = [this] { return session_->out().alive(); }});
    }

    void list_one(const Start& start, const fs::NodeReference& directory,
                  const std::string& inner) {
        const std::string text = start.place.text_of(inner);
        std::vector<Line> lines = read(start.place, directory, text);
        if (session_->manner().json || session_->manner().null || !headings_) {
            print(lines, text);
            return;
        }
        session_->out().print("{}{}:\n", anything_ ? "\n" : "", session_->shown(text));
        anything_ = true;
        print(lines, text);
    }

    std::vector<Line> read(const assembly::Location& place, const fs::NodeReference& directory,
                           const std::string& text) {
        const fs::Call call = session_->call();
        std::vector<Line> lines;
        const auto failed = [&](Error error) {
            session_->report(std::move(error).within(printable(text)));
        };
        if (all_) {
            const auto add = [&](const char* name, const Result<Attributes>& attributes) {
                if (attributes)
                    lines.push_back({name, *attributes, ""});
                else
                    failed(attributes.error());
            };
            add(".", place.tree->attributes(call, directory));
            auto parent = place.tree->parent(call, directory);
            add("..", parent ? place.tree->attributes(call, *parent)
                             : std::unexpected(std::move(parent).error()));
        }
        const bool facts = long_ || session_->manner().json || sort_ == "size" || sort_ == "time";
        auto listed = place.tree->list(call, directory, 0,
                                       facts ? fs::WithAttributes::yes : fs::WithAttributes::no,
                                       [&](const fs::DirectoryEntry& entry) {
                                           if (!wanted(entry.name)) return true;
                                           Line line{std::string(entry.name), {}, ""};
                                           line.attributes.type = entry.type;
                                           line.attributes.inode = entry.inode;
                                           if (entry.attributes != nullptr)
                                               line.attributes = *entry.attributes;
                                           lines.push_back(std::move(line));
                                           return true;
                                       });
        if (!listed) failed(std::move(listed).error());
        if (shows_targets())
            for (Line& line : lines)
                if (line.attributes.type == FileType::symbolic_link)
                    line.target = target_in(place, directory, line.name, text);
        sort(lines);
        return lines;
    }

    std::string target_in(const assembly::Location& place, const fs::NodeReference& directory,
                          const std::string& link, const std::string& text) {
        auto target = [&]() -> Result<std::string> {
            QUIRE_TRY_ASSIGN(const Name name, Name::parse(link));
            QUIRE_TRY_ASSIGN(auto node, place.tree->lookup(session_->call(), directory, name));
            return place.tree->read_link(session_->call(), node);
        }();
        if (!target)
            session_->report(
                std::move(target).error().within(printable(text) + ": " + printable(link)));
        return target.value_or("");
    }

    void sort(std::vector<Line>& lines) const {
        if (sort_ == "none") return;
        std::ranges::sort(lines, {}, &Line::name);
        if (sort_ == "size")
            std::ranges::stable_sort(lines, std::greater{},
                                     [](const Line& line) { return line.attributes.size; });
        if (sort_ == "time")
            std::ranges::stable_sort(lines, std::greater{},
                                     [](const Line& line) { return line.attributes.modify; });
        if (reverse_) std::ranges::reverse(lines);
    }

    void print(const std::vector<Line>& lines, const std::string& directory) {
        if (session_->manner().json) {
            for (const Line& line : lines) print_json(line, directory);
        } else if (long_) {
            print_long(lines);
        } else {
            print_names(lines);
        }
    }

    void print_json(const Line& line, const std::string& directory) {
        Json json = Json::line("entry");
        if (!directory.empty()) json.add("directory", directory);
        json.add("name", line.name);
        add_facts(json, line.attributes);
        if (line.attributes.type == FileType::symbolic_link) json.add("target", line.target);
        session_->out().print("{}\n", json.text());
    }

    void print_names(const std::vector<Line>& lines) {
        std::vector<std::string> names;
        for (const Line& line : lines)
            names.push_back((inode_ ? fmt::format("{} ", line.attributes.inode) : "") +
                            session_->shown(line.name));
        if (session_->environment().output_is_terminal && !one_ && !session_->manner().null) {
            session_->out().text(in_columns(names, session_->environment().columns));
            return;
        }
        for (const std::string& name : names)
            session_->out().print("{}{}", name, session_->end_of_name());
    }

    std::string size_text(const Attributes& attributes) const {
        if (attributes.type == FileType::character_device ||
            attributes.type == FileType::block_device)
            return fmt::format("{}, {}", attributes.device.major, attributes.device.minor);
        return human_ ? human_size(attributes.size) : std::to_string(attributes.size);
    }

    void print_long(const std::vector<Line>& lines) {
        std::vector<std::vector<std::string>> table;
        for (const Line& line : lines) {
            const Attributes& attributes = line.attributes;
            std::vector<std::string> row;
            if (inode_) row.push_back(std::to_string(attributes.inode));
            row.push_back(mode_text(attributes));
            row.push_back(std::to_string(attributes.uid));
            row.push_back(std::to_string(attributes.gid));
            row.push_back(size_text(attributes));
            row.push_back(std::to_string(attributes.links));
            if (full_time_) row.push_back(time_text(attributes.modify));
            row.push_back(session_->shown(line.name));
            if (attributes.type == FileType::symbolic_link)
                row.back() += " -> " + session_->shown(line.target);
            table.push_back(std::move(row));
        }
        session_->out().text(as_table(table, session_->end_of_name()));
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    bool long_ = false;
    bool full_time_ = false;
    bool all_ = false;
    bool almost_all_ = false;
    bool directory_ = false;
    bool recursive_ = false;
    bool one_ = false;
    bool inode_ = false;
    bool human_ = false;
    bool reverse_ = false;
    std::string sort_ = "name";
    bool headings_ = false;
    bool anything_ = false;  // printed before, so that a heading needs an empty line
};

}  // namespace

const Verb verb_ls = {
    .name = "ls",
    .summary = "list directories",
    .examples =
        "quire ls disk.img                  # the root of an image\n"
        "quire ls -l disk.img:/etc          # type and mode, uid, gid, size, links, name\n"
        "quire ls -R disk.img@p2:/home      # all below a directory of the second partition\n"
        "quire ls a.img:/fs/b.img:/docs     # inside an image inside an image\n"
        "quire ls --json disk.img:/etc | jq -r .name\n",
    .common = {.json = true, .null = true},
    .make = make_command<Ls>,
};

}  // namespace quire::app
