// SPDX-License-Identifier: MIT

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quire/base/path.hpp"
#include "quire/fs/open_file.hpp"
#include "quire/fs/turns.hpp"
#include "quire/fs/volume.hpp"

namespace quire::fs {

class Tree;
class TreeWatcher;
class TreeWatchers;

enum class Follow : bool { no, yes };  ///< whether a symbolic link at the end is followed

/// Whose a new node is to be, as if chown followed at once; what is not set, the caller's identity
/// and the directory decide.
struct NewOwner {
    std::optional<std::uint32_t> uid = {};
    std::optional<std::uint32_t> gid = {};
};

/// What a name leads to, with the attributes that finding it brought along.
struct Found {
    NodeReference node;
    Attributes attributes;
};

/// What a walk found on its way, for those who keep it.
struct Trail {
    struct Step {
        NodeReference directory;  ///< which the walk's identity may search
        Name name;
        std::optional<Found> found;  ///< nothing: there is no such name
        std::string target;          ///< of a symbolic link that was followed
    };
    std::vector<Step> steps;
};

/// The directory and the last name of a path: what operations on names want.
struct Parent {
    NodeReference directory;
    Name name;
    bool must_be_directory = false;
};

/// The framework over one volume: keeps nodes and their counts, walks paths, follows symbolic
/// links, calls the volume as its thread model allows, and checks permissions, here and nowhere
/// else, for every front end.
///
/// Permissions are POSIX's: owner, group, others; supplementary groups; POSIX ACLs; sticky
/// directories; set-group-id directories; the superuser (uid 0) passes all but execution of a
/// file without any x. Denied is permission_denied (EACCES) for mode bits and
/// operation_not_permitted (EPERM) for ownership, sticky and immutable rules.
///
/// Fails (every operation): what Volume's operation of that name lists; permission_denied,
/// operation_not_permitted; for paths also too_many_symbolic_link_levels (over 40),
/// not_a_directory, no_such_file_or_directory, filename_too_long.
/// Threads: any. Lock order: directory (two of them: by cookie) → node; then the volume's own.
class Tree : public std::enable_shared_from_this<Tree> {
public:
    static Result<std::shared_ptr<Tree>> open(std::shared_ptr<Volume> volume);
    ~Tree();

    Volume& volume() { return *volume_; }
    NodeReference root();

    /// From now on `watcher` hears of all changes that go through this tree, and at once of those
    /// under way, until it ends.
    void watch(const std::shared_ptr<TreeWatcher>& watcher);

    // --- paths

    /// Finds the node of a path, from `start` (or the root for an absolute path). `..` of the
    /// root is the root, of `start` what the volume says, elsewhere the directory through which
    /// the walk came; absolute symbolic links start at the root of this tree.
    Result<NodeReference> walk(const Call& call, const NodeReference& start, const Path& path,
                               Follow follow);
    Result<NodeReference> walk(const Call& call, const Path& path, Follow follow = Follow::yes) {
        return walk(call, root(), path, follow);
    }
    /// Finds where a path's last name lives or would live; the name itself is not looked up.
    /// Fails besides: invalid_argument (the path ends in `..` or is the root).
    Result<Parent> walk_parent(const Call& call, const NodeReference& start, const Path& path);
    Result<Parent> walk_parent(const Call& call, const Path& path) {
        return walk_parent(call, root(), path);
    }
    /// The same for who may not leave the subtree of `top`, to whom that is the root: absolute
    /// paths and links begin there, its `..` is itself, and no directory that somebody moves out
    /// while the walk is in it leads further than to what is below it.
    /// Needs: `top` is a directory. `trail`, where there is one, gets the steps, also of a walk that
    /// fails.
    Result<Found> find_below(const Call& call, const NodeReference& top, const Path& path,
                             Follow follow, Trail* trail = nullptr);
    Result<Parent> find_parent_below(const Call& call, const NodeReference& top, const Path& path);

    // --- names

