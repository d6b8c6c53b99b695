// SPDX-License-Identifier: MIT

#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "image.hpp"
#include "quire/assembly/assembler.hpp"
#include "quire/base/unique_fd.hpp"
#include "quire/block/device.hpp"
#include "quire/fs/tree.hpp"
#include "quire/ipc/cap.hpp"
#include "quire/protocols/service.hpp"

namespace quire::assembly {

/// Which file carries bytes, whatever path led to it: a host file (no tree) or a file in a volume
/// that is open here. Valid while the file is held.
struct FileKey {
    const fs::Tree* tree = nullptr;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend auto operator<=>(const FileKey&, const FileKey&) = default;
};

/// A device that is open, and what it is the bytes of.
struct OpenDevice {
    FileKey key;
    std::shared_ptr<block::Device> device;
    bool writable = false;
};

/// A volume that is open: which bytes of which device, or which host directory.
struct OpenVolume {
    FileKey key;
    block::Range bytes;
    std::shared_ptr<fs::Tree> tree;
    bool writable = false;
    bool on_host = false;
    /// It is another process's, with other users: it is never unmounted from here.
    bool served = false;
    /// The bytes that it lies on, where there are such.
    ImageSource image = {};
};

/// The root of a server at a socket.
struct Connection {
    std::string path;
    FileKey key;
    ipc::Cap<protocols::Service> service;
    protocols::ServiceKind kind = protocols::ServiceKind::volume;
};

/// Everything open, in the order in which it was opened.
class Opened {
public:
    const OpenDevice* find_device(const FileKey& key) const;
    const OpenVolume* find_volume(const FileKey& key, block::Range bytes, bool on_host) const;
    const OpenVolume* find_volume(const fs::Tree& tree) const;
    void add(OpenDevice device) { records_.push_back({std::move(device), std::nullopt}); }
    void add(OpenVolume volume) { records_.push_back({std::nullopt, std::move(volume)}); }

    /// Host files and sockets that were opened beforehand, by their paths, since they cannot be
    /// opened any more when they are needed.
    void hold(const std::string& path, FileKey key) { held_files_[path] = key; }
    void hold(const std::string& path, UniqueFd channel) {
        held_channels_[path] = std::move(channel);
    }
    const OpenDevice* find_held(const std::string& path) const;

    /// Volumes that are opened for writing from now on can be asked for the bytes that they lie on.
    void keep_images() { keeps_images_ = true; }
    bool keeps_images() const { return keeps_images_; }

    /// The server at a socket; connected to at first need.
    /// Fails: as ipc::connect; what the server answers.
    Result<const Connection*> connect(const std::string& path);

    /// Commits and lets go of everything, the last first. Answers the first failure.
    Result<void> close();
    /// Lets go of everything, the last first.
    void drop();

    Opened() = default;
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;
    ~Opened() { drop(); }

private:
    struct Record {
        std::optional<OpenDevice> device;
        std::optional<OpenVolume> volume;
    };
    bool keeps_images_ = false;
    std::map<std::string, FileKey> held_files_;
    std::map<std::string, UniqueFd> held_channels_;
    std::deque<Connection> connections_;
    std::vector<Record> records_;  // the last, so that it goes before what it was reached through
};

}  // namespace quire::assembly
