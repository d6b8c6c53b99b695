// SPDX-License-Identifier: MIT

#include "pages/ageing.hpp"

#include <algorithm>

namespace quire::server {

Ageing::~Ageing() {
    // Whose thread ends may be the last to hold a file: without the lock.
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
}

void Ageing::add(const std::shared_ptr<BorrowedContent>& content) {
    {
        const std::scoped_lock lock(mutex_);
        contents_.push_back(content);
        if (!thread_.joinable())
            thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    changed_.notify_one();
}

void Ageing::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
        // Nobody is woken up for nothing.
        changed_.wait(lock, stop, [&] { return !contents_.empty(); });
        changed_.wait_for(lock, stop, age_, [] { return false; });
        if (stop.stop_requested()) return;
        std::vector<std::shared_ptr<BorrowedContent>> living;
        std::erase_if(contents_, [&](const auto& one) {
            auto content = one.lock();
            if (!content) return true;
            living.push_back(std::move(content));
            return false;
        });
        lock.unlock();
        for (const auto& content : living) content->bring_up_to_date();
        living.clear();
        lock.lock();
    }
}

}  // namespace quire::server
