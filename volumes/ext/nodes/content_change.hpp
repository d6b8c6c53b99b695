// SPDX-License-Identifier: MIT

#pragma once

#include <type_traits>

#include "nodes/node_table.hpp"
#include "volume_change.hpp"

namespace quire::ext {

/// Runs `operation(change, inode)` as one change of a file's content, under the node's lock. The
/// operation may keep the change itself and go on without the store's lock.
template <typename Operation>
auto Volume::change_content(const fs::Call& call, Node& node, Operation&& operation) {
    using Answer = std::invoke_result_t<Operation&, Store::Change&, InodeRecord&>;
    return with_space(*store_, [&]() -> Answer {
        for (;;) {
            // Blocks of an earlier, longer file have to go before it can grow again.
            QUIRE_TRY(settle(node));
            QUIRE_TRY_ASSIGN(auto change,
                             Store::Change::begin(*store_, call.credentials, node.content));
            if (node.truncating) continue;
            QUIRE_TRY_ASSIGN(InodeRecord inode,
                             InodeRecord::read(store_->filesystem(), node.inode));
            Answer answer = operation(change, inode);
            if (answer && change.is_open()) change.keep();
            return answer;
        }
    });
}

}  // namespace quire::ext
