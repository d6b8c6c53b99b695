// SPDX-License-Identifier: MIT

#pragma once

#include <utility>

namespace quire {

/// Owns one file descriptor and closes it at the end of its life.
class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    UniqueFd(const UniqueFd&) = delete;
    UniqueFd& operator=(const UniqueFd&) = delete;
    ~UniqueFd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

    /// Gives up ownership without closing.
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

    /// Closes what is held and owns `fd` from now on.
    void reset(int fd = -1);

private:
    int fd_ = -1;
};

}  // namespace quire
