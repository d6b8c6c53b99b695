// SPDX-License-Identifier: MIT

#include "server/workers.hpp"

#include <system_error>
#include <utility>

namespace quire::ipc {

Result<void> Workers::start(Plan plan) {
    plan_ = std::move(plan);
    const std::scoped_lock lock(mutex_);
    return add_locked();
}

Result<void> Workers::add_locked() {
    idle_.fetch_add(1);
    try {
        std::thread thread([this] { run(); });
        const auto id = thread.get_id();
        threads_.emplace(id, std::move(thread));
    } catch (const std::system_error&) {
        idle_.fetch_sub(1);
        return fail(std::errc::resource_unavailable_try_again, "no more threads can be made");
    }
    return {};
}

void Workers::before_blocking() {
    if (idle_.load() > 0 || stopping_) return;
    const std::scoped_lock lock(mutex_);
    join_finished_locked();
    // Without another thread those who are busy have to do.
    if (idle_.load() == 0 && threads_.size() < plan_.max && !stopping_) (void)add_locked();
}

void Workers::run() {
    while (!stopping_) {
        const auto event = plan_.wait(plan_.idle_time);
        if (!event) {
            if (may_leave()) return;
            continue;
        }
        idle_.fetch_sub(1);
        plan_.handle(*event);
        idle_.fetch_add(1);
    }
}

bool Workers::may_leave() {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || idle_.load() < 2) return false;
    idle_.fetch_sub(1);
    auto self = threads_.extract(std::this_thread::get_id());
    finished_.push_back(std::move(self.mapped()));
    return true;
}

void Workers::join_finished_locked() {
    for (std::thread& thread : finished_) thread.join();
    finished_.clear();
}

void Workers::stop() {
    stopping_ = true;
    std::map<std::thread::id, std::thread> threads;
    {
        const std::scoped_lock lock(mutex_);
        join_finished_locked();
        threads.swap(threads_);
    }
    for (auto& [id, thread] : threads) thread.join();
}

std::size_t Workers::count() const {
    const std::scoped_lock lock(mutex_);
    return threads_.size();
}

}  // namespace quire::ipc
