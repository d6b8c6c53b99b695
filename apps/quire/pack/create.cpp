// SPDX-License-Identifier: MIT

#include "pack/create.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"

namespace quire::app {

namespace {

class Create final : public Command {
public:
    void declare(Options& options) override {
        options.operand("IMAGE", request_.image, "the file to make", ValueKind::host_path)
            .value("--from", "DIR|TAR", request_.from,
                   "what goes into the image: a directory, or a tar archive (- for standard input)",
                   ValueKind::address);
        declare_create_options(options, request_);
    }
    Result<void> run(Session& session) override {
        if (request_.from.empty())
            return session.usage("--from is missing: what shall go into it?");
        return create_image(session, request_);
    }

private:
    CreateRequest request_;
};

}  // namespace

const Verb verb_create = {
    .name = "create",
    .summary = "make an image from a directory or a tar archive",
    .examples =
        "quire create root.ext4 --from debian-root     # an ext4 image of a directory\n"
        "quire create small.img --from docs -s min -t ext2\n"
        "zcat root.tar.gz | quire create root.ext4 --from -\n"
        "quire create disk.img --from tree -s 2G --label data --all-root\n",
    .common = {.json = true, .dry_run = true, .progress = true, .seed = true},
    .make = make_command<Create>,
};

}  // namespace quire::app
