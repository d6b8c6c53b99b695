// SPDX-License-Identifier: MIT

#pragma once

/// What generated code includes; nothing else does.
#include "quire/ipc/call.hpp"           // IWYU pragma: export
#include "quire/ipc/cap.hpp"            // IWYU pragma: export
#include "quire/ipc/decoder.hpp"        // IWYU pragma: export
#include "quire/ipc/encoder.hpp"        // IWYU pragma: export
#include "quire/ipc/interface.hpp"      // IWYU pragma: export
#include "quire/ipc/invocation.hpp"     // IWYU pragma: export
#include "quire/ipc/memory.hpp"         // IWYU pragma: export
#include "quire/ipc/protocol.hpp"       // IWYU pragma: export
#include "quire/ipc/remote_object.hpp"  // IWYU pragma: export
#include "quire/ipc/request.hpp"        // IWYU pragma: export
