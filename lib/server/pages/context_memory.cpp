// SPDX-License-Identifier: MIT

#include "pages/context_memory.hpp"

namespace quire::server {

Result<std::shared_ptr<paging::Domain>> ContextMemory::domain() {
    const std::scoped_lock lock(mutex_);
    if (!domain_) domain_ = domains_->of(authority_);
    if (!domain_) return fail(std::errc::operation_not_supported, "no memory is shared here");
    return domain_;
}

}  // namespace quire::server
