// SPDX-License-Identifier: MIT

#include "quire/remote/volume.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "quire/fs/tree.hpp"
#include "quire/testing/bytes.hpp"
#include "quire/volumes/memory/memory_volume.hpp"
#include "tests/serving.hpp"
#include "tests/watching_volume.hpp"

namespace quire::remote {

namespace {

using testing::Bytes;
using testing::pattern;

const fs::Call as_root = fs::Call::as_root();

std::shared_ptr<memory::MemoryVolume> memory_volume() {
    memory::MemoryVolume::Options options;
    options.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0});
    return *memory::MemoryVolume::create(options);
}

Name name(std::string_view text) {
    return *Name::parse(text);
}

class RemoteVolume : public ::testing::Test {
protected:
    Serving serving;
    const ipc::Cap<protocols::Volume> cap = serving.cap(memory_volume());
    const std::shared_ptr<Volume> volume = *Volume::open(cap);
    const fs::Cookie root = volume->root(as_root)->node;
    const fs::Cookie file = volume->create(as_root, root, name("file"), {0644, 0, 0})->node;
};

TEST_F(RemoteVolume, what_does_not_change_is_asked_once) {
    Messages messages(cap);
    EXPECT_EQ(volume->type_name(), "memory");
    EXPECT_EQ(volume->thread_model(), fs::ThreadModel::parallel);
    EXPECT_TRUE(volume->supports(fs::Operation::rename));
    EXPECT_FALSE(volume->supports(fs::Operation::ioctl));
    EXPECT_EQ(messages.count(), 0u);
}

TEST_F(RemoteVolume, an_operation_is_one_message) {
    Messages messages(cap);
    ASSERT_TRUE(volume->lookup(as_root, root, name("file")));
    EXPECT_EQ(messages.count(), 1u);
    volume->reclaim(file, 1);
    EXPECT_EQ(messages.count(), 1u);
    ASSERT_TRUE(volume->getattr(as_root, file));
    EXPECT_EQ(messages.count(), 1u);
    ASSERT_TRUE(volume->write(as_root, file, 0, pattern(4096)));
    EXPECT_EQ(messages.count(), 1u);
    Bytes bytes(4096);
    ASSERT_TRUE(volume->read(as_root, file, 0, bytes));
    EXPECT_EQ(messages.count(), 1u);
    int entries = 0;
    ASSERT_TRUE(volume->readdir(as_root, root, 0, fs::WithAttributes::yes,
                                [&](const fs::DirectoryEntry&) { return ++entries > 0; }));
    EXPECT_EQ(entries, 1);
    EXPECT_EQ(messages.count(), 1u);
}

TEST_F(RemoteVolume, a_mebibyte_is_one_message_once_there_is_a_buffer) {
    const Bytes bytes = pattern(1U << 20U);
    Messages messages(cap);
    ASSERT_EQ(*volume->write(as_root, file, 5, bytes), bytes.size());
    EXPECT_EQ(messages.count(), 2u);
    Bytes back(bytes.size());
    ASSERT_EQ(*volume->read(as_root, file, 5, back), bytes.size());
    EXPECT_EQ(messages.count(), 1u);
    EXPECT_EQ(back, bytes);
}

TEST_F(RemoteVolume, content_of_any_length_is_whole_and_ends_where_the_file_does) {
    const Bytes bytes = pattern(5'000'001);
    ASSERT_EQ(*volume->write(as_root, file, 0, bytes), bytes.size());
    Bytes back(6'000'000);
    ASSERT_EQ(*volume->read(as_root, file, 0, back), bytes.size());
    back.resize(bytes.size());
    EXPECT_EQ(back, bytes);
    EXPECT_EQ(*volume->read(as_root, file, 5'000'001, back), 0u);
    EXPECT_EQ(volume->read(as_root, root, 0, back).error(), std::errc::is_a_directory);
}

