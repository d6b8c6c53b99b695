// SPDX-License-Identifier: MIT

#pragma once

#include <memory>
#include <string>

#include "libext2fs.hpp"
#include "quire/block/device.hpp"

namespace quire::ext {

/// An I/O manager that writes straight through to a device. For making a filesystem only: nobody
/// can lose what has no name yet, so no commit layer stands between, and memory stays small.
io_manager format_io_manager();

/// The name under which format_io_manager() opens `device`, which must outlive the channel.
/// `known_zero`: what has not been written reads as zeros, so that zeros need not be written.
class FormatTarget {
public:
    FormatTarget(block::Device& device, bool known_zero)
        : device_(device), known_zero_(known_zero) {}

    std::string name() const;
    block::Device& device() const { return device_; }
    bool known_zero() const { return known_zero_; }

private:
    block::Device& device_;
    bool known_zero_;
};

}  // namespace quire::ext
