// SPDX-License-Identifier: MIT

#include "session/context_object.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "names/showing.hpp"
#include "quire/wire/values.hpp"
#include "session/directory_session.hpp"
#include "session/opening.hpp"

namespace quire::server {

namespace {

// What was there when the attributes were fetched; what is beyond content_limit is not asked for.
Result<std::vector<std::byte>> first_bytes(const OpenedFile& opened, const fs::Call& call,
                                           const ipc::Call& caller, std::uint32_t wanted) {
    std::vector<std::byte> content(std::min<std::uint64_t>(wanted, opened.attributes.size));
    if (content.empty()) return content;
    QUIRE_TRY_ASSIGN(const std::size_t got, opened.accessor.read(call, caller, 0, content));
    content.resize(got);
    return content;
}

// For who looks for it in memory: all of a file that was opened for reading, or nothing. That a file is
// empty may be known by who may not read it; what is shown may be opened, and read later.
std::optional<ShownNames::Content> all_content(const OpenedFile& opened,
                                               std::span<const std::byte> content) {
    if (!opened.accessor.file().mode().read || content.size() != opened.attributes.size)
        return std::nullopt;
    return content;
}

Result<ipc::Memory> memory_of(const paging::Segment& segment, bool writable) {
    UniqueFd descriptor(::fcntl(segment.fd(), F_DUPFD_CLOEXEC, 0));
    if (!descriptor) return fail_errno();
    return ipc::Memory(std::move(descriptor), segment.size(), writable);
}

Result<void> check_wanted(std::uint32_t wanted) {
    if (wanted > protocols::content_limit) return fail(std::errc::invalid_argument);
    return {};
}

}  // namespace

ContextObject::ContextObject(std::shared_ptr<SessionHost> host, const Authority& authority,
                             const std::shared_ptr<wire::Account>& account)
    : presence_(std::move(host), &SessionHost::contexts),
      owner_{authority, account, std::make_shared<wire::TransferBuffer>(account),
             std::make_shared<ContextMemory>(presence_->domains, authority)},
      leases_(std::make_shared<Leases>(account)),
      pins_(std::make_shared<PinnedRuns>(account)) {}

Result<fs::Found> ContextObject::find(const fs::Call& call, std::string_view path,
                                      bool follow) const {
    QUIRE_TRY_ASSIGN(const Path parsed, Path::parse(path));
    Showing showing(*presence_, owner_, call);
    auto found = owner_.authority.find(call, parsed, follow ? fs::Follow::yes : fs::Follow::no,
                                       showing.trail());
    showing.show();
    return found;
}

Result<protocols::OpenerContextOpenResult> ContextObject::open(const ipc::Call& call,
                                                               std::string_view path,
                                                               std::uint32_t flags,
                                                               std::uint16_t permissions,
                                                               std::uint32_t wanted) {
    QUIRE_TRY_ASSIGN(const OpenWay way, OpenWay::parse(flags, permissions));
    QUIRE_TRY(check_wanted(wanted));
    QUIRE_TRY_ASSIGN(const Path parsed, Path::parse(path));
    const fs::Call own = call_of(call);
    Showing showing(*presence_, owner_, own);
    auto found = open_file(*presence_, owner_.authority, own, parsed, way, showing.trail());
    if (!found) {
        showing.show();
        return fail(std::move(found).error());
    }
    OpenedFile opened = *std::move(found);
    protocols::OpenerContextOpenResult result;
    if (way.mode.read && wanted != 0) {
        QUIRE_TRY_ASSIGN(result.content, first_bytes(opened, own, call, wanted));
    }
    showing.show(all_content(opened, result.content));
    result.attributes = wire::to_wire(opened.attributes);
    result.file = ipc::Cap<protocols::FileObject>(
        std::make_shared<FileSession>(presence_.host(), owner_, std::move(opened.accessor)));
    return result;
}

Result<protocols::OpenerContextReadResult> ContextObject::read(const ipc::Call& call,
                                                               std::string_view path,
                                                               std::uint32_t wanted) {
    QUIRE_TRY(check_wanted(wanted));
    QUIRE_TRY_ASSIGN(const Path parsed, Path::parse(path));
    const fs::Call own = call_of(call);
    Showing showing(*presence_, owner_, own);
    const auto opened = open_file(*presence_, owner_.authority, own, parsed,
                                  {.mode = {.read = true, .write = false}}, showing.trail());
    if (!opened) {
        showing.show();
        return fail(opened.error());
    }
    protocols::OpenerContextReadResult result;
    QUIRE_TRY_ASSIGN(result.content, first_bytes(*opened, own, call, wanted));
    showing.show(all_content(*opened, result.content));
    result.attributes = wire::to_wire(opened->attributes);
    return result;
}

Result<protocols::OpenerContextOpenDirectoryResult> ContextObject::open_directory(
    const ipc::Call& call, std::string_view path, std::uint32_t most, bool with_attributes) {
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const fs::Found found, find(own, path, true));
    if (found.node->type() != fs::FileType::directory) return fail(std::errc::not_a_directory);
    QUIRE_TRY(tree().access(own, found.node, R_OK));
    std::shared_ptr<DirectorySession> session;
    {
        const HandleTurns::Turn turn(presence_->registry->turns(), found.node->handle());
        session = std::make_shared<DirectorySession>(
            presence_.host(), owner_.authority, found.node,
            presence_->registry->find_or_create(found.node->handle()));
    }
    protocols::OpenerContextOpenDirectoryResult result;
    QUIRE_TRY_ASSIGN(result.attributes, session->attributes(call));
    QUIRE_TRY_ASSIGN(result.page, session->page(call, 0, most, with_attributes));
    result.directory = ipc::Cap<protocols::Directory>(std::move(session));
    return result;
}

