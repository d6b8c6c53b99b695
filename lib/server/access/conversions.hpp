// SPDX-License-Identifier: MIT

#pragma once

#include "quire/base/time.hpp"
#include "quire/fs/attributes.hpp"
#include "quire/fs/volume.hpp"
#include "quire/protocols/types.hpp"

namespace quire::server {

// Of what messages ask, beside the values of lib/wire.

/// Fails: invalid_argument (a umask of more than permissions).
Result<fs::Credentials> from_message(const protocols::Identity& identity);

struct WantedChanges {
    fs::AttributeChanges changes;
    /// Nothing but times, and these the present: who may write may ask for that.
    bool touches = false;
};
/// Fails: invalid_argument (unknown bits, a time twice, nanoseconds of a second or more).
Result<WantedChanges> from_message(const protocols::AttributeChanges& changes, const Clock& clock);

}  // namespace quire::server
