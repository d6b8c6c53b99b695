// SPDX-License-Identifier: MIT

#include "tar/archive_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>
#include <locale.h>

#include <array>
#include <string_view>
#include <utility>

#include "tar/archive_library.hpp"
#include "tar/archive_lists.hpp"

namespace quire::transfer {

namespace {

constexpr std::size_t read_size = 256 * 1024;

/// The C locale for this thread, for the time of one call.
class BytesLocale {
public:
    BytesLocale() : bytes_(newlocale(LC_ALL_MASK, "C", nullptr)), before_(uselocale(bytes_)) {}
    ~BytesLocale() {
        uselocale(before_);
        freelocale(bytes_);
    }
    BytesLocale(const BytesLocale&) = delete;
    BytesLocale& operator=(const BytesLocale&) = delete;

private:
    locale_t bytes_;
    locale_t before_;
};

std::string text_or_empty(const char* text) {
    return text ? std::string(text) : std::string();
}

// PAX writes times as decimal fractions. Libarchive takes them apart without regard to the sign:
// -1.5 arrives as second -1 and half a second, which means -0.5 to everybody else.
Time time_of(std::int64_t seconds, long nanoseconds, bool decimal) {
    auto rest = static_cast<std::uint32_t>(nanoseconds < 0 ? 0 : nanoseconds % 1'000'000'000);
    if (decimal && seconds < 0 && rest != 0) return {seconds - 1, 1'000'000'000 - rest};
    return {seconds, rest};
}

// GNU tar's way to have `=` and `%` in the name of an attribute.
std::string attribute_name(std::string_view key) {
    std::string name;
    while (!key.empty()) {
        if (key.starts_with("%3D")) {
            name += '=';
            key.remove_prefix(3);
        } else if (key.starts_with("%25")) {
            name += '%';
            key.remove_prefix(3);
        } else {
            name += key.front();
            key.remove_prefix(1);
        }
    }
    return name;
}

void read_attributes(archive_entry* from, ArchiveEntry& entry) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    libarchive().archive_entry_xattr_reset(from);
    while (libarchive().archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
        if (!name || (!value && size != 0)) continue;
        auto bytes = std::span(static_cast<const std::byte*>(value), size);
        ExtendedAttribute one{attribute_name(name), {bytes.begin(), bytes.end()}};
        // An attribute may come in two spellings (SCHILY and LIBARCHIVE); the first counts.
        bool known = false;
        for (const ExtendedAttribute& other : entry.extended) known |= other.name == one.name;
        if (!known) entry.extended.push_back(std::move(one));
    }
}

void read_times(archive_entry* from, ArchiveEntry& entry, bool decimal) {
    fs::Attributes& attributes = entry.attributes;
    entry.has_modify = libarchive().archive_entry_mtime_is_set(from);
    entry.has_access = libarchive().archive_entry_atime_is_set(from);
    attributes.modify = time_of(libarchive().archive_entry_mtime(from),
                                libarchive().archive_entry_mtime_nsec(from), decimal);
    attributes.access = time_of(libarchive().archive_entry_atime(from),
                                libarchive().archive_entry_atime_nsec(from), decimal);
}

// Numbers of an archive can be anything; 32 bits is what owners are made of.
std::uint32_t owner_of(std::int64_t id, std::string_view what, ArchiveEntry& entry) {
    if (id >= 0 && id < 0xffffffffLL) return static_cast<std::uint32_t>(id);
    entry.warnings.push_back(fmt::format("its {} {} is no valid number, 65534 is used", what, id));
    return 65534;
}

}  // namespace

ArchiveReader::ArchiveReader(ByteStream& in) : in_(in), buffer_(read_size) {}

ArchiveReader::~ArchiveReader() {
    BytesLocale locale;
    if (archive_ != nullptr) libarchive().archive_read_free(archive_);
}

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::open(ByteStream& in) {
    QUIRE_TRY(ArchiveLibrary::load());
    BytesLocale locale;
    std::unique_ptr<ArchiveReader> reader(new ArchiveReader(in));
    archive* a = reader->archive_ = libarchive().archive_read_new();
    if (!a) return fail(std::errc::not_enough_memory);
    // Named one by one: "all" has filters that start programs and a format that opens files.
    libarchive().archive_read_support_filter_gzip(a);
    libarchive().archive_read_support_filter_bzip2(a);
    libarchive().archive_read_support_filter_compress(a);
    libarchive().archive_read_support_filter_xz(a);
    libarchive().archive_read_support_filter_lzma(a);
    libarchive().archive_read_support_filter_lzip(a);
    libarchive().archive_read_support_filter_zstd(a);
    libarchive().archive_read_support_filter_lz4(a);
    libarchive().archive_read_support_format_tar(a);
    libarchive().archive_read_support_format_cpio(a);
    if (libarchive().archive_read_open(a, reader.get(), nullptr, read_some, nullptr) != ARCHIVE_OK)
        return fail(reader->failure());
    return reader;
}

long ArchiveReader::read_some(archive* reader, void* self, const void** memory) {
    auto* me = static_cast<ArchiveReader*>(self);
    auto got = me->in_.read(me->buffer_);
    if (!got) {
        libarchive().archive_set_error(reader, static_cast<int>(got.error().code()), "%s",
                                       got.error().message().c_str());
        me->stream_error_ = got.error();
        return -1;
    }
    *memory = me->buffer_.data();
    return static_cast<long>(*got);
}

Error ArchiveReader::failure() {
    if (stream_error_) return *stream_error_;
    const char* text = libarchive().archive_error_string(archive_);
    return Error(std::errc::invalid_argument,
                 fmt::format("the archive cannot be read: {}", printable(text ? text : "damaged")));
}

Result<std::optional<ArchiveEntry>> ArchiveReader::next() {
    BytesLocale locale;
    archive_entry* from = nullptr;
    int status = libarchive().archive_read_next_header(archive_, &from);
    if (status == ARCHIVE_EOF) return std::nullopt;
    if (status == ARCHIVE_RETRY) status = libarchive().archive_read_next_header(archive_, &from);
    if (status < ARCHIVE_WARN) return fail(failure());

    ArchiveEntry entry;
    if (status == ARCHIVE_WARN) {
        std::string warning = text_or_empty(libarchive().archive_error_string(archive_));
        if (warning.find("can't be converted") == std::string::npos)
            entry.warnings.push_back(printable(warning));
    }
    bool pax = libarchive().archive_format(archive_) == ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE ||
               libarchive().archive_format(archive_) == ARCHIVE_FORMAT_TAR_PAX_RESTRICTED;
    entry.path = text_or_empty(libarchive().archive_entry_pathname(from));
    fs::Attributes& attributes = entry.attributes;
    attributes.type =
        fs::type_of_mode(static_cast<std::uint32_t>(libarchive().archive_entry_filetype(from)));
    attributes.permissions =
        static_cast<std::uint16_t>(libarchive().archive_entry_perm(from) & fs::permission_mask);
    attributes.uid = owner_of(libarchive().archive_entry_uid(from), "owner", entry);
    attributes.gid = owner_of(libarchive().archive_entry_gid(from), "group", entry);
    attributes.device = {static_cast<std::uint32_t>(libarchive().archive_entry_rdevmajor(from)),
                         static_cast<std::uint32_t>(libarchive().archive_entry_rdevminor(from))};
    std::int64_t size =
        libarchive().archive_entry_size_is_set(from) ? libarchive().archive_entry_size(from) : 0;
    attributes.size = size < 0 ? 0 : static_cast<std::uint64_t>(size);
    if (const char* target = libarchive().archive_entry_hardlink(from)) {
        entry.hard_link = true;
        entry.target = target;
    } else {
        entry.target = text_or_empty(libarchive().archive_entry_symlink(from));
    }
    read_times(from, entry, pax);
    read_attributes(from, entry);
    read_access_lists(from, entry);
    return entry;
}

Result<std::optional<ArchivePiece>> ArchiveReader::content() {
    BytesLocale locale;
    const void* memory = nullptr;
    std::size_t size = 0;
    std::int64_t offset = 0;
    int status = libarchive().archive_read_data_block(archive_, &memory, &size, &offset);
    if (status == ARCHIVE_EOF) return std::nullopt;
    if (status < ARCHIVE_WARN || offset < 0) return fail(failure());
    return ArchivePiece{static_cast<std::uint64_t>(offset),
                        std::span(static_cast<const std::byte*>(memory), size)};
}

}  // namespace quire::transfer
