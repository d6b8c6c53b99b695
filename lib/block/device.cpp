// SPDX-License-Identifier: MIT

#include "quire/block/device.hpp"

#include <algorithm>
#include <vector>

#include "quire/base/units.hpp"

namespace quire::block {

Result<void> check_range(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
    if (offset > size || length > size - offset) return fail(std::errc::result_out_of_range);
    return {};
}

Result<void> Device::read_runs(std::span<const ReadRun> runs) {
    for (const ReadRun& run : runs) QUIRE_TRY(read(run.offset, run.memory));
    return {};
}

Result<void> Device::write_runs(std::span<const WriteRun> runs) {
    for (const WriteRun& run : runs) QUIRE_TRY(write(run.offset, run.memory));
    return {};
}

Result<void> Device::discard(Range range) {
    return check_range(range.offset, range.length, geometry().size);
}

Result<void> Device::zero(Range range) {
    QUIRE_TRY(check_range(range.offset, range.length, geometry().size));
    const std::vector<std::byte> zeros(std::min<std::uint64_t>(range.length, 256 * KiB));
    while (range.length > 0) {
        const auto step = std::min<std::uint64_t>(range.length, zeros.size());
        QUIRE_TRY(write(range.offset, std::span(zeros).first(step)));
        range.offset += step;
        range.length -= step;
    }
    return {};
}

Result<Range> Device::next_data(std::uint64_t offset) {
    const std::uint64_t size = geometry().size;
    QUIRE_TRY(check_range(offset, 0, size));
    return Range{offset, size - offset};
}

Result<void> Device::resize(std::uint64_t) {
    return fail(std::errc::operation_not_supported, describe() + ": the size can't be changed");
}

}  // namespace quire::block
