// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include <map>
#include <mutex>

#include "e2fsck.hpp"
#include "ground.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/block/source_device.hpp"
#include "quire/fs/file_source.hpp"
#include "quire/testing/image.hpp"
#include "quire/volumes/ext/format.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::conformance {

namespace {

struct Shape {
    ext::Type type = ext::Type::ext4;
    std::uint32_t block_size = 4096;
    friend auto operator<=>(const Shape&, const Shape&) = default;

    // Room for a journal of the least size and some thousand blocks besides.
    std::uint64_t device_size() const { return (block_size == 1024 ? 8U : 16U) << 20U; }
};

constexpr const char* inner_name = "inner.img";

ext::Options options() {
    ext::Options result;
    result.clock = std::make_shared<TickingClock>();
    result.seed = 1;
    return result;
}

Result<void> format(block::Device& device, const Shape& shape) {
    ext::FormatOptions wanted;
    wanted.type = shape.type;
    wanted.block_size = shape.block_size;
    wanted.inodes = 3000;
    wanted.time = {1'700'000'000, 0};
    wanted.hash_seed = {1, 2, 3, 4};
    wanted.device_is_zero = true;
    return ext::format(device, wanted);
}

Traits traits_of(const Shape& shape) {
    Traits traits;
    const bool extents = shape.type == ext::Type::ext4;
    traits.keep_size = extents;
    traits.hole = shape.block_size;
    if (extents) {
        traits.largest_file = ((std::uint64_t{1} << 32U) - 1) * shape.block_size;
    } else if (shape.block_size == 1024) {
        // A block map ends with its third level ...
        traits.largest_file = (12 + 256 + 256 * 256 + 256 * 256 * 256) * std::uint64_t{1024};
    } else {
        // ... or where the count of sectors does, which counts the map itself too.
        const std::uint64_t map = 3 + 2 * 1024 + 1024 * 1024;
        traits.largest_file = ((std::uint64_t{1} << 32U) / 8 - 1 - map) * 4096;
    }
    traits.attribute_limit = shape.block_size;
    traits.earliest = -(std::int64_t{1} << 31U);
    traits.latest = (std::int64_t{1} << 34U) - (std::int64_t{1} << 31U) - 1;
    return traits;
}

// An empty filesystem of each shape is made once and copied for each case.
Result<std::shared_ptr<block::MemoryDevice>> fresh_image(const Shape& shape) {
    static std::mutex mutex;
    static std::map<Shape, std::shared_ptr<block::MemoryDevice>> made;
    const std::lock_guard lock(mutex);
    auto& device = made[shape];
    if (!device) {
        auto formatted = std::make_shared<block::MemoryDevice>(shape.device_size());
        QUIRE_TRY(format(*formatted, shape));
        device = formatted;
    }
    return testing::snapshot(*device);
}

Result<std::unique_ptr<Ground>> make_ext(const Shape& shape, Through through = Through::nothing) {
    QUIRE_TRY_ASSIGN(std::shared_ptr<block::Device> device, fresh_image(shape));
    return TreeGround::make(
        [device]() -> Result<std::shared_ptr<fs::Volume>> {
            return ext::Volume::open(device, options());
        },
        [device] { return check_with_e2fsck(*device); }, traits_of(shape), through);
}

/// A filesystem in a file of another one, and all that has to live for it.
struct Nest {
    std::shared_ptr<fs::Tree> outer;
    std::shared_ptr<block::Device> inner;

    static Result<Nest> open(std::shared_ptr<block::Device> device) {
        Nest nest;
        QUIRE_TRY_ASSIGN(auto volume, ext::Volume::open(std::move(device), options()));
        QUIRE_TRY_ASSIGN(nest.outer, fs::Tree::open(std::move(volume)));
        const fs::Call call = fs::Call::as_root();
        const Name name = *Name::parse(inner_name);
        auto node = nest.outer->lookup(call, nest.outer->root(), name);
        if (!node) node = nest.outer->create(call, nest.outer->root(), name, 0600);
        if (!node) return fail(node.error());
        QUIRE_TRY_ASSIGN(auto file, nest.outer->open(call, *node, {.read = true, .write = true}));
        QUIRE_TRY_ASSIGN(const auto attributes, file->attributes(call));
        if (attributes.size == 0) QUIRE_TRY(file->resize(call, 16U << 20U));
        QUIRE_TRY_ASSIGN(nest.inner, block::SourceDevice::open(std::make_shared<fs::FileSource>(
                                         std::move(file), call, inner_name)));
        return nest;
    }
    Result<void> close() {
        inner.reset();
        return outer->unmount(fs::Call::as_root());
    }
};

Result<std::shared_ptr<block::MemoryDevice>> fresh_nest() {
    static std::mutex mutex;
    static std::shared_ptr<block::MemoryDevice> made;
    const std::lock_guard lock(mutex);
    if (!made) {
        auto device = std::make_shared<block::MemoryDevice>(32U << 20U);
        QUIRE_TRY(format(*device, {}));
        QUIRE_TRY_ASSIGN(Nest nest, Nest::open(device));
        QUIRE_TRY(format(*nest.inner, {}));
        QUIRE_TRY(nest.close());
        made = device;
    }
    return testing::snapshot(*made);
}

Result<std::unique_ptr<Ground>> make_nested() {
    QUIRE_TRY_ASSIGN(std::shared_ptr<block::Device> device, fresh_nest());
    QUIRE_TRY_ASSIGN(Nest opened, Nest::open(device));
    auto nest = std::make_shared<Nest>(std::move(opened));
    return TreeGround::make(
        [nest]() -> Result<std::shared_ptr<fs::Volume>> {
            return ext::Volume::open(nest->inner, options());
        },
        [nest, device]() -> Result<void> {
            QUIRE_TRY(check_with_e2fsck(*nest->inner));
            QUIRE_TRY(nest->close());
            return check_with_e2fsck(*device);
        },
        traits_of({}));
}

}  // namespace

std::vector<Kind> ext_kinds() {
    std::vector<Kind> result;
    for (const auto& [name, type] :
         {std::pair{"ext2", ext::Type::ext2}, std::pair{"ext3", ext::Type::ext3},
          std::pair{"ext4", ext::Type::ext4}})
        for (const std::uint32_t block_size : {1024U, 4096U})
            result.push_back({fmt::format("{}_{}k", name, block_size / 1024),
                              [type, block_size] { return make_ext({type, block_size}); }});
    result.push_back({"nested_ext4", make_nested});
    result.push_back({"guarded_ext4", [] { return make_ext({}, Through::guard); }});
    return result;
}

}  // namespace quire::conformance
