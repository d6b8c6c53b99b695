// SPDX-License-Identifier: MIT

#include "look/facts.hpp"

#include <fmt/core.h>

#include <ctime>

namespace quire::app {

std::string_view type_word(fs::FileType type) {
    switch (type) {
        case fs::FileType::regular:
            return "file";
        case fs::FileType::symbolic_link:
            return "symlink";
        case fs::FileType::character_device:
            return "character-device";
        case fs::FileType::block_device:
            return "block-device";
        default:
            return fs::type_name(type);
    }
}

std::string mode_text(const fs::Attributes& attributes) {
    const char letter = fs::type_letter(attributes.type);
    std::string text(1, letter == 'f' ? '-' : letter);
    const unsigned mode = attributes.permissions;
    const auto triple = [&](unsigned shift, bool special, char lower, char upper) {
        text += mode >> shift & 4 ? 'r' : '-';
        text += mode >> shift & 2 ? 'w' : '-';
        const bool execute = mode >> shift & 1;
        text += special ? (execute ? lower : upper) : (execute ? 'x' : '-');
    };
    triple(6, mode & fs::set_user_id, 's', 'S');
    triple(3, mode & fs::set_group_id, 's', 'S');
    triple(0, mode & fs::sticky, 't', 'T');
    return text;
}

std::string time_text(Time time) {
    const time_t seconds = time.seconds;
    tm parts{};
    if (::gmtime_r(&seconds, &parts) == nullptr)
        return fmt::format("@{}.{:09}", time.seconds, time.nanoseconds);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:09} +0000", 1900L + parts.tm_year,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                       time.nanoseconds);
}

void add_facts(Json& json, const fs::Attributes& attributes) {
    json.add("file_type", type_word(attributes.type))
        .add("mode", fmt::format("{:04o}", attributes.permissions))
        .add("uid", attributes.uid)
        .add("gid", attributes.gid)
        .add("size", attributes.size)
        .add("allocated", attributes.allocated)
        .add("links", attributes.links)
        .add("inode", attributes.inode)
        .add("generation", attributes.generation);
    if (attributes.type == fs::FileType::character_device ||
        attributes.type == fs::FileType::block_device)
        json.add("major", attributes.device.major).add("minor", attributes.device.minor);
    json.add("flags", attributes.flags)
        .add("access", attributes.access)
        .add("modify", attributes.modify)
        .add("change", attributes.change);
    if (attributes.birth) json.add("birth", *attributes.birth);
}

}  // namespace quire::app
