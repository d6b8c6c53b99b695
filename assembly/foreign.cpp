// SPDX-License-Identifier: MIT

#include "foreign.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace quire::assembly {

namespace {

struct Mark {
    std::uint64_t offset;
    std::string_view bytes;
    Foreign foreign;
};

using namespace std::string_view_literals;

constexpr std::string_view later = "Quire can't read that yet";
constexpr std::string_view unpack = "unpack it first";
constexpr std::string_view convert = "'qemu-img convert -O raw' makes a raw image of it";
constexpr std::string_view pack = "'quire create' makes an image of a tar archive";

// Longer and rarer marks first: the first that fits counts.
constexpr auto marks = std::to_array<Mark>({
    {0x10040, "_BHRfS_M"sv, {"a btrfs image", later}},
    {0x10034, "ReIsEr"sv, {"a reiserfs image", later}},
    {0x8001, "CD001"sv, {"an ISO 9660 image", later}},
    {0x8000, "JFS1"sv, {"a JFS image", later}},
    {4086, "SWAPSPACE2"sv, {"a swap area", "there are no files in it"}},
    {4096, "\xFC\x4E\x2B\xA9"sv, {"a member of a Linux RAID", "assemble it with mdadm"}},
    {1024, "\xE2\xE1\xF5\xE0"sv, {"an EROFS image", later}},
    {1024, "\x10\x20\xF5\xF2"sv, {"an F2FS image", later}},
    {1024, "H+\x00\x04"sv, {"an HFS+ image", later}},
    {512, "LABELONE"sv, {"an LVM physical volume", "activate it with lvm"}},
    {257, "ustar"sv, {"a tar archive", pack}},
    {82, "FAT32   "sv, {"a FAT image", later}},
    {54, "FAT16   "sv, {"a FAT image", later}},
    {54, "FAT12   "sv, {"a FAT image", later}},
    {32, "NXSB"sv, {"an APFS image", later}},
    {3, "NTFS    "sv, {"an NTFS image", later}},
    {3, "EXFAT   "sv, {"an exFAT image", later}},
    {0, "hsqs"sv, {"a squashfs image", later}},
    {0, "XFSB"sv, {"an XFS image", later}},
    {0, "\x45\x3D\xCD\x28"sv, {"a cramfs image", later}},
    {0, "-rom1fs-"sv, {"a romfs image", later}},
    {0, "LUKS\xBA\xBE"sv, {"an encrypted LUKS volume", "open it with cryptsetup"}},
    {0, "QFI\xFB"sv, {"a qcow2 image", convert}},
    {0, "KDMV"sv, {"a VMDK image", convert}},
    {0, "vhdxfile"sv, {"a VHDX image", convert}},
    {0, "conectix"sv, {"a VHD image", convert}},
    {64, "\x7F\x10\xDA\xBE"sv, {"a VirtualBox image", convert}},
    {0, "\x3A\xFF\x26\xED"sv, {"an Android sparse image", "simg2img makes a raw image of it"}},
    {0, "\x1F\x8B\x08"sv, {"compressed with gzip", unpack}},
    {0,
     "\xFD"
     "7zXZ\x00"sv,
     {"compressed with xz", unpack}},
    {0, "\x28\xB5\x2F\xFD"sv, {"compressed with zstd", unpack}},
    {0, "\x04\x22\x4D\x18"sv, {"compressed with lz4", unpack}},
    {0, "BZh"sv, {"compressed with bzip2", unpack}},
    {0, "PK\x03\x04"sv, {"a zip archive", unpack}},
    {0, "7z\xBC\xAF\x27\x1C"sv, {"a 7z archive", unpack}},
    {0, "!<arch>\n"sv, {"a Debian package or ar archive", unpack}},
    {0, "070701"sv, {"a cpio archive", unpack}},
    {0,
     "\x7F"
     "ELF"sv,
     {"a program", ""}},
});

}  // namespace

Result<std::optional<Foreign>> recognise_foreign(block::Device& device) {
    const std::uint64_t size = device.geometry().size;
    for (const Mark& mark : marks) {
        std::array<std::byte, 16> memory{};
        const std::span<std::byte> bytes(memory.data(), mark.bytes.size());
        if (size < mark.bytes.size() || mark.offset > size - mark.bytes.size()) continue;
        QUIRE_TRY(device.read(mark.offset, bytes));
        if (std::ranges::equal(bytes, mark.bytes, {},
                               [](std::byte byte) { return static_cast<char>(byte); }))
            return mark.foreign;
    }
    return std::nullopt;
}

}  // namespace quire::assembly
