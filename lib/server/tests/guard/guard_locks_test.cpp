// SPDX-License-Identifier: MIT
//
// Locks on whole files, which all holders of guards of one tree see.

#include "tests/kit/guard_ground.hpp"

namespace quire::server {
namespace {

using LockKind = fs::AdvisoryLock::Kind;
constexpr auto locked = std::errc::device_or_resource_busy;
constexpr fs::OpenMode both{.read = true, .write = true};

class GuardLocks : public GuardGround {
protected:
    /// One holder of a guard, with `secret` open.
    struct Holder {
        explicit Holder(GuardLocks& ground, fs::OpenMode mode = both,
                        fs::Credentials identity = fs::Credentials::root())
            : guard(std::make_unique<Guard>(ground.whole(std::move(identity)))),
              node(ground.find(*guard, "secret")) {
            EXPECT_TRUE(guard->open(ground.call, node, mode));
        }
        std::errc lock(LockKind kind, std::uint64_t owner = 0) const {
            return error_of(guard->advisory_lock(fs::Call::as_root(), node,
                                                 {.kind = kind, .range = {}, .owner = owner}));
        }
        std::unique_ptr<Guard> guard;
        fs::Cookie node;
    };
};

TEST_F(GuardLocks, of_one_holder_keep_the_others_out) {
    const Holder one(*this);
    const Holder two(*this);
    EXPECT_TRUE(one.guard->supports(fs::Operation::advisory_lock));
    EXPECT_EQ(one.lock(LockKind::exclusive), std::errc());
    EXPECT_EQ(two.lock(LockKind::exclusive), locked);
    EXPECT_EQ(two.lock(LockKind::shared), locked);
    EXPECT_EQ(one.lock(LockKind::unlock), std::errc());
    EXPECT_EQ(two.lock(LockKind::shared), std::errc());
    EXPECT_EQ(one.lock(LockKind::shared), std::errc());
    EXPECT_EQ(one.lock(LockKind::exclusive), locked);
    EXPECT_EQ(two.lock(LockKind::unlock), std::errc());
    EXPECT_EQ(one.lock(LockKind::exclusive), std::errc());
}

TEST_F(GuardLocks, end_with_the_guard) {
    const Holder two(*this);
    {
        const Holder one(*this);
        EXPECT_EQ(one.lock(LockKind::exclusive), std::errc());
        EXPECT_EQ(two.lock(LockKind::shared), locked);
    }
    EXPECT_EQ(two.lock(LockKind::exclusive), std::errc());
}

TEST_F(GuardLocks, end_when_the_holder_has_the_file_no_longer_open) {
    const Holder one(*this);
    const Holder two(*this);
    EXPECT_EQ(one.lock(LockKind::exclusive), std::errc());
    // Open twice, closed once.
    EXPECT_TRUE(one.guard->open(call, one.node, {}));
    EXPECT_TRUE(one.guard->close(call, one.node, {}));
    EXPECT_EQ(two.lock(LockKind::shared), locked);
    EXPECT_TRUE(one.guard->close(call, one.node, both));
    EXPECT_EQ(two.lock(LockKind::exclusive), std::errc());
}

TEST_F(GuardLocks, outlast_another_open_of_the_same_holder) {
    const Holder one(*this);
    const Holder two(*this);
    EXPECT_EQ(one.lock(LockKind::exclusive), std::errc());
    EXPECT_TRUE(one.guard->open(call, one.node, both));
    EXPECT_EQ(two.lock(LockKind::shared), locked);
}

TEST_F(GuardLocks, end_when_the_node_is_answered) {
    const Holder one(*this);
    const Holder two(*this);
    EXPECT_EQ(one.lock(LockKind::exclusive), std::errc());
    one.guard->reclaim(one.node, 1);
    EXPECT_EQ(two.lock(LockKind::exclusive), std::errc());
}

TEST_F(GuardLocks, are_for_who_has_the_file_open_in_that_way) {
    // Who may only read can keep nobody from reading.
    const Holder reader(*this, {}, somebody(1000));
    EXPECT_EQ(reader.lock(LockKind::exclusive), std::errc::bad_file_descriptor);
    EXPECT_EQ(reader.lock(LockKind::shared), std::errc());
    Guard other(whole());
    const fs::Cookie unopened = find(other, "secret");
    EXPECT_EQ(error_of(other.advisory_lock(call, unopened, {})), std::errc::bad_file_descriptor);
}

TEST_F(GuardLocks, of_two_owners_of_one_holder_are_two) {
    const Holder one(*this);
    EXPECT_EQ(one.lock(LockKind::exclusive, 1), std::errc());
    EXPECT_EQ(one.lock(LockKind::shared, 2), locked);
    EXPECT_EQ(one.lock(LockKind::shared, 1), std::errc());
    EXPECT_EQ(one.lock(LockKind::shared, 2), std::errc());
    EXPECT_EQ(one.lock(LockKind::unlock, 2), std::errc());
    EXPECT_EQ(one.lock(LockKind::exclusive, 1), std::errc());
}

TEST_F(GuardLocks, are_limited_in_number) {
    const Holder one(*this);
    for (std::uint64_t owner = 0; owner < 1024; ++owner)
        ASSERT_EQ(one.lock(LockKind::shared, owner), std::errc());
    EXPECT_EQ(one.lock(LockKind::shared, 1024), std::errc::no_lock_available);
    EXPECT_EQ(one.lock(LockKind::unlock, 0), std::errc());
    EXPECT_EQ(one.lock(LockKind::shared, 1024), std::errc());
}

TEST_F(GuardLocks, are_of_whole_files_and_do_not_wait) {
    const Holder one(*this);
    EXPECT_EQ(error_of(one.guard->advisory_lock(call, one.node, {.range = {0, 10}})),
              std::errc::operation_not_supported);
    EXPECT_EQ(error_of(one.guard->advisory_lock(call, one.node, {.range = {10, 0}})),
              std::errc::operation_not_supported);
    EXPECT_EQ(error_of(one.guard->advisory_lock(call, one.node, {.range = {}, .wait = true})),
              std::errc::operation_not_supported);
}

// A tree over a guard over a tree: as where what is served is served again.
TEST_F(GuardLocks, are_seen_through_trees_of_other_holders) {
    const auto there = *fs::Tree::open(std::make_shared<Guard>(whole()));
    const Holder here(*this);
    const auto file = *there->open(call, *there->walk(call, *Path::parse("secret")), both);
    {
        const auto first = file->lock(call, LockKind::shared);
        EXPECT_TRUE(first);
        EXPECT_TRUE(file->lock(call, LockKind::shared));
        EXPECT_EQ(here.lock(LockKind::exclusive), locked);
        EXPECT_EQ(here.lock(LockKind::shared), std::errc());
        EXPECT_EQ(here.lock(LockKind::unlock), std::errc());
    }
    EXPECT_EQ(here.lock(LockKind::exclusive), std::errc());
    EXPECT_EQ(error_of(file->lock(call, LockKind::shared)), locked);
    EXPECT_EQ(here.lock(LockKind::unlock), std::errc());
    const auto mine = file->lock(call, LockKind::exclusive);
    EXPECT_TRUE(mine);
    EXPECT_EQ(here.lock(LockKind::shared), locked);
}

}  // namespace
}  // namespace quire::server