    Result<NodeReference> lookup(const Call& call, const NodeReference& directory,
                                 const Name& name);
    /// lookup() and attributes() in one call to the volume.
    Result<Found> find(const Call& call, const NodeReference& directory, const Name& name);
    Result<NodeReference> parent(const Call& call, const NodeReference& directory);
    Result<NodeReference> create(const Call& call, const NodeReference& directory, const Name& name,
                                 std::uint16_t permissions, const NewOwner& owner = {});
    /// Makes a file and opens it: who makes it may, whatever its permissions are to be.
    Result<std::shared_ptr<OpenFile>> create_open(const Call& call, const NodeReference& directory,
                                                  const Name& name, std::uint16_t permissions,
                                                  OpenMode mode, const NewOwner& owner = {});
    Result<NodeReference> make_directory(const Call& call, const NodeReference& directory,
                                         const Name& name, std::uint16_t permissions,
                                         const NewOwner& owner = {});
    Result<NodeReference> make_node(const Call& call, const NodeReference& directory,
                                    const Name& name, std::uint16_t permissions, FileType type,
                                    DeviceNumber device, const NewOwner& owner = {});
    Result<NodeReference> make_symlink(const Call& call, const NodeReference& directory,
                                       const Name& name, std::string_view target,
                                       const NewOwner& owner = {});
    Result<void> link(const Call& call, const NodeReference& node, const NodeReference& directory,
                      const Name& name);
    Result<void> remove(const Call& call, const NodeReference& directory, const Name& name);
    Result<void> remove_directory(const Call& call, const NodeReference& directory,
                                  const Name& name);
    Result<void> rename(const Call& call, const NodeReference& from_directory, const Name& from,
                        const NodeReference& to_directory, const Name& to, RenameFlags flags = {});
    Result<void> list(const Call& call, const NodeReference& directory, Position from,
                      WithAttributes with, const EntrySink& sink);

    /// A number, never 0, that is another one once any directory may be about to change its place.
    std::uint64_t moves() const { return moves_begun_; }
    struct Whereabouts {
        bool below = false;
        /// As long as moves() is this, nothing has changed; 0: that cannot be said.
        std::uint64_t moves = 0;
    };
    /// Whether a directory is `top` or below it. One that has been removed leads nowhere and
    /// counts as below. Nobody's permissions are asked for.
    /// Fails: io_error (there are more levels than a tree can have).
    Result<Whereabouts> locate(const Call& call, const NodeReference& directory,
                               const NodeReference& top);

    // --- nodes

    /// The node of a handle, wherever it is: whether the caller could reach it is not asked.
    /// Fails: std::errc(ESTALE).
    Result<Found> find_handle(const Call& call, const Handle& handle);
    Result<Attributes> attributes(const Call& call, const NodeReference& node);
    /// chmod, chown, truncate and utimes with their rules (who may, what is cleared).
    Result<Attributes> set_attributes(const Call& call, const NodeReference& node,
                                      const AttributeChanges& changes);
    /// Sets times that are the present, which besides the owner may who may write.
    Result<Attributes> touch(const Call& call, const NodeReference& node,
                             const AttributeChanges& times);
    Result<std::string> read_link(const Call& call, const NodeReference& node);
    /// A file that is append-only is opened for writing with `mode.append` only.
    /// Fails besides: is_a_directory (for writing), too_many_symbolic_link_levels (a symbolic
    /// link), no_such_device_or_address (a socket or device: they have no content here).
    Result<std::shared_ptr<OpenFile>> open(const Call& call, const NodeReference& node,
                                           OpenMode mode);
    /// Whether the caller may do `mask` (R_OK | W_OK | X_OK) to the node.
    Result<void> access(const Call& call, const NodeReference& node, int mask);

    Result<std::vector<std::byte>> get_attribute(const Call& call, const NodeReference& node,
                                                 std::string_view name);
    Result<void> set_attribute(const Call& call, const NodeReference& node, std::string_view name,
                               std::span<const std::byte> value,
                               SetAttributeMode mode = SetAttributeMode::either);
    Result<std::vector<std::string>> list_attributes(const Call& call, const NodeReference& node);
    Result<void> remove_attribute(const Call& call, const NodeReference& node,
                                  std::string_view name);

    Result<std::int64_t> configuration(const Call& call, const NodeReference& node,
                                       PathConfiguration what);
    /// Makes a node durable, whether it is open or not.
    Result<void> sync(const Call& call, const NodeReference& node);
    /// The node in words, for a person who debugs.
    Result<std::string> print(const Call& call, const NodeReference& node);

    // --- the whole

    Result<VolumeStatistics> statistics(const Call& call);
    Result<void> sync(const Call& call);
    /// Gives up the root and ends the volume cleanly. Fails: device_or_resource_busy (nodes are
    /// still held).
    Result<void> unmount(const Call& call);

private:
    friend class Node;
    friend class OpenFile;
    friend class Loan;
    friend class FileLock;
    class Turn;  // holds the volume as its thread model asks, for one operation
    class Walk;
    class Moving;
    class Changing;  // tells those who watch, for the time of one operation

