// SPDX-License-Identifier: MIT
//
// Who hears of what, and that those who do not listen cost nobody anything.

#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "events/courier.hpp"
#include "quire/testing/gate.hpp"
#include "tests/kit/event_log.hpp"
#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

using Events = FileGround;

TEST_F(Events, of_a_file_go_to_all_who_have_it_open) {
    const auto one = open("f");
    const auto log = listen(*one);
    const auto modified = listen(*open("g"), protocols::event_modified);
    {
        const auto other = open("f");
        EXPECT_THAT(log->wait_for(1), ElementsAre(Pair(7, protocols::event_opened)));
        ASSERT_TRUE(other->write(in_time, 0, bytes_of("x")));
        log->wait_for(2);
        ASSERT_TRUE(other->set_attributes(in_time, {.which = protocols::change_size, .size = 0}));
        log->wait_for(3);
        ASSERT_TRUE(context->set_attributes(in_time, "f", true,
                                            {.which = protocols::change_size, .size = 10}));
        log->wait_for(4);
    }
    log->wait_for(5);
    ASSERT_TRUE(context->remove(in_time, "f"));
    EXPECT_THAT(log->wait_for(6),
                ElementsAre(Pair(7, protocols::event_opened), Pair(7, protocols::event_modified),
                            Pair(7, protocols::event_modified), Pair(7, protocols::event_modified),
                            Pair(7, protocols::event_closed), Pair(7, protocols::event_removed)));
    EXPECT_TRUE(modified->events().empty());
}

TEST_F(Events, come_when_what_they_tell_of_has_been_done) {
    const auto log = listen(*open("f"), protocols::event_closed);
    const auto held = open("f");
    const auto late = listen(*held, protocols::event_closed);
    const auto other = open("g");
    const auto witness = listen(*other, protocols::event_modified);
    std::vector<std::size_t> told;
    bool closing = false;
    const Hooked hooked = set_hook([&](fs::Operation operation, fs::Cookie) -> Result<void> {
        if (operation != fs::Operation::close || !std::exchange(closing, false)) return {};
        // What is posted by now is told before the second of these.
        for (std::size_t i = 1; i <= 2; ++i) {
            EXPECT_TRUE(other->write(in_time, 0, bytes_of("x")));
            witness->wait_for(i);
        }
        told.push_back(late->events().size());
        return {};
    });
    auto closed = open("f");
    closing = true;
    closed = {};
    EXPECT_THAT(told, ElementsAre(0u));
    late->wait_for(1);
    EXPECT_TRUE(log->events().empty()) << "who has gone hears no more";
}

TEST_F(Events, are_those_that_were_asked_for) {
    const auto held = open("f");
    const auto log = listen(*held, protocols::event_removed, 3);
    ASSERT_TRUE(open("f")->write(in_time, 0, bytes_of("x")));
    file("g");
    ASSERT_TRUE(context->rename(in_time, "g", "f", 0));
    EXPECT_THAT(log->wait_for(1), ElementsAre(Pair(3, protocols::event_removed)));
    EXPECT_EQ(code_of(held->subscribe(in_time, {}, protocols::event_overflow, 0)),
              std::errc::invalid_argument);
}

TEST_F(Events, of_removal_come_with_the_last_name) {
    const auto held = open("f");
    ASSERT_TRUE(context->link(in_time, "f", true, "g"));
    const auto log = listen(*held, protocols::event_removed | protocols::event_modified);
    ASSERT_TRUE(context->remove(in_time, "f"));
    ASSERT_TRUE(held->write(in_time, 0, bytes_of("x")));
    EXPECT_THAT(log->wait_for(1), ElementsAre(Pair(7, protocols::event_modified)));
    ASSERT_TRUE(context->remove(in_time, "g"));
    EXPECT_THAT(log->wait_for(2),
                ElementsAre(Pair(7, protocols::event_modified), Pair(7, protocols::event_removed)));
}

