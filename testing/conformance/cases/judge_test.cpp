// SPDX-License-Identifier: MIT

// A suite that never complains proves nothing: its judges do.

#include "e2fsck.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/volumes/ext/format.hpp"
#include "suite.hpp"

namespace quire::conformance {
namespace {

TEST(Judges, e2fsck_finds_damage) {
    block::MemoryDevice device(8U << 20U);
    ext::FormatOptions options;
    options.block_size = 1024;
    options.time = {1'700'000'000, 0};
    ASSERT_OK(ext::format(device, options));
    ASSERT_OK(check_with_e2fsck(device));
    NEEDS(have_e2fsck(), "e2fsck is not installed");
    // The descriptors of the groups, and much of what they describe.
    ASSERT_OK(device.write(2048, std::vector<std::byte>(256U << 10U, std::byte{0x5A})));
    EXPECT_FAILS(EIO, check_with_e2fsck(device));
}

TEST(Judges, success_and_other_codes_are_failures_of_an_expected_code) {
    EXPECT_FALSE(fails(ENOENT, Result<void>()));
    EXPECT_FALSE(fails(ENOENT, Result<void>(fail(std::errc::not_a_directory))));
    EXPECT_TRUE(fails(ENOENT, Result<void>(fail(std::errc::no_such_file_or_directory))));
}

}  // namespace
}  // namespace quire::conformance
