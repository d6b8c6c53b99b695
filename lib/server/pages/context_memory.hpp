// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <mutex>

#include "pages/domains.hpp"

namespace quire::server {

/// The memory that one context may map, chosen when it is first asked for.
/// Threads: any.
class ContextMemory {
public:
    ContextMemory(std::shared_ptr<Domains> domains, Authority authority)
        : domains_(std::move(domains)), authority_(std::move(authority)) {}

    /// Fails: operation_not_supported (there is no memory to share).
    Result<std::shared_ptr<paging::Domain>> domain();

private:
    const std::shared_ptr<Domains> domains_;
    const Authority authority_;
    std::mutex mutex_;  // guards what follows; comes before the domains'
    std::shared_ptr<paging::Domain> domain_;
};

}  // namespace quire::server
