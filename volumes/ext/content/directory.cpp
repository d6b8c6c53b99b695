// SPDX-License-Identifier: MIT

#include "content/directory.hpp"

#include <algorithm>

#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "content/names/hash_tree.hpp"
#include "content/names/inline_names.hpp"
#include "content/names/listing.hpp"
#include "content/names/name_index_cache.hpp"

namespace quire::ext {

namespace {

NameTarget target_of(const Record& record) {
    return {.inode = record.inode, .type = file_type_of(record.type)};
}

/// Where names are not what they seem: looked up byte by byte, never changed.
bool is_strange(const InodeRecord& directory) {
    return directory.has_flag(EXT4_CASEFOLD_FL) || directory.has_flag(EXT4_ENCRYPT_FL);
}

bool is_hashed(ext2_filsys fs, const InodeRecord& directory) {
    return directory.has_flag(EXT2_INDEX_FL) && !directory.is_inline() && !is_strange(directory) &&
           ext2fs_has_feature_dir_index(fs->super);
}

/// How the names of a directory that is small or hashed are ordered; none: by their places.
std::optional<NameHasher> order_of(const DirectoryBlocks& blocks) {
    const InodeRecord& directory = blocks.inode();
    if (is_strange(directory)) return std::nullopt;
    if (directory.is_inline() || (blocks.count() <= 1 && !is_hashed(blocks.fs(), directory)))
        return NameHasher::of_filesystem(blocks.fs());
    return std::nullopt;
}

Result<void> check_changeable(const InodeRecord& directory, std::string_view name) {
    if (is_strange(directory))
        return fail(std::errc::operation_not_supported,
                    "case-folded and encrypted directories can't be changed");
    if (name.size() > EXT2_NAME_LEN) return fail(std::errc::filename_too_long);
    if (name.empty() || name == "." || name == "..") return fail(std::errc::invalid_argument);
    return {};
}

}  // namespace

class Directories::State {
public:
    State(ext2_filsys fs, Allocator& allocator, std::size_t budget)
        : fs_(fs), allocator_(allocator), indexes_(budget) {}

    struct Place {
        std::uint64_t block;
        std::size_t offset;
        NameTarget target;
    };
    /// Where a name lies among the blocks of a directory.
    Result<std::optional<Place>> find(DirectoryBlocks& blocks, std::string_view name);
    Result<void> insert_linear(DirectoryEdit& edit, InodeRecord& directory, std::string_view name,
                               NameTarget target);
    Result<void> move_out(InodeRecord& directory, InlineNames& names, std::string_view name,
                          NameTarget target);

    Access access() { return {fs_, allocator_}; }
    ext2_filsys fs() { return fs_; }
    NameIndexCache& indexes() { return indexes_; }

private:
    Result<bool> insert_into(DirectoryEdit& edit, std::uint64_t block, std::string_view name,
                             NameTarget target);

