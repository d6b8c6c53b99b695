// SPDX-License-Identifier: MIT

#include "model/operation.hpp"

#include <fmt/format.h>

#include <array>
#include <sstream>

namespace quire::conformance {

namespace {

struct Frequency {
    Verb verb = Verb::sync;
    std::string_view name;
    unsigned weight = 0;
};

constexpr std::array verbs = {
    Frequency{Verb::create, "create", 14},
    Frequency{Verb::mkdir, "mkdir", 10},
    Frequency{Verb::symlink, "symlink", 4},
    Frequency{Verb::link, "link", 6},
    Frequency{Verb::unlink, "unlink", 6},
    Frequency{Verb::rmdir, "rmdir", 4},
    Frequency{Verb::rename, "rename", 10},
    Frequency{Verb::rename_no_replace, "rename_no_replace", 3},
    Frequency{Verb::exchange, "exchange", 4},
    Frequency{Verb::write, "write", 14},
    Frequency{Verb::read, "read", 5},
    Frequency{Verb::truncate, "truncate", 6},
    Frequency{Verb::reserve, "reserve", 3},
    Frequency{Verb::punch, "punch", 3},
    Frequency{Verb::chmod, "chmod", 3},
    Frequency{Verb::set_attribute, "set_attribute", 5},
    Frequency{Verb::get_attribute, "get_attribute", 2},
    Frequency{Verb::remove_attribute, "remove_attribute", 2},
    Frequency{Verb::list, "list", 3},
    Frequency{Verb::stat, "stat", 3},
    Frequency{Verb::hold, "hold", 4},
    Frequency{Verb::write_held, "write_held", 4},
    Frequency{Verb::read_held, "read_held", 3},
    Frequency{Verb::drop, "drop", 3},
    Frequency{Verb::sync, "sync", 1},
    Frequency{Verb::remount, "remount", 1},
};

using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t bound) {
    return random() % bound;
}

Verb random_verb(Random& random) {
    unsigned sum = 0;
    for (const Frequency& one : verbs) sum += one.weight;
    std::uint64_t at = below(random, sum);
    for (const Frequency& one : verbs) {
        if (at < one.weight) return one.verb;
        at -= one.weight;
    }
    return Verb::sync;
}

// Few names, so that they meet.
std::string random_path(Random& random) {
    std::string path;
    const std::uint64_t depth = 1 + below(random, 3);
    for (std::uint64_t i = 0; i < depth; ++i) {
        if (i > 0) path += '/';
        path += static_cast<char>('a' + below(random, 4));
    }
    return path;
}

// Near ends of blocks as often as anywhere.
std::uint64_t random_offset(Random& random) {
    const std::uint64_t block = below(random, 2) == 0 ? 1024 : 4096;
    if (below(random, 2) == 0) return below(random, 20'000);
    const std::uint64_t near = block * (1 + below(random, 5));
    return near - 2 + below(random, 5);
}

}  // namespace

std::string Operation::bytes() const {
    std::string result(length, '\0');
    std::minstd_rand random(static_cast<unsigned>(number * 31 + length + 1));
    for (char& byte : result) byte = static_cast<char>('a' + random() % 26);
    return result;
}

std::string to_line(const Operation& operation) {
    std::string_view name;
    for (const Frequency& one : verbs)
        if (one.verb == operation.verb) name = one.name;
    return fmt::format("{} {} {} {} {}", name, operation.path, operation.other, operation.number,
                       operation.length);
}

std::optional<Operation> parse_line(const std::string& line) {
    std::istringstream words(line);
    std::string name;
    Operation operation;
    words >> name >> operation.path >> operation.other >> operation.number >> operation.length;
    if (!words) return std::nullopt;
    for (const Frequency& one : verbs) {
        if (one.name != name) continue;
        operation.verb = one.verb;
        return operation;
    }
    return std::nullopt;
}

std::vector<Operation> random_operations(std::uint64_t seed, std::size_t count) {
    Random random(seed);
    std::vector<Operation> operations;
    while (operations.size() < count) {
        Operation operation;
        operation.verb = random_verb(random);
        operation.path = random_path(random);
        switch (operation.verb) {
            case Verb::link:
            case Verb::rename:
            case Verb::rename_no_replace:
            case Verb::exchange:
                operation.other = random_path(random);
                break;
            case Verb::create:
            case Verb::mkdir:
            case Verb::chmod:
                operation.number = 0100 * below(random, 8) + below(random, 0100);
                break;
            case Verb::symlink:
                operation.number = 1 + below(random, 200);
                break;
            case Verb::write:
            case Verb::read:
            case Verb::reserve:
            case Verb::punch:
                operation.number = random_offset(random);
                operation.length = 1 + random_offset(random) / (1 + below(random, 20));
                break;
            case Verb::truncate:
                operation.number = below(random, 4) == 0 ? 0 : random_offset(random);
                break;
            case Verb::set_attribute:
            case Verb::get_attribute:
            case Verb::remove_attribute:
                operation.number = below(random, 3);
                operation.length = below(random, 200);
                break;
            case Verb::hold:
            case Verb::read_held:
            case Verb::drop:
                operation.number = below(random, held_slots);
                break;
            case Verb::write_held:
                operation.number = below(random, held_slots);
                operation.length = 1 + below(random, 6000);
                break;
            case Verb::list:
                if (below(random, 4) == 0) operation.path = ".";
                break;
            default:
                break;
        }
        operations.push_back(operation);
    }
    return operations;
}

}  // namespace quire::conformance
