// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quire/assembly/address.hpp"
#include "quire/assembly/environment.hpp"
#include "quire/block/device.hpp"
#include "quire/fs/tree.hpp"

namespace quire::assembly {

class Opened;

enum class Access : std::uint8_t { read, write };

/// What a bare host path means: a file or directory of the host (cp, du, diff …), or, where it is
/// a regular file or block device, the image itself (ls, info, check, tar …).
enum class Bare : std::uint8_t { host, image };

/// A file in which a volume lies: one of the host (no tree), or of another open volume.
struct Carrier {
    const fs::Tree* tree = nullptr;
    fs::Handle handle;
    friend bool operator==(const Carrier&, const Carrier&) = default;
};

/// A place in a tree: what an address leads to. The path itself may lead to nothing yet.
struct Location {
    std::shared_ptr<fs::Tree> tree;
    Path path;
    /// True when the tree is the host's own: owners and times there are the caller's to change only
    /// as far as the host allows.
    bool on_host = false;
    bool writable = false;
    /// As the person wrote it, for messages.
    std::string text;
    /// What stands before the name of something in this place to make an address of it.
    std::string prefix;
    /// The files that the tree lies in, the outermost first.
    std::vector<Carrier> carriers;

    /// Whether a node of another place carries this one: copying it here would not end well.
    bool lies_in(const Location& other, const fs::Handle& handle) const;

    /// For messages: what is called `inner` ("a/b") in this place.
    std::string text_of(std::string_view inner) const {
        return inner.empty() ? text : prefix + std::string(inner);
    }
};

/// One argument of a verb.
struct Request {
    Address address;
    Access access = Access::read;
    Bare bare = Bare::image;
};

/// Turns addresses into objects, and holds what it opened until finish(). One volume is opened once
/// for each (file, partition or offset, inner file), so two addresses of one volume share a tree.
///
/// Threads: one at a time.
class Assembler {
public:
    explicit Assembler(Environment environment);
    /// Drops what is open without committing it.
    ~Assembler();
    Assembler(const Assembler&) = delete;
    Assembler& operator=(const Assembler&) = delete;

    /// Finds the trees of all arguments of a verb. What is written to is opened first, so that
    /// those who only read find it open for both; ask for all arguments at once.
    /// Fails: as the file, the device, the table and the volume on the way do; invalid_argument
    /// (no filesystem or an unknown one, or several to choose from: the sentence lists them);
    /// device_or_resource_busy (locked by somebody else, or open here for reading only).
    Result<std::vector<Location>> locate(const std::vector<Request>& requests);
    Result<Location> locate(const Address& address, Access access, Bare bare = Bare::image);

    /// Opens the bytes that an address names, without looking for a filesystem on them.
    /// Needs: an address of a device, or of a regular file (bare paths mean images here).
    /// Fails: as locate; is_a_directory.
    Result<std::shared_ptr<block::Device>> device(const Address& address, Access access);

    /// Opens what an address begins with (a host file, a channel to a server), so that locate() and
    /// device() need no name of the host any more: for who gives up reaching names in between.
    /// Answers the descriptors that have to stay open.
    /// Fails: as locate; operation_not_supported (a directory of the host).
    Result<std::vector<int>> hold(const Address& address, Access access);

    /// From now on image() knows volumes that are opened for writing, which costs memory while an
    /// image is held. To be called before anything is opened.
    void keep_images();

    /// Gives the bytes that a place's filesystem lies on, as an unmount would leave them now; what
    /// changes afterwards does not show in them. For reading only. What is answered may be called
    /// from any thread, until finish().
    /// Fails (the call of what is answered): operation_not_supported (it lies on no bytes, or those
    /// are not kept), as a commit and as the server that has the filesystem.
    std::function<Result<std::shared_ptr<block::Device>>()> image(const Location& place) const;

    /// Makes durable what was done in a directory of a place and below, now.
    Result<void> sync(const Location& place, const fs::NodeReference& directory);

    /// Commits and unmounts everything that was opened, inner before outer. Goes on after a
    /// failure and answers the first.
    /// Needs: nothing found through this object is held any more.
    Result<void> finish();

    const Environment& environment() const { return environment_; }

private:
    Environment environment_;
    std::unique_ptr<Opened> opened_;
};

}  // namespace quire::assembly
