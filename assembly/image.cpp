// SPDX-License-Identifier: MIT

// The device under a volume that is open for writing is not what an unmount would leave: a journal
// waits for its replay, nameless files are still there. So a snapshot is taken while the volume is
// at rest, and opened and unmounted in its own memory.

#include "image.hpp"

#include <fmt/core.h>

#include <utility>

#include "quire/block/region_device.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::assembly {

namespace {

Result<std::shared_ptr<block::Device>> image_now(ext::Volume& volume, block::SnapshotDevice& device,
                                                 const std::shared_ptr<const Clock>& clock) {
    std::shared_ptr<block::Device> snapshot;
    QUIRE_TRY(volume.at_rest([&]() -> Result<void> {
        snapshot = device.snapshot();
        return {};
    }));
    ext::Options options;
    options.clock = clock;
    options.seed = 0;
    // Whoever holds the image for other machines is this process: nothing in the snapshot moves.
    options.wait = [](std::chrono::seconds) {};
    QUIRE_TRY_ASSIGN(const auto copy, ext::Volume::open(snapshot, options));
    QUIRE_TRY(copy->unmount(fs::Call::as_root(), false));
    return std::shared_ptr<block::Device>(block::RegionDevice::read_only(std::move(snapshot)));
}

}  // namespace

ImageSource image_under(std::shared_ptr<fs::Volume> volume,
                        std::shared_ptr<block::SnapshotDevice> device,
                        const Environment& environment) {
    auto known = std::dynamic_pointer_cast<ext::Volume>(volume);
    if (!known)
        return [type =
                    std::string(volume->type_name())]() -> Result<std::shared_ptr<block::Device>> {
            return fail(std::errc::operation_not_supported,
                        fmt::format("a {} filesystem can't be looked at while it is served", type));
        };
    return [known = std::move(known), device = std::move(device), clock = environment.clock] {
        return image_now(*known, *device, clock);
    };
}

}  // namespace quire::assembly
