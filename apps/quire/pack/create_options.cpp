// SPDX-License-Identifier: MIT

#include "pack/create.hpp"

#include <fmt/core.h>

#include <charconv>

#include "frame/options.hpp"
#include "pack/numbers.hpp"
#include "quire/base/units.hpp"

namespace quire::app {

namespace {

Result<ext::Uuid> parse_uuid(std::string_view text) {
    auto malformed = [&] {
        return fail(std::errc::invalid_argument,
                    fmt::format("'{}' is not a UUID", printable(text)));
    };
    constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != shape.size()) return malformed();
    ext::Uuid uuid{};
    std::size_t digit = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == '-') {
            if (text[i] != '-') return malformed();
            continue;
        }
        std::uint8_t value = 0;
        if (std::from_chars(&text[i], &text[i] + 1, value, 16).ec != std::errc())
            return malformed();
        uuid[digit / 2] = static_cast<std::uint8_t>(uuid[digit / 2] << 4 | value);
        ++digit;
    }
    return uuid;
}

}  // namespace

void declare_create_options(Options& options, CreateRequest& request) {
    options
        .value(
            "-t,--type", "TYPE",
            [&request](std::string_view text) -> Result<void> {
                if (text == "ext2")
                    request.type = ext::Type::ext2;
                else if (text == "ext3")
                    request.type = ext::Type::ext3;
                else if (text == "ext4")
                    request.type = ext::Type::ext4;
                else
                    return fail(
                        std::errc::invalid_argument,
                        fmt::format("the type '{}' is not ext2, ext3 or ext4", printable(text)));
                return {};
            },
            "ext2, ext3 or ext4 (which is the default)")
        .value(
            "-s,--size", "SIZE",
            [&request](std::string_view text) -> Result<void> {
                if (text == "auto" || text == "min") {
                    request.size = text == "auto" ? CreateRequest::Size::automatic
                                                  : CreateRequest::Size::minimal;
                    return {};
                }
                QUIRE_TRY_ASSIGN(request.bytes, parse_size(text));
                request.size = CreateRequest::Size::given;
                return {};
            },
            "auto: the content and 15 per cent; min: as small as can be; or bytes (K, M, G, T)")
        .value("-L,--label", "LABEL", request.label, "the filesystem's label, at most 16 bytes")
        .value(
            "-U,--uuid", "UUID",
            [&request](std::string_view text) -> Result<void> {
                QUIRE_TRY_ASSIGN(request.uuid, parse_uuid(text));
                return {};
            },
            "the filesystem's UUID; otherwise it follows from the tree and the seed")
        .value("--block-size", "BYTES", number_into(request.block_size, "number of bytes"),
               "1024, 2048 or 4096")
        .value("--inodes", "COUNT", number_into(request.inodes, "count"), "at least so many inodes")
        .flag(
            "--no-journal", [&request] { request.journal = false; }, "make no journal")
        .value("--owner", "UID", number_into(request.owner, "user number"),
               "the owner of the root directory")
        .value("--group", "GID", number_into(request.group, "group number"),
               "the group of the root directory")
        .flag(
            "--all-root", [&request] { request.force_uid = request.force_gid = 0; },
            "give everything to user 0 and group 0")
        .value("--force-uid", "UID", number_into(request.force_uid, "user number"),
               "give everything to this user")
        .value("--force-gid", "GID", number_into(request.force_gid, "group number"),
               "give everything to this group")
        .values("--exclude", "PATTERN", request.exclude,
                "leave out what matches, with all that is in it; a pattern with a slash is held "
                "against the path in the tree, others against each name")
        .flag("-f,--force", request.force, "replace an image that is there already");
}

}  // namespace quire::app
