// SPDX-License-Identifier: MIT

// A copy is transfer::Copier's work. What is left here is what the words of the command line mean:
// which links are followed, what the copies are called, and what must not be overwritten.

#include <fmt/core.h>

#include <set>
#include <tuple>

#include "change/copy_target.hpp"
#include "change/cp_options.hpp"
#include "change/stream.hpp"
#include "frame/verb.hpp"
#include "output/expectation.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

using assembly::Access;
using fs::FileType;

class Cp final : public Command {
public:
    void declare(Options& options) override { declare_cp_options(options, request_); }

    Result<void> run(Session& session) override {
        session_ = &session;
        request_.settle();
        request_.copy.dry_run = session.manner().dry_run;
        request_.copy.reproducible = session.environment().source_date.has_value();
        QUIRE_TRY_ASSIGN(
            const Operands operands,
            split_operands(session, request_.words, request_.directory, request_.no_directory));
        if (operands.kind != TargetKind::directory && !request_.copy.recursive) {
            QUIRE_TRY_ASSIGN(const auto stream,
                             find_stream(session, operands.destination, writing_access()));
            if (stream) return copy_out(operands.sources.front(), *stream);
        }
        QUIRE_TRY_ASSIGN(
            target_, find_target(session, operands.destination, operands.kind, writing_access()));
        // A node that is held keeps its space when it is replaced.
        if (target_.spot.name) target_.spot.node.reset();
        ChangeListener listener(session);
        transfer::Copier copier(target_.spot.place.tree, session.call(), request_.copy, listener,
                                session.progress());
        expect(operands.sources);
        for (const std::string& source : operands.sources) {
            auto done = copy(source, copier);
            if (!done) session.report(done.error());
        }
        if (const std::string lost = copier.summary().lost_sentence(); !lost.empty())
            session.warn(lost);
        target_ = {};
        return {};
    }

private:
    struct Source {
        Spot spot;
        fs::NodeReference node;  // what is copied: links followed as asked
    };

    void expect(const std::vector<std::string>& sources) {
        Expectation expectation(*session_);
        if (!expectation.wanted()) return;
        for (const std::string& text : sources)
            if (const auto source = find_source(text))
                expectation.add(source->spot.place.tree, source->node);
    }

    // Nothing is opened for writing to say only what would be done.
    Access writing_access() const {
        return session_->manner().dry_run ? Access::read : Access::write;
    }

    Result<Source> find_source(const std::string& text) {
        Source source;
        QUIRE_TRY_ASSIGN(source.spot, find_spot(*session_, text, Access::read));
        source.node = source.spot.node;
        if (source.node && request_.follows_sources() &&
            source.node->type() == FileType::symbolic_link) {
            auto behind = source.spot.place.tree->walk(session_->call(), source.spot.place.path);
            if (!behind) return fail(std::move(behind).error().within(printable(text)));
            source.node = *std::move(behind);
        }
        if (!source.node) return fail(std::errc::no_such_file_or_directory, printable(text));
        return source;
    }

    Result<void> copy(const std::string& text, transfer::Copier& copier) {
        if (!request_.copy.recursive) {
            QUIRE_TRY_ASSIGN(const auto stream, find_stream(*session_, text, Access::read));
            if (stream) return copy_stream(*stream, text);
        }
        QUIRE_TRY_ASSIGN(const Source source, find_source(text));
        if (!seen_.insert(text).second) {
            session_->warn(fmt::format("source '{}' is given more than once", printable(text)));
            return {};
        }
        const assembly::Location& from = source.spot.place;
        const assembly::Location& to = target_.spot.place;
        const transfer::Source what{
            from.tree, session_->call(), source.node, from.text,
            [&](const fs::Handle& handle) { return to.lies_in(from, handle); }};
        const std::optional<Name> name = target_.into ? source.spot.name : target_.spot.name;
        if (!name) {
            // What has no name of its own is copied as what is in it.
            const auto& directory = target_.into ? target_.into : target_.spot.node;
            if (source.node->type() != FileType::directory)
                return fail(std::errc::is_a_directory,
                            fmt::format("{} is a directory, which {} can't replace",
                                        printable(to.text), printable(text)));
            copier.merge(what, directory, to.text);
            return {};
        }
        QUIRE_TRY_ASSIGN(const transfer::Destination destination,
                         find_destination(*name, source.node->type(), &from, text));
        const std::uint64_t problems = copier.summary().problems;
        copier.copy(what, destination);
        if (source.node->type() != FileType::directory && copier.summary().problems == problems)
            made_.emplace(destination.directory->handle(), name->text());
        return {};
    }

