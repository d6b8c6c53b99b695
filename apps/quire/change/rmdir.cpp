// SPDX-License-Identifier: MIT

#include "change/target.hpp"
#include "frame/options.hpp"
#include "frame/verb.hpp"

namespace quire::app {

namespace {

class Rmdir final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "empty directories to remove")
            .flag("-p,--parents", parents_,
                  "then those above it that the address names, while they are empty")
            .flag("--ignore-fail-on-non-empty", full_is_fine_,
                  "a directory that is not empty stays, and that is no failure");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        for (const std::string& address : addresses_) {
            auto place = open_target(session, address);
            auto removed = place ? remove_way(address, *place) : fail(place.error());
            if (!removed) session.report(removed.error());
        }
        return {};
    }

private:
    Result<void> remove_way(const std::string& address, const assembly::Location& place) {
        if (ends_in_dots(address))
            return about(address,
                         Error(std::errc::invalid_argument, "'.' and '..' are not removed"));
        if (place.path.empty())
            return about(address,
                         Error(std::errc::invalid_argument, "the root directory is not removed"));
        QUIRE_TRY_ASSIGN(const std::size_t most, named_components(address, place));
        Path path = place.path;
        std::string shown = address;
        for (std::size_t i = 0; i < most && !path.empty(); ++i) {
            while (shown.size() > 1 && shown.ends_with('/')) shown.pop_back();
            if (ends_in_dots(shown)) return {};
            auto removed = remove_one(*place.tree, path, i);
            if (!removed) {
                if (full_is_fine_ && removed.error() == std::errc::directory_not_empty) return {};
                return about(shown, std::move(removed).error());
            }
            say_done(*session_, "removed", shown);
            path = path.parent();
            shown.resize(shown.find_last_of('/') + 1);
        }
        return {};
    }

    // Of a relative host path only what it names is meant, not the way to the working directory.
    Result<std::size_t> named_components(const std::string& address,
                                         const assembly::Location& place) const {
        if (!parents_) return 1;
        QUIRE_TRY_ASSIGN(const auto parsed, assembly::Address::parse(address));
        if (!parsed.bare()) return place.path.components().size();
        QUIRE_TRY_ASSIGN(const Path path, Path::parse(parsed.source()));
        return path.components().size();
    }

    Result<void> remove_one(fs::Tree& tree, const Path& path, std::size_t already) {
        const fs::Call call = session_->call();
        QUIRE_TRY_ASSIGN(const fs::Parent parent, tree.walk_parent(call, path));
        if (!session_->manner().dry_run)
            return tree.remove_directory(call, parent.directory, parent.name);
        QUIRE_TRY_ASSIGN(const auto node, tree.lookup(call, parent.directory, parent.name));
        if (node->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
        // Above what would be gone by now, that one entry does not count.
        std::size_t entries = 0;
        const std::size_t bearable = already > 0 ? 1 : 0;
        QUIRE_TRY(tree.list(call, node, 0, fs::WithAttributes::no,
                            [&](const fs::DirectoryEntry&) { return ++entries <= bearable; }));
        if (entries > bearable) return fail(std::errc::directory_not_empty);
        return {};
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
    bool parents_ = false;
    bool full_is_fine_ = false;
};

}  // namespace

const Verb verb_rmdir = {
    .name = "rmdir",
    .summary = "remove empty directories",
    .examples =
        "quire rmdir disk.img:/lost\n"
        "quire rmdir -p disk.img:/srv/www/html    # then /srv/www and /srv, if empty\n",
    .common = {.dry_run = true, .seed = true},
    .make = make_command<Rmdir>,
};

}  // namespace quire::app
