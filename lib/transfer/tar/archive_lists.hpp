// SPDX-License-Identifier: MIT

#pragma once

#include "tar/archive_reader.hpp"

namespace quire::transfer {

/// Makes of the access lists that libarchive has understood the attributes that hold them. A list
/// that is among the attributes already (GNU tar writes both) stays as it is.
void read_access_lists(archive_entry* from, ArchiveEntry& entry);

}  // namespace quire::transfer
