// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <optional>

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

using assembly::Location;

class Ln final : public Command {
public:
    void declare(Options& options) override {
        options
            .operands("TARGET", targets_, 1,
                      "what is linked to (with -s a text, else an address), last the new link or "
                      "the directory for it")
            .flag("-s,--symbolic", symbolic_, "symbolic links; TARGET is their text")
            .flag("-f,--force", force_, "replace files that have the name already")
            .flag("-n,--no-dereference", no_follow_,
                  "a symbolic link to a directory is no directory for the new link")
            .flag("-T,--no-target-directory", no_directory_,
                  "the new link has exactly this name, also where that is a directory")
            .value("-t,--target-directory", "ADDRESS", directory_, "where the new links go",
                   ValueKind::address);
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (directory_ && no_directory_) return session.usage("-t and -T contradict each other");
        if (!directory_ && targets_.size() < 2)
            return session.usage("the address of the new link is missing");
        const std::string into = directory_ ? *directory_ : targets_.back();
        if (!directory_) targets_.pop_back();
        if (no_directory_ && targets_.size() > 1)
            return session.usage("-T takes one TARGET and one new link");
        QUIRE_TRY_ASSIGN(const Location place, open_target(session, into));
        auto found = place.tree->walk(session.call(), place.path,
                                      no_follow_ ? fs::Follow::no : fs::Follow::yes);
        const bool is_directory = found && (*found)->type() == fs::FileType::directory;
        if (!is_directory && (directory_ || targets_.size() > 1)) {
            if (!found) return about(into, std::move(found).error());
            return about(into, Error(std::errc::not_a_directory));
        }
        if (!is_directory || no_directory_) {
            auto made = make_at(place);
            if (!made) session.report(made.error());
            return {};
        }
        for (const std::string& target : targets_)
            if (auto made = make_in(place, *found, target); !made) session.report(made.error());
        return {};
    }

private:
    Result<void> make_at(const Location& place) {
        auto parent = place.path.empty() ? fail(std::errc::file_exists)
                                         : place.tree->walk_parent(session_->call(), place.path);
        if (!parent) return about(place.text, std::move(parent).error());
        if (parent->must_be_directory)
            return about(place.text, Error(std::errc::no_such_file_or_directory));
        return make(*place.tree, targets_.front(), parent->directory, parent->name, place.text);
    }

    Result<void> make_in(const Location& place, const fs::NodeReference& directory,
                         const std::string& target) {
        std::string_view last = target;
        while (last.ends_with('/')) last.remove_suffix(1);
        const std::size_t before = last.find_last_of(symbolic_ ? "/" : "/:");
        if (before != last.npos) last.remove_prefix(before + 1);
        auto name = Name::parse(last);
        if (!name)
            return about(target, Error(std::errc::invalid_argument,
                                       "its last name cannot be the name of a link"));
        return make(*place.tree, target, directory, *name, place.text_of(last));
    }

    Result<void> make(fs::Tree& tree, const std::string& target, const fs::NodeReference& directory,
                      const Name& name, const std::string& shown) {
        const fs::Call call = session_->call();
        fs::NodeReference source;
        if (!symbolic_) {
            QUIRE_TRY_ASSIGN(source, find_source(tree, target));
        }
        auto old = tree.lookup(call, directory, name);
        if (!old && old.error() != std::errc::no_such_file_or_directory)
            return about(shown, std::move(old).error());
        if (old && !force_) return about(shown, Error(std::errc::file_exists));
        if (old && (*old)->type() == fs::FileType::directory)
            return about(shown, Error(std::errc::is_a_directory,
                                      "is a directory, which no link can replace"));
        if (old && source && (*old)->handle() == source->handle()) return {};
        if (!session_->manner().dry_run) {
            auto made = old ? replace(tree, source, target, directory, name)
                            : make_new(tree, source, target, directory, name);
            if (!made) return about(shown, std::move(made).error());
        }
        say_done(*session_, "linked", fmt::format("{} -> {}", shown, target));
        return {};
    }

    // A hard link is made to a symbolic link itself, as ln(1) does on Linux.
    Result<fs::NodeReference> find_source(fs::Tree& tree, const std::string& target) {
        QUIRE_TRY_ASSIGN(const Location place, open_target(*session_, target));
        if (place.tree.get() != &tree)
            return about(target,
                         Error(std::errc::cross_device_link,
                               "a hard link cannot lead into another filesystem; -s makes a "
                               "symbolic one, 'quire cp' a copy"));
        QUIRE_TRY_ASSIGN(fs::NodeReference node, find_node(*session_, place, fs::Follow::no));
        if (node->type() == fs::FileType::directory)
            return about(target, Error(std::errc::operation_not_permitted,
                                       "a directory can have no hard links"));
        return node;
    }

    Result<void> make_new(fs::Tree& tree, const fs::NodeReference& source,
                          const std::string& target, const fs::NodeReference& directory,
                          const Name& name) {
        const fs::Call call = session_->call();
        if (source) return tree.link(call, source, directory, name);
        QUIRE_TRY(tree.make_symlink(call, directory, name, target));
        return {};
    }

    // The name never leads to nothing: the new link is made beside it and renamed over it.
    Result<void> replace(fs::Tree& tree, const fs::NodeReference& source, const std::string& target,
                         const fs::NodeReference& directory, const Name& name) {
        constexpr int most_tries = 1000;
        const fs::Call call = session_->call();
        for (int i = 0; i < most_tries; ++i) {
            QUIRE_TRY_ASSIGN(const Name beside, Name::parse(fmt::format(".quire-link-{}", i)));
            auto made = make_new(tree, source, target, directory, beside);
            if (!made && made.error() == std::errc::file_exists) continue;
            if (!made) return made;
            auto renamed = tree.rename(call, directory, beside, directory, name);
            if (!renamed) static_cast<void>(tree.remove(call, directory, beside));
            return renamed;
        }
        return fail(std::errc::file_exists);
    }

    Session* session_ = nullptr;
    std::vector<std::string> targets_;
    std::optional<std::string> directory_;
    bool symbolic_ = false;
    bool force_ = false;
    bool no_follow_ = false;
    bool no_directory_ = false;
};

}  // namespace

const Verb verb_ln = {
    .name = "ln",
    .summary = "make links",
    .examples =
        "quire ln disk.img:/bin/busybox disk.img:/bin/sh\n"
        "quire ln -s ../usr/lib/os-release disk.img:/etc/os-release\n"
        "quire ln -sfn releases/42 disk.img:/srv/current   # replaces the link that is there\n",
    .common = {.dry_run = true, .seed = true},
    .make = make_command<Ln>,
};

}  // namespace quire::app
