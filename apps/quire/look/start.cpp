// SPDX-License-Identifier: MIT

#include "look/start.hpp"

#include "quire/base/name.hpp"

namespace quire::app {

Result<Start> find_start(Session& session, const std::string& address, assembly::Bare bare,
                         fs::Follow follow) {
    QUIRE_TRY_ASSIGN(const assembly::Address parsed, assembly::Address::parse(address));
    Start start;
    QUIRE_TRY_ASSIGN(start.place, session.assembler().locate(parsed, assembly::Access::read, bare));
    auto node = start.place.tree->walk(session.call(), start.place.path, follow);
    if (!node) return std::unexpected(std::move(node).error().within(printable(address)));
    start.node = *std::move(node);
    return start;
}

}  // namespace quire::app
