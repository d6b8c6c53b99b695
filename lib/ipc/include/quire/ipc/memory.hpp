// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::ipc {

/// A mappable object, such as a memfd, as a parameter of a call: a descriptor, how much of it is
/// meant, and whether for writing. Copies share the descriptor.
///
/// What was received by message has been checked: a regular file of at least `size` bytes, open for
/// what the rights say. That it stays so is another question: see `require_fixed_size`.
class Memory {
public:
    /// No memory: nothing can be done with it but assign to it.
    Memory() = default;
    /// Owns: `descriptor` from here on.
    Memory(UniqueFd descriptor, std::uint64_t size, bool writable)
        : Memory(std::move(descriptor), size, writable, nullptr) {}
    /// For the transport: `charge` lives as long as the descriptor.
    Memory(UniqueFd descriptor, std::uint64_t size, bool writable, std::shared_ptr<void> charge);

    explicit operator bool() const { return descriptor_ != nullptr; }
    /// -1 when there is no memory. Lives as long as any copy of this.
    int fd() const { return descriptor_ ? descriptor_->fd.get() : -1; }
    std::uint64_t size() const { return size_; }
    bool writable() const { return writable_; }

    /// Succeeds when nobody can shrink the object any more (F_SEAL_SHRINK), so that a mapping of it
    /// cannot be made to fault. To be asked before mapping what an untrusted peer sent.
    /// Fails: permission_denied (not sealed), bad_file_descriptor.
    Result<void> require_fixed_size() const;

private:
    struct Descriptor {
        UniqueFd fd;
        std::shared_ptr<void> charge;
    };

    std::shared_ptr<const Descriptor> descriptor_;
    std::uint64_t size_ = 0;
    bool writable_ = false;
};

}  // namespace quire::ipc
