// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string>

#include "quire/block/device.hpp"
#include "quire/devices/partition/table.hpp"
#include "quire/volumes/ext/summary.hpp"

namespace quire::assembly {

/// What is on a device. A disk may have a partition table and, left over or for booting, a
/// filesystem before it.
struct Contents {
    std::optional<ext::Summary> ext;
    /// There only where it has entries.
    std::optional<partition::Table> table;
    /// Something that Quire recognises and can't read: "a squashfs image".
    std::string foreign;
    /// What to do about that, as a clause; may be empty.
    std::string hint;

    bool nothing() const { return !ext && !table && foreign.empty(); }
};

/// Looks at a device without opening what is there.
/// Fails: io_error, bad_message (there is something, but damaged; the sentence says how), and what
/// the device reports.
Result<Contents> inspect(block::Device& device);

/// Contents in a few words: "ext4 'root'", "a squashfs image", "2 partitions", "nothing known".
std::string describe(const Contents& contents);

}  // namespace quire::assembly
