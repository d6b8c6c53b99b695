// SPDX-License-Identifier: MIT

#include "server/collector.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "server/core.hpp"
#include "system/sockets.hpp"

namespace quire::ipc {

Result<std::shared_ptr<Collector>> Collector::create(ServerCore& core,
                                                     std::chrono::milliseconds interval) {
    UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!timer) return fail_errno();
    const auto milliseconds = std::max<std::int64_t>(interval.count(), 1);
    timespec time{};
    time.tv_sec = static_cast<time_t>(milliseconds / 1000);
    time.tv_nsec = static_cast<long>(milliseconds % 1000 * 1'000'000);
    const itimerspec periodic{time, time};
    if (::timerfd_settime(timer.get(), 0, &periodic, nullptr) != 0) return fail_errno();
    return std::make_shared<Collector>(core, std::move(timer));
}

void Collector::ready(std::uint32_t) {
    std::uint64_t expirations = 0;
    (void)!::read(timer_.get(), &expirations, sizeof(expirations));
    if (core_.has_clients() && make_socket_pair())
        core_.counters().forced_collections.fetch_add(1, std::memory_order_relaxed);
    core_.probes().tick();
    core_.arm(*this, EPOLLIN);
}

}  // namespace quire::ipc
