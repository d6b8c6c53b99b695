// SPDX-License-Identifier: MIT

#include <optional>

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "values/size.hpp"

namespace quire::app {

namespace {

class Truncate final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "files to size; made where they are not there")
            .value("-s,--size", "SIZE", size_, "the size: 300K, +1M, -5, <2G, >1K, /512 or %4K")
            .value("-r,--reference", "ADDRESS", reference_,
                   "the size of this file, which -s may change", ValueKind::address)
            .flag("-c,--no-create", no_create_, "make no file");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (!size_ && !reference_) return session.usage("-s or -r has to say the size");
        if (size_) {
            auto change = SizeChange::parse(*size_);
            if (!change) return session.usage(change.error().sentence());
            if (reference_ && !change->relative())
                return session.usage("with -r, -s has to be relative");
            change_ = *change;
        }
        const auto places = open_targets(session, addresses_);
        if (reference_) {
            QUIRE_TRY_ASSIGN(const fs::Attributes facts, find_reference(session, *reference_));
            std::uint64_t size = facts.size;
            if (size_) {
                QUIRE_TRY_ASSIGN(size, change_.apply(size));
            }
            change_ = SizeChange::exactly(size);
        }
        for (const assembly::Location& place : places)
            if (auto done = truncate(place); !done)
                report_about(session, place.text, std::move(done).error());
        return {};
    }

private:
    Result<void> truncate(const assembly::Location& place) {
        const fs::Call call = session_->call();
        const bool dry = session_->manner().dry_run;
        auto node = place.tree->walk(call, place.path, fs::Follow::yes);
        const bool missing = !node && node.error() == std::errc::no_such_file_or_directory;
        if (missing && no_create_) return {};
        std::uint64_t before = 0;
        if (!missing) {
            if (!node) return fail(std::move(node).error());
            QUIRE_TRY_ASSIGN(const fs::Attributes facts, place.tree->attributes(call, *node));
            before = facts.size;
            if (facts.type == fs::FileType::directory) return fail(std::errc::is_a_directory);
        }
        QUIRE_TRY_ASSIGN(const std::uint64_t size, change_.apply(before));
        if (dry) {
            say_done(*session_, "sized", place.text);
            return {};
        }
        if (missing) node = find_or_make_file(*place.tree, call, place.path);
        if (!node) return fail(std::move(node).error());
        QUIRE_TRY(place.tree->set_attributes(call, *node, {.size = size}));
        say_done(*session_, "sized", place.text);
        return {};
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    std::optional<std::string> size_;
    std::optional<std::string> reference_;
    SizeChange change_ = SizeChange::exactly(0);
    bool no_create_ = false;
};

}  // namespace

const Verb verb_truncate = {
    .name = "truncate",
    .summary = "cut files and make them longer",
    .examples =
        "quire truncate -s 300K disk.img:/var/log/messages\n"
        "quire truncate -s 0 disk.img:/var/log/lastlog\n"
        "quire truncate -s %4K disk.img:/boot/initrd     # up to whole pages\n",
    .common = {.dry_run = true, .seed = true},
    .make = make_command<Truncate>,
};

}  // namespace quire::app
