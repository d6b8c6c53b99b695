// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string_view>

#include "quire/ipc/cap.hpp"
#include "quire/ipc/interface.hpp"
#include "quire/ipc/protocol.hpp"
#include "quire/ipc/remote_object.hpp"

namespace quire::ipc {

/// What is known of an interface at run time.
struct InterfaceType {
    std::string_view name;
    /// `object` is an I* of this type.
    void (*dispatch)(void* object, Invocation& invocation);
    /// Something that is exactly an I, for asking what an I is besides.
    std::shared_ptr<Interface> (*witness)();
};

/// The one InterfaceType of I.
template <typename I>
const InterfaceType& interface_type() {
    static constexpr InterfaceType type{
        I::interface_name,
        [](void* object, Invocation& invocation) {
            Protocol<I>::dispatch(*static_cast<I*>(object), invocation);
        },
        []() -> std::shared_ptr<Interface> { return Protocol<I>::proxy(RemoteObject()); },
    };
    return type;
}

/// A capability whose interface is known at run time only: what a table of objects holds, and what
/// a server is given to hand out. It stands for the interface that it was made with, not for
/// everything that the object can do.
class AnyCap {
public:
    AnyCap() = default;
    template <typename I>
    AnyCap(const Cap<I>& cap) : object_(cap.object()), as_type_(cap.object().get()) {
        if (object_) type_ = &interface_type<I>();
    }

    explicit operator bool() const { return object_ != nullptr; }
    const std::shared_ptr<Interface>& object() const { return object_; }

    /// Needs (both): not empty.
    const InterfaceType& type() const { return *type_; }
    void dispatch(Invocation& invocation) const { type_->dispatch(as_type_, invocation); }

    /// The capability as an I; empty when it was not made as an I, or as something composed of
    /// it, whatever else the object may be.
    template <typename I>
    Cap<I> as() const {
        if (!object_) return {};
        if (type_ != &interface_type<I>()) {
            const std::shared_ptr<Interface> witness = type_->witness();
            if (dynamic_cast<const I*>(witness.get()) == nullptr) return {};
        }
        return Cap<I>(std::dynamic_pointer_cast<I>(object_));
    }

private:
    std::shared_ptr<Interface> object_;
    void* as_type_ = nullptr;
    const InterfaceType* type_ = nullptr;
};

}  // namespace quire::ipc