    // Where something goes, after a look at what is there.
    Result<transfer::Destination> find_destination(const Name& name, FileType type,
                                                   const assembly::Location* from,
                                                   const std::string& text) {
        const Spot& spot = target_.spot;
        fs::Tree& tree = *spot.place.tree;
        transfer::Destination destination{target_.into ? target_.into : spot.directory, name,
                                          nullptr, target_.shown(name)};
        const std::string shown = printable(destination.shown);
        auto old = tree.lookup(session_->call(), destination.directory, name);
        if (!old && old.error() != std::errc::no_such_file_or_directory)
            return fail(std::move(old).error().within(shown));
        if (type == FileType::directory) return destination;
        if (!target_.into && spot.must_be_directory) return fail(std::errc::not_a_directory, shown);
        if (!old) return destination;
        if (made_.contains({destination.directory->handle(), name.text()}))
            return fail(std::errc::invalid_argument,
                        fmt::format("{} was just made and is not overwritten with {}", shown,
                                    printable(text)));
        if (!target_.into && type == FileType::regular && !request_.copy.remove_first &&
            (*old)->type() == FileType::symbolic_link) {
            QUIRE_TRY_ASSIGN(old, behind_link(shown));
            destination.behind_link = *old;
        }
        if (from != nullptr && from->lies_in(spot.place, (*old)->handle()))
            return fail(std::errc::invalid_argument,
                        fmt::format("{} carries {} and is not overwritten with it", shown,
                                    printable(text)));
        return destination;
    }

    // A link that is named as the destination is written through, if it leads to something.
    Result<fs::NodeReference> behind_link(const std::string& shown) {
        const Spot& spot = target_.spot;
        auto behind = spot.place.tree->walk(session_->call(), spot.place.path);
        if (!behind && behind.error() == std::errc::no_such_file_or_directory)
            return fail(std::errc::invalid_argument,
                        fmt::format("{} is a symbolic link that leads nowhere, which is not "
                                    "written through; --remove-destination replaces it",
                                    shown));
        if (!behind) return fail(std::move(behind).error().within(shown));
        return behind;
    }

    Result<void> copy_stream(const Stream& stream, const std::string& text) {
        std::optional<Name> name = target_.spot.name;
        if (target_.into || !name) {
            const std::size_t slash = text.rfind('/');
            if (text == "-" || slash == text.npos)
                return fail(std::errc::invalid_argument,
                            fmt::format("{} has no name; say which file in {} it shall become",
                                        stream.name, printable(target_.spot.place.text)));
            QUIRE_TRY_ASSIGN(name, Name::parse(std::string_view(text).substr(slash + 1)));
        }
        QUIRE_TRY_ASSIGN(const transfer::Destination destination,
                         find_destination(*name, FileType::regular, nullptr, text));
        auto done = fill(stream, destination);
        if (!done) return fail(std::move(done).error().within(printable(destination.shown)));
        return {};
    }

    Result<void> fill(const Stream& stream, const transfer::Destination& to) {
        const fs::Call call = session_->call();
        const transfer::CopyOptions& options = request_.copy;
        fs::Tree& tree = *target_.spot.place.tree;
        ChangeListener listener(*session_);
        fs::NodeReference node = to.behind_link;
        if (!node) {
            auto found = tree.lookup(call, to.directory, to.name);
            if (found) node = *std::move(found);
        }
        if (node && node->type() == FileType::directory) return fail(std::errc::is_a_directory);
        // What comes from a stream is as new as can be.
        if (node && options.existing == transfer::Existing::keep) return {};
        listener.done(node ? transfer::Action::replaced : transfer::Action::made, stream.name,
                      to.shown);
        if (options.dry_run) return {};
        if (node && (options.remove_first || node->type() == FileType::symbolic_link)) {
            QUIRE_TRY(tree.remove(call, to.directory, to.name));
            node.reset();
        }
        if (!node) {
            QUIRE_TRY_ASSIGN(node, tree.create(call, to.directory, to.name, 0666));
        }
        QUIRE_TRY_ASSIGN(const auto file, tree.open(call, node, {.read = false, .write = true}));
        QUIRE_TRY(file->resize(call, 0));
        return write_from(*session_, stream, *file, options.sparse == transfer::Sparse::always);
    }

    Result<void> copy_out(const std::string& text, const Stream& to) {
        QUIRE_TRY_ASSIGN(const auto stream, find_stream(*session_, text, Access::read));
        if (session_->manner().dry_run) return {};
        if (stream) return pass_on(*session_, *stream, to);
        QUIRE_TRY_ASSIGN(const Source source, find_source(text));
        if (source.node->type() == FileType::directory)
            return fail(
                std::errc::is_a_directory,
                fmt::format("{} is a directory, which can't go to {}", printable(text), to.name));
        auto file = source.spot.place.tree->open(session_->call(), source.node, {});
        if (!file) return fail(std::move(file).error().within(printable(text)));
        return read_to(*session_, **file, to);
    }

    Session* session_ = nullptr;
    CpRequest request_;
    Target target_;
    std::set<std::string> seen_;
    std::set<std::pair<fs::Handle, std::string>> made_;  // names that this command gave
};

}  // namespace

const Verb verb_cp = {
    .name = "cp",
    .summary = "copy files and trees into, out of and between images",
    .examples =
        "quire cp motd root.ext4:/etc/motd\n"
        "quire cp -a rootfs/. disk.img@p2:/          # all of a directory, as it is\n"
        "quire cp -a root.ext4:/etc backup.img:/     # from one image to another\n"
        "quire cp main.fs:/fs/docs.fs:/COPYING .     # out of an image in an image\n"
        "date | quire cp - root.ext4:/etc/build-date\n",
    .common = {.dry_run = true, .progress = true, .seed = true},
    .make = make_command<Cp>,
};

}  // namespace quire::app