    ext2_filsys fs_;
    Allocator& allocator_;
    NameIndexCache indexes_;
};

Result<std::optional<Directories::State::Place>> Directories::State::find(DirectoryBlocks& blocks,
                                                                          std::string_view name) {
    const auto place = [](const DirectoryBlock& block, const Record& record) {
        return Place{block.logical, record.offset, target_of(record)};
    };
    if (is_hashed(fs_, blocks.inode()) && name != "." && name != "..") {
        QUIRE_TRY_ASSIGN(HashTree tree, HashTree::open(blocks));
        QUIRE_TRY_ASSIGN(const auto found, tree.find(name));
        if (!found) return std::nullopt;
        return place(*found->block, found->record);
    }
    QUIRE_TRY_ASSIGN(const NameIndex* index, indexes_.get(blocks));
    if (index != nullptr) {
        for (const std::uint64_t logical : index->candidates(name)) {
            QUIRE_TRY_ASSIGN(const DirectoryBlock* block, blocks.get(logical));
            if (const auto record = find_record(blocks.format(), block->bytes, name))
                return place(*block, *record);
        }
        return std::nullopt;
    }
    std::optional<Place> found;
    QUIRE_TRY(blocks.scan(0, [&](const DirectoryBlock& block) -> Result<bool> {
        if (const auto record = find_record(blocks.format(), block.bytes, name))
            found = place(block, *record);
        return !found;
    }));
    return found;
}

Result<bool> Directories::State::insert_into(DirectoryEdit& edit, std::uint64_t block,
                                             std::string_view name, NameTarget target) {
    QUIRE_TRY_ASSIGN(DirectoryBlock * into, edit.get(block));
    QUIRE_TRY_ASSIGN(const std::span<std::byte> area, edit.area(*into));
    if (!insert_record(edit.format(), area, name, target)) return false;
    into->dirty = true;
    return true;
}

Result<void> Directories::State::insert_linear(DirectoryEdit& edit, InodeRecord& directory,
                                               std::string_view name, NameTarget target) {
    QUIRE_TRY_ASSIGN(NameIndex * index, indexes_.get(edit));
    const std::size_t size = record_size(name.size());
    std::optional<std::uint64_t> used;
    if (index != nullptr) {
        if (const auto block = index->find_room(size)) {
            QUIRE_TRY_ASSIGN(const bool done, insert_into(edit, *block, name, target));
            if (done) used = *block;
        }
    } else {
        for (std::uint64_t block = 0; block < edit.count() && !used; ++block) {
            QUIRE_TRY_ASSIGN(const bool done, insert_into(edit, block, name, target));
            if (done)
                used = block;
            else
                edit.drop(block);
        }
    }
    if (!used) {
        const auto hasher = NameHasher::of_filesystem(fs_);
        if (edit.count() == 1 && hasher) {
            HashTreeEdit tree(edit);
            QUIRE_TRY_ASSIGN(const bool planted, tree.plant(*hasher));
            if (planted) {
                QUIRE_TRY(tree.insert(name, target));
                QUIRE_TRY(edit.commit());
                directory->i_flags |= EXT2_INDEX_FL;
                return {};
            }
        }
        QUIRE_TRY_ASSIGN(used, edit.append(1));
        QUIRE_TRY(insert_into(edit, *used, name, target));
    }
    QUIRE_TRY_ASSIGN(DirectoryBlock * block, edit.get(*used));
    QUIRE_TRY(edit.commit());
    // A tree that this filesystem does not know of is not kept up.
    directory->i_flags &= ~static_cast<__u32>(EXT2_INDEX_FL);
    if (index != nullptr) {
        index->add(name, *used);
        index->set_room(*used, largest_gap(edit.format(), *edit.area(*block)));
        indexes_.settle(directory.number());
    }
    return {};
}

/// Moves an inline directory into a block, records in the same order, and adds a name.
Result<void> Directories::State::move_out(InodeRecord& directory, InlineNames& names,
                                          std::string_view name, NameTarget target) {
    InodeRecord moved = directory;
    QUIRE_TRY(take_inline_data(fs_, moved));
    moved.set_size(0);
    DirectoryEdit edit(access(), moved);
    QUIRE_TRY(edit.append(1));
    QUIRE_TRY_ASSIGN(DirectoryBlock * block, edit.get(0));
    QUIRE_TRY_ASSIGN(std::span<std::byte> area, edit.area(*block));
    const NameTarget self{.inode = directory.number(), .type = fs::FileType::directory};
    const NameTarget parent{.inode = names.parent(), .type = fs::FileType::directory};
    const std::size_t filled = 2 * smallest_record + names.first().size() + names.second().size();
    if (filled + record_size(name.size()) > area.size()) return fail(std::errc::no_space_on_device);
    write_record(edit.format(), area, smallest_record, ".", self);
    write_record(edit.format(), area.subspan(smallest_record), smallest_record, "..", parent);
    std::ranges::copy(names.first(), area.begin() + InlineNames::offset_of_first);
    std::ranges::copy(names.second(), area.begin() + InlineNames::offset_of_second);
    clear_records(edit.format(), area.subspan(filled));
    if (!insert_record(edit.format(), area, name, target))
        return fail(std::errc::no_space_on_device);
    QUIRE_TRY(edit.commit());
    directory = std::move(moved);
    return {};
}

Directories::Directories(ext2_filsys fs, Allocator& allocator, std::size_t budget)
    : state_(std::make_unique<State>(fs, allocator, budget)) {}

Directories::~Directories() = default;

Result<std::optional<NameTarget>> Directories::lookup(const InodeRecord& directory,
                                                      std::string_view name) {
    if (name.size() > EXT2_NAME_LEN) return fail(std::errc::filename_too_long);
    if (directory.is_inline()) {
        QUIRE_TRY_ASSIGN(InlineNames names, InlineNames::load(state_->fs(), directory));
        if (name == "..")
            return NameTarget{.inode = names.parent(), .type = fs::FileType::directory};
        const auto found = names.find(name);
        return found ? std::optional(target_of(found->record)) : std::nullopt;
    }
    DirectoryBlocks blocks(state_->fs(), directory);
    QUIRE_TRY_ASSIGN(const auto place, state_->find(blocks, name));
    return place ? std::optional(place->target) : std::nullopt;
}

Result<void> Directories::insert(InodeRecord& directory, std::string_view name, NameTarget target) {
    QUIRE_TRY(check_changeable(directory, name));
    if (directory.is_inline()) {
        QUIRE_TRY_ASSIGN(InlineNames names, InlineNames::load(state_->fs(), directory));
        if (names.find(name)) return fail(std::errc::file_exists);
        InlineNames grown = names;
        const auto done = grown.insert(directory, name, target);
        if (done || done.error() != std::errc::no_space_on_device) return done;
        return state_->move_out(directory, names, name, target);
    }
    DirectoryEdit edit(state_->access(), directory);
    QUIRE_TRY_ASSIGN(const auto place, state_->find(edit, name));
    if (place) return fail(std::errc::file_exists);
    if (!is_hashed(state_->fs(), directory))
        return state_->insert_linear(edit, directory, name, target);
    QUIRE_TRY(HashTreeEdit(edit).insert(name, target));
    return edit.commit();
}

Result<NameTarget> Directories::remove(InodeRecord& directory, std::string_view name) {
    QUIRE_TRY(check_changeable(directory, name));
    if (directory.is_inline()) {
        QUIRE_TRY_ASSIGN(InlineNames names, InlineNames::load(state_->fs(), directory));
        const auto found = names.find(name);
        if (!found) return fail(std::errc::no_such_file_or_directory);
        const NameTarget target = target_of(found->record);
        remove_record(names.format(), found->area, found->record.offset);
        QUIRE_TRY(names.store(directory));
        return target;
    }
    DirectoryEdit edit(state_->access(), directory);
    QUIRE_TRY_ASSIGN(const auto place, state_->find(edit, name));
    if (!place) return fail(std::errc::no_such_file_or_directory);
    QUIRE_TRY_ASSIGN(DirectoryBlock * block, edit.get(place->block));
    QUIRE_TRY_ASSIGN(const std::span<std::byte> area, edit.area(*block));
    remove_record(edit.format(), area, place->offset);
    block->dirty = true;
    QUIRE_TRY(edit.commit());
    if (is_hashed(state_->fs(), directory)) return place->target;
    QUIRE_TRY_ASSIGN(NameIndex * index, state_->indexes().get(edit));
    if (index != nullptr) {
        index->remove(name, place->block);
        index->set_room(place->block, largest_gap(edit.format(), area));
    }
    return place->target;
}

Result<NameTarget> Directories::replace(InodeRecord& directory, std::string_view name,
                                        NameTarget target) {
    QUIRE_TRY(check_changeable(directory, name));
    if (directory.is_inline()) {
        QUIRE_TRY_ASSIGN(InlineNames names, InlineNames::load(state_->fs(), directory));
        const auto found = names.find(name);
        if (!found) return fail(std::errc::no_such_file_or_directory);
        const NameTarget old = target_of(found->record);
        retarget_record(names.format(), found->area, found->record.offset, target);
        QUIRE_TRY(names.store(directory));
        return old;
    }
    DirectoryEdit edit(state_->access(), directory);
    QUIRE_TRY_ASSIGN(const auto place, state_->find(edit, name));
    if (!place) return fail(std::errc::no_such_file_or_directory);
    QUIRE_TRY_ASSIGN(DirectoryBlock * block, edit.get(place->block));
    retarget_record(edit.format(), block->bytes, place->offset, target);
    block->dirty = true;
    QUIRE_TRY(edit.commit());
    return place->target;
}

Result<ext2_ino_t> Directories::parent(const InodeRecord& directory) {
    if (directory.is_inline()) {
        QUIRE_TRY_ASSIGN(const InlineNames names, InlineNames::load(state_->fs(), directory));
        return names.parent();
    }
    DirectoryBlocks blocks(state_->fs(), directory);
    QUIRE_TRY_ASSIGN(const DirectoryBlock* first, blocks.get(0));
    const auto record = find_record(blocks.format(), first->bytes, "..");
    if (!record) return corrupt_inode(directory.number(), "the directory has no ..");
    return record->inode;
}

Result<void> Directories::set_parent(InodeRecord& directory, ext2_ino_t parent) {
    if (is_strange(directory)) return fail(std::errc::operation_not_supported);
    if (directory.is_inline()) {
        QUIRE_TRY_ASSIGN(InlineNames names, InlineNames::load(state_->fs(), directory));
        names.set_parent(parent);
        return names.store(directory);
    }
    DirectoryEdit edit(state_->access(), directory);
    QUIRE_TRY_ASSIGN(DirectoryBlock * first, edit.get(0));
    const auto record = find_record(edit.format(), first->bytes, "..");
    if (!record) return corrupt_inode(directory.number(), "the directory has no ..");
    retarget_record(edit.format(), first->bytes, record->offset,
                    {.inode = parent, .type = fs::FileType::directory});
    first->dirty = true;
    return edit.commit();
}

Result<bool> Directories::is_empty(const InodeRecord& directory) {
    QUIRE_TRY_ASSIGN(const Listing listing, list(directory, 0, 1));
    return listing.entries.empty();
}

Result<Listing> Directories::list(const InodeRecord& directory, std::uint64_t position,
                                  std::size_t limit) {
    limit = std::max<std::size_t>(limit, 1);
    DirectoryBlocks blocks(state_->fs(), directory);
    Result<Listing> listing;
    const auto order = order_of(blocks);
    if (is_hashed(state_->fs(), directory)) {
        QUIRE_TRY_ASSIGN(HashTree tree, HashTree::open(blocks));
        listing = tree.list(position, limit);
    } else if (directory.is_inline()) {
        QUIRE_TRY_ASSIGN(const InlineNames names, InlineNames::load(state_->fs(), directory));
        listing = list_inline(names, directory.number(), order, position, limit);
    } else if (order) {
        listing = list_sorted(blocks, *order, position, limit);
    } else {
        listing = list_places(blocks, position, limit);
    }
    QUIRE_TRY(listing);
    // Encrypted names may hold any byte; others that do are damage, and dangerous above.
    if (!directory.has_flag(EXT4_ENCRYPT_FL))
        for (const ListedEntry& entry : listing->entries)
            if (entry.name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
                return corrupt_inode(directory.number(), "a name in it holds a slash or a NUL");
    return listing;
}

Result<void> Directories::make_new(InodeRecord& directory, ext2_ino_t parent) {
    forget(directory.number());
    ext2_filsys fs = state_->fs();
    if (begins_inline(fs)) {
        const auto made = InlineNames::make(fs, directory, parent);
        if (made || made.error() != std::errc::no_space_on_device) return made;
    }
    InodeRecord made = directory;
    make_empty_mapping(fs, made);
    made.set_size(0);
    DirectoryEdit edit(state_->access(), made);
    QUIRE_TRY(edit.append(1));
    QUIRE_TRY_ASSIGN(DirectoryBlock * block, edit.get(0));
    QUIRE_TRY_ASSIGN(const std::span<std::byte> area, edit.area(*block));
    write_record(edit.format(), area, smallest_record, ".",
                 {.inode = directory.number(), .type = fs::FileType::directory});
    write_record(edit.format(), area.subspan(smallest_record), area.size() - smallest_record, "..",
                 {.inode = parent, .type = fs::FileType::directory});
    QUIRE_TRY(edit.commit());
    directory = std::move(made);
    return {};
}

void Directories::forget(ext2_ino_t directory) {
    state_->indexes().forget(directory);
}

std::size_t Directories::memory_used() const {
    return state_->indexes().memory();
}

}  // namespace quire::ext
