// SPDX-License-Identifier: MIT

#pragma once

#include <optional>

#include "nodes/naming.hpp"
#include "quire/fs/volume.hpp"

namespace quire::ext {

/// One rename. Everything is looked up and checked first; then it is done, as one change or as
/// two with a commit between them.
///
/// Done in two steps, the new name (or the replaced one) is there before the old one goes: a
/// crash in between leaves a file under both names, never under none. An exchange is always one
/// step.
/// Needs: the store's lock.
class Rename {
public:
    Rename(Store& store, Naming& naming) : store_(store), naming_(naming) {}

    struct Request {
        fs::Cookie from_directory;
        const Name& from;
        fs::Cookie to_directory;
        const Name& to;
        fs::RenameFlags flags;
    };

    /// Finds all that is named. True when there is something to do.
    Result<bool> prepare(const Request& request);
    /// All at once.
    Result<void> run();

    /// In two steps, each in a change and with a Rename of its own.
    Result<void> run_first_half();
    Result<void> run_second_half(const Request& request, ext2_ino_t moved);

    ext2_ino_t moved() const { return source_->number(); }

private:
    /// The record of the directory that `to` is in: one record where both are the same.
    InodeRecord& to_directory() { return to_directory_ ? *to_directory_ : *from_directory_; }
    bool between_directories() const { return to_directory_.has_value(); }

    Result<void> check_not_below(ext2_ino_t directory, ext2_ino_t ancestor);
    Result<void> check_replacement();
    Result<void> put_new_name();
    Result<void> take_old_name();
    Result<void> move_parent();
    Result<void> lose_target();
    Result<void> exchange();
    Result<void> move_between(InodeRecord& inode, InodeRecord& out_of, InodeRecord& into);
    Result<void> write_directories();
    Result<void> touch_and_write(InodeRecord& inode);

    Store& store_;
    Naming& naming_;
    const Request* request_ = nullptr;
    std::optional<InodeRecord> from_directory_;
    std::optional<InodeRecord> to_directory_;  // absent when it is the same
    std::optional<InodeRecord> source_;
    std::optional<InodeRecord> target_;
};

}  // namespace quire::ext
