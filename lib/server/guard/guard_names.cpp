// SPDX-License-Identifier: MIT

#include <cerrno>

#include "guard.hpp"

namespace quire::server {

fs::NewOwner Guard::owner_of(const fs::NewNode& node) const {
    if (!authority_.identity().is_root()) return {};
    return {.uid = node.uid, .gid = node.gid};
}

Result<fs::Entry> Guard::give_new(const Use& directory, const Result<fs::NodeReference>& made) {
    if (!made) return fail(made.error());
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes,
                     authority_.tree().attributes(directory.call, *made));
    return give(*made, attributes, directory.moves);
}

Result<fs::Entry> Guard::lookup(const fs::Call& call, fs::Cookie directory, const Name& name) {
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    QUIRE_TRY_ASSIGN(const fs::Found found,
                     seen(in, authority_.tree().find(in.call, in.node, name)));
    return give(found.node, found.attributes, in.moves);
}

Result<fs::Entry> Guard::create(const fs::Call& call, fs::Cookie directory, const Name& name,
                                const fs::NewNode& node) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    QUIRE_TRY_ASSIGN(auto file,
                     authority_.tree().create_open(in.call, in.node, name, node.permissions,
                                                   {.read = true, .write = true}, owner_of(node)));
    QUIRE_TRY_ASSIGN(const fs::Entry entry, give_new(in, file->node()));
    table_->keep_fresh(entry.node, std::move(file));
    return entry;
}

Result<fs::Entry> Guard::mknod(const fs::Call& call, fs::Cookie directory, const Name& name,
                               const fs::NewNode& node, fs::FileType type,
                               fs::DeviceNumber device) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    return give_new(in, authority_.tree().make_node(in.call, in.node, name, node.permissions, type,
                                                    device, owner_of(node)));
}

Result<fs::Entry> Guard::mkdir(const fs::Call& call, fs::Cookie directory, const Name& name,
                               const fs::NewNode& node) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    return give_new(in, authority_.tree().make_directory(in.call, in.node, name, node.permissions,
                                                         owner_of(node)));
}

Result<fs::Entry> Guard::symlink(const fs::Call& call, fs::Cookie directory, const Name& name,
                                 const fs::NewNode& node, std::string_view target) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    return give_new(in,
                    authority_.tree().make_symlink(in.call, in.node, name, target, owner_of(node)));
}

Result<fs::Entry> Guard::link(const fs::Call& call, fs::Cookie node, fs::Cookie directory,
                              const Name& name) {
    QUIRE_TRY_ASSIGN(const Use linked, use_for_change(call, node));
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    QUIRE_TRY(authority_.tree().link(in.call, linked.node, in.node, name));
    return give_new(in, linked.node);
}

Result<void> Guard::remove(const fs::Call& call, fs::Cookie directory, const Name& name) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    return authority_.tree().remove(in.call, in.node, name);
}

Result<void> Guard::rmdir(const fs::Call& call, fs::Cookie directory, const Name& name) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    return authority_.tree().remove_directory(in.call, in.node, name);
}

Result<void> Guard::rename(const fs::Call& call, fs::Cookie from_directory, const Name& from,
                           fs::Cookie to_directory, const Name& to, fs::RenameFlags flags) {
    QUIRE_TRY(authority_.may_change());
    QUIRE_TRY_ASSIGN(const Use source, use_directory(call, from_directory));
    QUIRE_TRY_ASSIGN(const Use target, use_directory(call, to_directory));
    return authority_.tree().rename(source.call, source.node, from, target.node, to, flags);
}

Result<void> Guard::readdir(const fs::Call& call, fs::Cookie directory, fs::Position from,
                            fs::WithAttributes with, const fs::EntrySink& sink) {
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    return seen(in, authority_.tree().list(in.call, in.node, from, with, sink));
}

Result<fs::Entry> Guard::parent(const fs::Call& call, fs::Cookie directory) {
    QUIRE_TRY_ASSIGN(const Use in, use_directory(call, directory));
    fs::Tree& tree = authority_.tree();
    if (in.node == authority_.top()) return root(call);
    QUIRE_TRY_ASSIGN(const fs::NodeReference above, tree.parent(in.call, in.node));
    std::uint64_t moves = 0;
    if (!authority_.whole()) {
        // The directory may have been moved out since it was found to be below.
        QUIRE_TRY_ASSIGN(const auto where, tree.locate(in.call, above, authority_.top()));
        if (!where.below) return fail(std::errc(ESTALE));
        moves = where.moves;
    }
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, tree.attributes(in.call, above));
    return give(above, attributes, moves);
}

Result<std::string> Guard::readlink(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY_ASSIGN(const Use use, this->use(call, node));
    return authority_.tree().read_link(use.call, use.node);
}

}  // namespace quire::server
