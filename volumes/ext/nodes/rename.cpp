// SPDX-License-Identifier: MIT

#include "nodes/rename.hpp"

#include <fmt/core.h>

#include "errors.hpp"
#include "nodes/inode_attributes.hpp"

namespace quire::ext {

Result<bool> Rename::prepare(const Request& request) {
    request_ = &request;
    QUIRE_TRY_ASSIGN(from_directory_, naming_.directory(request.from_directory));
    if (request.to_directory != request.from_directory) {
        QUIRE_TRY_ASSIGN(to_directory_, naming_.directory(request.to_directory));
    }
    QUIRE_TRY_ASSIGN(source_, naming_.target(*from_directory_, request.from));

    auto target = naming_.target(to_directory(), request.to);
    if (target)
        target_ = *std::move(target);
    else if (target.error() != std::errc::no_such_file_or_directory)
        return fail(std::move(target).error());
    if (target_ && request.flags.no_replace) return fail(std::errc::file_exists);
    if (!target_ && request.flags.exchange) return fail(std::errc::no_such_file_or_directory);
    if (target_ && target_->number() == source_->number()) return false;

    if (between_directories() && source_->is_directory())
        QUIRE_TRY(check_not_below(to_directory().number(), source_->number()));
    if (between_directories() && request.flags.exchange && target_->is_directory())
        QUIRE_TRY(check_not_below(from_directory_->number(), target_->number()));
    if (target_ && !request.flags.exchange) QUIRE_TRY(check_replacement());
    return true;
}

Result<void> Rename::check_not_below(ext2_ino_t directory, ext2_ino_t ancestor) {
    // In a sound tree the way up ends at the root; in a corrupt one it may go round.
    for (std::uint64_t steps = store_.filesystem()->super->s_inodes_count; steps > 0; --steps) {
        if (directory == ancestor) return fail(std::errc::invalid_argument);
        if (directory == EXT2_ROOT_INO) return {};
        QUIRE_TRY_ASSIGN(const InodeRecord inode,
                         InodeRecord::read(store_.filesystem(), directory));
        if (!inode.is_directory()) break;
        QUIRE_TRY_ASSIGN(directory, store_.directories().parent(inode));
    }
    return fail(corrupt(fmt::format("the way up from inode {} does not end", directory)));
}

Result<void> Rename::check_replacement() {
    if (source_->is_directory() && !target_->is_directory())
        return fail(std::errc::not_a_directory);
    if (!target_->is_directory()) return {};
    if (!source_->is_directory()) {
        // Linux names first that the directory holds what is to replace it.
        const auto not_above = between_directories()
                                   ? check_not_below(from_directory_->number(), target_->number())
                                   : Result<void>();
        if (!not_above && not_above.error() == std::errc::invalid_argument)
            return fail(std::errc::directory_not_empty);
        QUIRE_TRY(not_above);
        return fail(std::errc::is_a_directory);
    }
    QUIRE_TRY_ASSIGN(const bool empty, store_.directories().is_empty(*target_));
    if (!empty) return fail(std::errc::directory_not_empty);
    return {};
}

Result<void> Rename::touch_and_write(InodeRecord& inode) {
    set_time(inode, Stamp::change, store_.now());
    return inode.write(store_.filesystem());
}

Result<void> Rename::write_directories() {
    QUIRE_TRY(naming_.write_directory(*from_directory_));
    return between_directories() ? naming_.write_directory(*to_directory_) : Result<void>();
}

Result<void> Rename::put_new_name() {
    return target_ ? naming_.replace(to_directory(), request_->to, *source_)
                   : naming_.insert(to_directory(), request_->to, *source_);
}

Result<void> Rename::take_old_name() {
    return naming_.remove(*from_directory_, request_->from);
}

// A directory that moves takes its link from one parent to the other.
Result<void> Rename::move_between(InodeRecord& inode, InodeRecord& out_of, InodeRecord& into) {
    naming_.drop_link(out_of);
    QUIRE_TRY(naming_.add_link(into));
    return store_.directories().set_parent(inode, into.number());
}

Result<void> Rename::move_parent() {
    // The replaced directory's link goes first: its place may be the only one left.
    if (target_ && target_->is_directory()) naming_.drop_link(to_directory());
    if (source_->is_directory() && between_directories())
        return move_between(*source_, *from_directory_, *to_directory_);
    return {};
}

Result<void> Rename::lose_target() {
    if (!target_) return {};
    if (!target_->is_directory() && (*target_)->i_links_count > 1) {
        naming_.drop_link(*target_);
        return touch_and_write(*target_);
    }
    return naming_.lose_last_name(*target_);
}

Result<void> Rename::run() {
    if (request_->flags.exchange) return exchange();
    if (target_) store_.before_removal(*target_);
    QUIRE_TRY(put_new_name());
    QUIRE_TRY(take_old_name());
    QUIRE_TRY(move_parent());
    QUIRE_TRY(write_directories());
    QUIRE_TRY(touch_and_write(*source_));
    return lose_target();
}

Result<void> Rename::run_first_half() {
    if (target_) store_.before_removal(*target_);
    QUIRE_TRY(put_new_name());
    QUIRE_TRY(move_parent());
    // Two names for a while: the count says so, where it can.
    if (!source_->is_directory() && (*source_)->i_links_count < EXT2_LINK_MAX)
        ++(*source_)->i_links_count;
    QUIRE_TRY(write_directories());
    QUIRE_TRY(touch_and_write(*source_));
    return lose_target();
}

Result<void> Rename::run_second_half(const Request& request, ext2_ino_t moved) {
    request_ = &request;
    QUIRE_TRY_ASSIGN(from_directory_, naming_.directory(request.from_directory));
    QUIRE_TRY_ASSIGN(source_, InodeRecord::read(store_.filesystem(), moved));
    store_.before_removal(*source_);
    QUIRE_TRY(take_old_name());
    if (!source_->is_directory() && (*source_)->i_links_count > 1) naming_.drop_link(*source_);
    QUIRE_TRY(naming_.write_directory(*from_directory_));
    return touch_and_write(*source_);
}

Result<void> Rename::exchange() {
    QUIRE_TRY(naming_.replace(*from_directory_, request_->from, *target_));
    QUIRE_TRY(naming_.replace(to_directory(), request_->to, *source_));
    if (between_directories()) {
        // What comes in place of a directory may be one too: then no link changes its parent.
        if (source_->is_directory())
            QUIRE_TRY(move_between(*source_, *from_directory_, *to_directory_));
        if (target_->is_directory())
            QUIRE_TRY(move_between(*target_, *to_directory_, *from_directory_));
    }
    QUIRE_TRY(write_directories());
    QUIRE_TRY(touch_and_write(*source_));
    return touch_and_write(*target_);
}

}  // namespace quire::ext
