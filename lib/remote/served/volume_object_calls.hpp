// SPDX-License-Identifier: MIT

#pragma once

#include <type_traits>
#include <utility>

#include "conversions.hpp"
#include "quire/remote/volume_object.hpp"
#include "served/given_nodes.hpp"

namespace quire::remote {

template <typename Operation>
auto VolumeObject::on(const ipc::Call& call, const protocols::Credentials& credentials,
                      OptionalNode first, OptionalNode second, Operation&& operation) {
    using Answer = std::invoke_result_t<Operation, const fs::Call&>;
    auto stay = nodes_->enter(first, second);
    if (!stay) return Answer(std::unexpected(std::move(stay).error()));
    return Answer(operation(ours(call, credentials)));
}

template <typename Operation>
Result<protocols::Entry> VolumeObject::giving(const ipc::Call& call,
                                              const protocols::Credentials& credentials,
                                              OptionalNode first, OptionalNode second,
                                              Operation&& operation) {
    return on(call, credentials, first, second,
              [&](const fs::Call& inner) -> Result<protocols::Entry> {
                  // Before the operation, which may make something.
                  QUIRE_TRY(nodes_->check_room());
                  QUIRE_TRY_ASSIGN(const fs::Entry entry, operation(inner));
                  nodes_->add(entry.node);
                  return to_wire(entry);
              });
}

}  // namespace quire::remote
