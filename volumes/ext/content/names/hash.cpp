// SPDX-License-Identifier: MIT

#include "content/names/hash.hpp"

namespace quire::ext {

NameHasher::NameHasher(ext2_filsys fs, unsigned version)
    : fs_(fs), version_(static_cast<std::uint8_t>(version)), effective_(static_cast<int>(version)) {
    // Bytes above 127 once counted as signed on some machines; the superblock says what was used.
    if (version <= EXT2_HASH_TEA && (fs->super->s_flags & EXT2_FLAGS_UNSIGNED_HASH) != 0)
        effective_ += 3;
}

std::optional<NameHasher> NameHasher::make(ext2_filsys fs, unsigned version) {
    if (version > EXT2_HASH_TEA_UNSIGNED) return std::nullopt;
    return NameHasher(fs, version);
}

std::optional<NameHasher> NameHasher::of_filesystem(ext2_filsys fs) {
    if (!ext2fs_has_feature_dir_index(fs->super) || fs->super->s_def_hash_version > EXT2_HASH_TEA)
        return std::nullopt;
    return make(fs, fs->super->s_def_hash_version);
}

NameHash NameHasher::operator()(std::string_view name) const {
    NameHash hash;
    (void)ext2fs_dirhash(effective_, name.data(), static_cast<int>(name.size()),
                         fs_->super->s_hash_seed, &hash.major, &hash.minor);
    hash.major &= ~1u;
    // The kernel keeps the last value for the end of a directory.
    if (hash.major == 0xfffffffe) hash.major = 0xfffffffc;
    return hash;
}

}  // namespace quire::ext