    // What is owed to the volume for one cookie. A dying Node and a new one of the same cookie may
    // overlap, hence the count of holders; the last one to go answers all lookups.
    struct Held {
        std::weak_ptr<const Node> node;
        std::weak_ptr<Content> content;
        std::uint64_t lookups = 0;
        std::uint64_t holders = 0;
    };

    // What a directory gives to a node made in it.
    struct Inheritance {
        NewNode node;
        std::vector<std::byte> access_acl;
        std::vector<std::byte> default_acl;
    };

    explicit Tree(std::shared_ptr<Volume> volume);

    NodeReference adopt(const Entry& entry, std::uint64_t lookups = 1);
    void forget(Cookie cookie);
    std::shared_ptr<Content> content_of(const Node& node);
    /// Has what somebody has newer than the volume brought up to date: of one node, or of all.
    void bring_up_to_date(Cookie node);
    void bring_up_to_date();
    /// What `ask` makes the volume say of a node, or what it says when that is up to date.
    template <typename Ask>
    Result<Found> up_to_date(const Call& call, Ask&& ask);
    Result<Found> ask(const Call& call, const NodeReference& directory, const Name& name);
    Result<NodeReference> above(const Call& call, const NodeReference& directory);
    struct Ascent {
        std::vector<NodeReference> through;  // the directory and what is above it
        bool below = false;
        friend bool operator==(const Ascent&, const Ascent&) = default;
    };
    Result<Ascent> climb(const Call& call, const NodeReference& directory,
                         const NodeReference& top);

    Result<Attributes> fetch(const Call& call, Cookie node);
    Result<std::vector<std::byte>> fetch_acl(const Call& call, Cookie node, std::string_view name);
    Result<void> check(const Call& call, Cookie node, const Attributes& attributes, int mask);
    Result<void> check_search(const Call& call, const NodeReference& directory);
    Result<Attributes> check_making(const Call& call, const NodeReference& directory,
                                    const Name& name);
    Result<void> check_removing(const Call& call, const NodeReference& directory, const Name& name);
    Result<void> check_moved(const Call& call, const NodeReference& from_directory,
                             const Name& from, const NodeReference& to_directory);
    struct Renaming {
        const NodeReference& from_directory;
        const Name& from;
        const NodeReference& to_directory;
        const Name& to;
        RenameFlags flags;
    };
    Result<void> check_renaming(const Call& call, const Renaming& renaming);
    Result<void> check_nested(const Call& call, const Renaming& renaming);
    Result<bool> exists(const Call& call, const NodeReference& directory, const Name& name);
    Result<Inheritance> inherit(const Call& call, const NodeReference& directory,
                                const Attributes& parent, FileType type, std::uint16_t permissions,
                                const NewOwner& owner);
    template <typename Make>
    Result<NodeReference> make(const Call& call, const NodeReference& directory, const Name& name,
                               const Inheritance& from, Make&& make);
    Result<void> finish(const Call& call, const Node& node, const Inheritance& from);
    void unmake(const Call& call, const NodeReference& directory, const Name& name,
                const Node& node);
    Result<Attributes> change(const Call& call, const NodeReference& node, const Attributes& now,
                              const AttributeChanges& changes);
    Result<AttributeChanges> check_changes(const Call& call, const NodeReference& node,
                                           const Attributes& now, AttributeChanges changes);
    Result<void> check_attribute(const Call& call, const NodeReference& node, std::string_view name,
                                 bool writing);
    Result<void> set_access_acl(const Call& call, const NodeReference& node,
                                std::span<const std::byte> value, SetAttributeMode mode);
    Result<void> drop_privileges(const Call& call, const NodeReference& node);

    std::shared_ptr<Volume> volume_;
    Entry root_;  // its lookup is held by the tree itself (a Node would hold the tree in a circle)
    bool unmounted_ = false;

    Turns turns_;
    const std::unique_ptr<TreeWatchers> watchers_;
    std::atomic<std::size_t> lent_ = 0;  // files

    std::mutex moves_gate_;  // held where a move begins; before the turn
    std::atomic<std::uint64_t> moves_begun_ = 1;
    std::atomic<std::uint64_t> moves_ended_ = 1;

    std::mutex nodes_mutex_;  // guards nodes_; nothing is called with it held
    std::unordered_map<Cookie, Held> nodes_;
};

}  // namespace quire::fs
