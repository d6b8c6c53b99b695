// SPDX-License-Identifier: MIT

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "pack/create.hpp"

namespace quire::app {

namespace {

class Archive final : public Command {
public:
    void declare(Options& options) override {
        options.flag("--create", create_, "make an image (there is nothing else to do here)")
            .operand("IMAGE", request_.image, "the file to make", ValueKind::host_path)
            .operand("DIR", request_.from, "what goes into it", ValueKind::address);
        declare_create_options(options, request_);
    }
    Result<void> run(Session& session) override {
        if (!create_) return session.usage("say --create; other work has verbs of its own");
        return create_image(session, request_);
    }

private:
    bool create_ = false;
    CreateRequest request_;
};

}  // namespace

const Verb verb_archive = {
    .name = "archive",
    .summary = "the old name of create",
    .examples = "quire archive --create docs.img docs\n",
    .common = {.json = true, .dry_run = true, .progress = true, .seed = true},
    .make = make_command<Archive>,
};

}  // namespace quire::app
