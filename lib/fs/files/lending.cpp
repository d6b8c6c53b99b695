// SPDX-License-Identifier: MIT

#include "files/lending.hpp"

#include <utility>

namespace quire::fs {

void Lending::enter() {
    std::unique_lock lock(mutex_);
    ++entered_;
    if (!lent_) return;
    const std::shared_ptr<Borrower> borrower = borrower_.lock();
    lock.unlock();
    if (borrower) borrower->give_back();
    lock.lock();
    // One that is about to end gives back by itself.
    ended_.wait(lock, [&] { return !lent_; });
}

void Lending::leave() {
    const std::lock_guard lock(mutex_);
    --entered_;
}

void Lending::bring_up_to_date() {
    std::shared_ptr<Borrower> borrower;
    {
        std::unique_lock lock(mutex_);
        if (!lent_) return;
        borrower = borrower_.lock();
        if (!borrower) {
            ended_.wait(lock, [&] { return !lent_; });
            return;
        }
    }
    borrower->bring_up_to_date();
}

bool Lending::begin(const std::shared_ptr<Borrower>& borrower) {
    const std::lock_guard lock(mutex_);
    if (lent_ || entered_ > 0) return false;
    lent_ = true;
    borrower_ = borrower;
    return true;
}

void Lending::end() {
    {
        const std::lock_guard lock(mutex_);
        lent_ = false;
        borrower_.reset();
    }
    ended_.notify_all();
}

void Lending::note_error(const Error& error) {
    const std::lock_guard lock(mutex_);
    ++errors_;
    last_error_ = error;
}

std::uint64_t Lending::errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
}

std::optional<Error> Lending::error_since(std::uint64_t& seen) const {
    const std::lock_guard lock(mutex_);
    if (std::exchange(seen, errors_) == errors_) return std::nullopt;
    return last_error_;
}

}  // namespace quire::fs
