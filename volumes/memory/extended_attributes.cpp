// SPDX-License-Identifier: MIT

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>

#include "node.hpp"
#include "quire/volumes/memory/memory_volume.hpp"

namespace quire::memory {

using fs::Call;
using fs::Cookie;

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_value = 64 * KiB;

Result<void> check_name(std::string_view name) {
    constexpr std::array<std::string_view, 3> namespaces = {"user.", "trusted.", "security."};
    constexpr std::array<std::string_view, 2> lists = {"system.posix_acl_access",
                                                       "system.posix_acl_default"};
    if (name.empty() || name.size() > longest_name) return fail(std::errc::result_out_of_range);
    for (const std::string_view prefix : namespaces) {
        if (name == prefix) return fail(std::errc::invalid_argument);
        if (name.starts_with(prefix)) return {};
    }
    if (std::ranges::find(lists, name) != lists.end()) return {};
    return fail(std::errc::operation_not_supported);
}

}  // namespace

Result<std::vector<std::byte>> MemoryVolume::getxattr(const Call&, Cookie cookie,
                                                      std::string_view name) {
    QUIRE_TRY_ASSIGN(const NodePointer node, find(cookie));
    QUIRE_TRY(check_name(name));
    const std::shared_lock lock(node->mutex);
    const auto found = node->extended.find(name);
    if (found == node->extended.end()) return fail(std::errc(ENODATA));
    return found->second;
}

Result<void> MemoryVolume::setxattr(const Call&, Cookie cookie, std::string_view name,
                                    std::span<const std::byte> value, fs::SetAttributeMode mode) {
    QUIRE_TRY(check_writable());
    QUIRE_TRY_ASSIGN(const NodePointer node, find(cookie));
    QUIRE_TRY(check_name(name));
    if (value.size() > longest_value) return fail(std::errc::argument_list_too_long);
    const std::unique_lock lock(node->mutex);
    const auto found = node->extended.find(name);
    const bool present = found != node->extended.end();
    if (present && mode == fs::SetAttributeMode::create) return fail(std::errc::file_exists);
    if (!present && mode == fs::SetAttributeMode::replace) return fail(std::errc(ENODATA));

    const std::uint64_t before = present ? found->second.size() : 0;
    const std::uint64_t after = value.size() + (present ? 0 : name.size());
    if (after > before)
        QUIRE_TRY(node->charge.grow(after - before));
    else
        node->charge.shrink(before - after);
    std::vector<std::byte> copy(value.begin(), value.end());
    if (present)
        found->second = std::move(copy);
    else
        node->extended.emplace(name, std::move(copy));
    node->change = options_.clock->now();
    return {};
}

Result<std::vector<std::string>> MemoryVolume::listxattr(const Call&, Cookie cookie) {
    QUIRE_TRY_ASSIGN(const NodePointer node, find(cookie));
    const std::shared_lock lock(node->mutex);
    std::vector<std::string> names;
    names.reserve(node->extended.size());
    for (const auto& [name, value] : node->extended) names.push_back(name);
    return names;
}

Result<void> MemoryVolume::removexattr(const Call&, Cookie cookie, std::string_view name) {
    QUIRE_TRY(check_writable());
    QUIRE_TRY_ASSIGN(const NodePointer node, find(cookie));
    QUIRE_TRY(check_name(name));
    const std::unique_lock lock(node->mutex);
    const auto found = node->extended.find(name);
    if (found == node->extended.end()) return fail(std::errc(ENODATA));
    node->charge.shrink(name.size() + found->second.size());
    node->extended.erase(found);
    node->change = options_.clock->now();
    return {};
}

}  // namespace quire::memory
