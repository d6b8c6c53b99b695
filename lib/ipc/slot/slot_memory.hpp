// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "message/incoming.hpp"
#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::ipc {

// A round trip through a socket wakes two threads that sleep, which takes twenty times as long as
// two processors need to show each other a cache line. So a client that calls often offers its
// server a slot: shared memory for one request and one reply. While the server watches it, a call
// is: write the request, change a word, see the word change, read the reply.
//
// Nobody watches for long, and nobody watches at all whose peer runs on the same processor, where
// it could do nothing meanwhile. Who has watched in vain, or does not watch, sleeps at the word
// (futex(2)) and is woken by whoever changes it, which is still shorter than the way through a
// socket; and that not for long either. The socket stays what everything else goes by: set-up,
// descriptors, large messages, every wait that is not short, and the death of the peer.

/// The word that says whose turn it is. The peer may write there what it likes at any time: every
/// change is a compare-exchange from an expected value, and any other value ends the use of it.
enum class SlotState : std::uint32_t {
    /// The server does not look; calls go by the socket. To `watching` by the server.
    away = 0,
    /// The server looks, or sleeps until it is woken. To `away` by the server, to `posted` by the
    /// client.
    watching = 1,
    /// There is a request. To `answered` or `by_socket` by the server, to `asleep` by the client.
    posted = 2,
    /// There is a reply, and the server looks, or sleeps, for the next request. To `answered_away`
    /// by the server; to `posted` by the client, who has read the reply.
    answered = 3,
    /// There is a reply, and the server looks no more. To `away` by the client.
    answered_away = 4,
    /// There is a request, and the client waits at the socket now, where its reply goes. To
    /// `watching` or `away` by the server, who has sent it.
    asleep = 5,
    /// The reply goes by the socket because the server wants it so. To `away` by the client.
    by_socket = 6,
};

/// Calls that are made in the slot have numbers from here on, others lower ones.
inline constexpr std::uint32_t first_slot_call = 0x80000000;

/// The shared memory of a slot, mapped.
class SlotMemory {
public:
    /// Of a request, and of a reply.
    static constexpr std::size_t area_size = 8192;

    /// New memory, and the descriptor that another process maps it by. Nobody can make it smaller.
    struct Created;
    static Result<Created> create();
    /// Maps what a client offers.
    /// Fails: invalid_argument (it is not as create() makes it, and could make us fault);
    /// not_enough_memory and what else mmap(2) reports.
    static Result<SlotMemory> open(const UniqueFd& descriptor);

    SlotMemory(SlotMemory&& other) noexcept;
    SlotMemory& operator=(SlotMemory&&) = delete;
    ~SlotMemory();

    std::uint32_t state() const { return words_->state.load(std::memory_order_acquire); }
    bool change(SlotState from, SlotState to) {
        auto expected = static_cast<std::uint32_t>(from);
        return words_->state.compare_exchange_strong(expected, static_cast<std::uint32_t>(to),
                                                     std::memory_order_seq_cst);
    }

    /// Whether a side sleeps at the word, or is about to.
    using Sleeper = std::atomic<std::uint32_t>;
    Sleeper& client_sleeper() { return words_->client_sleeps; }
    Sleeper& server_sleeper() { return words_->server_sleeps; }
    /// Sleeps as long as the state is `state`, but not longer than `at_most`; woken early when the
    /// peer pleases. Says whether the state is another.
    bool sleep(Sleeper& self, std::uint32_t state, std::chrono::nanoseconds at_most);
    /// To be called after a change that `other` may sleep for.
    void wake(const Sleeper& other);

    /// Where the client and the server last were. Hints, no more.
    std::atomic<std::uint32_t>& client_processor() { return words_->client_processor; }
    std::atomic<std::uint32_t>& server_processor() { return words_->server_processor; }

    std::span<std::byte> request_area() { return {base_ + areas_begin, area_size}; }
    std::span<std::byte> reply_area() { return {base_ + areas_begin + area_size, area_size}; }

    /// Copies a message out of an area, before anybody looks at it: the peer may still change it.
    /// False when its length cannot be.
    static bool copy_out(std::span<const std::byte> area, Incoming& into);

private:
    /// What a side writes is in a cache line of its own.
    struct Words {
        alignas(64) std::atomic<std::uint32_t> state;
        alignas(64) std::atomic<std::uint32_t> client_processor;
        std::atomic<std::uint32_t> client_sleeps;
        alignas(64) std::atomic<std::uint32_t> server_processor;
        std::atomic<std::uint32_t> server_sleeps;
    };
    static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
    static constexpr std::size_t areas_begin = 4096;
    static constexpr std::size_t size = areas_begin + 2 * area_size;

    explicit SlotMemory(std::byte* base);
    static Result<SlotMemory> map(int fd);

    std::byte* base_ = nullptr;
    Words* words_ = nullptr;
};

struct SlotMemory::Created {
    SlotMemory memory;
    UniqueFd descriptor;
};

}  // namespace quire::ipc
