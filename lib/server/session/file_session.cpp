// SPDX-License-Identifier: MIT

#include "session/file_session.hpp"

#include "pages/file_source.hpp"
#include "quire/memory/write_layout.hpp"
#include "quire/wire/values.hpp"

namespace quire::server {

FileSession::FileSession(std::shared_ptr<SessionHost> host, SessionOwner owner, Accessor accessor)
    : Subscriber(accessor.shared_provider()),
      presence_(std::move(host), &SessionHost::files),
      owner_(std::move(owner)),
      accessor_(std::move(accessor)),
      own_buffer_(owner_.account) {}

NodeAttributes FileSession::node(const fs::Call& call) const {
    return {*presence_, owner_.authority, call, accessor_.file().node()};
}

const wire::TransferBuffer& FileSession::buffer() const {
    return own_buffer_ ? own_buffer_ : *owner_.buffer;
}

Result<protocols::Attributes> FileSession::attributes(const ipc::Call& call) {
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, accessor_.file().attributes(call_of(call)));
    return wire::to_wire(attributes);
}

Result<protocols::Attributes> FileSession::set_attributes(
    const ipc::Call& call, const protocols::AttributeChanges& changes) {
    const fs::Call own = call_of(call);
    fs::OpenFile& file = accessor_.file();
    return node(own).change(changes, file.mode().write ? &file : nullptr);
}

Result<std::vector<std::byte>> FileSession::read(const ipc::Call& call, std::uint64_t position,
                                                 std::uint32_t length) {
    if (length > protocols::content_limit) return fail(std::errc::invalid_argument);
    std::vector<std::byte> content(length);
    QUIRE_TRY_ASSIGN(const std::size_t got, accessor_.read(call_of(call), call, position, content));
    content.resize(got);
    return content;
}

Result<protocols::FileWriteResult> FileSession::write(const ipc::Call& call, std::uint64_t position,
                                                      std::span<const std::byte> content) {
    QUIRE_TRY_ASSIGN(
        const Accessor::Written written,
        accessor_.write(call_of(call), call, position, content, Accessor::Source::ours));
    return protocols::FileWriteResult{written.end, written.size};
}

Result<void> FileSession::set_buffer(const ipc::Call&, ipc::Memory buffer) {
    return take_buffer(own_buffer_, buffer);
}

Result<std::uint64_t> FileSession::read_to(const ipc::Call& call, std::uint64_t position,
                                           std::uint64_t offset, std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto place, buffer().target(offset, length));
    return accessor_.read(call_of(call), call, position, place.bytes);
}

Result<protocols::FileWriteFromResult> FileSession::write_from(const ipc::Call& call,
                                                               std::uint64_t position,
                                                               std::uint64_t offset,
                                                               std::uint64_t length) {
    QUIRE_TRY_ASSIGN(const auto place, buffer().source(offset, length));
    QUIRE_TRY_ASSIGN(
        const Accessor::Written written,
        accessor_.write(call_of(call), call, position, place.bytes, Accessor::Source::shared));
    return protocols::FileWriteFromResult{written.end, written.size};
}

Result<std::uint64_t> FileSession::seek(const ipc::Call& call, std::uint64_t position,
                                        protocols::SeekTo what) {
    return accessor_.file().seek(call_of(call), position, wire::enum_cast<fs::SeekTo>(what));
}

Result<void> FileSession::allocate(const ipc::Call& call, protocols::AllocateMode mode,
                                   const protocols::Range& range) {
    QUIRE_TRY(accessor_.file().allocate(call_of(call), wire::enum_cast<fs::AllocateMode>(mode),
                                        {range.offset, range.length}));
    provider().tell(protocols::event_modified);
    return {};
}

Result<std::vector<std::byte>> FileSession::get_extended_attribute(const ipc::Call& call,
                                                                   std::string_view name) {
    const fs::Call own = call_of(call);
    return node(own).value(name);
}

Result<void> FileSession::set_extended_attribute(const ipc::Call& call, std::string_view name,
                                                 std::span<const std::byte> value,
                                                 protocols::SetAttributeMode mode) {
    const fs::Call own = call_of(call);
    return node(own).set(name, value, mode);
}

Result<std::vector<std::byte>> FileSession::list_extended_attributes(const ipc::Call& call) {
    const fs::Call own = call_of(call);
    return node(own).list();
}

Result<void> FileSession::remove_extended_attribute(const ipc::Call& call, std::string_view name) {
    const fs::Call own = call_of(call);
    return node(own).remove(name);
}

