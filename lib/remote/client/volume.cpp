// SPDX-License-Identifier: MIT

// The volume as a whole, and names.

#include "quire/remote/volume.hpp"

#include <utility>

#include "client/listener.hpp"
#include "client/transfer_buffer.hpp"
#include "conversions.hpp"

namespace quire::remote {

Result<std::shared_ptr<Volume>> Volume::open(ipc::Cap<protocols::Volume> volume) {
    QUIRE_TRY_ASSIGN(auto description, volume->describe(ipc::Call::forever()));
    return std::shared_ptr<Volume>(new Volume(std::move(volume), std::move(description)));
}

Volume::Volume(ipc::Cap<protocols::Volume> volume, protocols::VolumeDescribeResult description)
    : volume_(std::move(volume)),
      model_(enum_cast<fs::ThreadModel>(description.thread_model)),
      supported_(description.supported),
      type_name_(std::move(description.type_name)),
      buffer_(std::make_unique<TransferBuffer>(
          [cap = volume_](ipc::Memory memory) {
              return cap->set_buffer(ipc::Call::forever(), std::move(memory));
          },
          [cap = volume_] {
              if (const auto* remote = cap->remote()) remote->take_late_replies();
          })),
      listener_(std::make_shared<Listener>()) {}

Volume::~Volume() {
    listener_->set(nullptr);
}

void Volume::set_observer(fs::Observer* observer) {
    listener_->set(observer);
    const ipc::Cap<protocols::VolumeObserver> listener =
        observer == nullptr ? nullptr : ipc::Cap<protocols::VolumeObserver>(listener_);
    const auto told = volume_->set_observer(ipc::Call::forever(), listener);
    deaf_ = observer != nullptr && !told;
}

Result<fs::Entry> Volume::entry(Result<protocols::Entry> answer) const {
    if (!answer) return fail(std::move(answer).error());
    fs::Entry entry = ours(*answer);
    if (deaf_) {
        if (entry.name_lifetime == fs::until_invalidated) entry.name_lifetime = {};
        if (entry.attribute_lifetime == fs::until_invalidated) entry.attribute_lifetime = {};
    }
    return entry;
}

Result<fs::Entry> Volume::root(const fs::Call& call) {
    return entry(volume_->root(to_wire(call), to_wire(call.credentials)));
}

Result<fs::VolumeStatistics> Volume::statistics(const fs::Call& call) {
    QUIRE_TRY_ASSIGN(const auto found,
                     volume_->statistics(to_wire(call), to_wire(call.credentials)));
    return ours(found);
}

Result<void> Volume::sync(const fs::Call& call) {
    return volume_->sync(to_wire(call), to_wire(call.credentials));
}

Result<fs::Handle> Volume::node_to_handle(const fs::Call& call, fs::Cookie node) {
    QUIRE_TRY_ASSIGN(const auto handle,
                     volume_->node_to_handle(to_wire(call), to_wire(call.credentials), node));
    return fs::Handle{handle.inode, handle.generation};
}

Result<fs::Entry> Volume::handle_to_node(const fs::Call& call, fs::Handle handle) {
    return entry(volume_->handle_to_node(to_wire(call), to_wire(call.credentials),
                                         {handle.inode, handle.generation}));
}

Result<void> Volume::extended_attribute_control(const fs::Call& call, std::string_view command) {
    return volume_->extended_attribute_control(to_wire(call), to_wire(call.credentials), command);
}

Result<void> Volume::unmount(const fs::Call& call, bool force) {
    return volume_->unmount(to_wire(call), to_wire(call.credentials), force);
}

Result<fs::Entry> Volume::lookup(const fs::Call& call, fs::Cookie directory, const Name& name) {
    return entry(volume_->lookup(to_wire(call), to_wire(call.credentials), directory, name.view()));
}

Result<fs::Entry> Volume::create(const fs::Call& call, fs::Cookie directory, const Name& name,
                                 const fs::NewNode& node) {
    return entry(volume_->create(to_wire(call), to_wire(call.credentials), directory, name.view(),
                                 to_wire(node)));
}

Result<fs::Entry> Volume::mknod(const fs::Call& call, fs::Cookie directory, const Name& name,
                                const fs::NewNode& node, fs::FileType type,
                                fs::DeviceNumber device) {
    return entry(volume_->mknod(to_wire(call), to_wire(call.credentials), directory, name.view(),
                                to_wire(node), enum_cast<protocols::FileType>(type),
                                {device.major, device.minor}));
}

Result<fs::Entry> Volume::mkdir(const fs::Call& call, fs::Cookie directory, const Name& name,
                                const fs::NewNode& node) {
    return entry(volume_->mkdir(to_wire(call), to_wire(call.credentials), directory, name.view(),
                                to_wire(node)));
}

Result<fs::Entry> Volume::symlink(const fs::Call& call, fs::Cookie directory, const Name& name,
                                  const fs::NewNode& node, std::string_view target) {
    if (target.size() > protocols::path_limit) return fail(std::errc::filename_too_long);
    return entry(volume_->symlink(to_wire(call), to_wire(call.credentials), directory, name.view(),
                                  to_wire(node), target));
}

Result<fs::Entry> Volume::link(const fs::Call& call, fs::Cookie node, fs::Cookie directory,
                               const Name& name) {
    return entry(
        volume_->link(to_wire(call), to_wire(call.credentials), node, directory, name.view()));
}

Result<void> Volume::remove(const fs::Call& call, fs::Cookie directory, const Name& name) {
    return volume_->remove(to_wire(call), to_wire(call.credentials), directory, name.view());
}

Result<void> Volume::rmdir(const fs::Call& call, fs::Cookie directory, const Name& name) {
    return volume_->rmdir(to_wire(call), to_wire(call.credentials), directory, name.view());
}

Result<void> Volume::rename(const fs::Call& call, fs::Cookie from_directory, const Name& from,
                            fs::Cookie to_directory, const Name& to, fs::RenameFlags flags) {
    return volume_->rename(to_wire(call), to_wire(call.credentials), from_directory, from.view(),
                           to_directory, to.view(), to_wire(flags));
}

Result<void> Volume::readdir(const fs::Call& call, fs::Cookie directory, fs::Position from,
                             fs::WithAttributes with, const fs::EntrySink& sink) {
    const protocols::Credentials credentials = to_wire(call.credentials);
    while (true) {
        QUIRE_TRY_ASSIGN(const auto page, volume_->readdir(to_wire(call), credentials, directory,
                                                           from, with == fs::WithAttributes::yes,
                                                           protocols::listing_limit));
        for (const protocols::VolumeEntry& found : page) {
            if (!Name::parse(found.name))
                return fail(std::errc::io_error, "a volume server lists a name that cannot be one");
            const fs::Attributes attributes = ours(found.attributes);
            from = found.next;
            if (!sink({.name = found.name,
                       .inode = found.inode,
                       .type = enum_cast<fs::FileType>(found.type),
                       .next = found.next,
                       .attributes = found.has_attributes ? &attributes : nullptr}))
                return {};
        }
        if (page.size() < protocols::listing_limit) return {};
    }
}

Result<fs::Entry> Volume::parent(const fs::Call& call, fs::Cookie directory) {
    return entry(volume_->parent(to_wire(call), to_wire(call.credentials), directory));
}

Result<std::string> Volume::readlink(const fs::Call& call, fs::Cookie node) {
    return volume_->readlink(to_wire(call), to_wire(call.credentials), node);
}

}  // namespace quire::remote
