// SPDX-License-Identifier: MIT

#pragma once

#include <vector>

#include "model/model.hpp"

namespace quire::idl {

/// Needs: structs inside are measured.
Measure measure(const Type& type);
Measure measure(const std::vector<Field>& fields);
Measure measure(const std::vector<const Field*>& fields);

/// Bytes of a message with header and the padding at its end.
struct MessageSize {
    std::uint64_t least;
    std::uint64_t most;
    std::uint64_t descriptors;
};
MessageSize message_size(const std::vector<const Field*>& body);

}  // namespace quire::idl
