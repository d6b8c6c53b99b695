// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/fs/tree.hpp"
#include "quire/transfer/listener.hpp"

namespace quire::transfer {

/// What two nodes of one path differ in.
enum class Aspect : std::uint8_t {
    only_left,
    only_right,
    type,
    size,
    content,
    target,
    device,
    permissions,
    owner,
    group,
    modified,
    attribute,  ///< an extended attribute or access list
    links,      ///< which names are one node
    holes,
};
std::string_view name_of(Aspect aspect);

struct Difference {
    std::string_view path;  ///< from the starts; empty for themselves
    Aspect aspect;
    /// Both sides in words, for people and programs; for content the first offset that differs.
    std::string left;
    std::string right;
};

struct CompareOptions {
    bool content = true;
    bool metadata = true;
    bool owners = true;
    bool times = true;
    bool holes = false;
    /// `lost+found` below the starts is a difference like others.
    bool lost_and_found = false;
    /// What is left out on both sides, with all that is in it; see is_excluded().
    std::vector<std::string> exclude;
};

/// One side of a comparison.
struct Side {
    std::shared_ptr<fs::Tree> tree;
    fs::Call call;
    fs::NodeReference start;
};

/// Compares two trees name by name and says every difference once: of a directory that is on one
/// side only nothing below is mentioned. Answers the number of differences.
/// Memory: the names on the way down. Fails: operation_canceled, io_error (a part could not be
/// read; the listener has been told).
Result<std::uint64_t> compare(const Side& left, const Side& right, const CompareOptions& options,
                              const std::function<void(const Difference&)>& sink,
                              Listener& listener, Progress& progress);

}  // namespace quire::transfer
