// SPDX-License-Identifier: MIT

#include "quire/testing/image.hpp"

#include <algorithm>

#include "quire/base/units.hpp"
#include "quire/block/file_device.hpp"
#include "quire/testing/bytes.hpp"

namespace quire::testing {

Result<void> copy_data(block::Device& from, block::Device& to) {
    const std::uint64_t size = from.geometry().size;
    Bytes buffer(static_cast<std::size_t>(std::min<std::uint64_t>(MiB, size)));
    for (std::uint64_t at = 0; at < size;) {
        QUIRE_TRY_ASSIGN(const block::Range data, from.next_data(at));
        if (data.length == 0) break;
        const std::uint64_t step = std::min<std::uint64_t>(data.length, buffer.size());
        const auto part = std::span(buffer).first(static_cast<std::size_t>(step));
        QUIRE_TRY(from.read(data.offset, part));
        const bool zeros =
            std::ranges::all_of(part, [](std::byte byte) { return byte == std::byte{}; });
        if (!zeros) QUIRE_TRY(to.write(data.offset, part));
        at = data.offset + step;
    }
    return {};
}

Result<std::shared_ptr<block::MemoryDevice>> snapshot(block::Device& device) {
    auto copy = std::make_shared<block::MemoryDevice>(device.geometry().size);
    QUIRE_TRY(copy_data(device, *copy));
    return copy;
}

Result<void> write_image(block::Device& device, const std::filesystem::path& path) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    QUIRE_TRY_ASSIGN(auto file, block::FileDevice::create(path, device.geometry().size));
    return copy_data(device, *file);
}

}  // namespace quire::testing
