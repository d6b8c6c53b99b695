// SPDX-License-Identifier: MIT

#include "errors.hpp"

#include <fmt/core.h>

#include <array>

namespace quire::ext {

namespace {

struct Meaning {
    errcode_t code;
    std::errc error;
    const char* sentence;
};

// What is not in this table is damage of the medium or a defect of ours: io_error with the
// library's own sentence.
constexpr std::array meanings{
    Meaning{EXT2_ET_NO_MEMORY, std::errc::not_enough_memory, "out of memory"},
    Meaning{EXT2_ET_BLOCK_ALLOC_FAIL, std::errc::no_space_on_device, "no free block is left"},
    Meaning{EXT2_ET_INODE_ALLOC_FAIL, std::errc::no_space_on_device, "no free inode is left"},
    Meaning{EXT2_ET_DIR_NO_SPACE, std::errc::no_space_on_device, "the directory is full"},
    Meaning{EXT2_ET_RO_FILSYS, std::errc::read_only_file_system, "the image is open for reading"},
    Meaning{EXT2_ET_RO_BLOCK_ITERATE, std::errc::read_only_file_system,
            "the image is open for reading"},
    Meaning{EXT2_ET_FILE_RO, std::errc::read_only_file_system, "the image is open for reading"},
    Meaning{EXT2_ET_FILE_TOO_BIG, std::errc::file_too_large, "larger than the format allows"},
    Meaning{EXT2_ET_FILE_NOT_FOUND, std::errc::no_such_file_or_directory, "no such name"},
    Meaning{EXT2_ET_FILE_EXISTS, std::errc::file_exists, "the name is taken"},
    Meaning{EXT2_ET_NO_DIRECTORY, std::errc::not_a_directory, "not a directory"},
    Meaning{EXT2_ET_SYMLINK_LOOP, std::errc::too_many_symbolic_link_levels,
            "too many symbolic links"},
    Meaning{EXT2_ET_EA_KEY_NOT_FOUND, static_cast<std::errc>(ENODATA), "no such attribute"},
    Meaning{EXT2_ET_EA_NO_SPACE, std::errc::no_space_on_device,
            "the attributes do not fit into inode and block"},
    Meaning{EXT2_ET_INVALID_ARGUMENT, std::errc::invalid_argument, "an impossible request"},
    Meaning{EXT2_ET_OP_NOT_SUPPORTED, std::errc::operation_not_supported, "not supported"},
    Meaning{EXT2_ET_UNSUPP_FEATURE, std::errc::operation_not_supported,
            "a feature that is not supported"},
    Meaning{EXT2_ET_RO_UNSUPP_FEATURE, std::errc::read_only_file_system,
            "a feature that is supported for reading only"},
};

/// The library's own sentence; it counts its codes from a base of its own. Its table is read
/// directly: error_message() would need it registered in a global list.
const char* own_sentence(errcode_t code) {
    const error_table& table = et_ext2_error_table;
    if (code < table.base || code >= table.base + static_cast<errcode_t>(table.n_msgs))
        return nullptr;
    return table.msgs[code - table.base];
}

}  // namespace

Error to_error(errcode_t code, std::string_view doing) {
    for (const Meaning& meaning : meanings)
        if (meaning.code == code)
            return Error(meaning.error, fmt::format("{}: {}", doing, meaning.sentence));
    if (code > 0 && code < 4096) {
        auto system = static_cast<std::errc>(code);
        return Error(system, std::string(doing));
    }
    if (const char* sentence = own_sentence(code))
        return Error(std::errc::io_error, fmt::format("{}: {}", doing, sentence));
    return Error(std::errc::io_error, fmt::format("{}: error {}", doing, code));
}

Error corrupt(std::string sentence) {
    return Error(std::errc::io_error, std::move(sentence) + "; e2fsck can repair the image");
}

}  // namespace quire::ext
