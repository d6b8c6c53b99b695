// SPDX-License-Identifier: MIT

#include <array>

#include "allocation/inode_life.hpp"
#include "nodes/rename.hpp"
#include "volume_change.hpp"

namespace quire::ext {

Result<void> Volume::rename(const fs::Call& call, fs::Cookie from_directory, const Name& from,
                            fs::Cookie to_directory, const Name& to, fs::RenameFlags flags) {
    if (flags.no_replace && flags.exchange) return fail(std::errc::invalid_argument);
    const Rename::Request request{from_directory, from, to_directory, to, flags};
    std::vector<ext2_ino_t> to_free;

    const auto at_once = [&](Store::Change& change) -> Result<void> {
        Naming naming(*store_, *nodes_, change);
        Rename rename(*store_, naming);
        QUIRE_TRY_ASSIGN(const bool needed, rename.prepare(request));
        if (!needed) return {};
        QUIRE_TRY(rename.run());
        naming.finish();
        to_free = naming.to_free();
        return {};
    };

    if (!store_->renames_in_steps() || flags.exchange) {
        QUIRE_TRY(change(call, at_once));
    } else {
        ext2_ino_t moved = 0;  // none: there is nothing to do
        const std::array<std::function<Result<void>(Store::Change&)>, 2> steps{
            [&](Store::Change& change) -> Result<void> {
                Naming naming(*store_, *nodes_, change);
                Rename rename(*store_, naming);
                QUIRE_TRY_ASSIGN(const bool needed, rename.prepare(request));
                if (!needed) return {};
                QUIRE_TRY(rename.run_first_half());
                moved = rename.moved();
                naming.finish();
                to_free = naming.to_free();
                return {};
            },
            [&](Store::Change& change) -> Result<void> {
                if (moved == 0) return {};
                Naming naming(*store_, *nodes_, change);
                Rename rename(*store_, naming);
                return rename.run_second_half(request, moved);
            }};
        QUIRE_TRY(
            with_space(*store_, [&] { return store_->change_in_steps(call.credentials, steps); }));
    }
    for (ext2_ino_t inode : to_free) QUIRE_TRY(free_inode(*store_, inode));
    return {};
}

}  // namespace quire::ext
