// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "image.hpp"
#include "quire/block/device.hpp"
#include "quire/ipc/snapshot.hpp"
#include "quire/protocols/service.hpp"
#include "quire/server/authority.hpp"
#include "quire/server/file_server.hpp"
#include "quire/server/guard.hpp"
#include "quire/wire/account.hpp"

namespace quire::assembly {

/// The volumes that clients hold, to be counted.
/// Threads: any.
class GivenVolumes {
public:
    struct Count {
        std::size_t volumes = 0;
        std::size_t nodes = 0;
    };

    void add(const std::shared_ptr<server::Guard>& volume);
    Count count() const;

private:
    mutable std::mutex mutex_;
    std::vector<std::weak_ptr<server::Guard>> volumes_;
    /// Those that have ended are taken out when there are so many.
    static constexpr std::size_t least_sweep = 64;
    std::size_t next_sweep_ = least_sweep;
};

/// What a server serves, to all its clients.
struct Served {
    std::string description;
    bool read_only = false;
    /// Whether clients of the server's own user act as the image's root.
    bool owner_is_root = true;
    /// Who the server is.
    std::uint32_t uid = 0;
    /// For the status; a line each.
    std::string confinement;
    /// What may be mapped of all clients' memory.
    std::shared_ptr<wire::Allowance> buffers =
        std::make_shared<wire::Allowance>(wire::buffers_of_all_clients);
    /// Who is connected.
    std::function<ipc::Snapshot()> snapshot;

    /// A filesystem: as its root.
    std::optional<server::Authority> tree;
    std::unique_ptr<server::FileServer> files;
    GivenVolumes volumes;
    /// The bytes under it.
    ImageSource image;

    /// A device: one writer, or any number of readers.
    std::shared_ptr<block::Device> device;
    static constexpr int writer = -1;
    std::atomic<int> users = 0;
    /// Since it was committed.
    std::atomic<bool> written = false;

    /// Makes durable what clients have changed. Threads: any.
    Result<void> commit(const fs::Call& call = fs::Call::as_root());
};

/// The first object of one connection: gives out what its peer may have.
/// Threads: any.
class ServiceObject final : public protocols::Service {
public:
    ServiceObject(std::shared_ptr<Served> served, const ipc::Peer& peer);

    Result<protocols::ServiceDescribeResult> describe(const ipc::Call& call) override;
    Result<ipc::Cap<protocols::Volume>> volume(const ipc::Call& call, std::string_view subtree,
                                               bool read_only) override;
    Result<ipc::Cap<protocols::Opener>> opener(const ipc::Call& call, std::string_view subtree,
                                               bool read_only) override;
    Result<ipc::Cap<protocols::Filesystem>> filesystem(const ipc::Call& call) override;
    Result<ipc::Cap<protocols::Block>> block(const ipc::Call& call, bool read_only) override;
    Result<std::vector<protocols::ServedClient>> clients(const ipc::Call& call,
                                                         std::uint64_t after) override;
    Result<std::vector<protocols::HeldObject>> held(const ipc::Call& call,
                                                    std::uint64_t client) override;
    Result<std::vector<protocols::HeldObject>> gates(const ipc::Call& call) override;
    Result<std::string> status(const ipc::Call& call) override;
    Result<ipc::Cap<protocols::Block>> image(const ipc::Call& call) override;

private:
    Result<server::Authority> authority(const ipc::Call& call, std::string_view subtree,
                                        bool read_only) const;
    Result<void> must_be_root() const;
    bool may_see(const ipc::Peer& other) const;

    const std::shared_ptr<Served> served_;
    const ipc::Peer peer_;
    const fs::Credentials identity_;
    const std::shared_ptr<wire::Account> account_;
};

}  // namespace quire::assembly
