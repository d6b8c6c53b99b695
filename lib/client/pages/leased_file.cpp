// SPDX-License-Identifier: MIT

#include "pages/leased_file.hpp"

#include <utility>

#include "context_state.hpp"

namespace quire::client {

LeasedFile::~LeasedFile() {
    if (real_) return;
    state_->leases.give_back(found_.word);
    // What has changed may have been kept for us.
    if (!paging::NameReader::counts(found_.mark))
        state_->context->end_lease(ipc::Call::forever(), found_.node);
}

Result<bool> LeasedFile::is_as_found() const {
    if (real_) return false;
    if (!state_->names.server_lives())
        return fail(std::errc::connection_reset, "the server is gone");
    return paging::NameReader::counts(found_.mark);
}

Result<ipc::Cap<protocols::FileObject>> LeasedFile::real(const ipc::Call& call) {
    if (real_) return real_;
    QUIRE_TRY_ASSIGN(auto opened, state_->context->open_leased(call, found_.node));
    real_ = std::move(opened.file);
    state_->leases.give_back(found_.word);
    state_->context->end_lease(ipc::Call::forever(), found_.node);
    return real_;
}

Result<protocols::Attributes> LeasedFile::attributes(const ipc::Call& call) {
    QUIRE_TRY_ASSIGN(const bool same, is_as_found());
    if (same) return found_.attributes;
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->attributes(call);
}

Result<std::vector<std::byte>> LeasedFile::read(const ipc::Call& call, std::uint64_t position,
                                                std::uint32_t length) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->read(call, position, length);
}

Result<protocols::Attributes> LeasedFile::set_attributes(
    const ipc::Call& call, const protocols::AttributeChanges& changes) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->set_attributes(call, changes);
}

Result<protocols::FileWriteResult> LeasedFile::write(const ipc::Call& call, std::uint64_t position,
                                                     std::span<const std::byte> content) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->write(call, position, content);
}

Result<void> LeasedFile::set_buffer(const ipc::Call& call, ipc::Memory buffer) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->set_buffer(call, std::move(buffer));
}

Result<std::uint64_t> LeasedFile::read_to(const ipc::Call& call, std::uint64_t position,
                                          std::uint64_t offset, std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->read_to(call, position, offset, length);
}

Result<protocols::FileWriteFromResult> LeasedFile::write_from(const ipc::Call& call,
                                                              std::uint64_t position,
                                                              std::uint64_t offset,
                                                              std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->write_from(call, position, offset, length);
}

Result<std::uint64_t> LeasedFile::seek(const ipc::Call& call, std::uint64_t position,
                                       protocols::SeekTo what) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->seek(call, position, what);
}

Result<void> LeasedFile::allocate(const ipc::Call& call, protocols::AllocateMode mode,
                                  const protocols::Range& range) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->allocate(call, mode, range);
}

Result<std::vector<std::byte>> LeasedFile::get_extended_attribute(const ipc::Call& call,
                                                                  std::string_view name) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->get_extended_attribute(call, name);
}

Result<void> LeasedFile::set_extended_attribute(const ipc::Call& call, std::string_view name,
                                                std::span<const std::byte> value,
                                                protocols::SetAttributeMode mode) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->set_extended_attribute(call, name, value, mode);
}

Result<std::vector<std::byte>> LeasedFile::list_extended_attributes(const ipc::Call& call) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->list_extended_attributes(call);
}

Result<void> LeasedFile::remove_extended_attribute(const ipc::Call& call, std::string_view name) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->remove_extended_attribute(call, name);
}

Result<std::uint64_t> LeasedFile::get_extended_attribute_to(const ipc::Call& call,
                                                            std::string_view name,
                                                            std::uint64_t offset,
                                                            std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->get_extended_attribute_to(call, name, offset, length);
}

Result<void> LeasedFile::set_extended_attribute_from(const ipc::Call& call, std::string_view name,
                                                     std::uint64_t offset, std::uint64_t length,
                                                     protocols::SetAttributeMode mode) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->set_extended_attribute_from(call, name, offset, length, mode);
}

Result<std::uint64_t> LeasedFile::list_extended_attributes_to(const ipc::Call& call,
                                                              std::uint64_t offset,
                                                              std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->list_extended_attributes_to(call, offset, length);
}

Result<std::uint64_t> LeasedFile::flush(const ipc::Call& call, std::uint64_t populated_size) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->flush(call, populated_size);
}

Result<void> LeasedFile::subscribe(const ipc::Call& call, ipc::Cap<protocols::Notifier> notifier,
                                   std::uint32_t events, std::uint64_t source) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->subscribe(call, std::move(notifier), events, source);
}

Result<protocols::PageMap> LeasedFile::bring_in(const ipc::Call& call, std::uint64_t position,
                                                std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->bring_in(call, position, length);
}

Result<protocols::LoanMap> LeasedFile::lend(const ipc::Call& call, std::uint64_t position,
                                            std::uint64_t least, std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->lend(call, position, least, length);
}

Result<void> LeasedFile::settle(const ipc::Call& call) {
    QUIRE_TRY_ASSIGN(const auto file, real(call));
    return file->settle(call);
}

}  // namespace quire::client
