// SPDX-License-Identifier: MIT

#include "pool/life.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <new>
#include <system_error>

#include "quire/memory/layout.hpp"

namespace quire::paging {

namespace {

std::atomic<std::uint32_t>& word_of(const Segment& segment) {
    return *reinterpret_cast<std::atomic<std::uint32_t>*>(segment.data());
}
static_assert(server_died == FUTEX_OWNER_DIED);

}  // namespace

Result<std::unique_ptr<Life>> Life::begin() {
    QUIRE_TRY_ASSIGN(std::unique_ptr<Segment> segment, Segment::create(life_segment_size));
    QUIRE_TRY(segment->populate(0, life_segment_size));
    new (segment->data()) std::atomic<std::uint32_t>(0);
    std::unique_ptr<Life> life(new Life(std::move(segment)));
    // Signals are for others to hear.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        life->thread_ = std::jthread([&self = *life] { self.live(); });
    } catch (const std::system_error&) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return fail(std::errc::resource_unavailable_try_again, "no thread can be made");
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    life->began_.wait(0);
    if (life->began_ < 0)
        return fail(std::errc::function_not_supported, "set_robust_list(2) is refused");
    return life;
}

// The list has one node, here, from which the kernel finds the word by their distance: no address
// of this process is to be seen in shared memory. libc's own list for this thread is lost by that;
// it is for robust mutexes, and this thread locks none.
void Life::live() {
    robust_list_head head{};
    robust_list node{};
    node.next = &head.list;
    head.list.next = &node;
    auto& word = word_of(*segment_);
    head.futex_offset = reinterpret_cast<char*>(&word) - reinterpret_cast<char*>(&node);
    word = static_cast<std::uint32_t>(::gettid());
    const bool listed = ::syscall(SYS_set_robust_list, &head, sizeof(head)) == 0;
    began_ = listed ? 1 : -1;
    began_.notify_one();
    if (listed) ended_.wait(false);
    word.fetch_or(server_died);
    head.list.next = &head.list;
}

Life::~Life() {
    ended_ = true;
    ended_.notify_one();
}

}  // namespace quire::paging
