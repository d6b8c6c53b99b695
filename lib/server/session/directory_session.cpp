// SPDX-License-Identifier: MIT

#include "session/directory_session.hpp"

#include <limits>

#include "quire/wire/values.hpp"

namespace quire::server {

namespace {

/// The most that an entry takes besides its name, gaps included, and that attributes take.
constexpr std::size_t entry_bytes = 48;
constexpr std::size_t attribute_bytes = 192;

}  // namespace

DirectorySession::DirectorySession(std::shared_ptr<SessionHost> host, Authority authority,
                                   fs::NodeReference node, std::shared_ptr<Provider> provider)
    : Subscriber(std::move(provider)),
      presence_(std::move(host), &SessionHost::directories),
      authority_(std::move(authority)),
      node_(std::move(node)) {}

Result<void> DirectorySession::check_reach(const fs::Call& call) {
    QUIRE_TRY_ASSIGN(moves_, authority_.still_below(call, node_, moves_));
    return {};
}

Result<protocols::Attributes> DirectorySession::attributes(const ipc::Call& call) {
    const fs::Call own = call_as(authority_, call);
    QUIRE_TRY_ASSIGN(const fs::Attributes attributes, authority_.tree().attributes(own, node_));
    QUIRE_TRY(check_reach(own));
    return wire::to_wire(attributes);
}

Result<protocols::DirectoryPage> DirectorySession::page(const ipc::Call& call,
                                                        std::uint64_t position, std::uint32_t most,
                                                        bool with_attributes) {
    if (most == 0) most = std::numeric_limits<std::uint32_t>::max();
    protocols::DirectoryPage page{.count = 0, .entries = {}, .last = true};
    ipc::Encoder entries;
    std::size_t room = protocols::content_limit;
    const auto take = [&](const fs::DirectoryEntry& entry) {
        const std::size_t needed =
            entry_bytes + entry.name.size() + (with_attributes ? attribute_bytes : 0);
        if (page.count == most || needed > room) return page.last = false;
        protocols::DirectoryEntry named{.name = std::string(entry.name),
                                        .inode = entry.inode,
                                        .type = wire::enum_cast<protocols::FileType>(entry.type),
                                        .next = entry.next};
        if (with_attributes)
            encode(entries,
                   protocols::DetailedEntry{.entry = std::move(named),
                                            .attributes = entry.attributes != nullptr
                                                              ? wire::to_wire(*entry.attributes)
                                                              : protocols::Attributes()});
        else
            encode(entries, named);
        room -= needed;
        ++page.count;
        return true;
    };
    const fs::Call own = call_as(authority_, call);
    QUIRE_TRY(check_reach(own));
    QUIRE_TRY(authority_.tree().list(
        own, node_, position, with_attributes ? fs::WithAttributes::yes : fs::WithAttributes::no,
        take));
    // It may have been moved while it was listed.
    QUIRE_TRY(check_reach(own));
    if (entries.failed()) return fail(entries.error());
    const auto body = entries.body();
    page.entries.assign(body.begin(), body.end());
    return page;
}

}  // namespace quire::server
