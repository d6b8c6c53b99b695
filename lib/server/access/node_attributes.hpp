// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "quire/protocols/types.hpp"
#include "quire/server/authority.hpp"
#include "quire/wire/transfer_buffer.hpp"
#include "session/session_host.hpp"

namespace quire::server {

/// Attributes of one node on behalf of one authority: what files and paths have in common.
/// Threads: any.
class NodeAttributes {
public:
    NodeAttributes(SessionHost& host, const Authority& authority, const fs::Call& call,
                   const fs::NodeReference& node)
        : host_(host), authority_(authority), call_(call), node_(node) {}

    /// `file` is open for writing, or nullptr: who has that may change the size, whatever the
    /// permissions are.
    Result<protocols::Attributes> change(const protocols::AttributeChanges& wanted,
                                         fs::OpenFile* file) const;

    /// Fails (those that answer bytes): message_size (too long for a message).
    Result<std::vector<std::byte>> value(std::string_view name) const;
    Result<std::vector<std::byte>> list() const;
    Result<void> set(std::string_view name, std::span<const std::byte> value,
                     protocols::SetAttributeMode mode) const;
    Result<void> remove(std::string_view name) const;

    /// Through a buffer. Fails besides: invalid_argument (none, or out of its bounds),
    /// result_out_of_range (longer than `room`).
    struct Part {
        const wire::TransferBuffer& buffer;
        std::uint64_t offset = 0;
        std::uint64_t length = 0;
    };
    Result<std::uint64_t> value_to(std::string_view name, const Part& part) const;
    Result<std::uint64_t> list_to(const Part& part) const;
    Result<void> set_from(std::string_view name, const Part& part,
                          protocols::SetAttributeMode mode) const;

private:
    fs::Tree& tree() const { return authority_.tree(); }
    Result<std::vector<std::byte>> whole_list() const;

    SessionHost& host_;
    const Authority& authority_;
    const fs::Call& call_;
    const fs::NodeReference& node_;
};

}  // namespace quire::server
