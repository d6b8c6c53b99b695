// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "emit/cpp.hpp"

namespace quire::idl {

/// The member functions of the proxy's class: each operation as a message.
std::string emit_proxy_operations(const Cpp& cpp, const Interface& interface);

/// Protocol<…>::proxy.
std::string emit_make_proxy(const Cpp& cpp, const Interface& interface);

}  // namespace quire::idl
