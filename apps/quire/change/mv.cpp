// SPDX-License-Identifier: MIT

// Within a volume a move is a rename, which the volume does at once or not at all. Across volumes
// it is a copy and a removal, and nothing may be lost whenever the program is killed: so all copies
// come first, then they are made durable, and only then their sources go.

#include <fmt/core.h>

#include <set>

#include "change/copy_target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "quire/base/name.hpp"
#include "quire/transfer/copier.hpp"
#include "quire/transfer/remover.hpp"

namespace quire::app {

namespace {

using assembly::Access;
using fs::FileType;
using transfer::Action;

// The removal of what was copied is part of the move: only its failures are told.
class RemovalListener final : public transfer::Listener {
public:
    explicit RemovalListener(Session& session) : listener_(session) {}
    void done(Action, std::string_view, std::string_view) override {}
    void problem(std::string_view path, const Error& error) override {
        listener_.problem(path, error);
    }
    void warning(std::string_view path, std::string_view sentence) override {
        listener_.warning(path, sentence);
    }
    bool stop() override { return false; }

private:
    TransferListener listener_;
};

class Mv final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", words_, 1, "what to move, and last where to or under what name")
            .flag(
                "-f,--force", [this] { keep_ = false; }, "replace what is there, which is usual")
            .flag(
                "-n,--no-clobber", [this] { keep_ = true; }, "leave what is there already")
            .flag("-u,--update", update_, "replace only files that are older")
            .value("-t,--target-directory", "DIRECTORY", directory_,
                   "move all sources into this directory", ValueKind::address)
            .flag("-T,--no-target-directory", no_directory_,
                  "the destination is the new name, also where it is a directory")
            .flag("--exchange", exchange_, "source and destination change places, in one volume");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        QUIRE_TRY_ASSIGN(const Operands operands,
                         split_operands(session, words_, directory_, no_directory_));
        access_ = session.manner().dry_run ? Access::read : Access::write;
        QUIRE_TRY_ASSIGN(target_,
                         find_target(session, operands.destination, operands.kind, access_));
        // A node that is held keeps its space when it is replaced.
        target_.spot.node.reset();
        ChangeListener listener(session);
        listener_ = &listener;
        transfer::CopyOptions options;
        options.recursive = true;
        options.preserve = transfer::Preserve::all();
        options.remove_first = true;
        options.reproducible = session.environment().source_date.has_value();
        transfer::Copier copier(target_.spot.place.tree, session.call(), options, listener,
                                session.progress());
        for (const std::string& source : operands.sources) {
            auto done = move(source, copier);
            if (!done) session.report(done.error());
        }
        if (const std::string lost = copier.summary().lost_sentence(); !lost.empty())
            session.warn(lost);
        auto removed = remove_copied();
        copied_.clear();
        target_ = {};
        return removed;
    }

private:
    // A move of one name, looked at from both sides.
    struct Move {
        fs::NodeReference directory;  // that it goes into
        Name name;
        std::string shown;
        fs::NodeReference old;  // what has the name there; may be empty
        bool same_volume = false;
        Spot from;
    };

    Result<void> move(const std::string& text, transfer::Copier& copier) {
        QUIRE_TRY_ASSIGN(Spot from, find_spot(*session_, text, access_));
        if (!from.name)
            return fail(std::errc::device_or_resource_busy,
                        fmt::format("{} has no name of its own and can't be moved; 'quire cp -a' "
                                    "copies what is in it",
                                    printable(text)));
        if (!from.node) return fail(std::errc::no_such_file_or_directory, printable(text));
        QUIRE_TRY_ASSIGN(std::optional<Move> one, look(std::move(from), text));
        if (!one) return {};
        return perform(*std::move(one), text, copier);
    }

    // What is to be done, or nothing where the destination stays.
    Result<std::optional<Move>> look(Spot from, const std::string& text) {
        const fs::Call call = session_->call();
        const Spot& spot = target_.spot;
        fs::Tree& tree = *spot.place.tree;
        if (from.must_be_directory) {
            // The slash led through a link, which is what would be moved.
            QUIRE_TRY_ASSIGN(const auto named,
                             from.place.tree->lookup(call, from.directory, *from.name));
            if (named->type() != FileType::directory)
                return fail(std::errc::not_a_directory, printable(text));
        }
        if (!target_.into && !spot.name)
            return fail(std::errc::device_or_resource_busy,
                        fmt::format("{} can't be replaced", printable(spot.place.text)));
        Move one{.directory = target_.into ? target_.into : spot.directory,
                 .name = target_.into ? *from.name : *spot.name,
                 .shown = target_.shown(from.name),
                 .old = nullptr,
                 .same_volume = from.place.tree == spot.place.tree,
                 .from = std::move(from)};
        auto old = tree.lookup(call, one.directory, one.name);
        if (old)
            one.old = *std::move(old);
        else if (old.error() != std::errc::no_such_file_or_directory)
            return fail(std::move(old).error().within(printable(one.shown)));
        const bool is_directory = one.from.node->type() == FileType::directory;
        if (!is_directory && !target_.into && spot.must_be_directory)
            return fail(std::errc::not_a_directory, printable(one.shown));
        if (exchange_) return one;
        if (!one.old) return one;
        QUIRE_TRY_ASSIGN(const bool replaces, may_replace(one, text));
        if (!replaces) {
            listener_->done(Action::skipped, text, one.shown);
            return std::nullopt;
        }
        return one;
    }