TEST_F(Events, of_a_directory_are_changes_of_names) {
    ASSERT_TRUE(context->mkdir(in_time, "d", 0755));
    ASSERT_TRUE(context->mkdir(in_time, "e", 0755));
    const auto directory = context->open_directory(in_time, "d", 1, false)->directory;
    const auto log = listen(*directory);
    std::size_t told = 0;
    file("d/f");
    log->wait_for(++told);
    ASSERT_TRUE(context->mkdir(in_time, "d/g", 0755));
    log->wait_for(++told);
    ASSERT_TRUE(context->link(in_time, "d/f", true, "d/h"));
    log->wait_for(++told);
    ASSERT_TRUE(context->rename(in_time, "d/f", "e/f", 0));
    log->wait_for(++told);
    ASSERT_TRUE(context->rename(in_time, "e/f", "d/f", 0));
    log->wait_for(++told);
    ASSERT_TRUE(context->symlink(in_time, "x", "d/l"));
    log->wait_for(++told);
    ASSERT_TRUE(context->mknod(in_time, "d/p", protocols::FileType::fifo, 0644, {}));
    log->wait_for(++told);
    for (const char* name : {"d/f", "d/h", "d/l", "d/p"}) {
        ASSERT_TRUE(context->remove(in_time, name));
        log->wait_for(++told);
    }
    ASSERT_TRUE(context->remove_directory(in_time, "d/g"));
    const auto events = log->wait_for(++told);
    EXPECT_THAT(events, ::testing::Each(Pair(7, protocols::event_modified)));
    EXPECT_EQ(events.size(), told);
    ASSERT_TRUE(context->remove_directory(in_time, "d"));
    EXPECT_EQ(log->wait_for(told + 1).back().second, protocols::event_removed);
}

TEST_F(Events, end_with_the_subscription) {
    const auto held = open("f");
    const auto writer = open("f");
    const auto first = listen(*held, protocols::event_modified);
    const auto second = listen(*held, protocols::event_modified, 8);
    ASSERT_TRUE(writer->write(in_time, 0, bytes_of("x")));
    second->wait_for(1);
    EXPECT_TRUE(first->events().empty());
    ASSERT_TRUE(held->subscribe(in_time, {}, everything, 0));
    const auto witness = listen(*writer, protocols::event_modified);
    ASSERT_TRUE(writer->write(in_time, 0, bytes_of("y")));
    witness->wait_for(1);
    EXPECT_EQ(second->events().size(), 1u);
}

// The end of a notifier is its owner's code, which may subscribe as well.
TEST_F(Events, may_be_asked_for_at_the_end_of_who_had_them_before) {
    struct Successor final : protocols::Notifier {
        explicit Successor(std::function<void()> then) : at_end(std::move(then)) {}
        ~Successor() override { at_end(); }
        void notify(const ipc::Call&, std::uint64_t, std::uint32_t) override {}
        std::function<void()> at_end;
    };
    const auto held = open("f");
    std::shared_ptr<EventLog> log;
    ASSERT_TRUE(held->subscribe(in_time,
                                ipc::Cap<protocols::Notifier>(std::make_shared<Successor>(
                                    [&] { log = listen(*held, protocols::event_modified); })),
                                everything, 1));
    const auto replaced = listen(*held, everything, 8);
    ASSERT_NE(log, nullptr);
    ASSERT_TRUE(open("f")->write(in_time, 0, bytes_of("x")));
    // The later of the two is the one in whose end the other was asked for.
    EXPECT_THAT(log->wait_for(1), ElementsAre(Pair(7, protocols::event_modified)));
    EXPECT_TRUE(replaced->events().empty());
}

