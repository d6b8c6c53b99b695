// SPDX-License-Identifier: MIT

#include "serve/service_object.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "quire/base/units.hpp"
#include "quire/block/region_device.hpp"
#include "quire/remote/block_object.hpp"
#include "quire/remote/volume_object.hpp"

namespace quire::assembly {

namespace {

constexpr std::size_t clients_at_once = 256;
constexpr std::size_t status_limit = 4096;

fs::Credentials identity_of(const Served& served, const ipc::Peer& peer) {
    if (peer.uid == 0 || (served.owner_is_root && peer.uid == served.uid))
        return fs::Credentials::root();
    fs::Credentials identity;
    identity.uid = peer.uid;
    identity.gid = peer.gid;
    identity.groups.assign(peer.groups.begin(), peer.groups.end());
    identity.pid = peer.pid;
    // What a client makes has the permissions that it asks for: its umask is its own affair.
    identity.umask = 0;
    return identity;
}

std::unexpected<Error> other_kind(std::string_view what) {
    return fail(std::errc::operation_not_supported, fmt::format("{} is served here", what));
}

/// Objects by their interfaces.
class HeldSums {
public:
    void add(std::string_view interface_name, std::uint64_t references) {
        protocols::HeldObject& sum = sums_[interface_name];
        sum.interface_name = interface_name;
        ++sum.objects;
        sum.references += references;
    }
    std::vector<protocols::HeldObject> sorted() {
        std::vector<protocols::HeldObject> list;
        for (auto& [name, sum] : sums_) list.push_back(std::move(sum));
        return list;
    }

private:
    std::map<std::string_view, protocols::HeldObject> sums_;
};

/// The device for one client, which counts among its users as long as it lives.
class LeasedDevice final : public block::Device {
public:
    static Result<std::shared_ptr<LeasedDevice>> take(std::shared_ptr<Served> served,
                                                      bool read_only) {
        const block::Range all{0, served->device->geometry().size};
        std::shared_ptr<block::Device> window;
        if (read_only) {
            QUIRE_TRY_ASSIGN(window, block::RegionDevice::open(
                                         served->device, all,
                                         {.read_only = true, .name = served->device->describe()}));
        } else {
            window = served->device;
        }
        int users = served->users;
        do {
            if (read_only ? users == Served::writer : users != 0)
                return fail(std::errc::device_or_resource_busy,
                            fmt::format("{} is in use by another client{}", served->description,
                                        read_only ? " that writes" : ""));
        } while (
            !served->users.compare_exchange_weak(users, read_only ? users + 1 : Served::writer));
        return std::make_shared<LeasedDevice>(std::move(served), std::move(window), read_only);
    }

    LeasedDevice(std::shared_ptr<Served> served, std::shared_ptr<block::Device> window,
                 bool read_only)
        : served_(std::move(served)), window_(std::move(window)), read_only_(read_only) {}
    ~LeasedDevice() override {
        if (read_only_)
            --served_->users;
        else
            served_->users = 0;
    }

