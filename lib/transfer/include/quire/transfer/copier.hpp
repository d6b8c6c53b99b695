// SPDX-License-Identifier: MIT

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "quire/fs/tree.hpp"
#include "quire/transfer/content.hpp"
#include "quire/transfer/link_map.hpp"
#include "quire/transfer/listener.hpp"
#include "quire/transfer/metadata.hpp"

namespace quire::transfer {

/// What happens where the destination has something of the name already. Directories are merged.
enum class Existing : std::uint8_t { replace, keep, replace_older };

struct CopyOptions {
    bool recursive = false;
    Preserve preserve;
    /// New nodes get the usual permissions instead of those of the source.
    bool usual_permissions = false;
    /// Symbolic links below a source are copied as what they lead to.
    fs::Follow follow = fs::Follow::no;
    Existing existing = Existing::replace;
    bool force = false;  ///< a file that cannot be opened for writing is removed and made anew
    bool remove_first = false;  ///< existing files are removed, not written into
    Sparse sparse = Sparse::keep;
    bool dry_run = false;
    /// Access, change and birth times are the time of modification: the copy depends on nothing
    /// that reading the source changes.
    bool reproducible = false;
    /// Owners of everything that is made, instead of those of the source.
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
};

/// What is copied.
struct Source {
    std::shared_ptr<fs::Tree> tree;
    fs::Call call;
    fs::NodeReference node;
    std::string shown;  ///< how messages name it
    /// Which files carry the destination: copying them into themselves would not end well, so they
    /// are left out, and each is a problem. May be empty.
    std::function<bool(const fs::Handle&)> carries_destination = {};
};

/// Where it goes: a name in a directory.
struct Destination {
    fs::NodeReference directory;
    Name name;
    /// When the name is a symbolic link that leads to a file which is to be written: that file.
    fs::NodeReference behind_link;
    std::string shown;
};

/// Copies files and trees into one tree, from it or from others.
///
/// Every copy of one Copier counts as one set for hard links. Nothing inside a destination is
/// followed: a symbolic link there is replaced, never written through. New nodes appear with
/// narrow permissions and get their own when they are complete. The failure of one entry is told
/// to the listener and does not end the rest.
/// Memory: the names on the way down, and the first names of nodes whose other links are still
/// to come. Threads: one.
class Copier {
public:
    Copier(std::shared_ptr<fs::Tree> to, fs::Call call, CopyOptions options, Listener& listener,
           Progress& progress);

    /// Copies a node to a name. A directory into itself is a problem, as is a directory without
    /// `recursive`, and a file onto a device, fifo or socket without `remove_first`.
    void copy(const Source& source, const Destination& destination);

    /// Copies what is in a directory into an existing one, whose metadata it gets.
    void merge(const Source& source, const fs::NodeReference& directory, const std::string& shown);

    const Summary& summary() const { return account_.summary(); }

private:
    class Job;

    // Where the first name of a node with several links went.
    struct Copied {
        fs::NodeReference top;  // the directory that the job copies into
        std::string path;       // below it
        fs::Handle handle;
    };

    std::shared_ptr<fs::Tree> to_;
    fs::Call call_;
    CopyOptions options_;
    Account account_;
    LinkMap<Copied> links_;
    Buffer buffer_;
};

}  // namespace quire::transfer
