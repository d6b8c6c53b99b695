// SPDX-License-Identifier: MIT

#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "opened.hpp"
#include "quire/assembly/assembler.hpp"

namespace quire::assembly {

/// Follows one address from the host inwards, opening what is not open yet.
class Walk {
public:
    Walk(const Address& address, Access access, const Environment& environment, Opened& opened)
        : address_(address),
          writable_(access == Access::write),
          environment_(environment),
          opened_(opened) {}

    Result<Location> to_location(Bare bare);
    Result<std::shared_ptr<block::Device>> to_device();
    /// Opens what comes first and can be opened by name only; answers its descriptors.
    Result<std::vector<int>> hold();

private:
    struct Place {
        std::shared_ptr<fs::Tree> tree;
        bool on_host = false;
        std::vector<Carrier> carriers = {};
    };

    Result<Location> bare_location(Bare bare);
    Location location(Place place, Path path) const;

    /// The tree in which the path of step number `step` is to be found.
    Result<Place> tree_of(std::size_t step);
    Result<Place> first_tree();
    Result<Place> host_tree(const std::string& directory);
    Result<Place> memory_tree();
    Result<OpenDevice> host_device();
    Result<Place> served_tree(const Connection& connection);
    Result<OpenDevice> served_device(const Connection& connection);
    /// The device that comes first.
    Result<OpenDevice> first_device();
    Result<OpenDevice> inner_device(const Place& place, std::size_t step);
    Result<std::unique_ptr<fs::FileLock>> lock_of(fs::OpenFile& file,
                                                  const std::string& name) const;
    Result<OpenDevice> device_of_host(const Place& place, const fs::NodeReference& node,
                                      const std::string& name);
    Result<Place> volume_on(const OpenDevice& device, const Slice& slice, const std::string& name);
    Result<std::shared_ptr<block::Device>> bytes_of(const OpenDevice& device, const Slice& slice,
                                                    block::Range bytes,
                                                    const std::string& name) const;
    std::unexpected<Error> no_partitions() const;
    Error in_use(Error error, const struct stat& facts) const;
    std::unexpected<Error> open_for_reading_only(const std::string& name) const;
    /// The address up to step number `step`, its slice left out: what messages call a device.
    std::string name_of(std::size_t step) const;
    std::string first_name() const;
    std::string source_path() const;

    const Address& address_;
    const bool writable_;
    const Environment& environment_;
    Opened& opened_;
};

}  // namespace quire::assembly
