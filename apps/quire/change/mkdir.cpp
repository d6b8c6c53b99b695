// SPDX-License-Identifier: MIT

#include <optional>

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "values/mode_change.hpp"

namespace quire::app {

namespace {

constexpr std::uint16_t everything = 0777;

class Mkdir final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "directories to make")
            .flag("-p,--parents", parents_,
                  "make what is missing on the way; what is there already is no failure")
            .value("-m,--mode", "MODE", mode_, "permissions, as chmod takes them");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (mode_) {
            auto change = ModeChange::parse(*mode_);
            if (!change) return session.usage(change.error().sentence());
            change_ = *std::move(change);
        }
        for (const assembly::Location& place : open_targets(session, addresses_)) {
            auto made = parents_ ? make_way(place) : make_one(place);
            if (!made) report_about(session, place.text, std::move(made).error());
        }
        return {};
    }

private:
    Result<void> make_one(const assembly::Location& place) {
        if (place.path.empty()) return fail(std::errc::file_exists);
        auto parent = place.tree->walk_parent(session_->call(), place.path);
        if (!parent && parent.error() == std::errc::invalid_argument)
            return fail(std::errc::file_exists);
        if (!parent) return fail(std::move(parent).error());
        QUIRE_TRY(make(*place.tree, parent->directory, parent->name, true));
        say_done(*session_, "made", place.text);
        return {};
    }

    Result<void> make_way(const assembly::Location& place) {
        const fs::Call call = session_->call();
        fs::NodeReference at = place.tree->root();
        const auto& components = place.path.components();
        for (std::size_t i = 0; i < components.size(); ++i) {
            if (components[i].is_up()) {
                QUIRE_TRY_ASSIGN(at, place.tree->parent(call, at));
                continue;
            }
            const Name name = components[i].name();
            QUIRE_TRY_ASSIGN(const Path one, Path::parse("./" + name.text()));
            auto next = place.tree->walk(call, at, one, fs::Follow::yes);
            const bool last = i + 1 == components.size();
            if (!next && next.error() == std::errc::no_such_file_or_directory) {
                next = make(*place.tree, at, name, last);
                if (next) say_done(*session_, "made", shown_of(place, i));
                if (session_->manner().dry_run && next) return say_rest(place, i + 1);
            }
            if (!next) return fail(std::move(next).error());
            if ((*next)->type() != fs::FileType::directory)
                return fail(last ? std::errc::file_exists : std::errc::not_a_directory);
            at = *std::move(next);
        }
        return {};
    }

    Result<void> say_rest(const assembly::Location& place, std::size_t from) {
        for (std::size_t i = from; i < place.path.components().size(); ++i)
            say_done(*session_, "made", shown_of(place, i));
        return {};
    }

    // The address without the names after the one at `index`.
    static std::string shown_of(const assembly::Location& place, std::size_t index) {
        std::string text = place.text;
        for (std::size_t i = place.path.components().size() - 1; i > index; --i) {
            while (text.ends_with('/')) text.pop_back();
            text.resize(text.find_last_of('/') + 1);
        }
        while (text.size() > 1 && text.ends_with('/')) text.pop_back();
        return text;
    }

    // In a dry run the directory itself stands for the one that is not made.
    Result<fs::NodeReference> make(fs::Tree& tree, const fs::NodeReference& directory,
                                   const Name& name, bool last) {
        fs::Call call = session_->call();
        const std::uint16_t umask = call.credentials.umask;
        if (session_->manner().dry_run) {
            auto there = tree.lookup(call, directory, name);
            if (there) return fail(std::errc::file_exists);
            if (there.error() != std::errc::no_such_file_or_directory) return there;
            return directory;
        }
        if (!last) {
            // The maker goes on inside.
            call.credentials.umask &= static_cast<std::uint16_t>(~0300);
            return tree.make_directory(call, directory, name, everything);
        }
        if (!change_) return tree.make_directory(call, directory, name, everything);
        const auto wanted = change_->apply(everything, true, umask);
        call.credentials.umask = 0;
        QUIRE_TRY_ASSIGN(fs::NodeReference node,
                         tree.make_directory(call, directory, name, wanted.permissions));
        QUIRE_TRY_ASSIGN(const fs::Attributes got, tree.attributes(call, node));
        const unsigned permissions =
            (wanted.permissions & wanted.decided) | (got.permissions & ~wanted.decided);
        if (permissions != got.permissions)
            QUIRE_TRY(tree.set_attributes(
                call, node, {.permissions = static_cast<std::uint16_t>(permissions)}));
        return node;
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    std::optional<std::string> mode_;
    std::optional<ModeChange> change_;
    bool parents_ = false;
};

}  // namespace

const Verb verb_mkdir = {
    .name = "mkdir",
    .summary = "make directories",
    .examples =
        "quire mkdir disk.img:/srv\n"
        "quire mkdir -p disk.img:/srv/www/html    # with what is missing on the way\n"
        "quire mkdir -m 1777 disk.img:/scratch\n",
    .common = {.dry_run = true, .seed = true},
    .make = make_command<Mkdir>,
};

}  // namespace quire::app