TEST_F(Events, are_asked_for_by_several_at_once) {
    const auto held = open("f");
    std::vector<std::weak_ptr<EventLog>> replaced;
    std::mutex mutex;
    {
        std::vector<std::jthread> threads;
        for (std::uint64_t thread = 0; thread < 4; ++thread)
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 500; ++i) {
                    const auto log = listen(*held, everything, thread);
                    const std::lock_guard lock(mutex);
                    replaced.push_back(log);
                }
            });
    }
    const auto last = listen(*held, protocols::event_modified);
    for (const auto& log : replaced) EXPECT_TRUE(log.expired());
    ASSERT_TRUE(open("f")->write(in_time, 0, bytes_of("x")));
    EXPECT_THAT(last->wait_for(1), ElementsAre(Pair(7, protocols::event_modified)));
}

/// A process that opens a file, hears of it, and says what it heard. It is made first, because who
/// has threads already should not make processes that have some.
class ListeningProcess {
protected:
    ListeningProcess() {
        int ends[2];
        int words[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        EXPECT_EQ(::pipe2(words, O_CLOEXEC), 0);
        channel = UniqueFd(ends[0]);
        heard_ = UniqueFd(words[0]);
        UniqueFd theirs(ends[1]);
        UniqueFd says(words[1]);
        child_ = ::fork();
        if (child_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        channel.reset();
        say(says, 1, hear(std::move(theirs), says) ? 1 : 0);
        ::_exit(0);
    }
    ~ListeningProcess() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }

    static constexpr std::size_t expected = 3;

    /// What it says next: a source and events. Nothing: it has ended.
    EventLog::Event next_word() const {
        EventLog::Event word{};
        if (::read(heard_.get(), &word, sizeof(word)) != sizeof(word)) return {};
        return word;
    }

    UniqueFd channel;

private:
    static void say(const UniqueFd& to, std::uint64_t source, std::uint32_t events) {
        const EventLog::Event word(source, events);
        if (::write(to.get(), &word, sizeof(word)) != sizeof(word)) ::_exit(1);
    }
    static bool hear(UniqueFd its_channel, const UniqueFd& says) {
        ipc::Server listener = *ipc::Server::create();
        const auto there = ipc::adopt<OpenerContext>(std::move(its_channel), listener.home());
        if (!there) return false;
        const auto held = (*there)->open(in_time, "f", to_make, 0644, 0);
        if (!held) return false;
        const auto log = listen(*held->file, everything, 9);
        say(says, 0, 0);  // it listens
        for (const auto& [source, events] : log->wait_for(expected)) say(says, source, events);
        listener.stop(std::chrono::steady_clock::now());
        return !::testing::Test::HasFailure();
    }

    UniqueFd heard_;
    pid_t child_ = -1;
};

class EventsElsewhere : public ListeningProcess, public FileGround {};

TEST_F(EventsElsewhere, reach_another_process) {
    ASSERT_TRUE(carrier.adopt(std::move(channel), ipc::AnyCap(context)));
    ASSERT_EQ(next_word(), EventLog::Event(0, 0));
    ASSERT_TRUE(open("f")->write(in_time, 0, bytes_of("x")));
    EXPECT_EQ(next_word(), EventLog::Event(9, protocols::event_opened));
    EXPECT_EQ(next_word(), EventLog::Event(9, protocols::event_modified));
    EXPECT_EQ(next_word(), EventLog::Event(9, protocols::event_closed));
    EXPECT_EQ(next_word(), EventLog::Event(1, 1)) << "it ends well";
}

// One subscriber is stuck in its notifier, another one is dead, a third never reads what it is sent.
TEST_F(Events, for_those_who_do_not_listen_cost_nobody_anything) {
    struct Stuck final : protocols::Notifier {
        void notify(const ipc::Call&, std::uint64_t, std::uint32_t events) override {
            gate.pass();
            seen |= events;
        }
        testing::Gate gate;
        std::atomic<std::uint32_t> seen = 0;
    };
    const auto stuck = std::make_shared<Stuck>();
    ipc::Server listener = *ipc::Server::create();
    auto dead = std::make_unique<ipc::Server>(*ipc::Server::create());
    const auto there = across(context, listener.home());
    const auto of_dead = across(context, dead->home());
    const auto one = there->open(in_time, "f", to_make, 0644, 0)->file;
    const auto two = of_dead->open(in_time, "f", to_make, 0644, 0)->file;
    const auto three = open("f");
    ASSERT_TRUE(one->subscribe(in_time, ipc::Cap<protocols::Notifier>(stuck), everything, 1));
    ASSERT_TRUE(two->subscribe(in_time, ipc::Cap<protocols::Notifier>(std::make_shared<EventLog>()),
                               everything, 2));
    dead->stop(std::chrono::steady_clock::now());
    dead.reset();
    const auto witness = listen(*three);

    // Far more than any queue between here and there takes.
    const auto writer = open("g");
    constexpr int many = 3000;
    for (int i = 0; i < many; ++i) {
        const auto other = open("f");
        ASSERT_TRUE(other->write(in_time, 0, bytes_of("x")));
    }
    ASSERT_TRUE(context->remove(in_time, "f"));
    witness->wait_for_bits(protocols::event_removed);
    EXPECT_EQ(stuck->seen, 0u);
    stuck->gate.open();
    listener.stop(std::chrono::steady_clock::now());
}

TEST(Courier, keeps_what_cannot_be_told_within_bounds) {
    struct Slow final : protocols::Notifier {
        void notify(const ipc::Call&, std::uint64_t, std::uint32_t events) override {
            gate.pass();
            log.notify(in_time, 0, events);
        }
        testing::Gate gate;
        EventLog log;
    };
    const auto slow = std::make_shared<Slow>();
    Courier courier;
    const auto subscription =
        std::make_shared<Subscription>(ipc::Cap<protocols::Notifier>(slow), everything, 1);
    courier.post(subscription, protocols::event_opened);
    slow->gate.wait_for(1);
    for (int i = 0; i < 100; ++i)
        courier.post(subscription,
                     i % 2 == 0 ? protocols::event_modified : protocols::event_closed);
    courier.post(subscription, protocols::event_removed);
    slow->gate.open();
    const auto told = slow->log.wait_for(1 + Courier::queue_limit);
    ASSERT_EQ(told.size(), 1 + Courier::queue_limit);
    EXPECT_EQ(told[0].second, protocols::event_opened);
    for (std::size_t i = 1; i < Courier::queue_limit; ++i)
        EXPECT_EQ(told[i].second, i % 2 == 1 ? protocols::event_modified : protocols::event_closed);
    EXPECT_EQ(told.back().second, protocols::event_overflow | protocols::event_modified |
                                      protocols::event_closed | protocols::event_removed);
}

TEST(Courier, tells_what_repeats_once_while_it_waits_and_again_later) {
    const auto log = std::make_shared<EventLog>();
    Courier courier;
    const auto subscription =
        std::make_shared<Subscription>(ipc::Cap<protocols::Notifier>(log), everything, 1);
    for (std::size_t i = 1; i <= 3; ++i) {
        courier.post(subscription, protocols::event_modified);
        log->wait_for(i);
    }
    courier.end(subscription);
    courier.post(subscription, protocols::event_modified);
    EXPECT_EQ(log->events().size(), 3u);
    EXPECT_EQ(courier.busy(), 0u);
}

// What ends with the last event may be the courier itself.
TEST(Courier, may_end_from_its_own_thread) {
    struct Owner final : protocols::Notifier {
        void notify(const ipc::Call&, std::uint64_t, std::uint32_t) override {
            courier.reset();
            ended.open();
        }
        std::unique_ptr<Courier> courier = std::make_unique<Courier>();
        testing::Gate ended;
    };
    const auto owner = std::make_shared<Owner>();
    owner->courier->post(
        std::make_shared<Subscription>(ipc::Cap<protocols::Notifier>(owner), everything, 1),
        protocols::event_modified);
    owner->ended.pass();
}

}  // namespace
}  // namespace quire::server
