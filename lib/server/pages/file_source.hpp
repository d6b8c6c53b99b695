// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <span>

#include "access/accessor.hpp"
#include "quire/memory/page_pool.hpp"

namespace quire::server {

/// The content of an open file for those who may open it: its size is told only to them, anew after
/// every change of who that is.
class FileSource final : public paging::ContentSource {
public:
    FileSource(const Accessor& accessor, const fs::Call& call, const ipc::Call& caller)
        : accessor_(accessor), call_(call), caller_(caller) {}

    /// Fails: permission_denied (the identity of the call may not open it for reading).
    Result<std::uint64_t> size() override;
    Result<std::size_t> read(std::uint64_t position, std::span<std::byte> memory) override;

private:
    const Accessor& accessor_;
    const fs::Call& call_;
    const ipc::Call& caller_;
};

}  // namespace quire::server
