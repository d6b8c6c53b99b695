// SPDX-License-Identifier: MIT

#include "superblock/features.hpp"

#include <fmt/format.h>

#include <array>

namespace quire::ext {

namespace {

enum class Word { compat, incompat, ro_compat };

/// What we do with a feature: keep it in every way, only read images that have it, or neither.
enum class Support { full, reading, none };

struct Feature {
    Word word;
    std::uint32_t bit;
    const char* name;
    Support support;
};

// Names as in ext4(5). compat features do not hinder anybody; they are marked `reading` where a
// writer that does not keep them would leave them wrong.
constexpr std::array features{
    Feature{Word::compat, 0x0001, "dir_prealloc", Support::full},
    Feature{Word::compat, 0x0002, "imagic_inodes", Support::full},
    Feature{Word::compat, 0x0004, "has_journal", Support::full},
    Feature{Word::compat, 0x0008, "ext_attr", Support::full},
    Feature{Word::compat, 0x0010, "resize_inode", Support::full},
    Feature{Word::compat, 0x0020, "dir_index", Support::full},
    Feature{Word::compat, 0x0040, "lazy_bg", Support::reading},
    Feature{Word::compat, 0x0080, "exclude_inode", Support::reading},
    Feature{Word::compat, 0x0100, "exclude_bitmap", Support::reading},
    Feature{Word::compat, 0x0200, "sparse_super2", Support::full},
    Feature{Word::compat, 0x0400, "fast_commit", Support::reading},
    Feature{Word::compat, 0x0800, "stable_inodes", Support::full},
    Feature{Word::compat, 0x1000, "orphan_file", Support::full},
    Feature{Word::incompat, 0x0001, "compression", Support::none},
    Feature{Word::incompat, 0x0002, "filetype", Support::full},
    Feature{Word::incompat, 0x0004, "needs_recovery", Support::full},
    Feature{Word::incompat, 0x0008, "journal_dev", Support::none},
    Feature{Word::incompat, 0x0010, "meta_bg", Support::full},
    Feature{Word::incompat, 0x0040, "extent", Support::full},
    Feature{Word::incompat, 0x0080, "64bit", Support::full},
    Feature{Word::incompat, 0x0100, "mmp", Support::full},
    Feature{Word::incompat, 0x0200, "flex_bg", Support::full},
    Feature{Word::incompat, 0x0400, "ea_inode", Support::full},
    Feature{Word::incompat, 0x1000, "dirdata", Support::none},
    Feature{Word::incompat, 0x2000, "metadata_csum_seed", Support::full},
    Feature{Word::incompat, 0x4000, "large_dir", Support::full},
    Feature{Word::incompat, 0x8000, "inline_data", Support::full},
    Feature{Word::incompat, 0x10000, "encrypt", Support::reading},
    Feature{Word::incompat, 0x20000, "casefold", Support::reading},
    Feature{Word::ro_compat, 0x0001, "sparse_super", Support::full},
    Feature{Word::ro_compat, 0x0002, "large_file", Support::full},
    Feature{Word::ro_compat, 0x0004, "btree_dir", Support::reading},
    Feature{Word::ro_compat, 0x0008, "huge_file", Support::full},
    Feature{Word::ro_compat, 0x0010, "uninit_bg", Support::full},
    Feature{Word::ro_compat, 0x0020, "dir_nlink", Support::full},
    Feature{Word::ro_compat, 0x0040, "extra_isize", Support::full},
    Feature{Word::ro_compat, 0x0080, "snapshot", Support::reading},
    Feature{Word::ro_compat, 0x0100, "quota", Support::reading},
    Feature{Word::ro_compat, 0x0200, "bigalloc", Support::reading},
    Feature{Word::ro_compat, 0x0400, "metadata_csum", Support::full},
    Feature{Word::ro_compat, 0x0800, "replica", Support::reading},
    Feature{Word::ro_compat, 0x1000, "read-only", Support::reading},
    Feature{Word::ro_compat, 0x2000, "project", Support::reading},
    Feature{Word::ro_compat, 0x4000, "shared_blocks", Support::reading},
    Feature{Word::ro_compat, 0x8000, "verity", Support::reading},
    Feature{Word::ro_compat, 0x10000, "orphan_present", Support::full},
};

constexpr std::array words{Word::compat, Word::incompat, Word::ro_compat};

const char* name_of(Word word) {
    switch (word) {
        case Word::compat:
            return "compat";
        case Word::incompat:
            return "incompat";
        case Word::ro_compat:
            return "ro_compat";
    }
    return "";
}

std::uint32_t bits_of(const ext2_super_block& super, Word word) {
    switch (word) {
        case Word::compat:
            return super.s_feature_compat;
        case Word::incompat:
            return super.s_feature_incompat;
        case Word::ro_compat:
            return super.s_feature_ro_compat;
    }
    return 0;
}

/// Calls `visit(name, word, support)` for every bit that is set.
template <typename Visit>
void for_each(const ext2_super_block& super, Visit&& visit) {
    if (super.s_rev_level == EXT2_GOOD_OLD_REV) return;
    for (Word word : words) {
        std::uint32_t unnamed = bits_of(super, word);
        for (const Feature& feature : features) {
            if (feature.word != word || (unnamed & feature.bit) == 0) continue;
            unnamed &= ~feature.bit;
            visit(std::string(feature.name), word, feature.support);
        }
        for (std::uint32_t bit = 1; bit != 0; bit <<= 1) {
            if ((unnamed & bit) == 0) continue;
            // What nobody told us hinders as its word says.
            const Support support = word == Word::compat      ? Support::full
                                    : word == Word::ro_compat ? Support::reading
                                                              : Support::none;
            visit(fmt::format("{} 0x{:x}", name_of(word), bit), word, support);
        }
    }
}

std::vector<std::string> names_with(const ext2_super_block& super, bool (*chosen)(Support)) {
    std::vector<std::string> names;
    for_each(super, [&](std::string name, Word, Support support) {
        if (chosen(support)) names.push_back(std::move(name));
    });
    return names;
}

}  // namespace

std::vector<std::string> feature_names(const ext2_super_block& super) {
    return names_with(super, [](Support) { return true; });
}

Result<void> check_readable(const ext2_super_block& super) {
    auto names = names_with(super, [](Support support) { return support == Support::none; });
    if (names.empty()) return {};
    if (ext2fs_has_feature_journal_dev(const_cast<ext2_super_block*>(&super)))
        return fail(std::errc::operation_not_supported,
                    "this is an external journal (journal_dev), not a filesystem");
    return fail(
        std::errc::operation_not_supported,
        fmt::format("the image has features that are not supported: {}", fmt::join(names, ", ")));
}

Result<void> check_writable(const ext2_super_block& super) {
    auto names = names_with(super, [](Support support) { return support != Support::full; });
    if (names.empty()) return {};
    return fail(std::errc::read_only_file_system,
                fmt::format("the image has features that are supported for reading only: {}",
                            fmt::join(names, ", ")));
}

}  // namespace quire::ext
