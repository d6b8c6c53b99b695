// SPDX-License-Identifier: MIT

#include "tar/pax_writer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "quire/transfer/access_list.hpp"

namespace quire::transfer {

namespace {

constexpr std::size_t tar_block = 512;
constexpr std::size_t record_size = 10240;  // what an archive's length is a multiple of
constexpr std::size_t write_size = 256 * 1024;

constexpr std::uint64_t largest(int digits) {
    return (std::uint64_t{1} << (3 * digits)) - 1;
}
constexpr std::uint64_t largest_id = largest(7);
constexpr std::uint64_t largest_number = largest(11);  // sizes and times

/// The block that every version of tar knows (POSIX.1-1988, ustar).
struct Header {
    std::array<char, 100> name{};
    std::array<char, 8> mode{};
    std::array<char, 8> uid{};
    std::array<char, 8> gid{};
    std::array<char, 12> size{};
    std::array<char, 12> modified{};
    std::array<char, 8> checksum{};
    char type = '0';
    std::array<char, 100> target{};
    std::array<char, 6> magic{'u', 's', 't', 'a', 'r', '\0'};
    std::array<char, 2> version{'0', '0'};
    std::array<char, 32> user{};
    std::array<char, 32> group{};
    std::array<char, 8> major{};
    std::array<char, 8> minor{};
    std::array<char, 155> prefix{};
    std::array<char, 12> padding{};
};
static_assert(sizeof(Header) == tar_block);

template <std::size_t size>
void put_octal(std::array<char, size>& field, std::uint64_t value) {
    value = std::min(value, largest(static_cast<int>(size) - 1));
    for (std::size_t i = size - 1; i-- > 0; value >>= 3)
        field[i] = static_cast<char>('0' + (value & 7));
    field[size - 1] = '\0';
}

template <std::size_t size>
void put_text(std::array<char, size>& field, std::string_view text) {
    std::copy_n(text.data(), std::min(size, text.size()), field.data());
}

void put_checksum(Header& header) {
    header.checksum.fill(' ');
    std::array<unsigned char, sizeof(Header)> bytes{};
    std::memcpy(bytes.data(), &header, sizeof header);
    std::uint32_t sum = 0;
    for (unsigned char byte : bytes) sum += byte;
    for (std::size_t i = 6; i-- > 0; sum >>= 3)
        header.checksum[i] = static_cast<char>('0' + (sum & 7));
    header.checksum[6] = '\0';
    header.checksum[7] = ' ';
}

/// The records of an extended header: "LENGTH KEY=VALUE\n", where LENGTH counts itself.
class Records {
public:
    void add(std::string_view key, std::string_view value) {
        std::size_t rest = key.size() + value.size() + 3;
        std::size_t length = rest + std::to_string(rest).size();
        length = rest + std::to_string(length).size();
        text_ += fmt::format("{} {}=", length, key);
        text_ += value;
        text_ += '\n';
    }
    void add(std::string_view key, std::uint64_t value) { add(key, std::to_string(value)); }
    void add(std::string_view key, Time time) { add(key, time_text(time)); }

    const std::string& text() const { return text_; }

private:
    // A decimal fraction: half a second before 1970 is -0.5, which is not -1 and 0.5.
    static std::string time_text(Time time) {
        bool negative = time.seconds < 0;
        std::uint64_t seconds = static_cast<std::uint64_t>(time.seconds);
        std::uint32_t rest = time.nanoseconds;
        if (negative) {
            seconds = ~seconds + (rest == 0 ? 1 : 0);
            rest = rest == 0 ? 0 : 1'000'000'000 - rest;
        }
        std::string text = fmt::format("{}{}", negative ? "-" : "", seconds);
        if (rest != 0) {
            text += fmt::format(".{:09}", rest);
            text.erase(text.find_last_not_of('0') + 1);
        }
        return text;
    }

