// SPDX-License-Identifier: MIT

#include "quire/block/file_device.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/block/region_device.hpp"
#include "quire/block/snapshot_device.hpp"
#include "quire/block/source_device.hpp"
#include "quire/testing/device_contract.hpp"
#include "quire/testing/loop_device.hpp"
#include "quire/testing/memory_source.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::testing {

namespace {

using block::FileDevice;
using block::FileOptions;
using block::MemoryDevice;
using block::RegionDevice;
using block::SnapshotDevice;
using block::SourceDevice;
using Made = Result<std::shared_ptr<block::Device>>;

Made make_memory(std::uint64_t size) {
    return std::make_shared<MemoryDevice>(size);
}

Made make_file(std::uint64_t size, FileOptions::Caching caching) {
    auto directory = std::make_shared<TemporaryDirectory>();
    FileOptions options;
    options.caching = caching;
    QUIRE_TRY_ASSIGN(auto file, FileDevice::create(*directory / "disk", size, options));
    if (file->direct() != (caching == FileOptions::Caching::direct))
        return fail(std::errc::operation_not_supported, "this filesystem has no O_DIRECT");
    return standing_on(std::move(file), std::move(directory));
}

Made make_block_special(std::uint64_t size, FileOptions::Caching caching,
                        std::uint32_t block_size) {
    auto directory = std::make_shared<TemporaryDirectory>();
    const auto path = *directory / "disk";
    QUIRE_TRY(FileDevice::create(path, size));
    QUIRE_TRY_ASSIGN(auto loop, LoopDevice::attach(path, {.block_size = block_size}));
    FileOptions options;
    options.writable = true;
    options.caching = caching;
    QUIRE_TRY_ASSIGN(auto file, FileDevice::open(loop->path(), options));
    return standing_on(std::move(file), std::move(directory), std::move(loop));
}

Made make_region(std::uint64_t size, std::uint64_t offset) {
    auto base = std::make_shared<MemoryDevice>(size + offset + 4096);
    const Bytes around = pattern(4096);
    QUIRE_TRY(base->write(offset + size, around));
    QUIRE_TRY_ASSIGN(auto region, RegionDevice::open(base, {offset, size}));
    return region;
}

Made make_region_of_file(std::uint64_t size) {
    QUIRE_TRY_ASSIGN(auto base, make_file(size + 8192, FileOptions::Caching::buffered));
    QUIRE_TRY_ASSIGN(auto region, RegionDevice::open(base, {4096, size}));
    return region;
}

Made make_source(std::uint64_t size, MemorySource::Options options) {
    QUIRE_TRY_ASSIGN(auto device,
                     SourceDevice::open(std::make_shared<MemorySource>(size, options)));
    return device;
}

/// With a snapshot that has to be kept for.
Made make_snapshotted(std::uint64_t size) {
    auto device = SnapshotDevice::over(std::make_shared<MemoryDevice>(size));
    struct Both {
        std::shared_ptr<block::Device> device;
        std::shared_ptr<block::Device> snapshot;
    };
    auto both = std::make_shared<Both>(device, device->snapshot());
    return std::shared_ptr<block::Device>(both, both->device.get());
}

/// A snapshot itself; below it, something else has come since.
Made make_snapshot(std::uint64_t size) {
    const auto device = SnapshotDevice::over(std::make_shared<MemoryDevice>(size));
    auto snapshot = device->snapshot();
    QUIRE_TRY(
        device->write(0, pattern(static_cast<std::size_t>(std::min(size, std::uint64_t{65536})))));
    return snapshot;
}

using enum FileOptions::Caching;

INSTANTIATE_TEST_SUITE_P(
    Block, DeviceContract,
    ::testing::Values(
        DeviceCase{"memory", make_memory, true, true},
        DeviceCase{"file", [](auto size) { return make_file(size, buffered); }, true, true},
        DeviceCase{"file_direct", [](auto size) { return make_file(size, direct); }, true, true},
        DeviceCase{"loop", [](auto size) { return make_block_special(size, automatic, 0); }},
        DeviceCase{"loop_4k", [](auto size) { return make_block_special(size, automatic, 4096); }},
        DeviceCase{"loop_buffered",
                   [](auto size) { return make_block_special(size, buffered, 0); }},
        DeviceCase{"region", [](auto size) { return make_region(size, 1048576); }, false, true},
        DeviceCase{"region_at_odd_offset", [](auto size) { return make_region(size, 512); }, false,
                   true},
        DeviceCase{"region_of_file", make_region_of_file, false, false},
        DeviceCase{"with_a_snapshot", make_snapshotted, true, false},
        DeviceCase{"snapshot", make_snapshot, false, false},
        DeviceCase{"source", [](auto size) { return make_source(size, {}); }, true, true},
        DeviceCase{"source_without_holes",
                   [](auto size) { return make_source(size, {.knows_holes = false}); }, true,
                   false},
        DeviceCase{"source_in_short_pieces",
                   [](auto size) { return make_source(size, {.largest_transfer = 1000}); }, true,
                   true}),
    device_case_name);

}  // namespace

}  // namespace quire::testing
