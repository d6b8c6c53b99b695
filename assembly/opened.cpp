// SPDX-License-Identifier: MIT

// What is opened is kept in one list in the order of opening. An inner image is always opened after
// the volume that it lies in, so going back through the list commits inner before outer.

#include "opened.hpp"

#include "quire/base/name.hpp"
#include "quire/ipc/client.hpp"

namespace quire::assembly {

namespace {

/// In place of a device number, for what servers give.
constexpr std::uint64_t served = ~std::uint64_t{1};

}  // namespace

const OpenDevice* Opened::find_device(const FileKey& key) const {
    for (const Record& record : records_)
        if (record.device && record.device->key == key) return &*record.device;
    return nullptr;
}

const OpenVolume* Opened::find_volume(const FileKey& key, block::Range bytes, bool on_host) const {
    for (const Record& record : records_)
        if (record.volume && record.volume->key == key && record.volume->bytes == bytes &&
            record.volume->on_host == on_host)
            return &*record.volume;
    return nullptr;
}

const OpenVolume* Opened::find_volume(const fs::Tree& tree) const {
    for (const Record& record : records_)
        if (record.volume && record.volume->tree.get() == &tree) return &*record.volume;
    return nullptr;
}

const OpenDevice* Opened::find_held(const std::string& path) const {
    const auto found = held_files_.find(path);
    return found == held_files_.end() ? nullptr : find_device(found->second);
}

Result<const Connection*> Opened::connect(const std::string& path) {
    for (const Connection& connection : connections_)
        if (connection.path == path) return &connection;
    UniqueFd channel;
    if (const auto held = held_channels_.find(path); held != held_channels_.end()) {
        channel = std::move(held->second);
        held_channels_.erase(held);
    } else {
        QUIRE_TRY_ASSIGN(channel, ipc::connect_channel(path));
    }
    Connection connection;
    connection.path = path;
    connection.key = {.tree = nullptr, .device = served, .inode = connections_.size()};
    QUIRE_TRY_ASSIGN(connection.service, ipc::adopt<protocols::Service>(std::move(channel)));
    auto description = connection.service->describe(ipc::Call::forever());
    if (!description)
        return std::unexpected(std::move(description).error().within("socket:" + printable(path)));
    connection.kind = description->kind;
    connections_.push_back(std::move(connection));
    return &connections_.back();
}

Result<void> Opened::close() {
    Result<void> outcome;
    const auto note = [&outcome](Result<void> result) {
        if (!result && outcome) outcome = std::move(result);
    };
    for (; !records_.empty(); records_.pop_back()) {
        Record& record = records_.back();
        if (record.volume) {
            // The host's own filesystem is the kernel's to sync; what is written there is as
            // durable as after cp(1).
            if (record.volume->served) {
                if (record.volume->writable) note(record.volume->tree->sync(fs::Call::as_root()));
            } else if (!record.volume->on_host) {
                note(record.volume->tree->unmount(fs::Call::as_root()));
            }
        } else if (record.device->writable) {
            note(record.device->device->flush());
        }
    }
    return outcome;
}

void Opened::drop() {
    while (!records_.empty()) records_.pop_back();
}

}  // namespace quire::assembly
