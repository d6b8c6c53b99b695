// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "content/allocator.hpp"
#include "content/inode_record.hpp"
#include "format/content_output.hpp"

namespace quire::ext {

/// Turns the pieces of one new file into blocks: whole blocks go on as they come, pieces of
/// blocks are put together, what is missing between them is zero, and blocks without any piece
/// stay holes.
class FileBlocks {
public:
    FileBlocks(Access access, InodeRecord& inode, ContentOutput& output)
        : access_(access), inode_(inode), output_(output) {}

    /// Fails: invalid_argument (the piece does not lie behind the last one).
    Result<void> append(std::uint64_t offset, std::span<const std::byte> memory);
    Result<void> finish();

private:
    Result<void> emit(std::uint64_t block, std::span<const std::byte> memory);

    Access access_;
    InodeRecord& inode_;
    ContentOutput& output_;
    std::uint64_t end_ = 0;           // of the last piece
    std::vector<std::byte> partial_;  // the beginning of the block in which end_ lies
};

}  // namespace quire::ext
