// SPDX-License-Identifier: MIT

#include <algorithm>

#include "copy_job.hpp"

namespace quire::transfer {

namespace {

std::string joined(const std::string& start, std::string_view path) {
    if (path.empty()) return start;
    std::string text = start;
    if (!text.empty() && !text.ends_with('/') && !text.ends_with(':')) text += '/';
    text += path;
    return text;
}

}  // namespace

Result<fs::NodeReference> Copier::Job::write(const Step& step, fs::NodeReference old,
                                             const fs::NodeReference& directory, const Name& name) {
    fs::Tree& to = *copier_.to_;
    const fs::Call& call = copier_.call_;
    bool recursive = copier_.options_.recursive;
    std::uint16_t permissions =
        copier_.options_.preserve.mode ? std::uint16_t{0600} : usual_permissions(step);
    fs::NodeReference made;
    switch (step.attributes.type) {
        case fs::FileType::regular:
            return write_file(step, std::move(old), directory, name);
        case fs::FileType::symbolic_link: {
            QUIRE_TRY_ASSIGN(std::string target, from_.tree->read_link(from_.call, step.node));
            if (old) QUIRE_TRY(to.remove(call, directory, name));
            old.reset();
            QUIRE_TRY_ASSIGN(made, to.make_symlink(call, directory, name, target));
            break;
        }
        case fs::FileType::character_device:
        case fs::FileType::block_device:
        case fs::FileType::fifo:
        case fs::FileType::socket: {
            if (!recursive)
                return fail(std::errc::invalid_argument,
                            "it is no regular file, which is copied only recursively (-R)");
            if (old) QUIRE_TRY(to.remove(call, directory, name));
            old.reset();
            QUIRE_TRY_ASSIGN(made, to.make_node(call, directory, name, permissions,
                                                step.attributes.type, step.attributes.device));
            break;
        }
        case fs::FileType::directory:
        case fs::FileType::unknown:
            return fail(std::errc::invalid_argument, "its type is not known");
    }
    QUIRE_TRY(keep_metadata(step, made, true, lists_inherited_.back()));
    return made;
}

Result<std::shared_ptr<fs::OpenFile>> Copier::Job::open_target(const Step& step,
                                                               fs::NodeReference old,
                                                               const fs::NodeReference& directory,
                                                               const Name& name, bool& fresh) {
    fs::Tree& to = *copier_.to_;
    const fs::Call& call = copier_.call_;
    const CopyOptions& options = copier_.options_;
    fs::OpenMode writing{.read = false, .write = true};
    if (old) {
        bool is_content = old->type() == fs::FileType::regular;
        // GNU cp writes into a device or fifo. Here there is nobody behind it, and to replace it
        // by a file is what nobody meant.
        if (!is_content && old->type() != fs::FileType::symbolic_link && !options.remove_first)
            return fail(std::errc::invalid_argument,
                        "the destination is a device, fifo or socket, which is not written to");
        bool into = is_content && !options.remove_first;
        if (into && options.preserve.links) {
            // Writing into a node that has other names would change those too, and they may be
            // of the set that is being copied.
            QUIRE_TRY_ASSIGN(fs::Attributes now, to.attributes(call, old));
            into = now.links <= 1;
        }
        if (into) {
            auto file = to.open(call, old, writing);
            if (file) {
                QUIRE_TRY((*file)->resize(call, 0));
                fresh = false;
                return file;
            }
            if (!options.force) return file;
        }
        QUIRE_TRY(to.remove(call, directory, name));
        old.reset();
    }
    std::uint16_t permissions =
        options.preserve.mode ? std::uint16_t{0600} : usual_permissions(step);
    fresh = true;
    // Others must not see the content before the owner is right, and we must be able to write it.
    QUIRE_TRY_ASSIGN(fs::NodeReference made, to.create(call, directory, name, permissions | 0200));
    return to.open(call, made, writing);
}

Result<fs::NodeReference> Copier::Job::write_file(const Step& step, fs::NodeReference old,
                                                  const fs::NodeReference& directory,
                                                  const Name& name) {
    QUIRE_TRY_ASSIGN(auto source, from_.tree->open(from_.call, step.node, {}));
    bool fresh = true;
    auto opened = open_target(step, std::move(old), directory, name, fresh);
    if (!opened)
        return fail(std::move(opened).error().within("can't write " +
                                                     printable(joined(to_shown_, step.path))));
    std::shared_ptr<fs::OpenFile> target = *std::move(opened);
    std::uint64_t size = step.attributes.size;
    QUIRE_TRY_ASSIGN(std::uint64_t copied,
                     copy_content(from_.call, *source, copier_.call_, *target, size,
                                  copier_.options_.sparse, copier_.buffer_, copier_.account_));
    QUIRE_TRY_ASSIGN(fs::Attributes after, source->attributes(from_.call));
    if (copied != size || after.size != size || after.modify != step.attributes.modify)
        problem(step.path, Error(std::errc::interrupted, "it changed while it was read"));
    fs::NodeReference made = target->node();
    target.reset();  // an open file of some volumes sets its times when it is closed
    QUIRE_TRY(keep_metadata(step, made, fresh, lists_inherited_.back()));
    return made;
}

Result<void> Copier::Job::keep_metadata(const Step& step, const fs::NodeReference& made, bool fresh,
                                        bool lists_inherited) {
    const CopyOptions& options = copier_.options_;
    const Preserve& preserve = options.preserve;
    Metadata metadata;
    bool is_directory = step.attributes.type == fs::FileType::directory;
    if (preserve.mode) {
        metadata.permissions = step.attributes.permissions;
        metadata.exact_lists = !fresh || lists_inherited;
    } else if (fresh && (step.attributes.type == fs::FileType::regular || is_directory)) {
        // What was added so that we could write is taken back.
        std::uint16_t added = is_directory ? 0700 : 0200;
        std::uint16_t wanted = usual_permissions(step) & ~copier_.call_.credentials.umask;
        if ((wanted & added) != added) metadata.permissions = wanted;
    }
    if (preserve.owner) {
        metadata.uid = step.attributes.uid;
        metadata.gid = step.attributes.gid;
    }
    if (fresh || preserve.owner) {
        metadata.uid = options.uid ? options.uid : metadata.uid;
        metadata.gid = options.gid ? options.gid : metadata.gid;
    }
    if (preserve.times) {
        metadata.modify = step.attributes.modify;
        metadata.access = options.reproducible ? metadata.modify : step.attributes.access;
        if (options.reproducible) metadata.change = metadata.birth = metadata.modify;
    }
    if (preserve.mode || preserve.attributes) {
        QUIRE_TRY_ASSIGN(metadata.extended, read_extended(*from_.tree, from_.call, step.node));
        std::erase_if(metadata.extended, [&](const ExtendedAttribute& one) {
            return is_access_list(one.name) ? !preserve.mode : !preserve.attributes;
        });
    }
    return apply_metadata(*copier_.to_, copier_.call_, made, metadata, copier_.account_);
}

bool Copier::Job::has_default_list(const fs::NodeReference& directory) {
    return copier_.to_->get_attribute(copier_.call_, directory, default_list_name).has_value();
}

// What a new node has before the umask, or a default access list, cuts it. The sticky bit of a
// directory goes along, as it does with GNU cp.
std::uint16_t Copier::Job::usual_permissions(const Step& step) const {
    bool is_directory = step.attributes.type == fs::FileType::directory;
    if (copier_.options_.usual_permissions) return is_directory ? 0777 : 0666;
    return step.attributes.permissions & (is_directory ? 01777 : 0777);
}

bool Copier::Job::is_same(const fs::NodeReference& directory) const {
    return is_node(directory, from_.node);
}

bool Copier::Job::is_below_source(const fs::NodeReference& directory) const {
    if (!comparable_ || from_.node->type() != fs::FileType::directory) return false;
    fs::NodeReference at = directory;
    while (true) {
        auto above = copier_.to_->parent(copier_.call_, at);
        if (!above || (*above)->handle() == at->handle())
            return false;  // the root, which is its own parent
        if ((*above)->handle() == from_.node->handle()) return true;
        at = *above;
    }
}

Result<Name> Copier::Job::name_of(const Step& step) const {
    return Name::parse(step.depth == 0 ? std::string_view(top_name_) : step.name);
}

std::string Copier::Job::path_below_top(std::string_view path) const {
    return merging_ ? std::string(path) : joined(top_name_, path);
}

void Copier::Job::push(const fs::NodeReference& directory, bool lists_inherited) {
    if (chain_.empty() && !merging_) lists_inherited = has_default_list(directory);
    chain_.push(directory);
    lists_inherited_.push_back(lists_inherited);
}

void Copier::Job::pop() {
    chain_.pop();
    lists_inherited_.pop_back();
}

void Copier::Job::done(Action action, std::string_view path) {
    copier_.account_.done(action, joined(from_.shown, path), joined(to_shown_, path));
}

void Copier::Job::problem(std::string_view path, const Error& error) {
    copier_.account_.problem(joined(from_.shown, path), error);
}

}  // namespace quire::transfer
