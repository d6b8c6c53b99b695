// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <optional>

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/facts.hpp"
#include "quire/base/name.hpp"
#include "values/mode_change.hpp"

namespace quire::app {

namespace {

std::string bits_text(std::uint16_t permissions) {
    fs::Attributes facts;
    facts.permissions = permissions;
    return fmt::format("{:04o} ({})", permissions, mode_text(facts).substr(1));
}

class Chmod final : public Command {
public:
    void declare(Options& options) override {
        options.operands("MODE ADDRESS", words_, 1, "the mode, then what gets it")
            .operand_with_dash(is_mode_with_dash)
            .flag("-R,--recursive", recursive_,
                  "directories with all that is in them; symbolic links in them stay as they are")
            .flag("-c,--changes", changes_, "tell what changes")
            .flag("-f,--silent", silent_, "do not tell what cannot be changed")
            .value("--reference", "ADDRESS", reference_, "the mode of this instead of MODE",
                   ValueKind::address);
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        if (!reference_) {
            auto change = ModeChange::parse(words_.front());
            if (!change) return session.usage(change.error().sentence());
            change_ = *std::move(change);
            with_dash_ = words_.front().starts_with('-');
            words_.erase(words_.begin());
        }
        if (words_.empty()) return session.usage("ADDRESS is missing");
        const auto places = open_targets(session, words_);
        if (reference_) {
            QUIRE_TRY_ASSIGN(const fs::Attributes facts, find_reference(session, *reference_));
            change_ = ModeChange::exactly(facts.permissions);
        }
        for (const assembly::Location& place : places) {
            auto node = find_node(session, place, fs::Follow::yes);
            if (node)
                change_from(place, *node);
            else
                failed(node.error());
        }
        return {};
    }

private:
    void change_from(const assembly::Location& place, const fs::NodeReference& start) {
        const auto change = [&](const fs::NodeReference& node, const fs::Attributes& facts,
                                const std::string& shown) -> Result<void> {
            if (facts.type == fs::FileType::symbolic_link) return {};
            auto done = change_one(*place.tree, node, facts, shown);
            if (!done && silent_) {
                session_->set_exit_code(1);
                return {};
            }
            return done;
        };
        if (recursive_) return change_all(*session_, place, start, change);
        const auto facts = place.tree->attributes(session_->call(), start);
        auto done = facts ? change(start, *facts, place.text) : fail(facts.error());
        if (!done) report_about(*session_, place.text, std::move(done).error());
    }

    Result<void> change_one(fs::Tree& tree, const fs::NodeReference& node,
                            const fs::Attributes& facts, const std::string& shown) {
        const fs::Call call = session_->call();
        const bool directory = facts.type == fs::FileType::directory;
        const auto wanted = change_.apply(facts.permissions, directory, call.credentials.umask);
        if (!session_->manner().dry_run)
            QUIRE_TRY(tree.set_attributes(call, node, {.permissions = wanted.permissions}));
        tell(facts.permissions, wanted.permissions, shown);
        if (!with_dash_) return {};
        // As POSIX wants it: -w with an umask that keeps some w is a surprise.
        const auto expected = change_.apply(facts.permissions, directory, 0);
        if (wanted.permissions & ~expected.permissions)
            return fail(
                std::errc::invalid_argument,
                fmt::format("the umask kept some bits: its mode is {}, not {}",
                            bits_text(wanted.permissions), bits_text(expected.permissions)));
        return {};
    }

    void tell(std::uint16_t before, std::uint16_t after, const std::string& shown) {
        const Manner& manner = session_->manner();
        const bool told = manner.verbose || ((changes_ || manner.dry_run) && before != after);
        if (!told) return;
        if (before == after)
            session_->out().print("{}: mode stays {}\n", session_->shown(shown), bits_text(after));
        else
            session_->out().print("{}: mode {} from {} to {}\n", session_->shown(shown),
                                  manner.dry_run ? "would change" : "changed", bits_text(before),
                                  bits_text(after));
    }

    void failed(const Error& error) {
        if (silent_)
            session_->set_exit_code(1);
        else
            session_->report(error);
    }

    Session* session_ = nullptr;
    std::vector<std::string> words_;
    std::optional<std::string> reference_;
    ModeChange change_ = ModeChange::exactly(0);
    bool with_dash_ = false;
    bool recursive_ = false;
    bool changes_ = false;
    bool silent_ = false;
};

}  // namespace

const Verb verb_chmod = {
    .name = "chmod",
    .summary = "change permissions",
    .examples =
        "quire chmod 755 disk.img:/usr/bin/tool\n"
        "quire chmod -R u=rwX,go=rX disk.img:/srv\n"
        "quire chmod g+s,o-w disk.img:/srv/shared disk.img:/srv/www\n",
    .common = {.dry_run = true, .seed = true},
    .make = make_command<Chmod>,
};

}  // namespace quire::app
