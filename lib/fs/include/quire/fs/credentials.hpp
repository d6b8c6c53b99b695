// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace quire::fs {

/// On whose behalf an operation runs. It belongs to the capability (or the command) through which
/// the caller came, never to what a caller claims.
struct Credentials {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> groups;
    std::uint16_t umask = 022;
    pid_t pid = 0;

    /// The image's root, with an empty umask: who may open an image's bytes acts as this.
    static Credentials root() { return {.uid = 0, .gid = 0, .groups = {}, .umask = 0, .pid = 0}; }

    bool is_root() const { return uid == 0; }
    bool in_group(std::uint32_t group) const;
};

/// What accompanies every operation.
struct Call {
    Credentials credentials;
    /// When the caller stops waiting; none means never. An operation that has done nothing yet
    /// may fail with timed_out after it.
    std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt;
    /// Whether anybody waits still. For what passes the call on, and for what takes long.
    std::stop_token token = {};

    static Call as_root() { return {.credentials = Credentials::root()}; }
    /// The same, on behalf of somebody else.
    Call as(Credentials others) const { return {std::move(others), deadline, token}; }
};

}  // namespace quire::fs
