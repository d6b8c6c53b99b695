// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string_view>

#include "quire/block/device.hpp"

namespace quire::assembly {

/// Something that Quire recognises and can't read.
struct Foreign {
    std::string_view name;  ///< "a squashfs image"
    std::string_view hint;  ///< what to do, as a clause; may be empty
};

/// Looks for the marks of formats that people mistake for disk images Quire can read.
/// Fails: as the device does.
Result<std::optional<Foreign>> recognise_foreign(block::Device& device);

}  // namespace quire::assembly
