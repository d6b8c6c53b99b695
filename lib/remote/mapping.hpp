// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <memory>

#include "quire/base/result.hpp"

namespace quire::remote {

/// Shared memory that is mapped here as long as this lives.
class Mapping {
public:
    /// Fails: what mmap(2) reports.
    static Result<std::shared_ptr<Mapping>> map(int fd, std::size_t size, bool writable);
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();

    std::size_t size() const { return size_; }
    bool writable() const { return writable_; }
    std::byte* data() const { return data_; }

private:
    Mapping(std::byte* data, std::size_t size, bool writable)
        : data_(data), size_(size), writable_(writable) {}

    std::byte* data_;
    std::size_t size_;
    bool writable_;
};

}  // namespace quire::remote