    std::string text_;
};

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Well-formed UTF-8 without surrogates and overlong forms (RFC 3629).
bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        auto at = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
        unsigned char lead = at(i);
        std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
        if (length == 0 || i + length > text.size()) return false;
        for (std::size_t k = 1; k < length; ++k)
            if ((at(i + k) & 0xc0) != 0x80) return false;
        if (length > 2) {
            unsigned char second = at(i + 1);
            if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
                return false;
        }
        i += length;
    }
    return true;
}

// Puts a path into name and prefix where the old format has room for it.
bool put_path(Header& header, std::string_view path) {
    if (path.size() <= header.name.size()) {
        put_text(header.name, path);
        return true;
    }
    if (path.size() > header.prefix.size() + header.name.size() + 1) return false;
    auto slash = path.find('/', path.size() - header.name.size() - 1);
    if (slash == std::string_view::npos || slash == 0 || slash > header.prefix.size() ||
        slash + 1 == path.size())
        return false;
    put_text(header.prefix, path.substr(0, slash));
    put_text(header.name, path.substr(slash + 1));
    return true;
}

std::string_view last_name(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    auto slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

char type_flag(const PaxEntry& entry) {
    if (entry.hard_link) return '1';
    switch (entry.attributes.type) {
        case fs::FileType::symbolic_link:
            return '2';
        case fs::FileType::character_device:
            return '3';
        case fs::FileType::block_device:
            return '4';
        case fs::FileType::directory:
            return '5';
        case fs::FileType::fifo:
            return '6';
        default:
            return '0';
    }
}

// The name of an attribute as part of a key, which ends at the first `=`: GNU tar's way.
std::string key_of(std::string_view name) {
    std::string key = "SCHILY.xattr.";
    for (char c : name) {
        if (c == '=')
            key += "%3D";
        else if (c == '%')
            key += "%25";
        else
            key += c;
    }
    return key;
}

void add_extended(Records& records, const std::vector<ExtendedAttribute>& extended) {
    for (const ExtendedAttribute& one : extended) {
        std::string_view value(reinterpret_cast<const char*>(one.value.data()), one.value.size());
        if (is_access_list(one.name)) {
            auto list = parse_access_list(one.value);
            if (list) {
                records.add(
                    one.name == access_list_name ? "SCHILY.acl.access" : "SCHILY.acl.default",
                    access_list_text(*list));
                continue;
            }
        }
        records.add(key_of(one.name), value);
    }
}

// Numbers that the old fields have no room for.
void add_numbers(Records& records, const PaxEntry& entry, std::uint64_t size) {
    const fs::Attributes& attributes = entry.attributes;
    if (size > largest_number) records.add("size", size);
    if (attributes.uid > largest_id) records.add("uid", attributes.uid);
    if (attributes.gid > largest_id) records.add("gid", attributes.gid);
    Time time = attributes.modify;
    if (time.nanoseconds != 0 || time.seconds < 0 ||
        static_cast<std::uint64_t>(time.seconds) > largest_number)
        records.add("mtime", time);
    if (entry.access_time) records.add("atime", attributes.access);
    if (attributes.device.major > largest_id || attributes.device.minor > largest_id) {
        records.add("SCHILY.devmajor", attributes.device.major);
        records.add("SCHILY.devminor", attributes.device.minor);
    }
}

// The list of data ranges that a sparse file's content begins with (GNU sparse format 1.0).
std::string sparse_map(const PaxEntry& entry) {
    std::vector<block::Range> ranges = entry.ranges;
    std::uint64_t end = ranges.empty() ? 0 : ranges.back().offset + ranges.back().length;
    if (end < entry.attributes.size) ranges.push_back({entry.attributes.size, 0});
    std::string map = fmt::format("{}\n", ranges.size());
    for (const block::Range& range : ranges)
        map += fmt::format("{}\n{}\n", range.offset, range.length);
    map.resize((map.size() + tar_block - 1) / tar_block * tar_block, '\0');
    return map;
}

}  // namespace

