// SPDX-License-Identifier: MIT

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "client/channel.hpp"
#include "tests/kit/child.hpp"
#include "tests/kit/other_program.hpp"
#include "tests/kit/serving.hpp"

namespace quire::ipc {

namespace {

/// Random sequences of everything that can be done with capabilities, beside a model of what each
/// party was granted: whatever they do, nobody reaches an object that it was not given, or changes
/// one that it was given for reading only.
///
/// Counters tell who they are: the upper half of their value never changes.
class Authority : public ::testing::TestWithParam<unsigned> {
protected:
    static constexpr std::uint64_t one_object = std::uint64_t{1} << 32;

    struct Held {
        Cap<Counter> cap;
        std::uint64_t object = 0;
        bool may_add = false;
        /// It goes on working in a forked child.
        bool is_gate = false;
    };
    struct Party {
        Cap<Sample> root;
        std::vector<Held> held;
    };

    unsigned pick(std::size_t count) { return static_cast<unsigned>(random_() % count); }
    Held* pick_held(Party& party) {
        return party.held.empty() ? nullptr : &party.held[pick(party.held.size())];
    }

    void make(Party& party) {
        const std::uint64_t object = ++objects_ * one_object;
        values_[object] = 0;
        auto cap = party.root->make_counter(any_time, object);
        ASSERT_TRUE(cap);
        party.held.push_back({*cap, object, true, false});
    }
    void derive(Party& party) {
        const Held* const held = pick_held(party);
        if (held == nullptr) return;
        auto cap = party.root->read_only(any_time, held->cap);
        ASSERT_TRUE(cap) << cap.error().message();
        party.held.push_back({*cap, held->object, false, false});
    }
    /// Through the server, where the receiver fetches it.
    void hand_over(Party& from, Party& to) {
        const Held* const held = pick_held(from);
        if (held == nullptr) return;
        const Held copy = *held;
        ASSERT_TRUE(from.root->keep(any_time, copy.cap));
        auto cap = to.root->kept(any_time);
        ASSERT_TRUE(cap);
        ASSERT_TRUE(from.root->keep(any_time, {}));
        // Given back to its own server, it is an object of that again; the other way a gate.
        to.held.push_back({*cap, copy.object, copy.may_add, (*cap)->remote()->gate() != nullptr});
    }
    /// As a program that is started gets it.
    void pass_gate(Party& from, Party& to) {
        const Held* const held = pick_held(from);
        if (held == nullptr) return;
        auto gate = gate_of(AnyCap(held->cap), any_time);
        ASSERT_TRUE(gate);
        to.held.push_back(
            {*cap_of_gate<Counter>(std::move(*gate)), held->object, held->may_add, true});
    }
    void drop(Party& party) {
        if (party.held.empty()) return;
        party.held.erase(party.held.begin() + pick(party.held.size()));
    }
    void use(Party& party) {
        Held* const held = pick_held(party);
        if (held == nullptr) return;
        held->cap->add(any_time, 1);
        if (held->may_add) ++values_[held->object];
        const auto value = held->cap->value(any_time);
        ASSERT_TRUE(value) << value.error().message();
        ASSERT_EQ(*value, held->object + values_[held->object]);
    }
    /// With numbers of which the party does not know that they are anything.
    void forge(Party& party) {
        const auto channel = party.root->remote()->channel();
        const std::uint32_t number = 1 + pick(80);
        for (const Held& held : party.held) {
            if (held.cap->remote()->channel() == channel && held.cap->remote()->number() == number)
                return;
        }
        if (number == party.root->remote()->number()) return;
        Encoder amount;
        amount.put(std::uint64_t{1});
        ASSERT_TRUE(channel->send(any_time, number, 102, std::move(amount)));
        const auto reply = channel->call(any_time, number, 101, Encoder(), nullptr);
        ASSERT_TRUE(reply);
        ASSERT_EQ((*reply)->header.opcode, static_cast<std::uint32_t>(EBADF));
        Request give = party.root->remote()->request();
        give.encoder().put(std::uint32_t{2});
        give.encoder().put(number);
        const auto given = party.root->remote()->call(any_time, 6, std::move(give));
        ASSERT_FALSE(given);
        ASSERT_EQ(given.error(), std::errc::bad_file_descriptor);
    }
    void fork_and_use(Party& party) {
        Child child([&] {
            for (const Held& held : party.held) {
                const auto value = held.cap->value(any_time);
                if (held.is_gate) {
                    child_check(value.has_value(), "a gate in a child");
                    child_check(*value == held.object + values_[held.object], "its object");
                } else {
                    child_check(!value && value.error() == std::errc::connection_reset,
                                "an object of the parent's channel");
                }
            }
        });
        ASSERT_TRUE(child.succeeded());
    }

    void start_program(Party& party) {
        const Held* const held = pick_held(party);
        if (held == nullptr) return;
        const auto gate = gate_of(AnyCap(held->cap), any_time);
        ASSERT_TRUE(gate);
        const std::uint64_t value = held->object + values_[held->object];
        ASSERT_TRUE(run_other_program(
            (held->may_add ? "may add to " : "may read ") + std::to_string(value), gate->get()));
        if (held->may_add) ++values_[held->object];
    }

    /// Whoever holds a capability that can only be read sees what others change.
    void check_everything() {
        for (const Party& party : parties_) {
            for (const Held& held : party.held) {
                ASSERT_EQ(held.cap->value(any_time), held.object + values_[held.object]);
            }
        }
    }

    std::mt19937 random_{GetParam()};
    Serving serving_;
    std::vector<Party> parties_;
    std::map<std::uint64_t, std::uint64_t> values_;
    std::uint64_t objects_ = 0;
};

TEST_P(Authority, never_exceeds_what_was_granted) {
    // Parties of one server share its mailbox; each has a channel of its own.
    const Cap<Sample> mailbox = serving_.sample();
    for (int i = 0; i < 3; ++i) parties_.push_back({serving_.connect(mailbox), {}});
    for (int step = 0; step < 400; ++step) {
        Party& party = parties_[pick(parties_.size())];
        Party& another = parties_[pick(parties_.size())];
        switch (pick(16)) {
            case 0:
            case 1:
                make(party);
                break;
            case 2:
                derive(party);
                break;
            case 3:
            case 4:
                hand_over(party, another);
                break;
            case 5:
                pass_gate(party, another);
                break;
            case 6:
            case 7:
            case 8:
                drop(party);
                break;
            case 9:
                forge(party);
                break;
            case 10:
                if (step % 4 == 0) fork_and_use(party);
                break;
            case 11:
                if (step % 4 == 0) start_program(party);
                break;
            default:
                use(party);
        }
        if (HasFatalFailure()) return;
    }
    check_everything();
    for (Party& party : parties_) party.held.clear();
    serving_.wait_until([this] {
        const Snapshot now = serving_.server.snapshot();
        return serving_.world->counters == 0 && now.gates.empty() &&
               now.channels.size() == parties_.size();
    });
    EXPECT_EQ(serving_.server.snapshot().expelled_channels, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Authority, ::testing::Range(1U, 7U));

}  // namespace

}  // namespace quire::ipc
