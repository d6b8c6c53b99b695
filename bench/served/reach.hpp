// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace quire::bench {

/// A file that is open.
class Content {
public:
    virtual ~Content() = default;

    /// Fills the memory, or throws.
    virtual void read(std::uint64_t position, std::span<std::byte> memory) = 0;
    // Of one that was opened for writing too.
    virtual void write(std::uint64_t position, std::span<const std::byte> memory) = 0;
    virtual void sync() = 0;
    virtual void truncate() = 0;
};

/// One way to reach the files of an image. Paths begin at the image's root. What goes wrong throws.
class Reach {
public:
    virtual ~Reach() = default;

    /// Opens and closes.
    virtual void open(const std::string& path) = 0;
    /// The size of what is there.
    virtual std::uint64_t stat(const std::string& path) = 0;
    /// A whole small file, opened and closed; how many bytes.
    virtual std::uint64_t read(const std::string& path) = 0;
    /// Entries of a directory with the attributes of each; how many.
    virtual std::uint64_t list(const std::string& path) = 0;
    virtual std::unique_ptr<Content> content(const std::string& path, bool writable = false) = 0;

    // By what a program uses, which may know the answer.

    /// As stat.
    virtual std::uint64_t find(const std::string& path) { return stat(path); }
    /// Throws if there is something.
    virtual void miss(const std::string& path) = 0;
    /// As read.
    virtual std::uint64_t read_file(const std::string& path) { return read(path); }

    /// Messages sent and received so far; -1: not known.
    virtual std::int64_t messages() const { return -1; }
};

/// What the kernel has mounted at `directory`.
std::unique_ptr<Reach> reach_mounted(const std::string& directory);
/// Content as long as a file of that name's, in this process's own memory: what copying costs.
std::unique_ptr<Reach> reach_memory(const std::string& directory);
/// What `quire serve` serves at `socket`. Without `slot`, all messages go by the socket.
std::unique_ptr<Reach> reach_served(const std::string& socket, bool slot);

}  // namespace quire::bench
