// SPDX-License-Identifier: MIT

#pragma once

#include "file_transfer.hpp"
#include "quire/block/file_device.hpp"

namespace quire::block {

/// What FileDevice has to know of an open file.
struct FileFacts {
    FileIdentity identity;
    std::uint64_t size = 0;
    std::uint32_t preferred_alignment = 512;
    /// O_DIRECT is set, and asks for this.
    bool direct = false;
    DirectAlignment alignment;
};

}  // namespace quire::block
