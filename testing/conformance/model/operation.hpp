// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quire::conformance {

enum class Verb : std::uint8_t {
    create,             ///< path, permissions
    mkdir,              ///< path, permissions
    symlink,            ///< path (the target leads nowhere; number: its length)
    link,               ///< path, other
    unlink,             ///< path
    rmdir,              ///< path
    rename,             ///< path, other
    rename_no_replace,  ///< path, other
    exchange,           ///< path, other
    write,              ///< path, offset, length
    read,               ///< path, offset, length
    truncate,           ///< path, size
    reserve,            ///< path, offset, length
    punch,              ///< path, offset, length
    chmod,              ///< path, permissions
    set_attribute,      ///< path, which, length of the value
    get_attribute,      ///< path, which
    remove_attribute,   ///< path, which
    list,               ///< path
    stat,               ///< path
    hold,               ///< path, slot: open, and keep open
    write_held,         ///< slot, offset
    read_held,          ///< slot
    drop,               ///< slot
    sync,
    remount,  ///< drops what is held
};

/// One step of a random test. What is written follows from the operation, so that its line says
/// everything.
struct Operation {
    Verb verb = Verb::sync;
    std::string path = ".";
    std::string other = ".";
    std::uint64_t number = 0;
    std::uint64_t length = 0;

    /// The bytes that it writes, or the value that it sets.
    std::string bytes() const;
};

constexpr std::size_t held_slots = 4;

/// One line: "verb path other number length".
std::string to_line(const Operation& operation);
/// Nothing for what is no operation.
std::optional<Operation> parse_line(const std::string& line);

std::vector<Operation> random_operations(std::uint64_t seed, std::size_t count);

}  // namespace quire::conformance
