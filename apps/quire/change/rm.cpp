// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "quire/base/name.hpp"
#include "quire/transfer/remover.hpp"

namespace quire::app {

namespace {

class Rm final : public Command, private transfer::Listener {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 0, "what to remove")
            .flag("-r,-R,--recursive", wanted_.recursive, "directories with all that is in them")
            .flag("-f,--force", wanted_.missing_is_fine, "what is not there is no failure")
            .flag("-d,--dir", wanted_.empty_directories, "empty directories too");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (addresses_.empty() && !wanted_.missing_is_fine)
            return session.usage("ADDRESS is missing");
        wanted_.dry_run = session.manner().dry_run;
        for (const std::string& address : addresses_)
            if (auto removed = remove(address); !removed) session.report(removed.error());
        return {};
    }

private:
    Result<void> remove(const std::string& address) {
        auto opened = open_target(*session_, address);
        // An image that is not there holds no such file either; that is a failure all the same.
        if (!opened) return fail(std::move(opened).error());
        const assembly::Location& place = *opened;
        if (ends_in_dots(address))
            return about(address,
                         Error(std::errc::invalid_argument, "'.' and '..' are not removed"));
        if (place.path.empty())
            return about(address,
                         Error(std::errc::invalid_argument, "the root directory is not removed"));
        const fs::Call call = session_->call();
        auto parent = place.tree->walk_parent(call, place.path);
        if (!parent) return fail_unless_fine(address, std::move(parent).error());
        if (parent->must_be_directory) {
            auto node = place.tree->lookup(call, parent->directory, parent->name);
            if (!node) return fail_unless_fine(address, std::move(node).error());
            if ((*node)->type() != fs::FileType::directory)
                return about(address, Error(std::errc::not_a_directory));
        }
        transfer::Remover remover(place.tree, call, wanted_, *this, session_->progress());
        std::string_view shown = address;
        while (shown.size() > 1 && shown.ends_with('/')) shown.remove_suffix(1);
        remover.remove(parent->directory, parent->name, shown);
        return {};
    }

    Result<void> fail_unless_fine(const std::string& address, Error error) const {
        const bool missing =
            error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
        if (missing && wanted_.missing_is_fine) return {};
        return about(address, std::move(error));
    }

    void done(transfer::Action, std::string_view path, std::string_view) override {
        say_done(*session_, "removed", std::string(path));
    }
    void problem(std::string_view path, const Error& error) override {
        report_about(*session_, std::string(path),
                     error == std::errc::is_a_directory
                         ? Error(error.code(), "is a directory; -r removes it with all in it")
                         : error);
    }
    void warning(std::string_view path, std::string_view sentence) override {
        session_->warn(fmt::format("{}: {}", printable(path), sentence));
    }
    bool stop() override { return false; }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    transfer::RemoveOptions wanted_;
};

}  // namespace

const Verb verb_rm = {
    .name = "rm",
    .summary = "remove files and trees",
    .examples =
        "quire rm disk.img:/etc/motd\n"
        "quire rm -r disk.img:/var/cache          # with all that is in it\n"
        "quire rm -r --dry-run disk.img:/home     # only say what would go\n",
    .common = {.dry_run = true, .progress = true, .seed = true},
    .make = make_command<Rm>,
};

}  // namespace quire::app
