// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>

#include "quire/base/unique_fd.hpp"
#include "quire/ipc/server.hpp"
#include "tests/kit/sample_object.hpp"

namespace quire::ipc {

/// A forked process that does something and ends. It must not make threads when this process has
/// any, since the thread sanitizer does not allow it.
class Child {
public:
    explicit Child(const std::function<void()>& work);
    Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    /// Waits for it.
    ~Child();

    pid_t pid() const { return pid_; }
    /// Waits for its end: true when it did its work without a failed child_check().
    bool succeeded();
    /// Kills it at once, and waits until it is gone.
    void kill();

private:
    pid_t pid_ = -1;
};

/// In a child: says what is wrong and ends it.
void child_check(bool good, const char* what);

/// A pipe that one process waits at until another one lets it go on, or is gone.
class Turnstile {
public:
    Turnstile();
    /// Waits for open() in any process that has this object.
    void pass();
    void open();

private:
    UniqueFd reader_;
    UniqueFd writer_;
};

/// A server in a process of its own. To be made while this process has no other threads.
class ServerProcess {
public:
    /// `root` is called in the new process.
    using MakeRoot = std::function<Cap<Sample>(const Server&)>;

    explicit ServerProcess(ServerOptions options = {}, MakeRoot root = {});
    ~ServerProcess() { kill(); }

    /// The client's end of one channel to it.
    UniqueFd take_client_end() { return std::move(client_end_); }
    void kill() {
        if (child_) child_->kill();
        child_.reset();
    }
    pid_t pid() const { return child_->pid(); }

private:
    UniqueFd client_end_;
    std::unique_ptr<Child> child_;
};

}  // namespace quire::ipc
