// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "quire/transfer/directory_chain.hpp"
#include "quire/transfer/listener.hpp"
#include "quire/transfer/listing.hpp"

namespace quire::transfer {

struct RemoveOptions {
    bool recursive = false;          ///< directories with all that is below them
    bool empty_directories = false;  ///< directories, if nothing is in them
    bool missing_is_fine = false;    ///< a name that is not there is no problem
    bool dry_run = false;
};

/// Removes names of a directory, with all below them when that is asked for.
///
/// Symbolic links are removed, never followed. What vanishes meanwhile below a name is what was
/// wanted. The failure of one entry is told to the listener and the rest goes on; the directories
/// above it stay without further words. The summary counts what was removed.
/// Memory: the names on the way from the start to where it is. Threads: one.
class Remover {
public:
    Remover(std::shared_ptr<fs::Tree> tree, fs::Call call, RemoveOptions options,
            Listener& listener, Progress& progress);

    /// Removes one name. `shown`: how messages name it; what is below it follows after a `/`.
    /// A directory without `recursive` is a problem (is_a_directory), as is a directory that is
    /// its own ancestor.
    void remove(const fs::NodeReference& directory, const Name& name, std::string_view shown);

    const Summary& summary() const { return account_.summary(); }

private:
    // A directory that is being emptied.
    struct Frame {
        Name name;
        Listing listing = {};
        std::size_t next = 0;
        std::size_t path_length = 0;
        bool keep = false;  // something in it could not be removed
        std::optional<Error> unlisted = {};
    };

    void visit(const Name& name);
    void enter(const Name& name, const fs::NodeReference& node);
    void leave();
    void finish(const Result<void>& removed);
    void fail_here(const Error& error);
    Result<void> check_empty(const fs::NodeReference& node);

    std::shared_ptr<fs::Tree> tree_;
    fs::Call call_;
    RemoveOptions options_;
    Account account_;
    DirectoryChain chain_;  // the directory of the start, then those of frames_
    std::vector<Frame> frames_;
    std::string path_;
};

}  // namespace quire::transfer
