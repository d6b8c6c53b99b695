// SPDX-License-Identifier: MIT

#include "quire/wire/values.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <tuple>

namespace quire::wire {
namespace {

auto all_of(const fs::Attributes& of) {
    return std::tuple(of.type, of.permissions, of.uid, of.gid, of.links, of.size, of.allocated,
                      of.inode, of.generation, of.device.major, of.device.minor,
                      of.preferred_io_size, of.flags, of.access, of.modify, of.change, of.birth);
}

TEST(Values, come_back_as_they_went) {
    fs::Attributes attributes;
    attributes.type = fs::FileType::block_device;
    attributes.permissions = 06751;
    attributes.uid = 70'000;
    attributes.gid = 80'000;
    attributes.links = 3;
    attributes.size = UINT64_MAX;
    attributes.allocated = 4096;
    attributes.inode = 12;
    attributes.generation = 13;
    attributes.device = {8, 17};
    attributes.preferred_io_size = 4096;
    attributes.flags = 0x80000;
    attributes.access = {-1, 999'999'999};
    attributes.modify = {1, 2};
    attributes.change = {INT64_MAX, 0};
    EXPECT_TRUE(all_of(ours(to_wire(attributes))) == all_of(attributes));
    attributes.birth = Time{5, 6};
    EXPECT_TRUE(all_of(ours(to_wire(attributes))) == all_of(attributes));

    fs::AttributeChanges changes;
    const auto same = [&] {
        const auto back = ours(to_wire(changes));
        return back && back->permissions == changes.permissions && back->uid == changes.uid &&
               back->gid == changes.gid && back->size == changes.size &&
               back->access == changes.access && back->modify == changes.modify &&
               back->change == changes.change && back->birth == changes.birth;
    };
    EXPECT_TRUE(same());
    changes.permissions = 0600;
    changes.size = 7;
    changes.access = Time{1, 2};
    EXPECT_TRUE(same());
    changes.uid = 1;
    changes.gid = 2;
    changes.modify = changes.change = changes.birth = Time{3, 4};
    EXPECT_TRUE(same());
}

TEST(Values, of_messages_become_values_or_errors) {
    protocols::Attributes attributes;
    attributes.permissions = 0xffff;
    attributes.modify = {.seconds = 1, .nanoseconds = UINT32_MAX};
    EXPECT_EQ(ours(attributes).permissions, 07777);
    EXPECT_EQ(ours(attributes).modify, (Time{1, 999'999'999}));
    protocols::AttributeChanges changes;
    changes.which = protocols::change_permissions;
    changes.permissions = 0xffff;
    EXPECT_EQ(ours(changes)->permissions, 07777);
    changes.which = protocols::change_access_now;
    EXPECT_EQ(ours(changes).error(), std::errc::invalid_argument);
    changes.which = UINT32_MAX;
    EXPECT_EQ(ours(changes).error(), std::errc::invalid_argument);
    changes.which = protocols::change_birth;
    changes.birth.nanoseconds = 1'000'000'000;
    EXPECT_EQ(ours(changes).error(), std::errc::invalid_argument);
    // What is not to be changed may be anything.
    changes.which = protocols::change_uid;
    EXPECT_TRUE(ours(changes));
}

}  // namespace
}  // namespace quire::wire
