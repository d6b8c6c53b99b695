// SPDX-License-Identifier: MIT

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "quire/base/name.hpp"
#include "quire/base/units.hpp"
#include "quire/transfer/content.hpp"
#include "verify/e2fsck.hpp"

namespace quire::app {

namespace {

Result<UniqueFd> nameless_file(const std::string& directory) {
    UniqueFd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file) return file;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
        return fail_errno(printable(directory));
    std::string name = directory + "/quire-XXXXXX";
    file.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return fail_errno(printable(directory));
    ::unlink(name.c_str());
    return file;
}

Result<void> write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return fail_errno();
        offset += static_cast<std::uint64_t>(put);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return {};
}

Result<void> copy(block::Device& device, int fd) {
    const std::uint64_t size = device.geometry().size;
    if (::ftruncate(fd, static_cast<off_t>(size)) != 0) return fail_errno();
    std::vector<std::byte> piece(256 * KiB);
    for (std::uint64_t offset = 0; offset < size;) {
        QUIRE_TRY_ASSIGN(block::Range data, device.next_data(offset));
        if (data.length == 0) break;
        while (data.length > 0) {
            const auto bytes = std::span(piece).first(
                static_cast<std::size_t>(std::min<std::uint64_t>(data.length, piece.size())));
            QUIRE_TRY(device.read(data.offset, bytes));
            if (!transfer::all_zero(bytes)) QUIRE_TRY(write_at(fd, data.offset, bytes));
            data.offset += bytes.size();
            data.length -= bytes.size();
        }
        offset = data.offset;
    }
    return {};
}

}  // namespace

Result<UniqueFd> copy_aside(block::Device& device, const assembly::Environment& environment) {
    const std::string directory = environment.host_path(environment.temporary_directory);
    auto file = nameless_file(directory);
    auto copied = file ? copy(device, file->get()) : Result<void>(fail(file.error()));
    if (!copied)
        return fail(std::move(copied).error().within("e2fsck needs a copy of it in " +
                                                     printable(directory) +
                                                     " (TMPDIR chooses the place)"));
    return file;
}

}  // namespace quire::app
