// SPDX-License-Identifier: MIT

#pragma once

#include <string>

#include "frame/session.hpp"
#include "quire/assembly/assembler.hpp"

namespace quire::app {

/// What an argument of a verb that only looks leads to.
struct Start {
    assembly::Location place;
    fs::NodeReference node;
};

/// Opens an address for reading and finds the node it names.
/// Fails: as Assembler::locate and Tree::walk; the sentence names the address.
Result<Start> find_start(Session& session, const std::string& address, assembly::Bare bare,
                         fs::Follow follow);

}  // namespace quire::app
