// SPDX-License-Identifier: MIT

#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "quire/ipc/interface.hpp"

namespace quire::ipc {

/// A counted reference to an object that implements I: in this process a direct call, in another
/// one a proxy that sends messages. Code cannot tell which. May be empty.
///
/// The last reference to an object of another process, once gone, is released there; nothing else
/// ends an object. Whether two capabilities name the same object cannot be asked: two proxies of
/// one object are two objects.
/// Threads: as std::shared_ptr.
template <typename I>
class Cap {
public:
    Cap() = default;
    Cap(std::nullptr_t) {}
    template <typename T>
        requires std::derived_from<T, I>
    Cap(std::shared_ptr<T> object) : object_(std::move(object)) {}
    /// A compound is each of its parts.
    template <typename J>
        requires(std::derived_from<J, I> && !std::same_as<J, I>)
    Cap(Cap<J> other) : object_(other.object()) {}

    explicit operator bool() const { return object_ != nullptr; }

    /// Needs: not empty.
    I& operator*() const { return *object_; }
    I* operator->() const { return object_.get(); }

    const std::shared_ptr<I>& object() const { return object_; }

private:
    std::shared_ptr<I> object_;
};

}  // namespace quire::ipc
