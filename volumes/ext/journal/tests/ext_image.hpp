// SPDX-License-Identifier: MIT

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "quire/block/file_device.hpp"
#include "quire/volumes/ext/journal/map.hpp"
#include "quire/volumes/ext/journal/overlay.hpp"
#include "quire/volumes/ext/journal/writer.hpp"

namespace quire::ext::journal {

/// An ext image in a file as a test sees it: just enough of the superblock, and debugfs' word on
/// where the journal lies.
class ExtImage {
public:
    /// Fails: not_supported (the journal is external), no_such_file_or_directory (there is none),
    /// what debugfs cannot tell as bad_message.
    static Result<ExtImage> open(const std::filesystem::path& path);

    block::FileDevice& device() { return *device_; }
    const Map& map() const { return *map_; }
    std::uint32_t block_size() const { return block_size_; }
    std::uint64_t blocks() const { return blocks_; }
    bool wide() const;
    bool metadata_checksums() const;

    /// The superblock's flag that says the journal must be replayed.
    bool needs_recovery() const;
    /// Sets or clears it, checksum included.
    void set_needs_recovery(bool value);

    /// Reads the journal, and replays it as whoever opens an image for writing does.
    Result<Overlay> scan();
    Result<void> recover();

private:
    ExtImage() = default;
    std::uint32_t field(std::size_t offset) const;

    std::unique_ptr<block::FileDevice> device_;
    std::unique_ptr<Map> map_;
    std::uint32_t block_size_ = 0;
    std::uint64_t blocks_ = 0;
    std::vector<std::byte> superblock_;
};

/// The blocks in which another copy of an image differs from it, the journal's and that of the
/// first superblock left out.
std::vector<std::uint64_t> differing_blocks(ExtImage& image, block::Device& other);

}  // namespace quire::ext::journal
