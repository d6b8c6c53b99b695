// SPDX-License-Identifier: MIT

#include <optional>

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "values/date.hpp"

namespace quire::app {

namespace {

class Touch final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "files to date; made where they are not there")
            .flag("-a", access_, "only the time of access")
            .flag("-m", modify_, "only the time of modification")
            .flag("-c,--no-create", no_create_, "make no file")
            .value("-d,--date", "DATE", date_, "this time instead of now")
            .value("-t", "STAMP", stamp_, "this time, as [[CC]YY]MMDDhhmm[.ss]")
            .value("-r,--reference", "ADDRESS", reference_, "the times of this file",
                   ValueKind::address)
            .flag("-h,--no-dereference", links_, "symbolic links themselves")
            .flag("-f", [] {}, "does nothing, as in touch(1)");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (int(date_.has_value()) + int(stamp_.has_value()) + int(reference_.has_value()) > 1)
            return session.usage("only one of -d, -t and -r can say the time");
        const Time now = session.environment().clock->now();
        Result<Time> time = now;
        if (date_) time = parse_date(*date_, now);
        if (stamp_) time = parse_stamp(*stamp_, now);
        if (!time) return session.usage(time.error().sentence());
        const auto places = open_targets(session, addresses_);
        Time access = *time;
        Time modify = *time;
        if (reference_) {
            QUIRE_TRY_ASSIGN(
                const fs::Attributes facts,
                find_reference(session, *reference_, links_ ? fs::Follow::no : fs::Follow::yes));
            access = facts.access;
            modify = facts.modify;
        }
        if (access_ || !modify_) changes_.access = access;
        if (modify_ || !access_) changes_.modify = modify;
        for (const assembly::Location& place : places)
            if (auto done = touch(place); !done)
                report_about(session, place.text, std::move(done).error());
        return {};
    }

private:
    Result<void> touch(const assembly::Location& place) {
        const fs::Call call = session_->call();
        auto node = place.tree->walk(call, place.path, links_ ? fs::Follow::no : fs::Follow::yes);
        const bool missing = !node && node.error() == std::errc::no_such_file_or_directory;
        if (missing && no_create_) return {};
        if (missing && !links_) {
            if (session_->manner().dry_run) {
                say_done(*session_, "made", place.text);
                return {};
            }
            node = find_or_make_file(*place.tree, call, place.path);
        }
        if (!node) return fail(std::move(node).error());
        if (!session_->manner().dry_run)
            QUIRE_TRY(place.tree->set_attributes(call, *node, changes_));
        say_done(*session_, "dated", place.text);
        return {};
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    std::optional<std::string> date_;
    std::optional<std::string> stamp_;
    std::optional<std::string> reference_;
    fs::AttributeChanges changes_;
    bool access_ = false;
    bool modify_ = false;
    bool no_create_ = false;
    bool links_ = false;
};

}  // namespace

const Verb verb_touch = {
    .name = "touch",
    .summary = "date files, and make empty ones",
    .examples =
        "quire touch disk.img:/etc/nologin\n"
        "quire touch -c -d 2024-02-29T12:00:00.5Z disk.img:/etc/motd\n"
        "quire touch -d @1700000000 disk.img:/etc/motd\n"
        "quire touch -r disk.img:/etc/passwd disk.img:/etc/shadow\n",
    .common = {.dry_run = true, .seed = true},
    .make = make_command<Touch>,
};

}  // namespace quire::app
