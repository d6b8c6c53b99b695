// SPDX-License-Identifier: MIT

#pragma once

namespace quire::ipc {

class Interface;
class Invocation;
class RemoteObject;

/// How calls of an interface become messages and back. The interface compiler writes for each
/// interface I:
///
///     template <> struct quire::ipc::Protocol<I> {
///         /// An I each of whose operations is a message to the object, and which is nothing but
///         /// an I: no other interface can be had of it by dynamic_cast.
///         static std::shared_ptr<I> proxy(quire::ipc::RemoteObject);
///         /// Decodes one request, calls the object and answers.
///         static void dispatch(I&, quire::ipc::Invocation&);
///     };
///
/// and `static constexpr std::string_view interface_name` in I.
template <typename I>
struct Protocol;

}  // namespace quire::ipc
