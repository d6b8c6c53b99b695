// SPDX-License-Identifier: MIT

// What a file is besides its content; that is in file_content.cpp.

#include "quire/client/file.hpp"

#include <utility>

#include "buffers/read_ahead.hpp"
#include "context_state.hpp"
#include "file_note.hpp"
#include "pages/borrowed_file.hpp"
#include "pages/leased_file.hpp"
#include "pages/paged_content.hpp"
#include "quire/protocols/filesystem.hpp"
#include "values.hpp"

namespace quire::client {

File::File(std::shared_ptr<ContextState> state, std::uint32_t flags, bool buffered,
           protocols::OpenerContextOpenResult&& opened, std::uint32_t wanted)
    : state_(std::move(state)),
      file_(std::move(opened.file)),
      flags_(flags),
      attributes_(opened.attributes),
      paged_(std::make_unique<PagedContent>()) {
    if (writable() && !appends()) borrowed_ = std::make_unique<BorrowedFile>(*state_);
    if (!buffered) return;
    read_ahead_ = std::make_unique<ReadAhead>();
    if (writable()) write_behind_ = std::make_unique<WriteBehind>();
    if (wanted == 0) return;
    const std::uint64_t got = opened.content.size();
    if (got < wanted || got == attributes_.size) read_ahead_->found_end(got);
    read_ahead_->put(0, std::move(opened.content));
}

File::File(File&&) noexcept = default;

File& File::operator=(File&& other) noexcept {
    if (this == &other) return *this;
    abandon();
    state_ = std::move(other.state_);
    file_ = std::exchange(other.file_, nullptr);
    flags_ = other.flags_;
    attributes_ = other.attributes_;
    position_ = other.position_;
    paged_ = std::move(other.paged_);
    borrowed_ = std::move(other.borrowed_);
    read_ahead_ = std::move(other.read_ahead_);
    write_behind_ = std::move(other.write_behind_);
    kept_error_ = std::exchange(other.kept_error_, std::nullopt);
    last_error_ = std::move(other.last_error_);
    return *this;
}

File::~File() {
    abandon();
}

void File::abandon() noexcept {
    if (!file_) return;
    const auto state = state_;
    const auto closed = close();
    if (!closed && !state->lost_error) state->lost_error = closed.error();
}

bool File::readable() const {
    return (flags_ & protocols::open_read) != 0;
}
bool File::writable() const {
    return (flags_ & protocols::open_write) != 0;
}
bool File::appends() const {
    return (flags_ & protocols::open_append) != 0;
}

Result<void> File::need(bool allowed) const {
    if (!file_ || !allowed) return fail(std::errc::bad_file_descriptor);
    return {};
}

Result<void> File::report_kept() {
    if (auto error = std::exchange(kept_error_, std::nullopt)) return fail(*std::move(error));
    return {};
}

Result<void> File::write_out() {
    QUIRE_TRY(note(need(true)));
    (void)drain();  // kept
    return note(report_kept());
}

Result<void> File::flush() {
    QUIRE_TRY(note(need(true)));
    (void)drain();
    const auto flushed = file_->flush(state_->call(), 0);
    QUIRE_TRY(note(report_kept()));
    if (!flushed) return note(Result<void>(fail(flushed.error())));
    if (borrowed_) borrowed_->settled();
    return {};
}

Result<void> File::close() {
    QUIRE_TRY(note(need(true)));
    (void)drain();
    // Who wrote in memory has not heard yet whether it could be written to the file.
    if (borrowed_ && borrowed_->is_unsettled()) {
        const auto settled = file_->settle(state_->call());
        if (!settled && !kept_error_) kept_error_ = settled.error();
    }
    file_ = nullptr;
    paged_.reset();
    borrowed_.reset();
    read_ahead_.reset();
    write_behind_.reset();
    return note(report_kept());
}

void File::forget_read() {
    if (read_ahead_) read_ahead_->clear();
}

template <typename Do>
auto File::with_all_written(Do act) {
    using Done = decltype(act());
    auto ready = need(true);
    if (ready) ready = drain();
    if (!ready) return note(Done(std::unexpected(std::move(ready).error())));
    return note(act());
}

Result<protocols::Attributes> File::attributes() {
    return with_all_written([&] { return file_->attributes(state_->call()); });
}

Result<protocols::Attributes> File::set_attributes(const protocols::AttributeChanges& changes) {
    return with_all_written([&] {
        if ((changes.which & protocols::change_size) != 0) forget_read();
        return file_->set_attributes(state_->call(), changes);
    });
}

Result<void> File::truncate(std::uint64_t size) {
    return with_all_written([&]() -> Result<void> {
        if (!writable()) return fail(std::errc::invalid_argument);
        forget_read();
        QUIRE_TRY(file_->set_attributes(state_->call(), change_of_size(size)));
        return {};
    });
}

Result<void> File::allocate(protocols::AllocateMode mode, std::uint64_t offset,
                            std::uint64_t length) {
    return with_all_written([&]() -> Result<void> {
        QUIRE_TRY(need(writable()));
        forget_read();
        return file_->allocate(state_->call(), mode, {.offset = offset, .length = length});
    });
}

Result<std::vector<std::byte>> File::extended_attribute(std::string_view name) {
    return with_all_written([&] {
        return fetch_value(
            *state_, [&] { return file_->get_extended_attribute(state_->call(), name); },
            [&](const ipc::Call& call, std::uint64_t offset, std::uint64_t length) {
                return file_->get_extended_attribute_to(call, name, offset, length);
            });
    });
}

Result<void> File::set_extended_attribute(std::string_view name, std::span<const std::byte> value,
                                          protocols::SetAttributeMode mode) {
    return with_all_written([&] {
        return store_value(
            *state_, value, protocols::attribute_value_limit,
            [&] { return file_->set_extended_attribute(state_->call(), name, value, mode); },
            [&](const ipc::Call& call, std::uint64_t offset, std::uint64_t length) {
                return file_->set_extended_attribute_from(call, name, offset, length, mode);
            });
    });
}

Result<std::vector<std::string>> File::extended_attributes() {
    return with_all_written([&]() -> Result<std::vector<std::string>> {
        QUIRE_TRY_ASSIGN(
            const auto list,
            fetch_value(
                *state_, [&] { return file_->list_extended_attributes(state_->call()); },
                [&](const ipc::Call& call, std::uint64_t offset, std::uint64_t length) {
                    return file_->list_extended_attributes_to(call, offset, length);
                }));
        return split_names(list);
    });
}

Result<void> File::remove_extended_attribute(std::string_view name) {
    return with_all_written([&] { return file_->remove_extended_attribute(state_->call(), name); });
}

Result<ipc::Cap<protocols::FileObject>> File::capability() {
    QUIRE_TRY(note(need(true)));
    const auto leased = std::dynamic_pointer_cast<LeasedFile>(file_.object());
    if (!leased) return file_;
    return note(leased->real(state_->call()));
}

Result<void> File::subscribe(const EventQueue& queue, std::uint32_t events, std::uint64_t source) {
    QUIRE_TRY(note(need(true)));
    return note(file_->subscribe(state_->call(), queue.notifier(source), events, source));
}

Result<void> File::unsubscribe() {
    QUIRE_TRY(note(need(true)));
    return note(file_->subscribe(state_->call(), nullptr, 0, 0));
}

}  // namespace quire::client
