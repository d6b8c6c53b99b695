// SPDX-License-Identifier: MIT

#include <algorithm>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "output/transfer_listener.hpp"
#include "pack/numbers.hpp"
#include "pack/streams.hpp"
#include "quire/base/name.hpp"
#include "quire/transfer/tar.hpp"

namespace quire::app {

namespace {

/// Ends an extraction into a full target after the first sentence: the rest would fail as well.
class UntarListener final : public transfer::Listener {
public:
    UntarListener(Session& session, fs::Tree& target)
        : session_(session), target_(target), inner_(session) {}

    void done(transfer::Action action, std::string_view from, std::string_view to) override {
        if (session_.manner().dry_run)
            session_.out().print("{}{}", session_.shown(to), session_.end_of_name());
        else
            inner_.done(action, from, to);
    }
    void problem(std::string_view path, const Error& error) override {
        if (full_) return;
        inner_.problem(path, error);
        full_ = error == std::errc::no_space_on_device && nothing_left();
    }
    void warning(std::string_view path, std::string_view sentence) override {
        inner_.warning(path, sentence);
    }
    bool stop() override { return full_; }
    bool full() const { return full_; }

private:
    // Large attributes of a single node may find no room in an image that has plenty.
    bool nothing_left() const {
        constexpr std::uint64_t next_to_nothing = 64;
        const auto statistics = target_.statistics(session_.call());
        return !statistics || statistics->free_inodes == 0 ||
               statistics->free_blocks < next_to_nothing;
    }

    Session& session_;
    fs::Tree& target_;
    TransferListener inner_;
    bool full_ = false;
};

class Untar final : public Command {
public:
    void declare(Options& options) override {
        options
            .operand("ADDRESS", address_,
                     "the directory that gets it: in an image, or of the host; an image alone "
                     "means its root")
            .value("-f,--file", "FILE", file_,
                   "the archive, on the host or in an image; - is standard input, as is nothing",
                   ValueKind::address)
            .flag(
                "--keep", [this] { untar_.existing = transfer::Existing::keep; },
                "keep what is there already")
            .flag(
                "--replace-older", [this] { untar_.existing = transfer::Existing::replace_older; },
                "replace only what is older than in the archive")
            .value("--strip,--strip-components", "N", number_into(strip_, "number of names"),
                   "drop so many leading names of each path")
            .value("--owner", "UID", number_into(untar_.uid, "user number"),
                   "give everything to this user")
            .value("--group", "GID", number_into(untar_.gid, "group number"),
                   "give everything to this group")
            .flag(
                "--no-same-owner", [this] { untar_.preserve.owner = false; },
                "give everything to root in an image, to the caller on the host")
            .flag(
                "--no-same-permissions", [this] { untar_.preserve.mode = false; },
                "cut permissions by the umask; no set-user-id, no access lists")
            .flag(
                "--no-times", [this] { untar_.preserve.times = false; },
                "let everything be modified now")
            .flag(
                "--no-xattrs", [this] { untar_.preserve.attributes = false; },
                "leave out extended attributes");
    }

    Result<void> run(Session& session) override {
        const bool from_input = !file_ || *file_ == "-";
        if (from_input && session.environment().input_is_terminal)
            return session.usage("standard input is a terminal; redirect it or give -f ARCHIVE");
        untar_.strip = strip_.value_or(0);
        untar_.dry_run = session.manner().dry_run;
        untar_.reproducible = session.environment().source_date.has_value();

        QUIRE_TRY_ASSIGN(const assembly::Address address, assembly::Address::parse(address_));
        std::vector<assembly::Request> requests{
            {address, untar_.dry_run ? assembly::Access::read : assembly::Access::write}};
        if (!from_input) {
            QUIRE_TRY_ASSIGN(const assembly::Address archive, assembly::Address::parse(*file_));
            requests.push_back({archive, assembly::Access::read, assembly::Bare::host});
        }
        // Both at once, since the archive may lie in the image that it goes to.
        QUIRE_TRY_ASSIGN(const auto places, session.assembler().locate(requests));
        const fs::Call call = session.call();
        auto target = places[0].tree->walk(call, places[0].path);
        if (!target) return fail(std::move(target).error().within(printable(address_)));
        if ((*target)->type() != fs::FileType::directory)
            return fail(std::errc::not_a_directory, printable(address_));
        if (from_input) {
            DescriptorStream stream(session.environment().input);
            return extract(session, stream, places[0], *target, "standard input");
        }
        auto archive = open_archive(places[1], call);
        if (!archive) return fail(std::move(archive).error().within(printable(*file_)));
        FileStream stream(*archive, call);
        return extract(session, stream, places[0], *target, printable(*file_));
    }

private:
    static Result<std::shared_ptr<fs::OpenFile>> open_archive(const assembly::Location& place,
                                                              const fs::Call& call) {
        QUIRE_TRY_ASSIGN(const auto node, place.tree->walk(call, place.path));
        return place.tree->open(call, node, {.read = true, .write = false});
    }

    Result<void> extract(Session& session, transfer::ByteStream& stream,
                         const assembly::Location& place, const fs::NodeReference& target,
                         const std::string& name) const {
        UntarListener listener(session, *place.tree);
        auto summary = transfer::extract_tar(stream, place.tree, session.call(), target, untar_,
                                             listener, session.progress());
        if (!summary && listener.full()) return {};  // told already
        if (!summary) return fail(std::move(summary).error().within(name));
        if (const std::string lost = summary->lost_sentence(); !lost.empty())
            session.warn(lost +
                         (place.on_host ? ": the host allows it to root only, or not at all" : ""));
        return {};
    }

    std::string address_;
    std::optional<std::string> file_;
    std::optional<std::uint32_t> strip_;
    transfer::UntarOptions untar_;
};

}  // namespace

const Verb verb_untar = {
    .name = "untar",
    .summary = "extract a tar archive into an image or a host directory",
    .examples =
        "quire untar disk.img < disk.tar\n"
        "quire untar disk.img:/srv -f srv.tar.zst   # compressed or not\n"
        "quire untar host:/tmp/new < disk.tar       # nothing outside /tmp/new is touched\n"
        "quire untar disk.img -f disk.img:/srv/backup.tar --strip 1 --keep\n"
        "tar -c . | quire untar main.img:/fs/srv.img:/\n",
    .common = {.null = true, .dry_run = true, .progress = true, .seed = true},
    .make = make_command<Untar>,
};

}  // namespace quire::app
