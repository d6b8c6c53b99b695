// SPDX-License-Identifier: MIT

#include "quire/transfer/tar.hpp"

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/start.hpp"
#include "output/expectation.hpp"
#include "output/new_file.hpp"
#include "output/transfer_listener.hpp"
#include "pack/numbers.hpp"
#include "pack/streams.hpp"
#include "quire/base/name.hpp"

namespace quire::app {

namespace {

class Tar final : public Command {
public:
    void declare(Options& options) override {
        options
            .operand("ADDRESS", address_,
                     "what goes into the archive: an image, a directory or file inside one, or a "
                     "host directory")
            .value("-f,-o,--file", "FILE", file_,
                   "write to this file, which appears when it is complete; - is standard output",
                   ValueKind::host_path)
            .values("--exclude", "PATTERN", tar_.exclude,
                    "leave out what matches, with all that is in it; a pattern with a slash is "
                    "held against the path in the tree, others against each name")
            .value("--owner", "UID", number_into(tar_.uid, "user number"),
                   "say that everything belongs to this user")
            .value("--group", "GID", number_into(tar_.gid, "group number"),
                   "say that everything belongs to this group")
            .flag("--access-times", tar_.access_times, "write access times as well");
    }

    Result<void> run(Session& session) override {
        const bool to_output = !file_ || *file_ == "-";
        if (to_output && session.environment().output_is_terminal)
            return session.usage(
                "an archive is nothing for a terminal; redirect it or give -f FILE");
        QUIRE_TRY_ASSIGN(const Start start,
                         find_start(session, address_, assembly::Bare::image, fs::Follow::yes));
        const auto& components = start.place.path.components();
        if (start.node->type() != fs::FileType::directory && !components.empty())
            tar_.name = components.back().view();
        tar_.latest = session.environment().source_date;
        if (to_output) {
            OutputSink sink(session.out());
            return write(session, start, sink);
        }
        QUIRE_TRY_ASSIGN(const auto file, NewFile::open(session.environment().host_path(*file_),
                                                        NewFile::Existing::replace));
        NewFileSink sink(*file);
        QUIRE_TRY(write(session, start, sink));
        return file->publish();
    }

private:
    Result<void> write(Session& session, const Start& start, BufferedSink& sink) const {
        Expectation(session).add(start.place.tree, start.node, tar_.exclude);
        TransferListener listener(session);
        QUIRE_TRY(transfer::write_tar(start.place.tree, session.call(), start.node, tar_, sink,
                                      listener, session.progress()));
        return sink.flush();
    }

    std::string address_;
    std::optional<std::string> file_;
    transfer::TarOptions tar_;
};

}  // namespace

const Verb verb_tar = {
    .name = "tar",
    .summary = "write a tree as a tar archive",
    .examples =
        "quire tar disk.img > disk.tar\n"
        "quire tar disk.img:/etc | tar -tv          # a directory of it\n"
        "quire tar disk.img@p2 | zstd > root.tar.zst\n"
        "quire tar -f srv.tar main.img:/fs/srv.img --exclude cache\n"
        "quire tar old.img | quire untar new.img    # everything from image to image\n",
    .common = {.progress = true},
    .make = make_command<Tar>,
};

}  // namespace quire::app