    Result<bool> may_replace(const Move& one, const std::string& text) {
        const fs::Call call = session_->call();
        const assembly::Location& from = one.from.place;
        const assembly::Location& to = target_.spot.place;
        const std::string shown = printable(one.shown);
        const bool is_directory = one.from.node->type() == FileType::directory;
        const bool onto_directory = one.old->type() == FileType::directory;
        if (comparable(from, to) && is_same(one))
            return fail(std::errc::invalid_argument,
                        fmt::format("{} and {} are the same file", printable(text), shown));
        if (keep_) return false;
        if (update_ && !is_directory) {
            QUIRE_TRY_ASSIGN(const auto here, from.tree->attributes(call, one.from.node));
            QUIRE_TRY_ASSIGN(const auto there, to.tree->attributes(call, one.old));
            if (there.modify >= here.modify) return false;
        }
        if (onto_directory && !is_directory)
            return fail(
                std::errc::is_a_directory,
                fmt::format("{} is a directory, which {} can't replace", shown, printable(text)));
        if (is_directory && !onto_directory)
            return fail(std::errc::not_a_directory,
                        fmt::format("{} is no directory, so the directory {} can't replace it",
                                    shown, printable(text)));
        if (!is_directory && made_.contains({one.directory->handle(), one.name.text()}))
            return fail(
                std::errc::invalid_argument,
                fmt::format("{} was just made and is not replaced by {}", shown, printable(text)));
        if (from.lies_in(to, one.old->handle()))
            return fail(
                std::errc::invalid_argument,
                fmt::format("{} carries {} and is not replaced by it", shown, printable(text)));
        return true;
    }

    // As mv(1) sees it: also two hard links of one file, and a link and the file that it leads to.
    bool is_same(const Move& one) {
        if (one.old->handle() == one.from.node->handle()) return true;
        if (one.from.node->type() != FileType::symbolic_link) return false;
        const auto behind = one.from.place.tree->walk(session_->call(), one.from.place.path);
        return behind && (*behind)->handle() == one.old->handle();
    }

    Result<void> perform(Move one, const std::string& text, transfer::Copier& copier) {
        if (exchange_ && !one.same_volume)
            return fail(std::errc::cross_device_link,
                        fmt::format("{} and {} can't change places", printable(text),
                                    printable(one.shown)));
        if (session_->manner().dry_run) {
            listener_->done(Action::made, text, one.shown);
            return {};
        }
        made_.emplace(one.directory->handle(), one.name.text());
        if (one.same_volume) {
            auto renamed = rename(one);
            if (renamed) {
                listener_->done(Action::changed, text, one.shown);
                return {};
            }
            // The host's tree holds several filesystems.
            const bool copies = renamed.error() == std::errc::cross_device_link && !exchange_;
            if (!copies) return fail(put(std::move(renamed).error(), text, one));
        }
        return copy(std::move(one), copier);
    }

    Result<void> rename(const Move& one) {
        const fs::Call call = session_->call();
        fs::Tree& tree = *one.from.place.tree;
        return tree.rename(call, one.from.directory, *one.from.name, one.directory, one.name,
                           {.no_replace = false, .exchange = exchange_});
    }

    static Error put(Error error, const std::string& text, const Move& one) {
        if (error == std::errc::invalid_argument)
            return Error(std::errc::invalid_argument,
                         fmt::format("{} can't be moved below itself, to {}", printable(text),
                                     printable(one.shown)));
        if (error == std::errc::no_such_file_or_directory)
            return std::move(error).within(printable(text));
        return std::move(error).within(printable(one.shown));
    }

    Result<void> copy(Move one, transfer::Copier& copier) {
        const fs::Call call = session_->call();
        const assembly::Location& from = one.from.place;
        const assembly::Location& to = target_.spot.place;
        if (one.old && one.old->type() == FileType::directory) {
            auto emptied = to.tree->remove_directory(call, one.directory, one.name);
            if (!emptied) return fail(std::move(emptied).error().within(printable(one.shown)));
        }
        one.old.reset();
        const std::uint64_t problems = copier.summary().problems;
        copier.copy({from.tree, call, one.from.node, from.text,
                     [&](const fs::Handle& handle) { return to.lies_in(from, handle); }},
                    {one.directory, one.name, nullptr, one.shown});
        // What could not be copied in full stays.
        if (copier.summary().problems == problems) copied_.push_back(std::move(one));
        return {};
    }

    Result<void> remove_copied() {
        if (copied_.empty()) return {};
        const Move& first = copied_.front();
        auto durable = session_->assembler().sync(target_.spot.place, first.directory);
        if (!durable)
            return fail(std::move(durable).error().within(
                "what was moved is copied, but the sources stay"));
        RemovalListener removal(*session_);
        NoProgress no_progress;
        for (const Move& one : copied_) {
            transfer::Remover remover(one.from.place.tree, session_->call(), {.recursive = true},
                                      removal, no_progress);
            remover.remove(one.from.directory, *one.from.name, one.from.place.text);
        }
        return {};
    }

    Session* session_ = nullptr;
    std::vector<std::string> words_;
    std::optional<std::string> directory_;
    bool no_directory_ = false;
    bool keep_ = false;
    bool update_ = false;
    bool exchange_ = false;
    Access access_ = Access::write;
    Target target_;
    transfer::Listener* listener_ = nullptr;
    std::set<std::pair<fs::Handle, std::string>> made_;  // names that this command gave
    std::vector<Move> copied_;
};

}  // namespace

const Verb verb_mv = {
    .name = "mv",
    .summary = "move and rename files and trees, also into and out of images",
    .examples =
        "quire mv root.ext4:/etc/motd root.ext4:/etc/motd.old\n"
        "quire mv root.ext4:/var/log/a root.ext4:/var/log/b archive.img:/logs/\n"
        "quire mv backup.img:/etc/fstab .       # out of an image\n",
    .common = {.dry_run = true, .progress = true},
    .make = make_command<Mv>,
};

}  // namespace quire::app
