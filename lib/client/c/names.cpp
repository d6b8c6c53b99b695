// SPDX-License-Identifier: MIT

#include <algorithm>

#include "c/handles.hpp"

namespace quire::client {

namespace {

/// `content` if it fits `room`, and how long it is.
std::int64_t put_for_c(std::span<const std::byte> content, void* memory, std::size_t room) {
    if (room == 0) return static_cast<std::int64_t>(content.size());
    if (content.size() > room) return -ERANGE;
    std::ranges::copy(content, static_cast<std::byte*>(memory));
    return static_cast<std::int64_t>(content.size());
}

NewTime new_time_of(const quire_client_time& time) {
    if (time.nanoseconds == QUIRE_CLIENT_TIME_KEEP) return NewTime::keep();
    if (time.nanoseconds == QUIRE_CLIENT_TIME_NOW) return NewTime::now();
    return NewTime::at({.seconds = time.seconds, .nanoseconds = time.nanoseconds});
}

std::optional<std::uint32_t> id_of(std::uint32_t id) {
    return id == UINT32_MAX ? std::nullopt : std::optional(id);
}

std::uint16_t permissions_of(std::uint32_t permissions) {
    return static_cast<std::uint16_t>(permissions & 07777U);
}

std::optional<protocols::SetAttributeMode> set_mode_of(int mode) {
    if (mode < 0 || mode > 2) return std::nullopt;
    return static_cast<protocols::SetAttributeMode>(mode);
}

}  // namespace

extern "C" {

int quire_client_stat(quire_client_context* context, const char* path, int follow,
                      quire_client_attributes* attributes) {
    return for_c([&] {
        const auto found = follow != 0 ? context->context.stat(path) : context->context.lstat(path);
        if (found) *attributes = attributes_for_c(*found);
        return code_for_c(found);
    });
}
int quire_client_access(quire_client_context* context, const char* path, std::uint32_t mask) {
    return for_c([&] { return code_for_c(context->context.access(path, mask)); });
}
std::int64_t quire_client_readlink(quire_client_context* context, const char* path, char* target,
                                   std::size_t size) {
    return for_c([&]() -> std::int64_t {
        const auto found = context->context.readlink(path);
        if (!found) return code_for_c(found);
        if (found->size() >= size) return -ERANGE;
        std::copy_n(found->c_str(), found->size() + 1, target);
        return static_cast<std::int64_t>(found->size());
    });
}
int quire_client_mkdir(quire_client_context* context, const char* path, std::uint32_t permissions) {
    return for_c(
        [&] { return code_for_c(context->context.mkdir(path, permissions_of(permissions))); });
}
int quire_client_rmdir(quire_client_context* context, const char* path) {
    return for_c([&] { return code_for_c(context->context.rmdir(path)); });
}
int quire_client_remove(quire_client_context* context, const char* path) {
    return for_c([&] { return code_for_c(context->context.remove(path)); });
}
int quire_client_rename(quire_client_context* context, const char* from, const char* to,
                        std::uint32_t flags) {
    return for_c([&] { return code_for_c(context->context.rename(from, to, flags)); });
}
int quire_client_link(quire_client_context* context, const char* existing, const char* path,
                      int follow) {
    return for_c([&] { return code_for_c(context->context.link(existing, path, follow != 0)); });
}
int quire_client_symlink(quire_client_context* context, const char* target, const char* path) {
    return for_c([&] { return code_for_c(context->context.symlink(target, path)); });
}
int quire_client_mknod(quire_client_context* context, const char* path, std::uint32_t mode,
                       std::uint32_t device_major, std::uint32_t device_minor) {
    return for_c([&] {
        const auto type = type_of_mode(mode);
        if (!type) return -EINVAL;
        return code_for_c(context->context.mknod(path, *type, permissions_of(mode),
                                                 {device_major, device_minor}));
    });
}
int quire_client_chmod(quire_client_context* context, const char* path, std::uint32_t permissions) {
    return for_c(
        [&] { return code_for_c(context->context.chmod(path, permissions_of(permissions))); });
}
int quire_client_chown(quire_client_context* context, const char* path, std::uint32_t uid,
                       std::uint32_t gid, int follow) {
    return for_c([&] {
        return code_for_c(context->context.chown(path, id_of(uid), id_of(gid), follow != 0));
    });
}
int quire_client_utimens(quire_client_context* context, const char* path, quire_client_time access,
                         quire_client_time modify, int follow) {
    return for_c([&] {
        return code_for_c(
            context->context.utimens(path, new_time_of(access), new_time_of(modify), follow != 0));
    });
}
int quire_client_truncate_path(quire_client_context* context, const char* path,
                               std::uint64_t size) {
    return for_c([&] { return code_for_c(context->context.truncate(path, size)); });
}
int quire_client_statfs(quire_client_context* context, quire_client_statistics* statistics) {
    return for_c([&] {
        const auto found = context->context.statistics();
        if (found)
            *statistics = {.blocks = found->blocks,
                           .free_blocks = found->free_blocks,
                           .available_blocks = found->available_blocks,
                           .inodes = found->inodes,
                           .free_inodes = found->free_inodes,
                           .block_size = found->block_size,
                           .name_length = found->name_length,
                           .read_only = found->read_only ? 1U : 0U};
        return code_for_c(found);
    });
}
int quire_client_sync(quire_client_context* context) {
    return for_c([&] { return code_for_c(context->context.sync()); });
}

std::int64_t quire_client_getxattr(quire_client_context* context, const char* path,
                                   const char* name, void* value, std::size_t size, int follow) {
    return for_c([&]() -> std::int64_t {
        const auto found = context->context.extended_attribute(path, name, follow != 0);
        if (!found) return code_for_c(found);
        return put_for_c(*found, value, size);
    });
}
int quire_client_setxattr(quire_client_context* context, const char* path, const char* name,
                          const void* value, std::size_t size, int mode, int follow) {
    return for_c([&] {
        const auto known = set_mode_of(mode);
        if (!known) return -EINVAL;
        return code_for_c(context->context.set_extended_attribute(
            path, name, {static_cast<const std::byte*>(value), size}, *known, follow != 0));
    });
}
std::int64_t quire_client_listxattr(quire_client_context* context, const char* path, char* list,
                                    std::size_t size, int follow) {
    return for_c([&]() -> std::int64_t {
        const auto found = context->context.extended_attributes(path, follow != 0);
        if (!found) return code_for_c(found);
        std::string names;
        for (const std::string& name : *found) names.append(name.c_str(), name.size() + 1);
        return put_for_c(std::as_bytes(std::span(names)), list, size);
    });
}
int quire_client_removexattr(quire_client_context* context, const char* path, const char* name,
                             int follow) {
    return for_c([&] {
        return code_for_c(context->context.remove_extended_attribute(path, name, follow != 0));
    });
}

}  // extern "C"

}  // namespace quire::client
