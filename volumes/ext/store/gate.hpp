// SPDX-License-Identifier: MIT

#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace quire::ext {

/// Operations pass, a commit closes. While it is closed no operation is under way, so that file
/// data being written is on the device before the commit that makes it reachable, and a block
/// that is being read is not given to somebody else.
///
/// A commit that waits comes before operations that have not begun, so it is never starved. No
/// thread may hold two passes, nor close the gate while it holds one.
class Gate {
public:
    /// Holds the gate open.
    class Pass {
    public:
        explicit Pass(Gate& gate) : gate_(&gate) { gate.enter(); }
        Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass() {
            if (gate_ != nullptr) gate_->leave();
        }

    private:
        Gate* gate_;
    };

    /// Holds the gate closed.
    class Closure {
    public:
        explicit Closure(Gate& gate) : gate_(gate) { gate.close(); }
        Closure(const Closure&) = delete;
        Closure& operator=(const Closure&) = delete;
        ~Closure() { gate_.open(); }

    private:
        Gate& gate_;
    };

private:
    void enter() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closers_ == 0; });
        ++inside_;
    }
    void leave() {
        std::lock_guard lock(mutex_);
        if (--inside_ == 0) changed_.notify_all();
    }
    void close() {
        std::unique_lock lock(mutex_);
        ++closers_;
        changed_.wait(lock, [this] { return inside_ == 0 && !closed_; });
        closed_ = true;
    }
    void open() {
        std::lock_guard lock(mutex_);
        closed_ = false;
        --closers_;
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned inside_ = 0;
    unsigned closers_ = 0;  // closing, waiting to close
    bool closed_ = false;
};

}  // namespace quire::ext
