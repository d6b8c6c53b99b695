// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "quire/assembly/serve.hpp"

namespace quire::servers {

/// The life of a server program: parses `argv`, serves, and says on standard error what went wrong.
/// Answers the exit code: 0, 1 (it could not serve, or not commit), 2 (usage).
int run(assembly::ServeRequest::Form form, const std::string& purpose, int argc, char** argv);

}  // namespace quire::servers
