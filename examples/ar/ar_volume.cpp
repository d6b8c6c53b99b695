// SPDX-License-Identifier: MIT

#include "ar_volume.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "quire/base/units.hpp"

namespace quire::examples {

namespace {

constexpr fs::Cookie root_cookie = 1;
constexpr fs::Cookie first_file = 2;
constexpr std::string_view magic = "!<arch>\n";

// Sixty characters before each member: fields of text, filled up with blanks.
constexpr std::uint64_t header_length = 60;
struct Field {
    std::size_t offset;
    std::size_t length;
};
constexpr Field name_field{0, 16}, time_field{16, 12}, uid_field{28, 6}, gid_field{34, 6},
    mode_field{40, 8}, size_field{48, 10}, end_field{58, 2};

// More would be no archive that anybody made, and names of that length no names.
constexpr std::uint64_t longest_table = 64 * MiB;

std::string_view trimmed(std::string_view header, Field field) {
    const std::string_view text = header.substr(field.offset, field.length);
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

// An empty field is zero, as in the header of a table of names.
std::optional<std::uint64_t> number(std::string_view text, int base) {
    std::uint64_t value = 0;
    if (text.empty()) return value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Result<std::string> read_text(block::Device& device, block::Range range) {
    std::string text(static_cast<std::size_t>(range.length), '\0');
    QUIRE_TRY(device.read(range.offset, std::as_writable_bytes(std::span(text))));
    return text;
}

}  // namespace

Result<std::shared_ptr<ArVolume>> ArVolume::open(std::shared_ptr<block::Device> device) {
    std::shared_ptr<ArVolume> volume(new ArVolume(std::move(device)));
    QUIRE_TRY(volume->read_headers());
    return volume;
}

Result<void> ArVolume::read_headers() {
    const std::uint64_t end = device_->geometry().size;
    if (end < magic.size()) return fail(std::errc::invalid_argument, "this is no ar archive");
    QUIRE_TRY_ASSIGN(const std::string start, read_text(*device_, {0, magic.size()}));
    if (start != magic) return fail(std::errc::invalid_argument, "this is no ar archive");

    for (std::uint64_t place = magic.size(); place < end;) {
        const auto damaged = [&](std::string_view what) {
            return fail(std::errc::bad_message,
                        fmt::format("the archive's header at byte {} {}", place, what));
        };
        if (end - place < header_length) return damaged("is cut short");
        QUIRE_TRY_ASSIGN(const std::string header, read_text(*device_, {place, header_length}));
        const auto size = number(trimmed(header, size_field), 10);
        const auto time = number(trimmed(header, time_field), 10);
        const auto uid = number(trimmed(header, uid_field), 10);
        const auto gid = number(trimmed(header, gid_field), 10);
        const auto mode = number(trimmed(header, mode_field), 8);
        if (header.substr(end_field.offset, end_field.length) != "`\n" || !size || !time || !uid ||
            !gid || !mode)
            return damaged("is no header");
        if (*size > end - place - header_length) return damaged("promises more than there is");

        Member member;
        member.content = {place + header_length, *size};
        member.time = static_cast<std::int64_t>(*time);
        member.uid = static_cast<std::uint32_t>(*uid);
        member.gid = static_cast<std::uint32_t>(*gid);
        member.permissions = static_cast<std::uint16_t>(*mode & fs::permission_mask);
        // Members begin at even places.
        place = member.content.offset + *size + *size % 2;

        const std::string_view field = trimmed(header, name_field);
        if (field == "//") {
            if (*size > longest_table) return damaged("has a table of names that is too long");
            QUIRE_TRY_ASSIGN(long_names_, read_text(*device_, member.content));
            continue;
        }
        if (field == "/" || field == "/SYM64/" || field.starts_with("__.SYMDEF")) continue;
        QUIRE_TRY_ASSIGN(member.name, name_of(field, member));
        if (by_name_.emplace(member.name, first_file + members_.size()).second)
            members_.push_back(std::move(member));
    }
    return {};
}

// "name/" (GNU), "name" (BSD), "/17": at byte 17 of the table of names (GNU), "#1/20": the first 20
// bytes of the content (BSD).
Result<std::string> ArVolume::name_of(std::string_view field, Member& member) const {
    const auto damaged = [&] {
        return fail(
            std::errc::bad_message,
            fmt::format("the archive has the name '{}', which means nothing", printable(field)));
    };
    std::string name(field);
    if (field.starts_with("#1/")) {
        const auto length = number(field.substr(3), 10);
        if (!length || *length > member.content.length || *length > Name::max_length)
            return damaged();
        QUIRE_TRY_ASSIGN(name, read_text(*device_, {member.content.offset, *length}));
        name.resize(std::min(name.size(), name.find('\0')));
        member.content = {member.content.offset + *length, member.content.length - *length};
    } else if (field.starts_with('/')) {
        const auto place = number(field.substr(1), 10);
        if (field.size() == 1 || !place || *place >= long_names_.size()) return damaged();
        const std::size_t end = long_names_.find('\n', *place);
        name = long_names_.substr(*place, end == std::string::npos ? end : end - *place);
    }
    if (name.ends_with('/')) name.pop_back();
    if (!Name::parse(name)) return damaged();
    return name;
}

bool ArVolume::supports(fs::Operation operation) const {
    using enum fs::Operation;
    return operation == lookup || operation == readdir || operation == getattr ||
           operation == read || operation == statistics || operation == unmount;
}

Result<fs::Attributes> ArVolume::getattr(const fs::Call&, fs::Cookie node) {
    fs::Attributes attributes;
    attributes.inode = node;
    attributes.links = 1;
    if (node == root_cookie) {
        attributes.type = fs::FileType::directory;
        attributes.permissions = 0555;
        attributes.links = 2;
        return attributes;
    }
    const Member& member = members_.at(node - first_file);
    attributes.type = fs::FileType::regular;
    attributes.permissions = member.permissions;
    attributes.uid = member.uid;
    attributes.gid = member.gid;
    attributes.size = attributes.allocated = member.content.length;
    attributes.access = attributes.modify = attributes.change = {member.time, 0};
    return attributes;
}

Result<fs::Entry> ArVolume::root(const fs::Call& call) {
    fs::Entry entry;
    entry.node = root_cookie;
    QUIRE_TRY_ASSIGN(entry.attributes, getattr(call, root_cookie));
    return entry;
}

Result<fs::Entry> ArVolume::parent(const fs::Call& call, fs::Cookie) {
    return root(call);
}

Result<fs::Entry> ArVolume::lookup(const fs::Call& call, fs::Cookie directory, const Name& name) {
    if (directory != root_cookie) return fail(std::errc::not_a_directory);
    const auto found = by_name_.find(name.view());
    if (found == by_name_.end()) return fail(std::errc::no_such_file_or_directory);
    fs::Entry entry;
    entry.node = found->second;
    QUIRE_TRY_ASSIGN(entry.attributes, getattr(call, entry.node));
    return entry;
}

Result<void> ArVolume::readdir(const fs::Call& call, fs::Cookie directory, fs::Position from,
                               fs::WithAttributes with, const fs::EntrySink& sink) {
    if (directory != root_cookie) return fail(std::errc::not_a_directory);
    if (from > members_.size()) return fail(std::errc::invalid_argument);
    for (; from < members_.size(); ++from) {
        QUIRE_TRY_ASSIGN(const fs::Attributes attributes, getattr(call, first_file + from));
        if (!sink({.name = members_[from].name,
                   .inode = attributes.inode,
                   .type = attributes.type,
                   .next = from + 1,
                   .attributes = with == fs::WithAttributes::yes ? &attributes : nullptr}))
            break;
    }
    return {};
}

Result<std::size_t> ArVolume::read(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                                   std::span<std::byte> memory) {
    if (node == root_cookie) return fail(std::errc::is_a_directory);
    const block::Range content = members_.at(node - first_file).content;
    if (offset >= content.length) return 0;
    memory = memory.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(memory.size(), content.length - offset)));
    QUIRE_TRY(device_->read(content.offset + offset, memory));
    return memory.size();
}

}  // namespace quire::examples
