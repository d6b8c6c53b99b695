// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "quire/base/result.hpp"

namespace quire::ipc {

/// Tells whoever started this program (systemd, or what speaks its protocol) that it can be used
/// now, `status` being a line for people. Does nothing when nobody wants to know.
/// Needs: to be called by a program's main; it reads the environment (NOTIFY_SOCKET).
/// Fails: as sendmsg(2).
Result<void> report_ready(const std::string& status);

/// The same for the beginning of the end.
Result<void> report_stopping();

}  // namespace quire::ipc
