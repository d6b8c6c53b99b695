// SPDX-License-Identifier: MIT

#include "system/fork_watch.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

namespace quire::ipc {

/// Knows every ProcessFd of this process.
class ForkWatch {
public:
    static ForkWatch& instance() {
        // Never destroyed: descriptors may be closed by whatever the program ends with.
        static ForkWatch* const watch = new ForkWatch;
        return *watch;
    }

    std::uint64_t generation() {
        if (mark_->load(std::memory_order_relaxed) == 0) [[unlikely]]
            become_unexpected_child();
        return generation_.load(std::memory_order_relaxed);
    }

    void add(ProcessFd& fd) {
        fd.generation_ = generation();
        const std::scoped_lock lock(mutex_);
        fd.next_ = first_;
        if (first_ != nullptr) first_->previous_ = &fd;
        first_ = &fd;
    }

    void remove(ProcessFd& fd) {
        // The list of another process is as that left it.
        if (fd.generation_ != generation()) return;
        const std::scoped_lock lock(mutex_);
        if (fd.next_ != nullptr) fd.next_->previous_ = fd.previous_;
        (fd.previous_ != nullptr ? fd.previous_->next_ : first_) = fd.next_;
    }

private:
    ForkWatch() {
        // The kernel zeroes this page in a child, however the child was made.
        void* const page = ::mmap(nullptr, sizeof(*mark_), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED || ::madvise(page, sizeof(*mark_), MADV_WIPEONFORK) != 0)
            throw std::runtime_error("no memory that a fork wipes");
        mark_ = new (page) std::atomic<std::uint32_t>(1);
        ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                         [] { instance().become_child(); });
    }

    /// Right after fork(3), which has waited for the lock, so that the list is whole.
    void become_child() {
        replace_descriptors();
        begin_generation();
        mutex_.unlock();
    }

    /// A system call made this process behind the library's back; what the list and its lock look
    /// like is not known. Its only thread is here.
    void become_unexpected_child() {
        new (&mutex_) std::mutex;
        begin_generation();
    }

    void begin_generation() {
        first_ = nullptr;
        generation_.fetch_add(1, std::memory_order_relaxed);
        mark_->store(1, std::memory_order_relaxed);
    }

    void replace_descriptors() {
        if (first_ == nullptr) return;
        int dead = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (dead < 0) {
            // No number is free, so one of those that are to go is taken.
            ::close(first_->get());
            dead = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        }
        bool keep = false;
        for (const ProcessFd* fd = first_; fd != nullptr; fd = fd->next_) {
            if (fd->get() == dead) {
                keep = true;
            } else if (dead >= 0) {
                ::dup3(dead, fd->get(), O_CLOEXEC);
            }
        }
        if (dead >= 0 && !keep) ::close(dead);
    }

    std::atomic<std::uint32_t>* mark_ = nullptr;
    std::atomic<std::uint64_t> generation_ = 1;
    /// Guards the list that begins at first_.
    std::mutex mutex_;
    ProcessFd* first_ = nullptr;
};

std::uint64_t process_generation() {
    return ForkWatch::instance().generation();
}

ProcessFd::ProcessFd(UniqueFd fd) : fd_(std::move(fd)) {
    if (fd_) ForkWatch::instance().add(*this);
}

ProcessFd::~ProcessFd() {
    if (fd_) ForkWatch::instance().remove(*this);
}

}  // namespace quire::ipc
