// SPDX-License-Identifier: MIT

#include "model/operation.hpp"

#include <fmt/core.h>

#include <array>
#include <random>
#include <sstream>

namespace quire::conformance {

namespace {

struct Named {
    Verb verb = Verb::sync;
    std::string_view name;
};

constexpr std::array verb_names = {
    Named{Verb::create, "create"},
    Named{Verb::mkdir, "mkdir"},
    Named{Verb::symlink, "symlink"},
    Named{Verb::link, "link"},
    Named{Verb::unlink, "unlink"},
    Named{Verb::rmdir, "rmdir"},
    Named{Verb::rename, "rename"},
    Named{Verb::rename_no_replace, "rename_no_replace"},
    Named{Verb::exchange, "exchange"},
    Named{Verb::write, "write"},
    Named{Verb::read, "read"},
    Named{Verb::truncate, "truncate"},
    Named{Verb::reserve, "reserve"},
    Named{Verb::punch, "punch"},
    Named{Verb::chmod, "chmod"},
    Named{Verb::set_attribute, "set_attribute"},
    Named{Verb::get_attribute, "get_attribute"},
    Named{Verb::remove_attribute, "remove_attribute"},
    Named{Verb::list, "list"},
    Named{Verb::stat, "stat"},
    Named{Verb::hold, "hold"},
    Named{Verb::write_held, "write_held"},
    Named{Verb::read_held, "read_held"},
    Named{Verb::drop, "drop"},
    Named{Verb::sync, "sync"},
    Named{Verb::remount, "remount"},
};

}  // namespace

std::string Operation::bytes() const {
    std::string result(length, '\0');
    std::minstd_rand random(static_cast<unsigned>(number * 31 + length + 1));
    for (char& byte : result) byte = static_cast<char>('a' + random() % 26);
    return result;
}

std::string to_line(const Operation& operation) {
    std::string_view name;
    for (const Named& one : verb_names)
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
    for (const Named& one : verb_names) {
        if (one.name != name) continue;
        operation.verb = one.verb;
        return operation;
    }
    return std::nullopt;
}

}  // namespace quire::conformance
