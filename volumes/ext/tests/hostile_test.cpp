// SPDX-License-Identifier: MIT

// Images with bytes changed at random: whatever they say, there is no crash and no hang, and
// memory stays within bounds. The sanitizers watch.

#include <random>

#include "quire/testing/image.hpp"
#include "quire/testing/overlay_device.hpp"
#include "support.hpp"
#include "walk.hpp"

namespace quire::ext::tests {
namespace {

constexpr int images_per_kind = 150;

std::shared_ptr<block::Device> sound_image(const Kind& kind) {
    Image image(kind);
    {
        Session session = Session::open(image, steady());
        EXPECT_OK(session.mkdir("dir"));
        EXPECT_OK(session.mkdir("dir/below"));
        for (int i = 0; i < 200; ++i)
            EXPECT_OK(session.create("dir/below/" + std::to_string(i) + std::string(30, 'n')));
        EXPECT_OK(session.create("small", "content"));
        EXPECT_OK(session.create("large", std::string(300'000, 'x')));
        for (int i = 0; i < 40; ++i)
            EXPECT_OK(
                session.write("large", 400'000 + static_cast<std::uint64_t>(i) * 20'000, "y"));
        const auto root = session->root(session.call()).value();
        EXPECT_OK(session->symlink(session.call(), root.node, *Name::parse("link"), {0777, 0, 0},
                                   std::string(200, 't')));
        EXPECT_OK(session->unmount(session.call(), true));
    }
    return testing::snapshot(*image.device(false)).value();
}

/// Where metadata lies thickest: everything that is not zero.
std::vector<std::uint64_t> interesting(block::Device& device) {
    std::vector<std::uint64_t> places;
    std::vector<std::byte> block(1024);
    for (std::uint64_t at = 0; at + block.size() <= device.geometry().size; at += block.size()) {
        EXPECT_OK(device.read(at, block));
        for (std::size_t i = 0; i < block.size(); ++i)
            if (block[i] != std::byte{0} && block[i] != std::byte{'x'} &&
                block[i] != std::byte{0xff})
                places.push_back(at + i);
    }
    return places;
}

class HostileImage : public ::testing::TestWithParam<Kind> {};

TEST_P(HostileImage, nothing_on_the_disk_does_harm) {
    SKIP_WITHOUT("mke2fs");
    const auto base = sound_image(GetParam());
    const auto places = interesting(*base);
    for (unsigned seed = 0; seed < images_per_kind; ++seed) {
        std::mt19937 random(seed);
        auto device = std::make_shared<testing::OverlayDevice>(base);
        const unsigned changes = 1 + random() % 12;
        for (unsigned i = 0; i < changes; ++i) {
            // A third hits the superblock and what comes behind it.
            const std::uint64_t at =
                random() % 3 == 0 ? 1024 + random() % 4096 : places[random() % places.size()];
            const unsigned kind = random() % 4;
            const std::byte value{static_cast<unsigned char>(kind == 0   ? 0xff
                                                             : kind == 1 ? 0
                                                                         : random())};
            ASSERT_OK(device->write(at, std::span(&value, 1)));
        }
        SCOPED_TRACE(seed);
        if (auto volume = Volume::open(device, steady(true))) Walk(**volume).run();
        auto volume = Volume::open(device, steady());
        if (!volume) continue;
        Walk(**volume).run();
        Session session(*volume);
        (void)session.create("new", std::string(5000, 'z'));
        (void)session.mkdir("dir/new");
        (void)session.write("large", 100, "changed");
        (void)session.rename("dir", "moved");
        (void)session.remove("large");
        (void)session.remove("link");
        (void)session->unmount(session.call(), true);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, HostileImage,
    ::testing::Values(Kind{"ext2", "-t ext2 -b 1024", "4M"},
                      Kind{"ext3", "-t ext3 -b 1024 -J size=1", "6M"},
                      Kind{"ext4", "-t ext4 -b 1024 -J size=1 -O ^metadata_csum", "6M"},
                      Kind{"inline", "-t ext4 -b 4096 -O inline_data,^metadata_csum,^has_journal",
                           "6M"},
                      Kind{"sums", "-t ext4 -b 1024 -J size=1", "6M"}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace quire::ext::tests
