// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <optional>

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "values/owner.hpp"

namespace quire::app {

namespace {

class Chown final : public Command {
public:
    void declare(Options& options) override {
        options.operands("OWNER ADDRESS", words_, 1, "UID[:GID], USER:GROUP or :GROUP, then what")
            .flag("-R,--recursive", recursive_,
                  "directories with all that is in them; symbolic links in them themselves")
            .flag("-h,--no-dereference", links_, "symbolic links themselves")
            .flag("-c,--changes", changes_, "tell what changes")
            .flag("-f,--silent", silent_, "do not tell what cannot be changed")
            .value("--from", "OWNER", from_, "change only what this owner has")
            .value("--reference", "ADDRESS", reference_, "the owner of this instead of OWNER",
                   ValueKind::address);
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        std::string owner;
        if (!reference_) {
            owner = words_.front();
            words_.erase(words_.begin());
        }
        if (words_.empty()) return session.usage("ADDRESS is missing");
        const auto places = open_targets(session, words_);
        Owner wanted;
        if (reference_) {
            QUIRE_TRY_ASSIGN(const fs::Attributes facts, find_reference(session, *reference_));
            wanted = {facts.uid, facts.gid};
        }
        for (const assembly::Location& place : places) {
            auto done = change_from(place, owner, wanted);
            if (!done) failed(done.error());
        }
        return {};
    }

private:
    Result<void> change_from(const assembly::Location& place, const std::string& owner,
                             Owner wanted) {
        const fs::Call call = session_->call();
        const auto with_name = [&](const std::string& text) -> Result<Owner> {
            auto resolved = resolve_owner(place, call, text);
            if (!resolved) return about(place.text, std::move(resolved).error());
            return resolved;
        };
        if (!reference_) {
            QUIRE_TRY_ASSIGN(wanted, with_name(owner));
        }
        Owner from;
        if (from_) {
            QUIRE_TRY_ASSIGN(from, with_name(*from_));
        }
        QUIRE_TRY_ASSIGN(
            const fs::NodeReference start,
            find_node(*session_, place, links_ || recursive_ ? fs::Follow::no : fs::Follow::yes));
        const auto change = [&](const fs::NodeReference& node, const fs::Attributes& facts,
                                const std::string& shown) -> Result<void> {
            if (from.uid.value_or(facts.uid) != facts.uid ||
                from.gid.value_or(facts.gid) != facts.gid)
                return {};
            if (!session_->manner().dry_run) {
                auto done =
                    place.tree->set_attributes(call, node, {.uid = wanted.uid, .gid = wanted.gid});
                if (!done && silent_) {
                    session_->set_exit_code(1);
                    return {};
                }
                if (!done) return fail(std::move(done).error());
            }
            tell(facts, {wanted.uid.value_or(facts.uid), wanted.gid.value_or(facts.gid)}, shown);
            return {};
        };
        if (recursive_) {
            change_all(*session_, place, start, change);
            return {};
        }
        const auto facts = place.tree->attributes(call, start);
        auto done = facts ? change(start, *facts, place.text) : fail(facts.error());
        if (!done) return about(place.text, std::move(done).error());
        return {};
    }

    void tell(const fs::Attributes& before, const Owner& after, const std::string& shown) {
        const Manner& manner = session_->manner();
        const bool same = before.uid == *after.uid && before.gid == *after.gid;
        if (!manner.verbose && (same || !(changes_ || manner.dry_run))) return;
        if (same)
            session_->out().print("{}: owner stays {}:{}\n", session_->shown(shown), before.uid,
                                  before.gid);
        else
            session_->out().print("{}: owner {} from {}:{} to {}:{}\n", session_->shown(shown),
                                  manner.dry_run ? "would change" : "changed", before.uid,
                                  before.gid, *after.uid, *after.gid);
    }

    void failed(const Error& error) {
        if (silent_)
            session_->set_exit_code(1);
        else
            session_->report(error);
    }

    Session* session_ = nullptr;
    std::vector<std::string> words_;
    std::optional<std::string> from_;
    std::optional<std::string> reference_;
    bool recursive_ = false;
    bool links_ = false;
    bool changes_ = false;
    bool silent_ = false;
};

}  // namespace

const Verb verb_chown = {
    .name = "chown",
    .summary = "change owners",
    .examples =
        "quire chown 1000:1000 disk.img:/home/user\n"
        "quire chown -R www-data: disk.img:/srv/www   # as the image's /etc/passwd knows it\n"
        "quire chown --from=0 :50 disk.img:/var/local\n",
    .common = {.dry_run = true, .seed = true},
    .make = make_command<Chown>,
};

}  // namespace quire::app
