// SPDX-License-Identifier: MIT

#include "pages/context_memory.hpp"

#include <utility>

namespace quire::server {

Result<std::shared_ptr<paging::Domain>> ContextMemory::domain() {
    const std::scoped_lock lock(mutex_);
    if (!domain_) domain_ = domains_->of(authority_);
    if (!domain_) return fail(std::errc::operation_not_supported, "no memory is shared here");
    return domain_;
}

Result<std::shared_ptr<paging::NameTable>> ContextMemory::use_names() {
    QUIRE_TRY_ASSIGN(const auto domain, this->domain());
    QUIRE_TRY_ASSIGN(auto names, domain->names());
    const std::scoped_lock lock(mutex_);
    names_ = std::move(names);
    return names_;
}

Result<std::shared_ptr<paging::WriteMemory>> ContextMemory::for_writing() {
    const std::scoped_lock lock(mutex_);
    if (!for_writing_) for_writing_ = domains_->for_writing();
    if (!for_writing_) return fail(std::errc::operation_not_supported, "no memory is shared here");
    return for_writing_;
}

std::shared_ptr<paging::NameTable> ContextMemory::names() const {
    const std::scoped_lock lock(mutex_);
    return names_;
}

}  // namespace quire::server