    block::Geometry geometry() const override { return window_->geometry(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> memory) override {
        return window_->read(offset, memory);
    }
    Result<void> write(std::uint64_t offset, std::span<const std::byte> memory) override {
        return changed(window_->write(offset, memory));
    }
    Result<void> read_runs(std::span<const block::ReadRun> runs) override {
        return window_->read_runs(runs);
    }
    Result<void> write_runs(std::span<const block::WriteRun> runs) override {
        return changed(window_->write_runs(runs));
    }
    Result<void> flush() override { return window_->flush(); }
    Result<void> discard(block::Range range) override { return changed(window_->discard(range)); }
    Result<void> zero(block::Range range) override { return changed(window_->zero(range)); }
    Result<block::Range> next_data(std::uint64_t offset) override {
        return window_->next_data(offset);
    }
    Result<void> resize(std::uint64_t size) override { return changed(window_->resize(size)); }
    std::string describe() const override { return window_->describe(); }

private:
    /// Also what failed may have changed something.
    Result<void> changed(Result<void> outcome) {
        served_->written = true;
        return outcome;
    }

    const std::shared_ptr<Served> served_;
    const std::shared_ptr<block::Device> window_;
    const bool read_only_;
};

}  // namespace

void GivenVolumes::add(const std::shared_ptr<server::Guard>& volume) {
    const std::scoped_lock lock(mutex_);
    if (volumes_.size() >= next_sweep_) {
        std::erase_if(volumes_, [](const auto& given) { return given.expired(); });
        next_sweep_ = std::max(least_sweep, 2 * volumes_.size());
    }
    volumes_.push_back(volume);
}

GivenVolumes::Count GivenVolumes::count() const {
    std::vector<std::weak_ptr<server::Guard>> volumes;
    {
        const std::scoped_lock lock(mutex_);
        volumes = volumes_;
    }
    Count count;
    for (const auto& given : volumes) {
        // Its end, should this be the last to hold it, calls the volume: not under the lock.
        const auto volume = given.lock();
        if (!volume) continue;
        ++count.volumes;
        count.nodes += volume->held();
    }
    return count;
}

Result<void> Served::commit(const fs::Call& call) {
    if (read_only) return {};
    if (tree) return tree->tree().sync(call);
    if (!device || !written.exchange(false)) return {};
    auto done = device->flush();
    if (!done) written = true;
    return done;
}

ServiceObject::ServiceObject(std::shared_ptr<Served> served, const ipc::Peer& peer)
    : served_(std::move(served)),
      peer_(peer),
      identity_(identity_of(*served_, peer)),
      account_(std::make_shared<wire::Account>(wire::AccountLimits{}, served_->buffers)) {}

Result<void> ServiceObject::must_be_root() const {
    if (identity_.is_root()) return {};
    return fail(std::errc::operation_not_permitted,
                fmt::format("only who acts as the root of {} may do that", served_->description));
}

Result<protocols::ServiceDescribeResult> ServiceObject::describe(const ipc::Call&) {
    return protocols::ServiceDescribeResult{
        .kind = served_->tree ? protocols::ServiceKind::volume : protocols::ServiceKind::device,
        .description = served_->description,
        .read_only = served_->read_only,
    };
}

Result<server::Authority> ServiceObject::authority(const ipc::Call& call, std::string_view subtree,
                                                   bool read_only) const {
    if (!served_->tree) return other_kind("a device");
    QUIRE_TRY_ASSIGN(server::Authority theirs, served_->tree->acting_as(identity_));
    if (read_only) theirs = theirs.for_reading();
    if (subtree.empty()) return theirs;
    QUIRE_TRY_ASSIGN(const Path path, Path::parse(subtree));
    return theirs.narrow(path, read_only, call.deadline());
}

Result<ipc::Cap<protocols::Volume>> ServiceObject::volume(const ipc::Call& call,
                                                          std::string_view subtree,
                                                          bool read_only) {
    QUIRE_TRY_ASSIGN(server::Authority theirs, authority(call, subtree, read_only));
    auto guard = std::make_shared<server::Guard>(std::move(theirs));
    served_->volumes.add(guard);
    return ipc::Cap<protocols::Volume>(remote::VolumeObject::over(std::move(guard), account_));
}

Result<ipc::Cap<protocols::Opener>> ServiceObject::opener(const ipc::Call& call,
                                                          std::string_view subtree,
                                                          bool read_only) {
    QUIRE_TRY_ASSIGN(server::Authority theirs, authority(call, subtree, read_only));
    return served_->files->opener(std::move(theirs), account_);
}

Result<ipc::Cap<protocols::Filesystem>> ServiceObject::filesystem(const ipc::Call&) {
    if (!served_->tree) return other_kind("a device");
    QUIRE_TRY(must_be_root());
    if (!served_->tree->whole() || served_->read_only)
        return fail(
            std::errc::operation_not_permitted,
            "a part of a filesystem is served, or for reading only: there is no Filesystem");
    return served_->files->filesystem(account_);
}

Result<ipc::Cap<protocols::Block>> ServiceObject::block(const ipc::Call&, bool read_only) {
    if (!served_->device) return other_kind("a filesystem");
    QUIRE_TRY(must_be_root());
    if (!read_only && served_->read_only)
        return fail(std::errc::read_only_file_system,
                    fmt::format("{} is served for reading only", served_->description));
    QUIRE_TRY_ASSIGN(auto leased, LeasedDevice::take(served_, read_only));
    return ipc::Cap<protocols::Block>(
        std::make_shared<remote::BlockObject>(std::move(leased), account_));
}

Result<ipc::Cap<protocols::Block>> ServiceObject::image(const ipc::Call&) {
    if (!served_->tree) return other_kind("a device");
    QUIRE_TRY(must_be_root());
    if (!served_->tree->whole())
        return fail(std::errc::operation_not_permitted,
                    fmt::format("{} is a part of a filesystem: its image is not served",
                                served_->description));
    QUIRE_TRY_ASSIGN(auto device, served_->image());
    return ipc::Cap<protocols::Block>(
        std::make_shared<remote::BlockObject>(std::move(device), account_));
}

bool ServiceObject::may_see(const ipc::Peer& other) const {
    return identity_.is_root() || other.uid == peer_.uid;
}

Result<std::vector<protocols::ServedClient>> ServiceObject::clients(const ipc::Call&,
                                                                    std::uint64_t after) {
    std::vector<protocols::ServedClient> clients;
    for (const ipc::Snapshot::Channel& channel : served_->snapshot().channels) {
        if (channel.number <= after || !may_see(channel.peer)) continue;
        clients.push_back({
            .number = channel.number,
            .pid = channel.peer.pid,
            .uid = channel.peer.uid,
            .gid = channel.peer.gid,
            .objects = channel.objects.size(),
            .calls = channel.calls,
            .received = channel.received_bytes,
            .sent = channel.sent_bytes,
        });
        if (clients.size() == clients_at_once) break;
    }
    return clients;
}

Result<std::vector<protocols::HeldObject>> ServiceObject::held(const ipc::Call&,
                                                               std::uint64_t client) {
    const ipc::Snapshot snapshot = served_->snapshot();
    const auto channel =
        std::ranges::find(snapshot.channels, client, &ipc::Snapshot::Channel::number);
    if (channel == snapshot.channels.end())
        return fail(std::errc::no_such_file_or_directory,
                    fmt::format("there is no client {}", client));
    if (!may_see(channel->peer))
        return fail(std::errc::operation_not_permitted, "that client is another user's");
    HeldSums held;
    for (const ipc::Snapshot::Object& object : channel->objects)
        held.add(object.interface_name, object.references);
    return held.sorted();
}

Result<std::vector<protocols::HeldObject>> ServiceObject::gates(const ipc::Call&) {
    QUIRE_TRY(must_be_root());
    HeldSums held;
    for (const ipc::Snapshot::Gate& gate : served_->snapshot().gates)
        held.add(gate.interface_name, 1);
    return held.sorted();
}

Result<std::string> ServiceObject::status(const ipc::Call&) {
    const ipc::Snapshot now = served_->snapshot();
    std::string text = served_->confinement + '\n';
    text += fmt::format("{} clients, {} gates, {} threads; {} came, {} were cut off\n",
                        now.channels.size(), now.gates.size(), now.workers, now.accepted_channels,
                        now.expelled_channels);
    text += fmt::format("{} messages ({}) in, {} ({}) out, {} of them through shared memory\n",
                        now.received_messages, human_size(now.received_bytes), now.sent_messages,
                        human_size(now.sent_bytes), now.slot_messages);
    if (served_->files) {
        const server::FileServerCounters counters = served_->files->counters();
        text += fmt::format(
            "{} openers, {} contexts, {} open files, {} open directories on {} "
            "inodes, {} buffers\n",
            counters.openers, counters.contexts, counters.files, counters.directories,
            counters.providers, counters.buffers);
        const GivenVolumes::Count given = served_->volumes.count();
        text += fmt::format("{} volumes with {} nodes\n", given.volumes, given.nodes);
        if (const paging::PagePool::Counters& memory = counters.memory; memory.budget != 0)
            text += fmt::format(
                "{} of {} memory in {} segments of {} domains: {} of content, {} files, {} of them "
                "lent\n",
                human_size(memory.segment_bytes), human_size(memory.budget), memory.segments,
                memory.domains, human_size(memory.runs * paging::run_size), memory.files,
                memory.lent_files);
    }
    return text.substr(0, status_limit);
}

}  // namespace quire::assembly
