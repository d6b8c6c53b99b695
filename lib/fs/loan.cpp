// SPDX-License-Identifier: MIT

#include "quire/fs/loan.hpp"

#include <algorithm>
#include <utility>

#include "content.hpp"
#include "quire/fs/tree.hpp"
#include "tree_changing.hpp"
#include "tree_turn.hpp"

namespace quire::fs {

void Lending::enter() {
    std::unique_lock lock(mutex_);
    ++entered_;
    if (!lent_) return;
    const std::shared_ptr<Borrower> borrower = borrower_.lock();
    lock.unlock();
    if (borrower) borrower->give_back();
    lock.lock();
    // One that is about to end gives back by itself.
    ended_.wait(lock, [&] { return !lent_; });
}

void Lending::leave() {
    const std::lock_guard lock(mutex_);
    --entered_;
}

void Lending::bring_up_to_date() {
    std::shared_ptr<Borrower> borrower;
    {
        std::unique_lock lock(mutex_);
        if (!lent_) return;
        borrower = borrower_.lock();
        if (!borrower) {
            ended_.wait(lock, [&] { return !lent_; });
            return;
        }
    }
    borrower->bring_up_to_date();
}

bool Lending::begin(const std::shared_ptr<Borrower>& borrower) {
    const std::lock_guard lock(mutex_);
    if (lent_ || entered_ > 0) return false;
    lent_ = true;
    borrower_ = borrower;
    return true;
}

void Lending::end() {
    {
        const std::lock_guard lock(mutex_);
        lent_ = false;
        borrower_.reset();
    }
    ended_.notify_all();
}

void Lending::note_error(const Error& error) {
    const std::lock_guard lock(mutex_);
    ++errors_;
    last_error_ = error;
}

std::uint64_t Lending::errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
}

std::optional<Error> Lending::error_since(std::uint64_t& seen) const {
    const std::lock_guard lock(mutex_);
    if (std::exchange(seen, errors_) == errors_) return std::nullopt;
    return last_error_;
}

/// From the beginning of a loan to its end.
class Loan::Time {
public:
    explicit Time(const OpenFile& file)
        : content_(file.content_->watchers, {.offset = 0, .length = ContentChange::to_the_end}),
          attributes_(*file.tree_, *file.node_) {}

private:
    const Watchers::Changing content_;
    const Tree::Changing attributes_;
};

Loan::Loan(OpenFile& file) : file_(file) {}

Loan::~Loan() {
    if (const auto end = reserved_ > 0 ? size() : Result<std::uint64_t>(0);
        end && reserved_ > *end) {
        AttributeChanges changes;
        changes.size = *end;
        const Tree::Turn turn(*file_.tree_, file_.node_->cookie());
        // What stays reserved is space of the file, as fallocate(2) gives it.
        (void)file_.tree_->volume_->setattr(Call::as_root(), file_.node_->cookie(), changes);
    }
    time_.reset();
    --file_.tree_->lent_;
    file_.content_->lending.end();
}

Result<std::uint64_t> Loan::size() {
    const Tree::Turn turn(*file_.tree_, file_.node_->cookie());
    QUIRE_TRY_ASSIGN(const Attributes now,
                     file_.tree_->volume_->getattr(Call::as_root(), file_.node_->cookie()));
    return now.size;
}

Result<std::size_t> Loan::read(std::uint64_t offset, std::span<std::byte> memory) {
    const Tree::Turn turn(*file_.tree_, file_.node_->cookie());
    return file_.tree_->volume_->read(Call::as_root(), file_.node_->cookie(), offset, memory);
}

Result<void> Loan::reserve(block::Range range) {
    QUIRE_TRY_ASSIGN(const std::uint64_t end, size());
    Volume& volume = *file_.tree_->volume_;
    const Cookie node = file_.node_->cookie();
    const std::uint64_t last = range.offset + range.length;
    if (range.offset < end) {
        if (!volume.supports(Operation::seek)) return fail(std::errc::operation_not_supported);
        const Tree::Turn turn(*file_.tree_, node);
        QUIRE_TRY_ASSIGN(const std::uint64_t hole,
                         volume.seek(Call::as_root(), node, range.offset, SeekTo::hole));
        if (hole < std::min(end, last)) return fail(std::errc::operation_not_supported, "a hole");
    }
    if (last <= std::max(end, reserved_)) return {};
    if (!volume.supports(Operation::fallocate)) return fail(std::errc::operation_not_supported);
    const Tree::Turn turn(*file_.tree_, node);
    QUIRE_TRY(volume.fallocate(Call::as_root(), node, AllocateMode::keep_size, {end, last - end}));
    reserved_ = last;
    return {};
}

Result<void> Loan::write_all(std::uint64_t offset, std::span<const std::byte> memory) {
    while (!memory.empty()) {
        const auto written = [&] {
            const Tree::Turn turn(*file_.tree_, file_.node_->cookie());
            return file_.tree_->volume_->write(Call::as_root(), file_.node_->cookie(), offset,
                                               memory);
        }();
        if (!written || *written == 0) {
            Error error =
                written ? Error(std::errc::io_error, "a write made no progress") : written.error();
            file_.content_->lending.note_error(error);
            return fail(std::move(error));
        }
        offset += *written;
        memory = memory.subspan(*written);
    }
    return {};
}

Result<std::unique_ptr<Loan>> OpenFile::lend(const Call& call,
                                             const std::shared_ptr<Borrower>& borrower) {
    if (!mode_.write) return fail(std::errc::bad_file_descriptor);
    if (mode_.append) return fail(std::errc::operation_not_permitted, "it is append-only");
    if (!content_->lending.begin(borrower))
        return fail(std::errc::resource_unavailable_try_again, "others have it in use");
    ++tree_->lent_;
    std::unique_ptr<Loan> loan(new Loan(*this));
    QUIRE_TRY(about_to_write(call));
    loan->time_ = std::make_unique<Loan::Time>(*this);
    return loan;
}

OpenFile::Visit OpenFile::visit() {
    return Visit(content_);
}

OpenFile::Visit::Visit(std::shared_ptr<Content> content) : content_(std::move(content)) {
    content_->lending.enter();
}

OpenFile::Visit::~Visit() {
    if (content_) content_->lending.leave();
}

}  // namespace quire::fs
