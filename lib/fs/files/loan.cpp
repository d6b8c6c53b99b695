// SPDX-License-Identifier: MIT

#include "quire/fs/loan.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "files/content.hpp"
#include "quire/base/units.hpp"
#include "quire/fs/tree.hpp"
#include "tree_changing.hpp"
#include "tree_turn.hpp"

namespace quire::fs {

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

// Space that is reserved is used from its beginning on, so that a volume has one border at most
// between what is written and what is not. Were there more, it could lack the space to note them.
Result<void> Loan::write_all(std::uint64_t offset, std::span<const std::byte> memory) {
    if (reserved_ > 0) {
        QUIRE_TRY_ASSIGN(std::uint64_t end, size());
        static constexpr std::array<std::byte, 64 * KiB> zeros{};
        while (end < std::min(offset, reserved_)) {
            const std::size_t part = std::min<std::uint64_t>(zeros.size() - end % zeros.size(),
                                                             std::min(offset, reserved_) - end);
            QUIRE_TRY(write_here(end, std::span(zeros).first(part)));
            end += part;
        }
    }
    return write_here(offset, memory);
}

Result<void> Loan::write_here(std::uint64_t offset, std::span<const std::byte> memory) {
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
