// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <utility>

#include "quire/transfer/pack.hpp"
#include "quire/transfer/walker.hpp"

namespace quire::transfer {

/// A walk without what the options exclude; problems go to the account.
class PackWalk {
public:
    PackWalk(std::shared_ptr<fs::Tree> tree, const fs::Call& call, fs::NodeReference start,
             const PackOptions& options, Account& account)
        : walker_(std::move(tree), call, std::move(start)), options_(options), account_(account) {}

    std::optional<Step> next();

private:
    Walker walker_;
    const PackOptions& options_;
    Account& account_;
    bool skipping_ = false;  // the next `leave` belongs to an excluded directory
};

}  // namespace quire::transfer