Result<protocols::Attributes> ContextObject::stat(const ipc::Call& call, std::string_view path,
                                                  bool follow) {
    QUIRE_TRY_ASSIGN(const fs::Found found, find(call_of(call), path, follow));
    return wire::to_wire(found.attributes);
}

Result<void> ContextObject::access(const ipc::Call& call, std::string_view path,
                                   std::uint32_t mask) {
    if ((mask & ~7U) != 0) return fail(std::errc::invalid_argument);
    const fs::Call own = call_of(call);
    QUIRE_TRY_ASSIGN(const fs::Found found, find(own, path, true));
    const fs::FileType type = found.node->type();
    if ((mask & W_OK) != 0 && (type == fs::FileType::regular || type == fs::FileType::directory))
        QUIRE_TRY(may_change());
    return tree().access(own, found.node, static_cast<int>(mask));
}

Result<protocols::Statistics> ContextObject::statistics(const ipc::Call& call) {
    QUIRE_TRY_ASSIGN(fs::VolumeStatistics statistics, tree().statistics(call_of(call)));
    if (owner_.authority.read_only()) statistics.read_only = true;
    return wire::to_wire(statistics);
}

Result<void> ContextObject::sync(const ipc::Call& call) {
    return tree().sync(call_of(call));
}

Result<void> ContextObject::set_buffer(const ipc::Call&, ipc::Memory buffer) {
    return take_buffer(*owner_.buffer, buffer);
}

Result<void> ContextObject::set_umask(const ipc::Call&, std::uint16_t umask) {
    if (umask > 0777) return fail(std::errc::invalid_argument);
    umask_ = umask;
    return {};
}

Result<ipc::Memory> ContextObject::segment(const ipc::Call&, std::uint32_t number) {
    QUIRE_TRY_ASSIGN(const auto domain, owner_.memory->domain());
    QUIRE_TRY_ASSIGN(const auto segment, domain->segment(number));
    return memory_of(*segment, false);
}

Result<ipc::Memory> ContextObject::write_segment(const ipc::Call&, std::uint32_t number) {
    QUIRE_TRY_ASSIGN(const auto memory, owner_.memory->for_writing());
    QUIRE_TRY_ASSIGN(const auto segment, memory->segment(number));
    return memory_of(*segment, number != paging::life_segment);
}

Result<protocols::OpenerContextNamesResult> ContextObject::names(const ipc::Call&) {
    QUIRE_TRY_ASSIGN(const auto names, owner_.memory->use_names());
    presence_->names->add(names, leases_);
    const paging::NameTableShape& shape = names->shape();
    return protocols::OpenerContextNamesResult{shape.segment, shape.buckets, shape.records};
}

Result<void> ContextObject::set_leases(const ipc::Call&, ipc::Memory words) {
    return leases_->set(words);
}

Result<std::uint32_t> ContextObject::set_pins(const ipc::Call&, ipc::Memory words) {
    QUIRE_TRY_ASSIGN(const auto domain, owner_.memory->domain());
    const std::uint32_t most = domain->add_pins(pins_);
    QUIRE_TRY(pins_->set(words, most));
    return most;
}

// Who found the content there has opened the file: whether he may is not asked again.
Result<protocols::OpenerContextOpenLeasedResult> ContextObject::open_leased(
    const ipc::Call& call, std::uint64_t identity) {
    const fs::NodeReference node =
        presence_->names->find_open(owner_.memory->names().get(), *leases_, identity);
    if (!node) return fail(std::errc(ESTALE), "the file is not open");
    const fs::Call own = call_of(call);
    const fs::Call as_root = own.as(fs::Credentials::root());
    const HandleTurns::Turn turn(presence_->registry->turns(), node->handle());
    QUIRE_TRY_ASSIGN(auto file, tree().open(as_root, node, {.read = true, .write = false}));
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, file->attributes(own));
    auto provider = presence_->registry->find_or_create(node->handle());
    if (attributes.links == 0) provider->mark_removed();
    protocols::OpenerContextOpenLeasedResult result;
    result.attributes = wire::to_wire(attributes);
    result.file = ipc::Cap<protocols::FileObject>(std::make_shared<FileSession>(
        presence_.host(), owner_, Accessor(std::move(file), std::move(provider), false)));
    return result;
}

void ContextObject::end_lease(const ipc::Call&, std::uint64_t identity) {
    leases_->end(identity);
}

}  // namespace quire::server
