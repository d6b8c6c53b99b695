// SPDX-License-Identifier: MIT

#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "quire/base/result.hpp"

namespace quire::transfer {

/// What is used of libarchive, which is loaded when the first archive is read: it brings ten other
/// libraries, and every command would wait for them.
/// Threads: any.
class ArchiveLibrary {
public:
    /// Fails: operation_not_supported (it is not installed, or lacks something).
    static Result<void> load();
    /// Needs: it has been loaded.
    static const ArchiveLibrary& get();

#define QUIRE_FUNCTION(name) decltype(&::name) name = find<decltype(&::name)>(#name)
private:
    void* const library_ = open();
    bool whole_ = library_ != nullptr;

public:
    QUIRE_FUNCTION(archive_entry_acl_next);
    QUIRE_FUNCTION(archive_entry_acl_reset);
    QUIRE_FUNCTION(archive_entry_acl_types);
    QUIRE_FUNCTION(archive_entry_atime);
    QUIRE_FUNCTION(archive_entry_atime_is_set);
    QUIRE_FUNCTION(archive_entry_atime_nsec);
    QUIRE_FUNCTION(archive_entry_filetype);
    QUIRE_FUNCTION(archive_entry_gid);
    QUIRE_FUNCTION(archive_entry_hardlink);
    QUIRE_FUNCTION(archive_entry_mtime);
    QUIRE_FUNCTION(archive_entry_mtime_is_set);
    QUIRE_FUNCTION(archive_entry_mtime_nsec);
    QUIRE_FUNCTION(archive_entry_pathname);
    QUIRE_FUNCTION(archive_entry_perm);
    QUIRE_FUNCTION(archive_entry_rdevmajor);
    QUIRE_FUNCTION(archive_entry_rdevminor);
    QUIRE_FUNCTION(archive_entry_size);
    QUIRE_FUNCTION(archive_entry_size_is_set);
    QUIRE_FUNCTION(archive_entry_symlink);
    QUIRE_FUNCTION(archive_entry_uid);
    QUIRE_FUNCTION(archive_entry_xattr_next);
    QUIRE_FUNCTION(archive_entry_xattr_reset);
    QUIRE_FUNCTION(archive_error_string);
    QUIRE_FUNCTION(archive_format);
    QUIRE_FUNCTION(archive_read_data_block);
    QUIRE_FUNCTION(archive_read_free);
    QUIRE_FUNCTION(archive_read_new);
    QUIRE_FUNCTION(archive_read_next_header);
    QUIRE_FUNCTION(archive_read_open);
    QUIRE_FUNCTION(archive_read_support_filter_bzip2);
    QUIRE_FUNCTION(archive_read_support_filter_compress);
    QUIRE_FUNCTION(archive_read_support_filter_gzip);
    QUIRE_FUNCTION(archive_read_support_filter_lz4);
    QUIRE_FUNCTION(archive_read_support_filter_lzip);
    QUIRE_FUNCTION(archive_read_support_filter_lzma);
    QUIRE_FUNCTION(archive_read_support_filter_xz);
    QUIRE_FUNCTION(archive_read_support_filter_zstd);
    QUIRE_FUNCTION(archive_read_support_format_cpio);
    QUIRE_FUNCTION(archive_read_support_format_tar);
    QUIRE_FUNCTION(archive_set_error);
#undef QUIRE_FUNCTION

private:
    static void* open();
    void* find_symbol(const char* name);
    template <typename Function>
    Function find(const char* name) {
        return reinterpret_cast<Function>(find_symbol(name));
    }
};

inline const ArchiveLibrary& libarchive() {
    return ArchiveLibrary::get();
}

}  // namespace quire::transfer