Result<void> PaxWriter::begin(const PaxEntry& entry) {
    const fs::Attributes& attributes = entry.attributes;
    Records records;
    Header header;
    std::uint64_t size = 0;
    std::string map;
    if (attributes.type == fs::FileType::regular && !entry.hard_link) size = attributes.size;
    if (entry.sparse) {
        map = sparse_map(entry);
        size = map.size();
        for (const block::Range& range : entry.ranges) size += range.length;
    }
    std::string path = entry.path;
    if (!is_utf8(entry.path) || !is_utf8(entry.target)) records.add("hdrcharset", "BINARY");
    if (entry.sparse) {
        records.add("GNU.sparse.major", "1");
        records.add("GNU.sparse.minor", "0");
        records.add("GNU.sparse.name", entry.path);
        records.add("GNU.sparse.realsize", attributes.size);
        path = "GNUSparseFile.0/" + std::string(last_name(entry.path));
    }
    if (!is_ascii(path) || !put_path(header, path)) {
        if (!entry.sparse) records.add("path", path);
        header.name.fill('\0');
        header.prefix.fill('\0');
        put_text(header.name, last_name(path));
    }
    put_text(header.target, entry.target);
    if (!is_ascii(entry.target) || entry.target.size() > header.target.size())
        records.add("linkpath", entry.target);
    add_numbers(records, entry, size);
    add_extended(records, entry.extended);

    put_octal(header.mode, attributes.permissions);
    put_octal(header.uid, attributes.uid);
    put_octal(header.gid, attributes.gid);
    put_octal(header.size, size);
    put_octal(header.modified,
              static_cast<std::uint64_t>(std::max<std::int64_t>(attributes.modify.seconds, 0)));
    put_octal(header.major, attributes.device.major);
    put_octal(header.minor, attributes.device.minor);
    header.type = type_flag(entry);
    put_checksum(header);

    if (!records.text().empty()) {
        Header extension;
        put_text(extension.name, fmt::format("PaxHeaders/{}", last_name(path)));
        put_octal(extension.mode, 0644);
        put_octal(extension.uid, 0);
        put_octal(extension.gid, 0);
        put_octal(extension.size, records.text().size());
        put_octal(extension.modified, 0);
        put_octal(extension.major, 0);
        put_octal(extension.minor, 0);
        extension.type = 'x';
        put_checksum(extension);
        QUIRE_TRY(put(std::as_bytes(std::span(&extension, 1))));
        QUIRE_TRY(put(std::as_bytes(std::span(records.text()))));
        QUIRE_TRY(put_zeros(-records.text().size() % tar_block));
    }
    QUIRE_TRY(put(std::as_bytes(std::span(&header, 1))));
    missing_ = size;
    return content(std::as_bytes(std::span(map)));
}

Result<void> PaxWriter::content(std::span<const std::byte> bytes) {
    bytes = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), missing_)));
    missing_ -= bytes.size();
    return put(bytes);
}

Result<void> PaxWriter::end() {
    QUIRE_TRY(put_zeros(missing_));
    missing_ = 0;
    return put_zeros(-written_ % tar_block);
}

Result<void> PaxWriter::finish() {
    QUIRE_TRY(put_zeros(2 * tar_block));
    QUIRE_TRY(put_zeros((record_size - written_ % record_size) % record_size));
    return flush();
}

Result<void> PaxWriter::put(std::span<const std::byte> bytes) {
    written_ += bytes.size();
    if (buffer_.size() + bytes.size() > write_size) QUIRE_TRY(flush());
    if (bytes.size() > write_size) return out_.write(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
}

Result<void> PaxWriter::put_zeros(std::uint64_t count) {
    static constexpr std::array<std::byte, 4096> zeros{};
    while (count > 0) {
        std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(count, zeros.size()));
        QUIRE_TRY(put(std::span(zeros).first(part)));
        count -= part;
    }
    return {};
}

Result<void> PaxWriter::flush() {
    if (buffer_.empty()) return {};
    QUIRE_TRY(out_.write(buffer_));
    buffer_.clear();
    return {};
}

}  // namespace quire::transfer
