// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "names/shown_names.hpp"
#include "pages/ageing.hpp"
#include "pages/domains.hpp"
#include "quire/ipc/call.hpp"
#include "quire/server/file_server.hpp"
#include "quire/wire/account.hpp"
#include "quire/wire/transfer_buffer.hpp"
#include "registry/registry.hpp"

namespace quire::server {

/// What all objects of one file server share.
struct SessionHost {
    SessionHost(std::shared_ptr<fs::Tree> its_tree, FileServerOptions its_options)
        : tree(std::move(its_tree)),
          options(std::move(its_options)),
          registry(Registry::create()),
          domains(std::make_shared<Domains>(options.pages)),
          names(std::make_shared<ShownNames>()),
          ageing(options.age) {
        if (!options.pages) return;
        tree->watch(names);
        tree->watch(domains);
    }

    const std::shared_ptr<fs::Tree> tree;
    const FileServerOptions options;
    const std::shared_ptr<Registry> registry;
    const std::shared_ptr<Domains> domains;
    const std::shared_ptr<ShownNames> names;
    Ageing ageing;

    using Count = std::atomic<std::size_t>;
    Count openers = 0;
    Count contexts = 0;
    Count files = 0;
    Count directories = 0;
};

/// What an object holds for as long as it lives: its host, and a place in one of its counts.
class Presence {
public:
    Presence(std::shared_ptr<SessionHost> host, SessionHost::Count SessionHost::* count)
        : host_(std::move(host)), count_(count) {
        ++((*host_).*count_);
    }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    ~Presence() { --((*host_).*count_); }

    SessionHost& operator*() const { return *host_; }
    SessionHost* operator->() const { return host_.get(); }
    const std::shared_ptr<SessionHost>& host() const { return host_; }

private:
    const std::shared_ptr<SessionHost> host_;
    SessionHost::Count SessionHost::* const count_;
};

/// Replaces the buffer of a session, which must be for writing too.
/// Fails: as wire::TransferBuffer::replace.
inline Result<void> take_buffer(wire::TransferBuffer& place, const ipc::Memory& memory) {
    if (!memory.writable())
        return fail(std::errc::invalid_argument, "a transfer buffer is memory for writing");
    return place.replace(memory);
}

/// Who calls, as what an object was made for, and until when.
inline fs::Call call_as(const Authority& authority, const ipc::Call& call) {
    return authority.call({{}, call.deadline(), call.token()});
}

}  // namespace quire::server
