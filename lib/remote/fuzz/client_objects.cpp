// SPDX-License-Identifier: MIT

// Messages to the objects that a client hands to servers, as a server sends them that is hostile: the
// observer of a remote volume, and the receivers of two subscriptions of an event queue. Before each
// (see fuzz_messages.hpp) a byte says which of them it is for. What the client makes of them is bounded
// and makes sense: names are names, ranges end, and each event is of the subscription that it came to.

#include <cstdint>
#include <limits>
#include <span>

#include "client/listener.hpp"
#include "quire/client/events.hpp"
#include "quire/testing/fuzz_messages.hpp"

namespace {

using namespace quire;

constexpr std::uint64_t first_source = 7;
constexpr std::uint64_t second_source = 8;
constexpr std::uint32_t notifier_opcode = 96;
constexpr std::uint32_t observer_opcode = 192;

/// Who keeps what a volume says.
class Keeper final : public fs::Observer {
public:
    void invalidate_name(fs::Cookie, const Name& name) override {
        testing::fuzz_expect(Name::parse(name.view()).has_value());
        ++told;
    }
    void invalidate_attributes(fs::Cookie) override { ++told; }
    void invalidate_content(fs::Cookie, block::Range range) override {
        testing::fuzz_expect(range.length <=
                             std::numeric_limits<std::uint64_t>::max() - range.offset);
        ++told;
    }
    void revoke(fs::Cookie) override { ++told; }

    std::size_t told = 0;
};

/// Everything that waits. Answers how much of it was an end.
std::size_t ends_in(client::EventQueue& queue, std::size_t most) {
    std::size_t ends = 0;
    std::size_t count = 0;
    while (const auto event = queue.poll()) {
        testing::fuzz_expect(event->source == first_source || event->source == second_source);
        if ((event->events & protocols::event_ended) != 0) ++ends;
        ++count;
    }
    testing::fuzz_expect(count <= most);
    return ends;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    remote::Listener listener;
    Keeper keeper;
    listener.set(&keeper);
    client::EventQueue queue;
    std::size_t messages = 0;
    {
        const ipc::Cap<protocols::Notifier> first = queue.notifier(first_source);
        const ipc::Cap<protocols::Notifier> second = queue.notifier(second_source);
        std::span input(data, size);
        bool goes_on = true;
        while (goes_on && !input.empty()) {
            const std::uint8_t whose = input.front();
            input = input.subspan(1);
            if (whose % 3 == 0)
                goes_on = testing::dispatch_message<protocols::VolumeObserver>(
                    listener, observer_opcode, input);
            else
                goes_on = testing::dispatch_message<protocols::Notifier>(
                    whose % 3 == 1 ? *first : *second, notifier_opcode, input);
            ++messages;
        }
        testing::fuzz_expect(keeper.told <= messages);
        (void)ends_in(queue, messages);
    }
    testing::fuzz_expect(ends_in(queue, 2) == 2);
    // Who has stopped listening hears nothing.
    listener.set(nullptr);
    const std::size_t told = keeper.told;
    listener.revoke(ipc::Call::forever(), 1);
    testing::fuzz_expect(keeper.told == told);
    return 0;
}
