// SPDX-License-Identifier: MIT

#include "quire/fs/shared_volume.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "quire/fs/tree.hpp"
#include "quire/testing/computed_volume.hpp"

namespace quire::fs {

namespace {

using testing::ComputedVolume;

const Call shared_call = Call::as_root();

std::shared_ptr<ComputedVolume> small_volume(ThreadModel model, int files) {
    std::vector<ComputedVolume::File> all;
    for (int i = 0; i < files; ++i)
        all.push_back({"f" + std::to_string(i), 64, ComputedVolume::offsets()});
    return std::make_shared<ComputedVolume>(std::move(all), model);
}

TEST(SharedVolume, users_take_turns_as_the_thread_model_asks) {
    for (const ThreadModel model : {ThreadModel::serial, ThreadModel::per_node}) {
        const auto volume = small_volume(model, 8);
        {
            const auto shared = SharedVolume::create(volume);
            std::vector<std::jthread> threads;
            for (int thread = 0; thread < 4; ++thread)
                threads.emplace_back([&] {
                    const auto tree = *Tree::open(shared->view());
                    for (int i = 0; i < 400; ++i) {
                        const Path path = *Path::parse("/f" + std::to_string(i % 8));
                        const auto file =
                            *tree->open(shared_call, *tree->walk(shared_call, path), {});
                        std::array<std::byte, 8> memory{};
                        EXPECT_TRUE(file->read(shared_call, 0, memory));
                    }
                });
        }
        EXPECT_FALSE(volume->model_broken());
        EXPECT_EQ(volume->lookups_owed(), 0u);
    }
}

TEST(SharedVolume, lookups_of_one_user_do_not_end_with_those_of_another) {
    const auto volume = small_volume(ThreadModel::serial, 1);
    const auto shared = SharedVolume::create(volume);
    const auto one = shared->view();
    const auto other = shared->view();
    const auto root = one->root(shared_call);
    ASSERT_TRUE(other->root(shared_call));
    EXPECT_EQ(volume->lookups_owed(), 2u);
    other->reclaim(root->node, 1);
    EXPECT_EQ(volume->lookups_owed(), 1u);
    EXPECT_TRUE(one->getattr(shared_call, root->node));
    one->reclaim(root->node, 1);
    EXPECT_EQ(volume->lookups_owed(), 0u);
}

TEST(SharedVolume, a_listing_may_call_back_and_misses_nothing) {
    const auto shared = SharedVolume::create(small_volume(ThreadModel::serial, 600));
    const auto view = shared->view();
    const auto root = *view->root(shared_call);
    std::set<std::string> seen;
    ASSERT_TRUE(view->readdir(shared_call, root.node, 0, WithAttributes::yes,
                              [&](const DirectoryEntry& entry) {
                                  EXPECT_NE(entry.attributes, nullptr);
                                  EXPECT_TRUE(view->getattr(shared_call, root.node));
                                  EXPECT_TRUE(seen.emplace(entry.name).second);
                                  return true;
                              }));
    EXPECT_EQ(seen.size(), 600u);
}

TEST(SharedVolume, is_not_unmounted_under_others) {
    const auto shared = SharedVolume::create(small_volume(ThreadModel::serial, 1));
    const auto one = shared->view();
    auto other = shared->view();
    EXPECT_EQ(one->unmount(shared_call, true).error(), std::errc::device_or_resource_busy);
    other.reset();
    EXPECT_TRUE(one->unmount(shared_call, false));
}

/// A volume that tells of things when it is asked for its statistics.
class TalkingVolume final : public DummyVolume {
public:
    ThreadModel thread_model() const override { return ThreadModel::parallel; }
    bool supports(Operation) const override { return false; }
    std::string_view type_name() const override { return "talking"; }
    Result<Entry> root(const Call&) override { return node(1); }
    Result<Entry> lookup(const Call&, Cookie, const Name&) override {
        return fail(std::errc::no_such_file_or_directory);
    }
    Result<Entry> parent(const Call&, Cookie) override { return node(1); }
    Result<Attributes> getattr(const Call&, Cookie) override { return Attributes{}; }
    Result<void> readdir(const Call&, Cookie, Position, WithAttributes, const EntrySink&) override {
        return {};
    }
    static Entry node(Cookie cookie) {
        Entry entry;
        entry.node = cookie;
        return entry;
    }
    void talk() {
        if (observer() == nullptr) return;
        observer()->invalidate_attributes(1);
        observer()->revoke(2);
    }
};

class Listener final : public Observer {
public:
    void invalidate_name(Cookie, const Name&) override { ++heard; }
    void invalidate_attributes(Cookie) override { ++heard; }
    void invalidate_content(Cookie, block::Range) override { ++heard; }
    void revoke(Cookie) override { ++heard; }
    int heard = 0;
};

TEST(SharedVolume, events_reach_every_observer_as_long_as_it_listens) {
    const auto volume = std::make_shared<TalkingVolume>();
    {
        const auto shared = SharedVolume::create(volume);
        Listener one;
        Listener other;
        const auto view = shared->view();
        {
            const auto second = shared->view();
            view->set_observer(&one);
            second->set_observer(&other);
            volume->talk();
        }
        volume->talk();
        EXPECT_EQ(one.heard, 4);
        EXPECT_EQ(other.heard, 2);
        view->set_observer(nullptr);
        volume->talk();
        EXPECT_EQ(one.heard, 4);
    }
    volume->talk();
}

}  // namespace

}  // namespace quire::fs
