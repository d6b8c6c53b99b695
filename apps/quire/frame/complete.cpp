// SPDX-License-Identifier: MIT

// `quire __complete WORD...` is what the shells' completion scripts (tools/completion) call: the
// words of the command line behind `quire`, the last of them the one to complete, perhaps empty.
// It prints what that word could become, one a line. Nothing found is no error, and nothing that
// goes wrong is worth disturbing a person who types.

#include <fmt/core.h>

#include <algorithm>

#include "frame/options.hpp"
#include "frame/program.hpp"
#include "frame/session.hpp"
#include "frame/verb.hpp"
#include "quire/assembly/contents.hpp"

namespace quire::app {

namespace {

using assembly::Address;
using assembly::Bare;
using Kind = Options::Item::Kind;

// Beyond this many nobody reads on; a huge directory must not make the shell wait.
constexpr std::size_t most_candidates = 2000;

// A word split before what is to be completed, its last name.
struct Split {
    std::string base;  ///< as typed, up to and with the last `/` or separating `:`
    std::string leaf;  ///< what follows, its backslashes resolved
};

Split split_word(std::string_view word) {
    Split split;
    std::size_t leaf = 0;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (word[i] == '\\')
            ++i;
        else if (word[i] == '/' || word[i] == ':')
            leaf = i + 1;
    }
    split.base = word.substr(0, leaf);
    for (std::size_t i = leaf; i < word.size(); ++i) {
        if (word[i] == '\\' && i + 1 < word.size()) ++i;
        split.leaf += word[i];
    }
    return split;
}

class Complete final : public Command {
public:
    void declare(Options& options) override {
        options.rest(
            "WORD", [](std::string_view) { return true; }, words_, "the command line so far");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (words_.empty()) words_.emplace_back();
        word_ = words_.back();
        words_.pop_back();
        if (words_.empty())
            complete_verb();
        else if (words_.front() == "help" && words_.size() == 1)
            complete_verb();
        else if (const Verb* verb = find_verb(words_.front()); verb != nullptr && !verb->hidden)
            complete_argument(*verb);
        for (const std::string& candidate : candidates_)
            if (candidate.find('\n') == candidate.npos) session.out().print("{}\n", candidate);
        return {};
    }

private:
    void offer(std::string candidate) {
        if (candidate.starts_with(word_)) candidates_.push_back(std::move(candidate));
    }

    void complete_verb() {
        for (const ListedVerb& listed : verbs())
            if (!listed.verb->hidden) offer(std::string(listed.verb->name));
        for (const char* other : {"help", "--help", "--version"})
            if (words_.empty() && (word_.starts_with('-') || other[0] != '-')) offer(other);
    }

    void complete_argument(const Verb& verb) {
        const std::unique_ptr<Invocation> invocation = prepare(verb);
        const auto& items = invocation->options.items();
        const bool operands_only = std::ranges::find(words_, "--") != words_.end();
        if (!operands_only && words_.size() > 1)
            for (const Options::Item& item : items)
                if (item.kind == Kind::value &&
                    std::ranges::find(item.names, words_.back()) != item.names.end())
                    return complete_value(item, "");
        if (!operands_only && word_.starts_with('-') && word_ != "-") return complete_option(items);
        const bool addresses = std::ranges::any_of(items, [](const Options::Item& item) {
            return item.kind == Kind::operand && item.value_kind == ValueKind::address;
        });
        const bool paths = std::ranges::any_of(items, [](const Options::Item& item) {
            return item.kind == Kind::operand && item.value_kind == ValueKind::host_path;
        });
        if (addresses || paths) complete_address(word_, "", addresses);
    }

    void complete_option(const std::vector<Options::Item>& items) {
        const std::size_t equals = word_.find('=');
        for (const Options::Item& item : items) {
            for (const std::string& name : item.names) {
                if (equals == word_.npos) {
                    const bool wants_value = item.kind == Kind::value && name.starts_with("--");
                    offer(wants_value ? name + '=' : name);
                } else if (word_.substr(0, equals) == name) {
                    complete_value(item, word_.substr(0, equals + 1));
                }
            }
        }
    }

    void complete_value(const Options::Item& item, const std::string& before) {
        for (const std::string& word : item.words) offer(before + word);
        if (item.kind == Kind::optional_value && !before.empty()) offer(before + item.meta);
        if (item.value_kind != ValueKind::word)
            complete_address(word_.substr(before.size()), before,
                             item.value_kind == ValueKind::address);
    }

    // Paths of the host, and with `inside` those in images too.
    void complete_address(const std::string& typed, const std::string& before, bool inside) {
        const Split split = split_word(typed);
        auto address = Address::parse(split.base.empty() ? "." : split.base);
        if (!address || (!inside && !address->bare())) return;
        const bool on_host = address->bare();
        auto place = session_->assembler().locate(*address, assembly::Access::read,
                                                  on_host ? Bare::host : Bare::image);
        if (!place) return;
        auto directory = place->tree->walk(session_->call(), place->path);
        if (!directory) return;
        std::vector<std::string> files;
        static_cast<void>(place->tree->list(
            session_->call(), *directory, 0, fs::WithAttributes::no,
            [&](const fs::DirectoryEntry& entry) {
                if (!entry.name.starts_with(split.leaf) ||
                    (entry.name.starts_with('.') && split.leaf.empty()))
                    return true;
                const std::string text = split.base + (inside ? assembly::escape_address(entry.name)
                                                              : std::string(entry.name));
                const bool is_directory = entry.type == fs::FileType::directory ||
                                          (entry.type == fs::FileType::symbolic_link &&
                                           leads_to_directory(*place, entry.name));
                if (entry.type == fs::FileType::regular) files.push_back(text);
                candidates_.push_back(before + text + (is_directory ? "/" : ""));
                return candidates_.size() < most_candidates;
            }));
        std::ranges::sort(candidates_);
        // One file left: if it is an image, the way inside is offered too.
        if (inside && files.size() == 1 && candidates_.size() == 1) enter_image(files[0], before);
    }

    bool leads_to_directory(const assembly::Location& place, std::string_view name) {
        const auto parsed = Name::parse(name);
        if (!parsed) return false;
        const auto node = place.tree->walk(session_->call(), place.path / *parsed);
        return node && (*node)->type() == fs::FileType::directory;
    }

    void enter_image(const std::string& text, const std::string& before) {
        const auto address = Address::parse(text);
        if (!address) return;
        const auto device = session_->assembler().device(*address, assembly::Access::read);
        if (!device) return;
        const auto contents = assembly::inspect(**device);
        if (!contents) return;
        if (contents->ext) candidates_.push_back(fmt::format("{}{}:/", before, text));
        if (contents->table)
            for (const partition::Entry& entry : contents->table->entries)
                if (!entry.container && entry.problem.empty())
                    candidates_.push_back(fmt::format("{}{}@p{}:/", before, text, entry.number));
    }

    Session* session_ = nullptr;
    std::vector<std::string> words_;
    std::string word_;
    std::vector<std::string> candidates_;
};

}  // namespace

const Verb verb_complete = {
    .name = "__complete",
    .summary = "what the shells ask",
    .examples = "quire __complete ls disk.img:/e\n",
    .common = {},
    .make = make_command<Complete>,
    .hidden = true,
};

}  // namespace quire::app
