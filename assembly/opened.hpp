// SPDX-License-Identifier: MIT

#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quire/assembly/assembler.hpp"
#include "quire/block/device.hpp"
#include "quire/fs/tree.hpp"

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
};

/// Everything open, in the order in which it was opened.
class Opened {
public:
    const OpenDevice* find_device(const FileKey& key) const;
    const OpenVolume* find_volume(const FileKey& key, block::Range bytes, bool on_host) const;
    void add(OpenDevice device) { records_.push_back({std::move(device), std::nullopt}); }
    void add(OpenVolume volume) { records_.push_back({std::nullopt, std::move(volume)}); }

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
    std::vector<Record> records_;
};

}  // namespace quire::assembly
