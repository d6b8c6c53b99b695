// SPDX-License-Identifier: MIT

#include "conversions.hpp"

#include <algorithm>
#include <cstring>

namespace quire::remote {

namespace {

constexpr std::int64_t forever = -1;

std::int64_t wire_lifetime(fs::Lifetime lifetime) {
    return lifetime == fs::until_invalidated ? forever
                                             : std::max<std::int64_t>(lifetime.count(), 0);
}

fs::Lifetime our_lifetime(std::int64_t lifetime) {
    if (lifetime == forever) return fs::until_invalidated;
    return fs::Lifetime(std::max<std::int64_t>(lifetime, 0));
}

}  // namespace

protocols::Credentials to_wire(const fs::Credentials& credentials) {
    return {credentials.uid, credentials.gid, credentials.groups, credentials.umask,
            credentials.pid};
}

fs::Credentials ours(const protocols::Credentials& credentials) {
    return {.uid = credentials.uid,
            .gid = credentials.gid,
            .groups = credentials.groups,
            .umask = static_cast<std::uint16_t>(credentials.umask & 0777U),
            .pid = credentials.pid};
}

protocols::Entry to_wire(const fs::Entry& entry) {
    return {entry.node, to_wire(entry.attributes), wire_lifetime(entry.name_lifetime),
            wire_lifetime(entry.attribute_lifetime)};
}

fs::Entry ours(const protocols::Entry& entry) {
    return {entry.node, ours(entry.attributes), our_lifetime(entry.name_lifetime),
            our_lifetime(entry.attribute_lifetime)};
}

protocols::NewNode to_wire(const fs::NewNode& node) {
    return {node.permissions, node.uid, node.gid};
}

fs::NewNode ours(const protocols::NewNode& node) {
    return {static_cast<std::uint16_t>(node.permissions & fs::permission_mask), node.uid, node.gid};
}

protocols::Range to_wire(block::Range range) {
    return {range.offset, range.length};
}

Result<block::Range> ours(const protocols::Range& range) {
    if (range.offset + range.length < range.offset) return fail(std::errc::invalid_argument);
    return block::Range{range.offset, range.length};
}

std::uint32_t to_wire(fs::OpenMode mode) {
    return (mode.read ? 1U : 0U) | (mode.write ? 2U : 0U) | (mode.append ? 4U : 0U);
}

Result<fs::OpenMode> open_mode(std::uint32_t bits) {
    if (bits > 7 || (bits & 6U) == 4U) return fail(std::errc::invalid_argument);
    return fs::OpenMode{
        .read = (bits & 1U) != 0, .write = (bits & 2U) != 0, .append = (bits & 4U) != 0};
}

std::uint32_t to_wire(fs::RenameFlags flags) {
    return (flags.no_replace ? 1U : 0U) | (flags.exchange ? 2U : 0U);
}

Result<fs::RenameFlags> rename_flags(std::uint32_t bits) {
    if (bits > 2) return fail(std::errc::invalid_argument);
    return fs::RenameFlags{.no_replace = bits == 1, .exchange = bits == 2};
}

ipc::Call to_wire(const fs::Call& call) {
    return (call.deadline ? ipc::Call::until(*call.deadline) : ipc::Call::forever())
        .cancelled_by(call.token);
}

fs::Call ours(const ipc::Call& call, const protocols::Credentials& credentials) {
    return {ours(credentials), call.deadline(), call.token()};
}

std::vector<std::byte> join_names(const std::vector<std::string>& names) {
    std::vector<std::byte> bytes;
    for (const std::string& name : names) {
        if (name.find('\0') != name.npos) continue;
        const auto text = std::as_bytes(std::span(name.c_str(), name.size() + 1));
        bytes.insert(bytes.end(), text.begin(), text.end());
    }
    return bytes;
}

std::vector<std::string> split_names(std::span<const std::byte> bytes) {
    std::vector<std::string> names;
    std::string_view left(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    while (!left.empty()) {
        const std::size_t end = std::min(left.find('\0'), left.size());
        names.emplace_back(left.substr(0, end));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    return names;
}

}  // namespace quire::remote