TEST_F(RemoteVolume, a_tree_over_it_works_as_over_any_volume) {
    const auto tree = *fs::Tree::open(volume);
    const auto made = *tree->make_directory(as_root, tree->root(), name("d"), 0755);
    ASSERT_TRUE(tree->make_symlink(as_root, made, name("link"), "../file"));
    const auto found = tree->walk(as_root, *Path::parse("/d/link"));
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ((*found)->cookie(), file);
    const std::string long_target(4096, 'x');
    EXPECT_EQ(volume->symlink(as_root, root, name("l"), {}, long_target).error(),
              std::errc::filename_too_long);
}

TEST_F(RemoteVolume, large_extended_attributes_travel_through_the_buffer) {
    for (const std::size_t size : {0, 57'344, 57'345, 61'440, 61'441, 65'536}) {
        const Bytes value = pattern(size);
        ASSERT_TRUE(
            volume->setxattr(as_root, file, "user.large", value, fs::SetAttributeMode::either))
            << size;
        const auto back = volume->getxattr(as_root, file, "user.large");
        ASSERT_TRUE(back) << size << ": " << back.error().message();
        EXPECT_EQ(*back, value);
    }
    EXPECT_EQ(
        volume->setxattr(as_root, file, "user.large", Bytes(65'537), fs::SetAttributeMode::either)
            .error(),
        std::errc::argument_list_too_long);
    EXPECT_EQ(volume->getxattr(as_root, file, std::string(256, 'n')).error(),
              std::errc::result_out_of_range);
    EXPECT_EQ(volume->getxattr(as_root, file, "user.none").error(), std::errc(ENODATA));
}

class RemoteWatching : public ::testing::Test {
protected:
    Serving serving;
    const std::shared_ptr<WatchingVolume> watching = std::make_shared<WatchingVolume>();
    ipc::Cap<protocols::Volume> cap = serving.cap(watching);
    std::shared_ptr<Volume> volume = *Volume::open(cap);
    const fs::Cookie root = volume->root(as_root)->node;
};

TEST_F(RemoteWatching, long_lists_of_names_travel_through_the_buffer) {
    for (int i = 0; i < 1000; ++i) watching->names.push_back("user." + std::to_string(i));
    EXPECT_EQ(*volume->listxattr(as_root, root), watching->names);
    for (int i = 0; i < 8000; ++i) watching->names.push_back("user.more" + std::to_string(i));
    EXPECT_EQ(*volume->listxattr(as_root, root), watching->names);
}

TEST_F(RemoteWatching, listings_come_in_pages_and_the_sink_may_call_back) {
    watching->listed = 1000;
    std::uint64_t seen = 0;
    Messages messages(cap);
    ASSERT_TRUE(volume->readdir(as_root, root, 0, fs::WithAttributes::no,
                                [&](const fs::DirectoryEntry& entry) {
                                    EXPECT_EQ(entry.inode, ++seen);
                                    if (seen == 1) {
                                        EXPECT_TRUE(volume->getattr(as_root, root));
                                    }
                                    return true;
                                }));
    EXPECT_EQ(seen, 1000u);
    EXPECT_EQ(messages.count(), 1 + 1000 / protocols::listing_limit + 1);
    seen = 0;
    ASSERT_TRUE(volume->readdir(as_root, root, 0, fs::WithAttributes::no,
                                [&](const fs::DirectoryEntry&) { return ++seen < 3; }));
    EXPECT_EQ(seen, 3u);
    EXPECT_EQ(messages.count(), 1u);
}

TEST_F(RemoteWatching, the_caller_and_its_deadline_arrive) {
    fs::Call call = as_root;
    call.credentials = {.uid = 1000, .gid = 100, .groups = {4, 24, 27}, .umask = 027, .pid = 4711};
    call.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
    ASSERT_TRUE(volume->lookup(call, root, name("7")));
    const fs::Call seen = watching->last_call();
    EXPECT_EQ(seen.credentials.uid, 1000u);
    EXPECT_EQ(seen.credentials.gid, 100u);
    EXPECT_THAT(seen.credentials.groups, ::testing::ElementsAre(4, 24, 27));
    EXPECT_EQ(seen.credentials.umask, 027);
    EXPECT_EQ(seen.credentials.pid, 4711);
    ASSERT_TRUE(seen.deadline);
    ASSERT_TRUE(volume->lookup(as_root, root, name("7")));
    EXPECT_FALSE(watching->last_call().deadline);
}

TEST_F(RemoteWatching, cancelling_reaches_as_far_as_the_call_went) {
    // A server that serves what another one serves.
    Serving between;
    const auto chained = *Volume::open(between.cap(volume));
    const fs::Cookie top = chained->root(as_root)->node;
    std::stop_source stop;
    std::jthread caller([&] {
        fs::Call call = as_root;
        call.token = stop.get_token();
        EXPECT_EQ(chained->lookup(call, top, name("slow")).error(), std::errc::operation_canceled);
    });
    watching->gate.wait_for(1);
    const std::stop_token seen = watching->last_call().token;
    EXPECT_FALSE(seen.stop_requested());
    stop.request_stop();
    while (!seen.stop_requested()) std::this_thread::yield();
    watching->gate.open();
}

TEST_F(RemoteWatching, an_error_arrives_with_its_sentence) {
    const auto entry = volume->lookup(as_root, root, name("refused"));
    ASSERT_FALSE(entry);
    EXPECT_EQ(entry.error(), std::errc::owner_dead);
    EXPECT_EQ(entry.error().sentence(), "the sentence of a volume");
}

TEST_F(RemoteWatching, who_stops_waiting_leaves_his_slice_to_the_server_until_it_is_done) {
    const fs::Cookie node = volume->lookup(as_root, root, name("7"))->node;
    // More calls than there are slices, each at work when it is given up: no other call gets what
    // they may write to, nor is there less for others when they are done.
    Bytes bytes(1U << 20U);
    for (int i = 0; i < 40; ++i) {
        fs::Call late = as_root;
        late.deadline =
            std::chrono::steady_clock::now() + std::chrono::milliseconds(i < 2 ? 50 : 1);
        EXPECT_EQ(volume->read(late, node, 0, bytes).error(), std::errc::timed_out);
    }
    watching->gate.open();
    watching->value = pattern(70'000);
    EXPECT_EQ(*volume->getxattr(as_root, node, "user.x"), watching->value);
    // Once all have been answered, content goes through the buffer again.
    Messages messages(cap);
    do {
        (void)messages.count();
        EXPECT_EQ(*volume->read(as_root, node, 0, bytes), bytes.size());
    } while (messages.count() > 1);
}

TEST_F(RemoteWatching, the_end_of_a_client_closes_and_answers_all_it_had) {
    for (int i = 0; i < 100; ++i) {
        const auto entry = volume->lookup(as_root, root, name(std::to_string(i % 10)));
        ASSERT_TRUE(volume->open(as_root, entry->node, {.read = true, .write = i % 2 == 0}));
    }
    EXPECT_EQ(watching->owed(), 101u);
    EXPECT_EQ(watching->opens(), 100);
    volume.reset();
    cap = nullptr;
    serving.wait_for_channels(0);
    serving.server.reset();
    EXPECT_EQ(watching->owed(), 0u);
    EXPECT_EQ(watching->opens(), 0);
    EXPECT_FALSE(watching->misused());
}

TEST_F(RemoteWatching, a_server_that_dies_ends_every_call_at_once) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&] {
            EXPECT_EQ(volume->lookup(as_root, root, name("slow")).error(),
                      std::errc::connection_reset);
        });
    watching->gate.wait_for(3);
    std::jthread end([&] { serving.server.reset(); });
    threads.clear();
    EXPECT_EQ(volume->getattr(as_root, root).error(), std::errc::connection_reset);
    volume->reclaim(root, 1);
    EXPECT_EQ(volume->type_name(), "watching");
    watching->gate.open();
}

}  // namespace

}  // namespace quire::remote
