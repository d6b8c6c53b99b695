// SPDX-License-Identifier: MIT

#include "contents.hpp"

#include <fmt/format.h>

#include "foreign.hpp"
#include "quire/base/name.hpp"

namespace quire::assembly {

namespace {

std::unexpected<Error> unknown(const std::string& name, std::string_view what) {
    return fail(std::errc::invalid_argument, fmt::format("{} {}", printable(name), what));
}

std::unexpected<Error> no_filesystem(block::Device& device, const std::string& name) {
    if (device.geometry().size == 0)
        return unknown(name, "is empty, so there is no filesystem on it");
    auto foreign = recognise_foreign(device);
    if (!foreign) return std::unexpected(std::move(foreign).error());
    if (*foreign) {
        const std::string_view hint = (*foreign)->hint;
        return unknown(name,
                       fmt::format("is {}{}{}", (*foreign)->name, hint.empty() ? "" : "; ", hint));
    }
    return unknown(name, "has no filesystem or partition table that Quire knows");
}

}  // namespace

Result<block::Range> bytes_of_slice(const std::shared_ptr<block::Device>& device,
                                    const Slice& slice, const std::string& name) {
    const std::uint64_t size = device->geometry().size;
    if (slice.offset) {
        if (*slice.offset >= size && size > 0)
            return unknown(name, fmt::format("begins at byte {}, but the device ends at {}",
                                             *slice.offset, size));
        return block::Range{*slice.offset, size - *slice.offset};
    }
    if (slice.partition) return unknown(name, "names a partition, but there is no partition table");
    return block::Range{0, size};
}

Result<block::Range> choose_bytes(const std::shared_ptr<block::Device>& device, const Slice& slice,
                                  const std::string& name) {
    return bytes_of_slice(device, slice, name);
}

Result<std::shared_ptr<fs::Volume>> open_volume(const std::shared_ptr<block::Device>& device, bool,
                                                const std::string& name, const Environment&) {
    return no_filesystem(*device, name);
}

}  // namespace quire::assembly
