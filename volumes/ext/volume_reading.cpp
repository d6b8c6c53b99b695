// SPDX-License-Identifier: MIT

// What only looks: names, links and attributes of a volume.

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "allocation/inode_life.hpp"
#include "content/attributes.hpp"
#include "content/directory.hpp"
#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "errors.hpp"
#include "nodes/inode_attributes.hpp"
#include "nodes/node_table.hpp"
#include "quire/volumes/ext/volume.hpp"
#include "store/store.hpp"

namespace quire::ext {

namespace {

// How many entries are read under the lock before the sink sees them.
constexpr std::size_t listing_step = 256;

}  // namespace

Result<fs::Entry> Volume::lookup(const fs::Call&, fs::Cookie directory, const Name& name) {
    Store::Use use(*store_);
    QUIRE_TRY_ASSIGN(const InodeRecord inode, directory_of(directory));
    QUIRE_TRY_ASSIGN(const auto target, store_->directories().lookup(inode, name.view()));
    if (!target) return fail(std::errc::no_such_file_or_directory);
    ext2_filsys fs = store_->filesystem();
    QUIRE_TRY_ASSIGN(const InodeRecord found, InodeRecord::read(fs, target->inode));
    QUIRE_TRY(check_nameable(fs, found));
    return enter(found);
}

Result<fs::Entry> Volume::parent(const fs::Call&, fs::Cookie directory) {
    Store::Use use(*store_);
    QUIRE_TRY_ASSIGN(const InodeRecord inode, directory_of(directory));
    QUIRE_TRY_ASSIGN(const ext2_ino_t number, store_->directories().parent(inode));
    QUIRE_TRY_ASSIGN(const InodeRecord found, InodeRecord::read(store_->filesystem(), number));
    if (!found.is_directory())
        return fail(corrupt(fmt::format("the parent of inode {} is no directory", inode.number())));
    QUIRE_TRY(check_nameable(store_->filesystem(), found));
    return enter(found);
}

Result<void> Volume::readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                             fs::WithAttributes with, const fs::EntrySink& sink) {
    for (bool at_end = false; !at_end;) {
        Listing listing;
        std::vector<std::optional<fs::Attributes>> attributes;
        {
            Store::Use use(*store_);
            ext2_filsys fs = store_->filesystem();
            QUIRE_TRY_ASSIGN(const InodeRecord inode, directory_of(directory));
            QUIRE_TRY_ASSIGN(listing, store_->directories().list(inode, from, listing_step));
            if (with == fs::WithAttributes::yes)
                for (const ListedEntry& entry : listing.entries) {
                    // An entry that leads nowhere is still listed, so that it can be named; what
                    // is wrong with it a lookup tells.
                    auto record = InodeRecord::read(fs, entry.inode);
                    attributes.push_back(record && check_nameable(fs, *record)
                                             ? std::optional(attributes_of(fs, *record))
                                             : std::nullopt);
                }
        }
        for (std::size_t i = 0; i < listing.entries.size(); ++i) {
            const ListedEntry& entry = listing.entries[i];
            fs::DirectoryEntry given;
            given.name = entry.name;
            given.inode = entry.inode;
            given.type = entry.type;
            given.next = entry.next;
            if (i < attributes.size() && attributes[i]) {
                given.attributes = &*attributes[i];
                given.type = attributes[i]->type;
            }
            if (!sink(given)) return {};
        }
        at_end = listing.at_end;
        from = listing.next;
    }
    return {};
}

Result<std::string> Volume::readlink(const fs::Call&, fs::Cookie cookie) {
    Store::Use use(*store_);
    ext2_filsys fs = store_->filesystem();
    QUIRE_TRY_ASSIGN(const InodeRecord inode, inode_of(cookie));
    if (!LINUX_S_ISLNK(inode->i_mode)) return fail(std::errc::invalid_argument);
    if (inode.has_flag(EXT4_ENCRYPT_FL))
        return fail(static_cast<std::errc>(ENOKEY), "the symbolic link is encrypted");
    const auto text_of = [&](std::span<const std::byte> bytes) -> Result<std::string> {
        if (std::ranges::find(bytes, std::byte{0}) != bytes.end())
            return fail(corrupt(
                fmt::format("the symbolic link {} ends before its length", inode.number())));
        return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    if (inode.is_inline()) {
        QUIRE_TRY_ASSIGN(const auto bytes, read_inline_data(fs, inode));
        return text_of(bytes);
    }
    const std::uint64_t size = inode.size();
    if (!has_mapping(inode)) {
        if (size >= inode.block_area().size())
            return fail(corrupt(fmt::format("the symbolic link {} is too long", inode.number())));
        return text_of(inode.block_area().first(size));
    }
    if (size == 0 || size > fs->blocksize || size >= 4096)
        return fail(
            corrupt(fmt::format("the symbolic link {} is {} bytes long", inode.number(), size)));
    QUIRE_TRY_ASSIGN(const auto extents, map(fs, inode, 0, 1));
    if (extents.empty() || !extents.front().is_data())
        return fail(corrupt(fmt::format("the symbolic link {} has no target", inode.number())));
    std::vector<std::byte> block(fs->blocksize);
    QUIRE_TRY(store_->cache().read(extents.front().physical, block));
    return text_of(std::span(block).first(size));
}

Result<fs::Attributes> Volume::getattr(const fs::Call&, fs::Cookie cookie) {
    Store::Use use(*store_);
    QUIRE_TRY_ASSIGN(const InodeRecord inode, inode_of(cookie));
    return attributes_of(store_->filesystem(), inode);
}

Result<std::vector<std::byte>> Volume::getxattr(const fs::Call&, fs::Cookie cookie,
                                                std::string_view name) {
    Store::Use use(*store_);
    QUIRE_TRY_ASSIGN(const InodeRecord inode, inode_of(cookie));
    return get_attribute(store_->filesystem(), inode, name);
}

Result<std::vector<std::string>> Volume::listxattr(const fs::Call&, fs::Cookie cookie) {
    Store::Use use(*store_);
    QUIRE_TRY_ASSIGN(const InodeRecord inode, inode_of(cookie));
    return list_attributes(store_->filesystem(), inode);
}

}  // namespace quire::ext
