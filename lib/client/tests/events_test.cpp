// SPDX-License-Identifier: MIT

#include <thread>

#include "client_ground.hpp"

namespace quire::client {
namespace {

using EventsOfFiles = ClientGround;
QUIRE_BOTH_WAYS(EventsOfFiles);

constexpr std::uint32_t all_events = protocols::event_opened | protocols::event_modified |
                                     protocols::event_closed | protocols::event_removed;
const ipc::Call patient = ipc::Call::forever();

// What `source` tells until it has told all of `bits`.
std::uint32_t heard(EventQueue& queue, std::uint64_t source, std::uint32_t bits) {
    std::uint32_t events = 0;
    while ((events & bits) != bits) {
        const auto event = queue.wait(patient);
        EXPECT_TRUE(event);
        EXPECT_EQ(event->source, source);
        events |= event->events;
    }
    return events;
}

TEST_P(EventsOfFiles, come_to_who_subscribed) {
    make("f", "");
    EventQueue queue;
    EXPECT_FALSE(queue.poll());
    File file = open("f", "r");
    ASSERT_TRUE(file.subscribe(queue, all_events, 7));
    File other = open("f", "w");
    EXPECT_NE(heard(queue, 7, protocols::event_opened), 0u);
    EXPECT_TRUE(other.write(bytes_of("x")));
    EXPECT_TRUE(other.close());
    heard(queue, 7, protocols::event_modified | protocols::event_closed);
    EXPECT_TRUE(context->remove("f"));
    heard(queue, 7, protocols::event_removed);
    EXPECT_TRUE(file.unsubscribe());
    heard(queue, 7, protocols::event_ended);
    EXPECT_EQ(code_of(file.subscribe(queue, 1U << 20U, 7)), std::errc::invalid_argument);
}

TEST_P(EventsOfFiles, of_directories_tell_of_names) {
    ASSERT_TRUE(context->mkdir("d"));
    auto directory = *context->open_directory("d");
    EventQueue queue;
    ASSERT_TRUE(directory.subscribe(queue, protocols::event_modified, 3));
    make("d/f", "");
    EXPECT_EQ(heard(queue, 3, protocols::event_modified), protocols::event_modified);
    EXPECT_TRUE(directory.unsubscribe());
    heard(queue, 3, protocols::event_ended);
    directory.close();
    EXPECT_EQ(code_of(directory.subscribe(queue, protocols::event_modified, 3)),
              std::errc::bad_file_descriptor);
}

TEST_P(EventsOfFiles, end_with_their_file) {
    make("f", "");
    EventQueue queue;
    {
        File file = open("f", "r");
        ASSERT_TRUE(file.subscribe(queue, protocols::event_removed, 1));
    }
    heard(queue, 1, protocols::event_ended);
}

TEST_P(EventsOfFiles, are_waited_for_as_long_as_one_likes) {
    EventQueue queue;
    EXPECT_EQ(code_of(queue.wait(ipc::Call::within(std::chrono::milliseconds(1)))),
              std::errc::timed_out);
    std::stop_source stop;
    std::jthread waiting([&] {
        EXPECT_EQ(code_of(queue.wait(patient.cancelled_by(stop.get_token()))),
                  std::errc::operation_canceled);
    });
    stop.request_stop();
}

TEST_P(EventsOfFiles, of_one_source_are_put_together_and_no_queue_grows_for_ever) {
    EventQueue queue;
    const auto one = there(queue.notifier(1));
    const auto two = queue.notifier(2);
    const auto in_process = queue.notifier(1);
    in_process->notify(patient, 1, protocols::event_opened);
    in_process->notify(patient, 99, protocols::event_closed);
    EXPECT_EQ(*queue.poll(), (Event{1, protocols::event_opened | protocols::event_closed}));
    for (std::size_t i = 0; i < EventQueue::limit; ++i) {
        two->notify(patient, 2, protocols::event_modified);
        in_process->notify(patient, 1, protocols::event_modified);
    }
    std::size_t count = 0;
    Event last;
    while (const auto event = queue.poll()) {
        last = *event;
        ++count;
    }
    EXPECT_EQ(count, EventQueue::limit);
    EXPECT_NE(last.events & protocols::event_overflow, 0u);
    one->notify(patient, 1, protocols::event_opened);
    heard(queue, 1, protocols::event_opened);
}

TEST_P(EventsOfFiles, of_a_full_queue_are_told_of_their_own_source) {
    EventQueue queue;
    const auto one = queue.notifier(1);
    const auto two = queue.notifier(2);
    auto three = queue.notifier(3);
    for (std::size_t i = 0; i < EventQueue::limit; ++i)
        (i % 2 == 0 ? one : two)->notify(patient, 0, protocols::event_modified);
    one->notify(patient, 1, protocols::event_removed);
    three = {};  // its end
    std::vector<Event> events;
    while (const auto event = queue.poll()) events.push_back(*event);
    ASSERT_EQ(events.size(), EventQueue::limit + 1);
    EXPECT_EQ(events.back(), (Event{3, protocols::event_ended}));
    EXPECT_EQ(events[EventQueue::limit - 1], (Event{2, protocols::event_modified}));
    EXPECT_EQ(events[EventQueue::limit - 2],
              (Event{1, protocols::event_modified | protocols::event_removed |
                            protocols::event_overflow}));
}

TEST_P(EventsOfFiles, end_with_the_server) {
    if (GetParam() == Way::in_process) GTEST_SKIP() << "there is no server to end";
    make("f", "");
    EventQueue queue;
    File file = open("f", "r");
    ASSERT_TRUE(file.subscribe(queue, protocols::event_removed, 1));
    carrier.reset();
    heard(queue, 1, protocols::event_ended);
    EXPECT_EQ(code_of(file.subscribe(queue, protocols::event_removed, 1)),
              std::errc::connection_reset);
}

}  // namespace
}  // namespace quire::client
