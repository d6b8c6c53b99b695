// SPDX-License-Identifier: MIT

#pragma once

namespace quire::ipc {

class RemoteObject;

/// The root of every interface: an abstract class made from the interface language inherits it
/// virtually. Objects live in std::shared_ptr and are referred to by `Cap`.
/// Threads: a server calls one object from several threads at once; objects lock for themselves.
class Interface {
public:
    Interface() = default;
    Interface(const Interface&) = delete;
    Interface& operator=(const Interface&) = delete;
    virtual ~Interface() = default;

    /// What this is a proxy of, or nullptr when the object is in this process. For the machinery
    /// that passes capabilities on; other code has no reason to ask.
    virtual const RemoteObject* remote() const { return nullptr; }
};

}  // namespace quire::ipc
