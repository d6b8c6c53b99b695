// SPDX-License-Identifier: MIT

#include "pages/borrowed_content.hpp"

#include <unistd.h>

#include <utility>

#include "quire/protocols/notification.hpp"

namespace quire::server {

// Whether the caller may read is asked when nobody can change that without taking the loan back; and
// without the lock, since who asks for attributes has the borrower look what is newer.
Result<void> BorrowedContent::begin(const fs::Call& call, paging::WriteMemory& memory) {
    std::shared_ptr<paging::LentPages> pages;
    {
        const std::scoped_lock lock(mutex_);
        if (loan_) return {};
        QUIRE_TRY_ASSIGN(loan_, file_->lend(call, shared_from_this()));
        auto lent = memory.lend(*this);
        if (!lent) {
            loan_.reset();
            return fail(std::move(lent).error());
        }
        pages = pages_ = *std::move(lent);
        readable_ = false;
    }
    if (auto allowed = file_->tree()->access(call, file_->node(), R_OK); !allowed) {
        give_back();
        return allowed;
    }
    // Of this loan only: before the next one somebody may have changed that.
    const std::scoped_lock lock(mutex_);
    if (pages_ == pages) readable_ = true;
    return {};
}

Result<paging::LentPages::Where> BorrowedContent::bring_in(const fs::Call& call,
                                                           paging::WriteMemory& memory,
                                                           std::uint64_t position,
                                                           std::uint64_t least,
                                                           std::uint64_t length) {
    QUIRE_TRY(begin(call, memory));
    const std::scoped_lock lock(mutex_);
    // Others can come here before it is known whether its caller may read it.
    if (!pages_ || !readable_)
        return fail(std::errc::resource_unavailable_try_again, "others want to use the file");
    return pages_->bring_in(position, least, length);
}

void BorrowedContent::bring_up_to_date() {
    const std::scoped_lock lock(mutex_);
    // The loan keeps what failed, for those who ask.
    if (pages_) (void)pages_->write_back();
}

void BorrowedContent::give_back() {
    const std::scoped_lock lock(mutex_);
    if (pages_) (void)pages_->revoke();
    pages_.reset();
    loan_.reset();
}

Result<std::uint64_t> BorrowedContent::size() {
    return loan_->size();
}

Result<std::size_t> BorrowedContent::read(std::uint64_t position, std::span<std::byte> memory) {
    return loan_->read(position, memory);
}

Result<void> BorrowedContent::reserve(std::uint64_t position, std::uint64_t length) {
    return loan_->reserve({position, length});
}

Result<void> BorrowedContent::write(std::uint64_t position, std::span<const std::byte> memory) {
    const auto written = loan_->write_all(position, memory);
    provider_->tell(protocols::event_modified);
    return written;
}

}  // namespace quire::server
