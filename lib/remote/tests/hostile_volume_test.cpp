// SPDX-License-Identifier: MIT

// A client that sends what it likes to a volume object.

#include <limits>

#include "quire/testing/bytes.hpp"
#include "quire/volumes/memory/memory_volume.hpp"
#include "tests/hostile_memory.hpp"
#include "tests/serving.hpp"
#include "tests/watching_volume.hpp"

namespace quire::remote {

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

class HostileVolume : public ::testing::Test {
protected:
    HostileVolume() { watching->gate.open(); }

    Serving serving;
    const std::shared_ptr<WatchingVolume> watching = std::make_shared<WatchingVolume>();
    const std::shared_ptr<fs::SharedVolume> shared = fs::SharedVolume::create(watching);
    const ipc::Cap<protocols::Volume> cap = serving.serve<protocols::Volume>(
        std::make_shared<VolumeObject>(*shared, wire::Account::alone()));
    const protocols::Credentials me;
};

TEST_F(HostileVolume, nodes_that_were_not_given_out_do_not_reach_the_volume) {
    ASSERT_TRUE(cap->root(patient, me));
    ASSERT_TRUE(cap->set_buffer(patient, sealed_memory(4096)));
    const std::errc stale{ESTALE};
    for (const std::uint64_t node : {std::uint64_t{0}, std::uint64_t{2}, most}) {
        EXPECT_EQ(cap->getattr(patient, me, node).error(), stale);
        EXPECT_EQ(cap->lookup(patient, me, node, "1").error(), stale);
        EXPECT_EQ(cap->parent(patient, me, node).error(), stale);
        EXPECT_EQ(cap->open(patient, me, node, 1).error(), stale);
        EXPECT_EQ(cap->close(patient, me, node, 1).error(), stale);
        EXPECT_EQ(cap->read(patient, me, node, 0, 1).error(), stale);
        EXPECT_EQ(cap->read_to(patient, me, node, 0, 0, 1).error(), stale);
        EXPECT_EQ(cap->write_from(patient, me, node, 0, 0, 1).error(), stale);
        EXPECT_EQ(cap->readdir(patient, me, node, 0, true, 10).error(), stale);
        EXPECT_EQ(cap->link(patient, me, 1, node, "1").error(), stale);
        EXPECT_EQ(cap->link(patient, me, node, 1, "1").error(), stale);
        EXPECT_EQ(cap->rename(patient, me, 1, "1", node, "2", 0).error(), stale);
        EXPECT_EQ(cap->getxattr(patient, me, node, "user.x").error(), stale);
        EXPECT_EQ(cap->copy_range(patient, me, 1, 0, node, 0, 1).error(), stale);
        EXPECT_EQ(cap->print(patient, me, node).error(), stale);
        cap->reclaim(patient, node, 1);
    }
    EXPECT_FALSE(watching->misused());
    EXPECT_EQ(watching->owed(), 1u);
}

TEST_F(HostileVolume, answering_more_than_was_given_answers_what_was) {
    ASSERT_TRUE(cap->root(patient, me));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(cap->lookup(patient, me, 1, "6"));
    cap->reclaim(patient, 7, 1);
    ASSERT_TRUE(cap->getattr(patient, me, 7));
    cap->reclaim(patient, 7, most);
    EXPECT_EQ(cap->getattr(patient, me, 7).error(), std::errc(ESTALE));
    cap->reclaim(patient, 7, 1);
    ASSERT_TRUE(cap->getattr(patient, me, 1));
    EXPECT_EQ(watching->owed(), 1u);
    EXPECT_FALSE(watching->misused());
}

TEST_F(HostileVolume, a_node_that_is_answered_while_open_is_closed_first) {
    ASSERT_TRUE(cap->root(patient, me));
    ASSERT_TRUE(cap->lookup(patient, me, 1, "6"));
    for (const std::uint32_t mode : {1U, 2U, 3U, 3U}) ASSERT_TRUE(cap->open(patient, me, 7, mode));
    EXPECT_EQ(cap->close(patient, me, 7, 0).error(), std::errc::bad_file_descriptor);
    EXPECT_TRUE(cap->close(patient, me, 7, 1));
    EXPECT_EQ(cap->close(patient, me, 7, 1).error(), std::errc::bad_file_descriptor);
    EXPECT_EQ(watching->opens(), 3);
    cap->reclaim(patient, 7, 1);
    ASSERT_TRUE(cap->getattr(patient, me, 1));
    EXPECT_EQ(watching->opens(), 0);
    EXPECT_FALSE(watching->misused());
}

TEST_F(HostileVolume, names_that_are_none_and_unknown_bits_are_refused) {
    ASSERT_TRUE(cap->root(patient, me));
    for (const std::string_view name : {"", ".", "..", "a/b", "/"}) {
        EXPECT_EQ(cap->lookup(patient, me, 1, name).error(), std::errc::invalid_argument);
        EXPECT_EQ(cap->remove(patient, me, 1, name).error(), std::errc::invalid_argument);
        EXPECT_EQ(cap->create(patient, me, 1, name, {}).error(), std::errc::invalid_argument);
        EXPECT_EQ(cap->rename(patient, me, 1, "a", 1, name, 0).error(),
                  std::errc::invalid_argument);
    }
    EXPECT_EQ(cap->open(patient, me, 1, 4).error(), std::errc::invalid_argument);
    EXPECT_EQ(cap->access(patient, me, 1, 8).error(), std::errc::invalid_argument);
    EXPECT_EQ(cap->rename(patient, me, 1, "a", 1, "b", 4).error(), std::errc::invalid_argument);
    EXPECT_EQ(cap->poll(patient, me, 1, 1U << 16U).error(), std::errc::invalid_argument);
    protocols::AttributeChanges changes;
    changes.which = 1U << 31U;
    EXPECT_EQ(cap->setattr(patient, me, 1, changes).error(), std::errc::invalid_argument);
    changes.which = protocols::change_modify;
    changes.modify.nanoseconds = 1'000'000'000;
    EXPECT_EQ(cap->setattr(patient, me, 1, changes).error(), std::errc::invalid_argument);
}

TEST_F(HostileVolume, buffers_and_places_in_them_are_checked) {
    ASSERT_TRUE(cap->root(patient, me));
    for (const BadMemory& bad : bad_memories()) {
        const auto answer = cap->set_buffer(patient, bad.make());
        ASSERT_FALSE(answer) << bad.name;
        EXPECT_EQ(answer.error(), std::errc::invalid_argument) << bad.name;
    }
    EXPECT_EQ(cap->read_to(patient, me, 1, 0, 0, 1).error(), std::errc::invalid_argument);
    ASSERT_TRUE(cap->set_buffer(patient, sealed_memory(4096)));
    for (const auto& [place, length] :
         {std::pair<std::uint64_t, std::uint64_t>{0, 4097}, {4096, 1}, {1, most}, {most, 2}}) {
        EXPECT_EQ(cap->read_to(patient, me, 1, 0, place, length).error(),
                  std::errc::invalid_argument);
        EXPECT_EQ(cap->write_from(patient, me, 1, 0, place, length).error(),
                  std::errc::invalid_argument);
        EXPECT_EQ(cap->getxattr_to(patient, me, 1, "user.x", place, length).error(),
                  std::errc::invalid_argument);
        EXPECT_EQ(cap->setxattr_from(patient, me, 1, "user.x", place, length,
                                     protocols::SetAttributeMode::either)
                      .error(),
                  std::errc::invalid_argument);
        EXPECT_EQ(cap->listxattr_to(patient, me, 1, place, length).error(),
                  std::errc::invalid_argument);
    }
    watching->value = testing::pattern(5000);
    EXPECT_EQ(cap->getxattr_to(patient, me, 1, "user.x", 0, 4096).error(), std::errc::message_size);
    EXPECT_EQ(cap->read(patient, me, 1, 0, 1U << 31U).error(), std::errc::message_size);
    EXPECT_EQ(cap->read(patient, me, 1, most, 2).error(), std::errc::invalid_argument);
    ASSERT_TRUE(cap->set_buffer(patient, sealed_memory(4096, false)));
    EXPECT_EQ(cap->read_to(patient, me, 1, 0, 0, 1).error(), std::errc::permission_denied);
}

TEST_F(HostileVolume, one_client_holds_only_so_many_nodes) {
    const auto limited =
        std::make_shared<VolumeObject>(*shared, wire::Account::alone({.nodes = 10}));
    const auto small = serving.serve<protocols::Volume>(limited);
    ASSERT_TRUE(small->root(patient, me));
    for (int i = 1; i < 10; ++i) ASSERT_TRUE(small->lookup(patient, me, 1, std::to_string(i)));
    EXPECT_EQ(small->lookup(patient, me, 1, "77").error(),
              std::errc::too_many_files_open_in_system);
    EXPECT_EQ(watching->owed(), 10u);
    small->reclaim(patient, 5, 1);
    EXPECT_TRUE(small->lookup(patient, me, 1, "77"));
}

TEST_F(HostileVolume, after_unmounting_nothing_reaches_the_volume) {
    ASSERT_TRUE(cap->root(patient, me));
    ASSERT_TRUE(cap->unmount(patient, me, true));
    EXPECT_EQ(cap->getattr(patient, me, 1).error(), std::errc::no_such_device);
    EXPECT_EQ(cap->root(patient, me).error(), std::errc::no_such_device);
    EXPECT_EQ(cap->unmount(patient, me, true).error(), std::errc::no_such_device);
    cap->reclaim(patient, 1, 1);
    ASSERT_TRUE(cap->describe(patient));
    EXPECT_EQ(watching->owed(), 1u);
}

TEST(HostileUnmount, waits_for_nobody_and_leaves_calls_in_progress_alone) {
    Serving serving;
    const auto watching = std::make_shared<WatchingVolume>();
    const auto cap = serving.cap(watching);
    const protocols::Credentials me;
    ASSERT_TRUE(cap->root(patient, me));
    std::jthread slow([&] { EXPECT_TRUE(cap->lookup(patient, me, 1, "slow")); });
    watching->gate.wait_for(1);
    EXPECT_EQ(cap->unmount(patient, me, true).error(), std::errc::device_or_resource_busy);
    // A node that is answered under a call stays as long as the call.
    cap->reclaim(patient, 1, 1);
    watching->gate.open();
    slow.join();
    EXPECT_FALSE(watching->misused());
}

TEST(TwoClients, of_one_volume_work_at_once_and_keep_their_lookups_apart) {
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0});
    const auto volume = *memory::MemoryVolume::create(options);
    const fs::Call call = fs::Call::as_root();
    {
        Serving serving;
        const auto shared = fs::SharedVolume::create(volume);
        std::vector<std::jthread> threads;
        for (int client = 0; client < 2; ++client) {
            const std::shared_ptr<Volume> mine = *Volume::open(serving.serve<protocols::Volume>(
                std::make_shared<VolumeObject>(*shared, wire::Account::alone())));
            for (int thread = 0; thread < 3; ++thread)
                threads.emplace_back([mine, client, thread, &call] {
                    const auto root = *mine->root(call);
                    const Name own =
                        *Name::parse(std::to_string(client) + "-" + std::to_string(thread));
                    const auto bytes = testing::pattern(200'000);
                    testing::Bytes back(bytes.size());
                    for (int i = 0; i < 30; ++i) {
                        const auto made = mine->create(call, root.node, own, {0644, 0, 0});
                        ASSERT_TRUE(made) << made.error().message();
                        EXPECT_TRUE(mine->open(call, made->node, {.read = true, .write = true}));
                        EXPECT_EQ(*mine->write(call, made->node, 0, bytes), bytes.size());
                        EXPECT_TRUE(mine->remove(call, root.node, own));
                        EXPECT_EQ(*mine->read(call, made->node, 0, back), bytes.size());
                        EXPECT_EQ(back, bytes);
                        EXPECT_TRUE(mine->close(call, made->node, {.read = true, .write = true}));
                        mine->reclaim(made->node, 1);
                    }
                    mine->reclaim(root.node, 1);
                });
        }
    }
    // Had anybody's lookup been forgotten, a removed file would still take its room.
    const auto statistics = *volume->statistics(call);
    EXPECT_EQ(statistics.free_inodes + 1, statistics.inodes);
}

}  // namespace

}  // namespace quire::remote
