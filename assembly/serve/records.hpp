// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <compare>
#include <optional>
#include <string>
#include <vector>

#include "quire/assembly/environment.hpp"
#include "quire/base/result.hpp"

namespace quire::assembly {

/// A file of the host.
struct ImageIdentity {
    dev_t device = 0;
    ino_t inode = 0;
    friend auto operator<=>(const ImageIdentity&, const ImageIdentity&) = default;
};

// Servers leave word of themselves in a directory of their user: a symbolic link to the socket,
// `PID`, or `PID.DEVICE.INODE` where an image of the host is served. A link is made in one step and
// holds nothing that could be malformed.

/// The word that one server has left. Its end takes it back.
class Record {
public:
    /// Fails: as symlink(2) does; nothing depends on it.
    static Result<Record> leave(const Environment& environment, const std::string& socket,
                                std::optional<ImageIdentity> image);
    Record(Record&& other) noexcept : link_(std::exchange(other.link_, {})) {}
    Record& operator=(Record&&) = delete;
    ~Record();

private:
    explicit Record(std::string link) : link_(std::move(link)) {}
    std::string link_;
};

/// The sockets of this user's servers, as far as anybody listens there.
std::vector<std::string> recorded_sockets(const Environment& environment);
/// Where an image is served, if it is.
std::optional<std::string> socket_of_image(const Environment& environment,
                                           const ImageIdentity& image);

}  // namespace quire::assembly
