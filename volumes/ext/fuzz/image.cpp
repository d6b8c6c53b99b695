// SPDX-License-Identifier: MIT

// Opens an image with some bytes changed, looks at all of it, and changes it. The input is a list
// of changes to a sound image made beforehand: two bytes of place (in units of four bytes, so that
// all of the metadata can be reached), a count, and that many bytes.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "quire/block/memory_device.hpp"
#include "quire/volumes/ext/format.hpp"
#include "quire/volumes/ext/volume.hpp"
#include "tests/walk.hpp"

namespace {

using namespace quire;

constexpr std::uint64_t image_size = 256 * 1024;

void populate(ext::Volume& volume) {
    const fs::Call call = fs::Call::as_root();
    const auto root = volume.root(call);
    const auto dir = volume.mkdir(call, root->node, *Name::parse("dir"), {0755, 0, 0});
    const std::string content(20'000, 'x');
    for (int i = 0; i < 20; ++i) {
        const auto file =
            volume.create(call, dir->node, *Name::parse("file" + std::to_string(i)), {0644, 0, 0});
        if (i % 5 == 0)
            (void)volume.write(call, file->node, static_cast<std::uint64_t>(i) * 3000,
                               std::as_bytes(std::span(content)));
        if (i % 7 == 0)
            (void)volume.setxattr(call, file->node, "user.name",
                                  std::as_bytes(std::span(content).first(150)),
                                  fs::SetAttributeMode::either);
    }
    (void)volume.symlink(call, root->node, *Name::parse("link"), {0777, 0, 0},
                         content.substr(0, 200));
    (void)volume.unmount(call, true);
}

std::vector<std::byte> make_image(ext::Type type) {
    auto device = std::make_shared<block::MemoryDevice>(image_size);
    ext::FormatOptions options;
    options.type = type;
    options.block_size = 1024;
    options.inodes = 64;
    options.journal_size = 0;
    if (!ext::format(*device, options)) return {};
    ext::Options how;
    how.seed = 1;
    how.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0});
    if (auto volume = ext::Volume::open(device, how)) populate(**volume);
    std::vector<std::byte> bytes(image_size);
    (void)device->read(0, bytes);
    return bytes;
}

std::shared_ptr<block::Device> changed(std::span<const std::byte> image,
                                       std::span<const std::uint8_t> input) {
    auto device = std::make_shared<block::MemoryDevice>(image_size);
    (void)device->write(0, image);
    while (input.size() > 3) {
        const std::uint64_t at = (input[0] | std::uint64_t{input[1]} << 8) * 4 % image_size;
        const std::size_t count =
            std::min<std::size_t>({input[2] % 16u + 1u, input.size() - 3, image_size - at});
        (void)device->write(at, std::as_bytes(input.subspan(3, count)));
        input = input.subspan(3 + count);
    }
    return device;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::vector<std::byte> ext2 = make_image(ext::Type::ext2);
    static const std::vector<std::byte> ext4 = make_image(ext::Type::ext4);
    if (size == 0) return 0;
    const auto& image = data[0] % 2 == 0 ? ext2 : ext4;
    const auto device = changed(image, std::span(data, size).subspan(1));
    ext::Options options;
    options.seed = 1;
    options.read_only = true;
    if (auto volume = ext::Volume::open(device, options)) ext::tests::Walk(**volume).run();
    options.read_only = false;
    auto volume = ext::Volume::open(device, options);
    if (!volume) return 0;
    ext::tests::Walk(**volume).run();
    const fs::Call call = fs::Call::as_root();
    if (const auto root = (*volume)->root(call)) {
        (void)(*volume)->create(call, root->node, *Name::parse("new"), {0644, 0, 0});
        (void)(*volume)->rename(call, root->node, *Name::parse("dir"), root->node,
                                *Name::parse("moved"), {});
        (void)(*volume)->remove(call, root->node, *Name::parse("link"));
    }
    (void)(*volume)->unmount(call, true);
    return 0;
}
