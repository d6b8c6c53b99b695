// SPDX-License-Identifier: MIT

#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "quire/base/units.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/volumes/ext/format.hpp"
#include "quire/volumes/ext/volume.hpp"
#include "tests/kit/file_ground.hpp"

namespace quire::server {

/// What a file server serves.
enum class Backing {
    memory,
    /// With few inodes: their numbers are given again and again.
    ext4,
};

inline std::shared_ptr<fs::Volume> volume_on(Backing backing) {
    if (backing == Backing::memory)
        return *memory::MemoryVolume::create({.clock = std::make_shared<SystemClock>()});
    const auto device = std::make_shared<block::MemoryDevice>(16 * MiB);
    ext::FormatOptions shape;
    shape.block_size = 1024;
    shape.inodes = 64;
    shape.device_is_zero = true;
    EXPECT_TRUE(ext::format(*device, shape));
    return *ext::Volume::open(device);
}

/// The same over each of them.
class BackedGround : public FileGround, public ::testing::WithParamInterface<Backing> {
protected:
    BackedGround() : FileGround(volume_on(GetParam())) {}
};

#define QUIRE_EACH_BACKING(Suite)                                                               \
    INSTANTIATE_TEST_SUITE_P(Over, Suite, ::testing::Values(Backing::memory, Backing::ext4),    \
                             [](const ::testing::TestParamInfo<Backing>& what) -> std::string { \
                                 return what.param == Backing::memory ? "memory" : "ext4";      \
                             })

}  // namespace quire::server
