// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <mutex>

#include "pages/domains.hpp"
#include "quire/memory/name_table.hpp"

namespace quire::server {

/// The memory that one context may map, chosen when it is first asked for.
/// Threads: any.
class ContextMemory {
public:
    ContextMemory(std::shared_ptr<Domains> domains, Authority authority)
        : domains_(std::move(domains)), authority_(std::move(authority)) {}

    /// Fails: operation_not_supported (there is no memory to share).
    Result<std::shared_ptr<paging::Domain>> domain();
    /// Its table of names, which is used from now on.
    /// Fails besides: not_enough_memory.
    Result<std::shared_ptr<paging::NameTable>> use_names();
    /// What its client writes. The same.
    Result<std::shared_ptr<paging::WriteMemory>> for_writing();
    /// nullptr: nobody looks there.
    std::shared_ptr<paging::NameTable> names() const;

private:
    const std::shared_ptr<Domains> domains_;
    const Authority authority_;
    mutable std::mutex mutex_;  // guards what follows; comes before the domains'
    std::shared_ptr<paging::Domain> domain_;
    std::shared_ptr<paging::NameTable> names_;
    std::shared_ptr<paging::WriteMemory> for_writing_;
};

}  // namespace quire::server
