// SPDX-License-Identifier: MIT

#include "pages/file_source.hpp"

#include <unistd.h>

namespace quire::server {

Result<std::uint64_t> FileSource::size() {
    fs::OpenFile& file = accessor_.file();
    QUIRE_TRY(file.tree()->access(call_, file.node(), R_OK));
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, file.attributes(call_));
    return attributes.size;
}

Result<std::size_t> FileSource::read(std::uint64_t position, std::span<std::byte> memory) {
    return accessor_.read(call_, caller_, position, memory);
}

}  // namespace quire::server
