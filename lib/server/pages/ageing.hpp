// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "pages/borrowed_content.hpp"

namespace quire::server {

/// Has written what has been on loan for a while, so that nothing stays in memory for ever. Begins with
/// the first one.
/// Threads: any; it has one of its own. Its lock is a leaf.
class Ageing {
public:
    explicit Ageing(std::chrono::milliseconds age) : age_(age) {}
    ~Ageing();
    Ageing(const Ageing&) = delete;
    Ageing& operator=(const Ageing&) = delete;

    void add(const std::shared_ptr<BorrowedContent>& content);

private:
    void run(const std::stop_token& stop);

    const std::chrono::milliseconds age_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable_any changed_;
    std::vector<std::weak_ptr<BorrowedContent>> contents_;
    std::jthread thread_;
};

}  // namespace quire::server
