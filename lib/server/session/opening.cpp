// SPDX-License-Identifier: MIT

// Finding or making, and opening, while others remove, rename and make.
//
// A walk brings a node whose name may be gone by the time the node's turn has come; who removes a
// node's last name holds that turn too. So after the turn began either the node still has a name,
// or it is dead and the walk is made again: then the name is another inode's, or nobody's.

#include "session/opening.hpp"

#include <optional>
#include <string>

#include "quire/protocols/filesystem.hpp"

namespace quire::server {

namespace {

constexpr int most_walks = 16;
constexpr int most_open_links = 40;

class Opening {
public:
    Opening(SessionHost& host, const Authority& authority, const fs::Call& call, const OpenWay& way,
            fs::Trail* trail)
        : host_(host), authority_(authority), call_(call), way_(way), trail_(trail) {}

    Result<OpenedFile> open(const Path& path);

private:
    // Nothing: the node died meanwhile.
    Result<std::optional<OpenedFile>> open_found(const fs::NodeReference& node, bool insist);
    // Nothing: there is something of that name; `path_` is where it leads.
    Result<std::optional<OpenedFile>> make();
    Result<void> follow_last(const fs::Parent& parent);
    Result<OpenedFile> finish(std::shared_ptr<fs::OpenFile> file,
                              std::shared_ptr<Provider> provider) const;

    SessionHost& host_;
    const Authority& authority_;
    const fs::Call& call_;
    const OpenWay& way_;
    fs::Trail* const trail_;
    Path path_;
    int links_ = 0;
};

Result<OpenedFile> Opening::open(const Path& path) {
    path_ = path;
    for (int walk = 1;; ++walk) {
        if (!way_.exclusive) {
            if (trail_ != nullptr) trail_->steps.clear();
            auto found = authority_.find(call_, path_,
                                         way_.follow ? fs::Follow::yes : fs::Follow::no, trail_);
            if (found) {
                // A volume that counts no links would never be content.
                QUIRE_TRY_ASSIGN(auto opened, open_found(found->node, walk == most_walks));
                if (opened) return *std::move(opened);
                continue;
            }
            const bool missing = found.error() == std::errc::no_such_file_or_directory;
            if (!missing || !way_.create) return fail(std::move(found).error());
        }
        QUIRE_TRY_ASSIGN(auto made, make());
        if (made) return *std::move(made);
        if (walk >= most_walks + most_open_links)
            return fail(std::errc::resource_unavailable_try_again, "the name changes all the time");
    }
}

Result<std::optional<OpenedFile>> Opening::open_found(const fs::NodeReference& node, bool insist) {
    if (node->type() == fs::FileType::directory) return fail(std::errc::is_a_directory);
    if (way_.mode.write) QUIRE_TRY(authority_.may_change());
    const HandleTurns::Turn turn(host_.registry->turns(), node->handle());
    QUIRE_TRY_ASSIGN(auto file, authority_.tree().open(call_, node, way_.mode));
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, file->attributes(call_));
    if (attributes.links == 0 && !insist) return std::nullopt;
    QUIRE_TRY_ASSIGN(OpenedFile opened,
                     finish(std::move(file), host_.registry->find_or_create(node->handle())));
    return opened;
}

Result<std::optional<OpenedFile>> Opening::make() {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const fs::Parent parent, authority_.find_parent(call_, path_));
    if (parent.must_be_directory) return fail(std::errc::is_a_directory);
    auto file = authority_.tree().create_open(call_, parent.directory, parent.name,
                                              way_.permissions, way_.mode);
    if (!file && file.error() == std::errc::file_exists && !way_.exclusive) {
        QUIRE_TRY(follow_last(parent));
        return std::nullopt;
    }
    if (!file) return fail(std::move(file).error());
    host_.registry->tell(parent.directory->handle(), protocols::event_modified);
    const fs::Handle handle = (*file)->node()->handle();
    const HandleTurns::Turn turn(host_.registry->turns(), handle);
    QUIRE_TRY_ASSIGN(OpenedFile opened,
                     finish(*std::move(file), host_.registry->find_or_create(handle)));
    return opened;
}

// There is nothing where the path leads, and something of its last name: that is a symbolic link
// to what is to be made, or something that somebody has just made.
Result<void> Opening::follow_last(const fs::Parent& parent) {
    const auto last = authority_.tree().lookup(call_, parent.directory, parent.name);
    if (!last || (*last)->type() != fs::FileType::symbolic_link) return {};
    if (!way_.follow || ++links_ > most_open_links)
        return fail(std::errc::too_many_symbolic_link_levels);
    QUIRE_TRY_ASSIGN(const std::string target, authority_.tree().read_link(call_, *last));
    const std::string before = target.starts_with('/') ? "" : path_.parent().text() + "/";
    QUIRE_TRY_ASSIGN(path_, Path::parse(before + target));
    return {};
}

Result<OpenedFile> Opening::finish(std::shared_ptr<fs::OpenFile> file,
                                   std::shared_ptr<Provider> provider) const {
    Accessor accessor(std::move(file), std::move(provider), way_.append);
    if (way_.truncate) QUIRE_TRY(accessor.resize(call_, 0));
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, accessor.file().attributes(call_));
    return OpenedFile{std::move(accessor), attributes};
}

}  // namespace

Result<OpenWay> OpenWay::parse(std::uint32_t flags, std::uint16_t permissions) {
    constexpr std::uint32_t known = protocols::open_read | protocols::open_write |
                                    protocols::open_create | protocols::open_exclusive |
                                    protocols::open_truncate | protocols::open_append |
                                    protocols::open_no_follow;
    const auto has = [&](std::uint32_t flag) { return (flags & flag) != 0; };
    OpenWay way;
    way.create = has(protocols::open_create);
    way.exclusive = way.create && has(protocols::open_exclusive);
    way.truncate = has(protocols::open_truncate);
    way.append = has(protocols::open_append);
    way.mode = {.read = has(protocols::open_read),
                .write = has(protocols::open_write),
                .append = way.append};
    way.follow = !has(protocols::open_no_follow);
    way.permissions = permissions;
    if ((flags & ~known) != 0 || (!way.mode.read && !way.mode.write) ||
        (way.truncate && !way.mode.write))
        return fail(std::errc::invalid_argument);
    return way;
}

Result<OpenedFile> open_file(SessionHost& host, const Authority& authority, const fs::Call& call,
                             const Path& path, const OpenWay& way, fs::Trail* trail) {
    return Opening(host, authority, call, way, trail).open(path);
}

}  // namespace quire::server
