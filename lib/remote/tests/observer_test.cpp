// SPDX-License-Identifier: MIT

// Events of a volume on their way to clients.

#include <condition_variable>
#include <mutex>

#include "tests/serving.hpp"
#include "tests/watching_volume.hpp"

namespace quire::remote {

namespace {

const fs::Call root_call = fs::Call::as_root();

/// Writes down what it hears.
class Diary final : public fs::Observer {
public:
    void invalidate_name(fs::Cookie directory, const Name& name) override {
        add("name " + std::to_string(directory) + " " + name.text());
    }
    void invalidate_attributes(fs::Cookie node) override {
        add("attributes " + std::to_string(node));
    }
    void invalidate_content(fs::Cookie node, block::Range range) override {
        add("content " + std::to_string(node) + " " + std::to_string(range.offset) + "+" +
            std::to_string(range.length));
    }
    void revoke(fs::Cookie node) override { add("revoke " + std::to_string(node)); }

    std::vector<std::string> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return entries_.size() >= count; });
        return entries_;
    }

private:
    void add(std::string entry) {
        const std::scoped_lock lock(mutex_);
        entries_.push_back(std::move(entry));
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> entries_;
};

TEST(Events, reach_every_client_that_holds_the_node_in_their_order) {
    Serving serving;
    const auto watching = std::make_shared<WatchingVolume>();
    const auto shared = fs::SharedVolume::create(watching);
    Diary one_diary;
    Diary other_diary;
    const auto client = [&] {
        return *Volume::open(serving.serve<protocols::Volume>(
            std::make_shared<VolumeObject>(*shared, wire::Account::alone())));
    };
    const auto one = client();
    const auto other = client();
    one->set_observer(&one_diary);
    other->set_observer(&other_diary);
    ASSERT_TRUE(one->root(root_call));
    ASSERT_TRUE(one->lookup(root_call, 1, *Name::parse("6")));
    ASSERT_TRUE(other->root(root_call));

    fs::Observer& hub = *watching->observer();
    hub.invalidate_content(7, {4096, 512});
    hub.invalidate_attributes(1);
    hub.invalidate_name(1, *Name::parse("6"));
    hub.revoke(7);
    hub.revoke(99);
    hub.revoke(1);
    using Entries = std::vector<std::string>;
    EXPECT_EQ(one_diary.wait_for(5),
              (Entries{"content 7 4096+512", "attributes 1", "name 1 6", "revoke 7", "revoke 1"}));
    EXPECT_EQ(other_diary.wait_for(3), (Entries{"attributes 1", "name 1 6", "revoke 1"}));
    one->set_observer(nullptr);
    other->set_observer(nullptr);
    hub.revoke(1);
}

TEST(Events, that_cannot_arrive_shorten_what_may_be_kept) {
    Serving serving;
    // A client of a program that serves nothing.
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    ASSERT_TRUE(serving.server->adopt(
        UniqueFd(ends[1]), ipc::Cap<protocols::Volume>(VolumeObject::over(
                               std::make_shared<WatchingVolume>(), wire::Account::alone()))));
    const auto volume = *Volume::open(*ipc::adopt<protocols::Volume>(UniqueFd(ends[0])));
    EXPECT_EQ(volume->root(root_call)->name_lifetime, fs::until_invalidated);
    Diary diary;
    volume->set_observer(&diary);
    EXPECT_EQ(volume->root(root_call)->name_lifetime, fs::Lifetime::zero());
    EXPECT_EQ(volume->root(root_call)->attribute_lifetime, fs::Lifetime::zero());
}

/// An observer that does not come back before it is let go.
class StuckObserver final : public virtual protocols::VolumeObserver {
public:
    explicit StuckObserver(testing::Gate& gate) : gate_(gate) {}
    void invalidate_name(const ipc::Call&, std::uint64_t, std::string_view) override {}
    void invalidate_attributes(const ipc::Call&, std::uint64_t) override { gate_.pass(); }
    void invalidate_content(const ipc::Call&, std::uint64_t, const protocols::Range&) override {}
    void revoke(const ipc::Call&, std::uint64_t) override {}

private:
    testing::Gate& gate_;
};

TEST(Events, of_a_client_that_does_not_read_them_end_its_session_and_no_other) {
    const auto watching = std::make_shared<WatchingVolume>();
    const auto shared = fs::SharedVolume::create(watching);
    testing::Gate gate;
    VolumeObject object(*shared, wire::Account::alone(), 10);
    VolumeObject other(*shared, wire::Account::alone());
    ASSERT_TRUE(object.root(patient, {}));
    ASSERT_TRUE(other.root(patient, {}));
    ASSERT_TRUE(object.set_observer(patient, std::make_shared<StuckObserver>(gate)));
    watching->observer()->invalidate_attributes(1);
    gate.wait_for(1);
    for (int i = 0; i < 10; ++i) watching->observer()->invalidate_attributes(1);
    EXPECT_TRUE(object.getattr(patient, {}, 1));
    watching->observer()->invalidate_attributes(1);
    EXPECT_EQ(object.getattr(patient, {}, 1).error(), std::errc::connection_reset);
    EXPECT_TRUE(other.getattr(patient, {}, 1));
    gate.open();
}

}  // namespace

}  // namespace quire::remote
