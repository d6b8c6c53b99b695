// SPDX-License-Identifier: MIT

// The volume as a whole, and names.

#include "quire/remote/volume_object.hpp"

#include <algorithm>

#include "served/observer_relay.hpp"
#include "served/volume_object_calls.hpp"

namespace quire::remote {

namespace {

constexpr unsigned operations = static_cast<unsigned>(fs::Operation::print) + 1;
static_assert(operations <= 64);

constexpr std::size_t longest_type_name = 64;

}  // namespace

VolumeObject::VolumeObject(fs::SharedVolume& volume, const std::shared_ptr<wire::Account>& account,
                           std::size_t events)
    : volume_(volume.view()),
      nodes_(std::make_unique<GivenNodes>(*volume_, account)),
      buffer_(account),
      relay_(
          std::make_unique<ObserverRelay>([this](fs::Cookie node) { return nodes_->holds(node); },
                                          [this] { nodes_->lose(); }, events)) {
    volume_->set_observer(relay_.get());
}

VolumeObject::~VolumeObject() {
    volume_->set_observer(nullptr);
}

std::shared_ptr<VolumeObject> VolumeObject::over(std::shared_ptr<fs::Volume> volume,
                                                 const std::shared_ptr<wire::Account>& account) {
    return std::make_shared<VolumeObject>(*fs::SharedVolume::create(std::move(volume)), account);
}

std::size_t VolumeObject::nodes() const {
    return nodes_->count();
}

Result<protocols::VolumeDescribeResult> VolumeObject::describe(const ipc::Call&) {
    protocols::VolumeDescribeResult result;
    result.thread_model = enum_cast<protocols::ThreadModel>(volume_->thread_model());
    for (unsigned bit = 0; bit < operations; ++bit)
        if (volume_->supports(static_cast<fs::Operation>(bit)))
            result.supported |= std::uint64_t{1} << bit;
    result.type_name = volume_->type_name().substr(0, longest_type_name);
    return result;
}

Result<void> VolumeObject::set_observer(const ipc::Call&,
                                        ipc::Cap<protocols::VolumeObserver> observer) {
    relay_->set(std::move(observer));
    return {};
}

Result<protocols::Entry> VolumeObject::root(const ipc::Call& call,
                                            const protocols::Credentials& credentials) {
    return giving(call, credentials, {}, {},
                  [&](const fs::Call& inner) { return volume_->root(inner); });
}

Result<protocols::Statistics> VolumeObject::statistics(const ipc::Call& call,
                                                       const protocols::Credentials& credentials) {
    return on(call, credentials, {}, {},
              [&](const fs::Call& inner) -> Result<protocols::Statistics> {
                  QUIRE_TRY_ASSIGN(const auto found, volume_->statistics(inner));
                  return to_wire(found);
              });
}

Result<void> VolumeObject::sync(const ipc::Call& call, const protocols::Credentials& credentials) {
    return on(call, credentials, {}, {},
              [&](const fs::Call& inner) { return volume_->sync(inner); });
}

Result<protocols::Handle> VolumeObject::node_to_handle(const ipc::Call& call,
                                                       const protocols::Credentials& credentials,
                                                       std::uint64_t node) {
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<protocols::Handle> {
        QUIRE_TRY_ASSIGN(const auto handle, volume_->node_to_handle(inner, node));
        return protocols::Handle{handle.inode, handle.generation};
    });
}

Result<protocols::Entry> VolumeObject::handle_to_node(const ipc::Call& call,
                                                      const protocols::Credentials& credentials,
                                                      const protocols::Handle& handle) {
    return giving(call, credentials, {}, {}, [&](const fs::Call& inner) {
        return volume_->handle_to_node(inner, {handle.inode, handle.generation});
    });
}

Result<void> VolumeObject::extended_attribute_control(const ipc::Call& call,
                                                      const protocols::Credentials& credentials,
                                                      std::string_view command) {
    return on(call, credentials, {}, {}, [&](const fs::Call& inner) {
        return volume_->extended_attribute_control(inner, command);
    });
}

Result<void> VolumeObject::unmount(const ipc::Call& call, const protocols::Credentials& credentials,
                                   bool force) {
    return nodes_->end([&] { return volume_->unmount(ours(call, credentials), force); });
}

Result<protocols::Entry> VolumeObject::lookup(const ipc::Call& call,
                                              const protocols::Credentials& credentials,
                                              std::uint64_t directory, std::string_view text) {
    QUIRE_TRY_ASSIGN(const Name name, Name::parse(text));
    return giving(call, credentials, directory, {},
                  [&](const fs::Call& inner) { return volume_->lookup(inner, directory, name); });
}

Result<protocols::Entry> VolumeObject::create(const ipc::Call& call,
                                              const protocols::Credentials& credentials,
                                              std::uint64_t directory, std::string_view text,
                                              const protocols::NewNode& node) {
    QUIRE_TRY_ASSIGN(const Name name, Name::parse(text));
    return giving(call, credentials, directory, {}, [&](const fs::Call& inner) {
        return volume_->create(inner, directory, name, ours(node));
    });
}