Result<std::uint64_t> FileSession::get_extended_attribute_to(const ipc::Call& call,
                                                             std::string_view name,
                                                             std::uint64_t offset,
                                                             std::uint64_t length) {
    const fs::Call own = call_of(call);
    return node(own).value_to(name, {buffer(), offset, length});
}

Result<void> FileSession::set_extended_attribute_from(const ipc::Call& call, std::string_view name,
                                                      std::uint64_t offset, std::uint64_t length,
                                                      protocols::SetAttributeMode mode) {
    const fs::Call own = call_of(call);
    return node(own).set_from(name, {buffer(), offset, length}, mode);
}

Result<std::uint64_t> FileSession::list_extended_attributes_to(const ipc::Call& call,
                                                               std::uint64_t offset,
                                                               std::uint64_t length) {
    const fs::Call own = call_of(call);
    return node(own).list_to({buffer(), offset, length});
}

Result<std::uint64_t> FileSession::flush(const ipc::Call& call, std::uint64_t populated_size) {
    const fs::Call own = call_of(call);
    fs::OpenFile& file = accessor_.file();
    if (populated_size != 0) QUIRE_TRY(accessor_.grow(own, populated_size));
    QUIRE_TRY(file.sync(own));
    QUIRE_TRY_ASSIGN(const fs::Attributes after, file.attributes(own));
    return after.size;
}

Result<std::shared_ptr<paging::FilePages>> FileSession::pages() {
    const std::scoped_lock lock(pages_mutex_);
    if (pages_) return pages_;
    QUIRE_TRY_ASSIGN(const auto domain, owner_.memory->domain());
    accessor_.file().watch(accessor_.shared_provider());
    QUIRE_TRY_ASSIGN(pages_, provider().pages(domain));
    return pages_;
}

Result<protocols::PageMap> FileSession::bring_in(const ipc::Call& call, std::uint64_t position,
                                                 std::uint64_t length) {
    if (!accessor_.file().mode().read) return fail(std::errc::bad_file_descriptor);
    QUIRE_TRY_ASSIGN(const auto pages, this->pages());
    const fs::Call own = call_of(call);
    // Who has it on loan gives it back, and nobody gets it before this has come to its end.
    const fs::OpenFile::Visit visit = accessor_.file().visit();
    FileSource source(accessor_, own, call);
    QUIRE_TRY_ASSIGN(const paging::FilePages::Where where,
                     pages->bring_in(call.token(), position, length, source));
    protocols::PageMap map{.cell_segment = where.cell.segment,
                           .cell_offset = where.cell.offset,
                           .identity = where.identity,
                           .chunk_segment = paging::life_segment,
                           .chunk_offset = 0};
    if (where.has_chunk) {
        map.chunk_segment = where.chunk.segment;
        map.chunk_offset = where.chunk.offset;
    }
    return map;
}

std::shared_ptr<BorrowedContent> FileSession::borrowed(bool make) {
    const std::scoped_lock lock(pages_mutex_);
    if (!borrowed_ && make) {
        borrowed_ =
            std::make_shared<BorrowedContent>(accessor_.shared_file(), accessor_.shared_provider());
        presence_->ageing.add(borrowed_);
    }
    return borrowed_;
}

Result<protocols::LoanMap> FileSession::lend(const ipc::Call& call, std::uint64_t position,
                                             std::uint64_t least, std::uint64_t length) {
    if (!accessor_.file().mode().write || accessor_.appends())
        return fail(std::errc::bad_file_descriptor);
    constexpr std::uint64_t farthest = paging::farthest_lent;
    if (position >= farthest || least > farthest - position)
        return fail(std::errc::operation_not_supported);
    QUIRE_TRY_ASSIGN(const auto memory, owner_.memory->for_writing());
    QUIRE_TRY_ASSIGN(const paging::LentPages::Where where,
                     borrowed(true)->bring_in(call_of(call), *memory, position, least, length));
    return protocols::LoanMap{.control_segment = where.control.segment,
                              .control_offset = where.control.offset,
                              .head_segment = where.head.segment,
                              .head_offset = where.head.offset,
                              .chunk_segment = where.chunk.segment,
                              .chunk_offset = where.chunk.offset,
                              .loan = where.loan};
}

Result<void> FileSession::settle(const ipc::Call&) {
    if (const auto borrowed = this->borrowed(false)) borrowed->give_back();
    if (auto error = accessor_.file().take_write_error()) return fail(*std::move(error));
    return {};
}

}  // namespace quire::server