Result<protocols::Entry> VolumeObject::mknod(const ipc::Call& call,
                                             const protocols::Credentials& credentials,
                                             std::uint64_t directory, std::string_view text,
                                             const protocols::NewNode& node,
                                             protocols::FileType type,
                                             const protocols::DeviceNumber& device) {
    QUIRE_TRY_ASSIGN(const Name name, Name::parse(text));
    return giving(call, credentials, directory, {}, [&](const fs::Call& inner) {
        return volume_->mknod(inner, directory, name, ours(node), enum_cast<fs::FileType>(type),
                              {device.major_number, device.minor_number});
    });
}

Result<protocols::Entry> VolumeObject::mkdir(const ipc::Call& call,
                                             const protocols::Credentials& credentials,
                                             std::uint64_t directory, std::string_view text,
                                             const protocols::NewNode& node) {
    QUIRE_TRY_ASSIGN(const Name name, Name::parse(text));
    return giving(call, credentials, directory, {}, [&](const fs::Call& inner) {
        return volume_->mkdir(inner, directory, name, ours(node));
    });
}

Result<protocols::Entry> VolumeObject::symlink(const ipc::Call& call,
                                               const protocols::Credentials& credentials,
                                               std::uint64_t directory, std::string_view text,
                                               const protocols::NewNode& node,
                                               std::string_view target) {
    QUIRE_TRY_ASSIGN(const Name name, Name::parse(text));
    return giving(call, credentials, directory, {}, [&](const fs::Call& inner) {
        return volume_->symlink(inner, directory, name, ours(node), target);
    });
}

Result<protocols::Entry> VolumeObject::link(const ipc::Call& call,
                                            const protocols::Credentials& credentials,
                                            std::uint64_t node, std::uint64_t directory,
                                            std::string_view text) {
    QUIRE_TRY_ASSIGN(const Name name, Name::parse(text));
    return giving(call, credentials, node, directory, [&](const fs::Call& inner) {
        return volume_->link(inner, node, directory, name);
    });
}

Result<void> VolumeObject::remove(const ipc::Call& call, const protocols::Credentials& credentials,
                                  std::uint64_t directory, std::string_view text) {
    QUIRE_TRY_ASSIGN(const Name name, Name::parse(text));
    return on(call, credentials, directory, {},
              [&](const fs::Call& inner) { return volume_->remove(inner, directory, name); });
}

Result<void> VolumeObject::rmdir(const ipc::Call& call, const protocols::Credentials& credentials,
                                 std::uint64_t directory, std::string_view text) {
    QUIRE_TRY_ASSIGN(const Name name, Name::parse(text));
    return on(call, credentials, directory, {},
              [&](const fs::Call& inner) { return volume_->rmdir(inner, directory, name); });
}

Result<void> VolumeObject::rename(const ipc::Call& call, const protocols::Credentials& credentials,
                                  std::uint64_t from_directory, std::string_view from_text,
                                  std::uint64_t to_directory, std::string_view to_text,
                                  std::uint32_t flag_bits) {
    QUIRE_TRY_ASSIGN(const Name from, Name::parse(from_text));
    QUIRE_TRY_ASSIGN(const Name to, Name::parse(to_text));
    QUIRE_TRY_ASSIGN(const fs::RenameFlags flags, rename_flags(flag_bits));
    return on(call, credentials, from_directory, to_directory, [&](const fs::Call& inner) {
        return volume_->rename(inner, from_directory, from, to_directory, to, flags);
    });
}

Result<std::vector<protocols::VolumeEntry>> VolumeObject::readdir(
    const ipc::Call& call, const protocols::Credentials& credentials, std::uint64_t directory,
    std::uint64_t position, bool with_attributes, std::uint32_t count) {
    using Entries = std::vector<protocols::VolumeEntry>;
    return on(call, credentials, directory, {}, [&](const fs::Call& inner) -> Result<Entries> {
        Entries entries;
        const std::size_t most = std::min(count, protocols::listing_limit);
        if (most == 0) return entries;
        bool readable = true;
        QUIRE_TRY(volume_->readdir(inner, directory, position, fs::WithAttributes{with_attributes},
                                   [&](const fs::DirectoryEntry& found) {
                                       readable = Name::parse(found.name).has_value();
                                       if (!readable) return false;
                                       protocols::VolumeEntry& entry = entries.emplace_back();
                                       entry.name = found.name;
                                       entry.inode = found.inode;
                                       entry.type = enum_cast<protocols::FileType>(found.type);
                                       entry.next = found.next;
                                       entry.has_attributes = found.attributes != nullptr;
                                       if (entry.has_attributes)
                                           entry.attributes = to_wire(*found.attributes);
                                       return entries.size() < most;
                                   }));
        if (!readable)
            return fail(std::errc::io_error, "the directory has a name that cannot be one");
        return entries;
    });
}

Result<protocols::Entry> VolumeObject::parent(const ipc::Call& call,
                                              const protocols::Credentials& credentials,
                                              std::uint64_t directory) {
    return giving(call, credentials, directory, {},
                  [&](const fs::Call& inner) { return volume_->parent(inner, directory); });
}

Result<std::string> VolumeObject::readlink(const ipc::Call& call,
                                           const protocols::Credentials& credentials,
                                           std::uint64_t node) {
    return on(call, credentials, node, {}, [&](const fs::Call& inner) -> Result<std::string> {
        QUIRE_TRY_ASSIGN(std::string target, volume_->readlink(inner, node));
        if (target.size() > protocols::path_limit || target.find('\0') != target.npos)
            return fail(std::errc::io_error, "the symbolic link's target is no path");
        return target;
    });
}

}  // namespace quire::remote
