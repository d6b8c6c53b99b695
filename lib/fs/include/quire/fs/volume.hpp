// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/name.hpp"
#include "quire/base/result.hpp"
#include "quire/fs/attributes.hpp"
#include "quire/fs/credentials.hpp"
#include "quire/fs/observer.hpp"

namespace quire::fs {

/// How the framework may call a volume.
enum class ThreadModel : std::uint8_t {
    serial,    ///< one call at a time
    per_node,  ///< calls on different nodes at once (an operation on names counts for every
               ///< directory and node it names)
    parallel,  ///< any calls at once
};

/// Every operation a volume may support, for supports().
enum class Operation : std::uint8_t {
    statistics,
    sync,
    node_to_handle,
    handle_to_node,
    extended_attribute_control,
    unmount,
    lookup,
    create,
    mknod,
    mkdir,
    symlink,
    link,
    remove,
    rmdir,
    rename,
    readdir,
    readlink,
    open,
    close,
    access,
    getattr,
    setattr,
    read,
    write,
    fsync,
    seek,
    fallocate,
    discard,
    copy_range,
    mmap,
    poll,
    advisory_lock,
    pathconf,
    getxattr,
    setxattr,
    listxattr,
    removexattr,
    ioctl,
    inactive,
    reclaim,
    print,
};

/// A node found or made, counted as one lookup of it (see reclaim).
struct Entry {
    Cookie node = 0;
    Attributes attributes;
    Lifetime name_lifetime = until_invalidated;
    Lifetime attribute_lifetime = until_invalidated;
};

/// What a new node is to be. The framework has applied umask and default ACLs, and chosen owner
/// and group (set-group-id directories) already.
struct NewNode {
    std::uint16_t permissions = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

/// A place between two entries of a directory, opaque; 0 is the beginning.
using Position = std::uint64_t;

struct DirectoryEntry {
    std::string_view name;  ///< never "." or ".."; valid only during the call
    std::uint64_t inode = 0;
    FileType type = FileType::unknown;
    Position next = 0;  ///< where to go on after this entry
    /// Present when asked for.
    const Attributes* attributes = nullptr;
};

/// Takes one entry; false stops the listing (the entry given counts as taken).
using EntrySink = std::function<bool(const DirectoryEntry&)>;

enum class WithAttributes : bool { no, yes };

struct RenameFlags {
    bool no_replace = false;  ///< fail with file_exists when the new name is taken
    bool exchange = false;    ///< both names must be there; they change places
};

struct OpenMode {
    bool read = true;
    bool write = false;
    /// With write: whoever opens it writes at the end only, and nothing but that is done with it.
    /// The framework says so to a volume of append-only files, and of no others.
    bool append = false;
};

enum class SeekTo : std::uint8_t { data, hole };

enum class AllocateMode : std::uint8_t {
    allocate,    ///< reserve space; the size grows to cover the range
    keep_size,   ///< reserve space; the size stays
    punch_hole,  ///< free the range, which then reads as zeros; the size stays
    zero_range,  ///< make the range read as zeros, allocated; the size grows to cover it
};

enum class SetAttributeMode : std::uint8_t { either, create, replace };

/// A lock as in POSIX (fcntl), of a whole range.
struct AdvisoryLock {
    enum class Kind : std::uint8_t { shared, exclusive, unlock };
    Kind kind = Kind::shared;
    block::Range range;       ///< a length of 0: to the end of the file, however it grows
    std::uint64_t owner = 0;  ///< locks of one owner never conflict
    bool wait = false;
};

enum class PathConfiguration : std::uint8_t { link_max, name_max, path_max, file_size_bits };

/// A tree of nodes: the second of the two nouns, and what the author of a filesystem implements
/// (the model is NetBSD's puffs). Most derive from DummyVolume, which answers what they leave out.
///
/// Nodes are named by cookies. Every Entry given out counts as one lookup of its node; the caller
/// answers them with reclaim(). A node with open lookups stays valid, also when its last name has
/// been removed; its space is freed when the last lookup is answered (after a crash: when the
/// volume is opened next). Handles, (inode, generation), name a node for ever.
///
/// The framework (fs::Tree) checks permissions, names' lengths, sticky bits and types of nodes
/// once, for every front end: a volume never repeats that, except where its own structure would
/// break (it must survive any call). Credentials are for volumes that pass them on.
///
/// Times: operations that change a node set its modify and change times from the volume's clock;
/// reads do not update access times.
///
/// Fails, beyond what each operation lists: io_error (the medium, or a corrupt structure, with a
/// sentence that says where);
/// read_only_file_system for every change of a volume open for reading; function_not_supported or
/// operation_not_supported for what supports() denies; timed_out.
/// Threads: as thread_model() says.
/// Durable: after fsync() of the node or sync() of the volume; an operation on names is atomic
/// across a crash.
class Volume {
public:
    Volume() = default;
    Volume(const Volume&) = delete;
    Volume& operator=(const Volume&) = delete;
    virtual ~Volume() = default;

    virtual ThreadModel thread_model() const = 0;
    virtual bool supports(Operation operation) const = 0;
    /// A word for what this is: "ext4", "memory", "host".
    virtual std::string_view type_name() const = 0;

    /// Sets who hears of changes; at most one, before the first operation or nullptr at the end.
    virtual void set_observer(Observer* observer) = 0;

    // --- of the volume

    /// The root directory, counted as a lookup.
    virtual Result<Entry> root(const Call& call) = 0;
    virtual Result<VolumeStatistics> statistics(const Call& call) = 0;
    /// Makes everything done so far durable.
    virtual Result<void> sync(const Call& call) = 0;
    virtual Result<Handle> node_to_handle(const Call& call, Cookie node) = 0;
    /// Fails: std::errc(ESTALE) (no such node any more).
    virtual Result<Entry> handle_to_node(const Call& call, Handle handle) = 0;
    virtual Result<void> extended_attribute_control(const Call& call, std::string_view command) = 0;
    /// Makes everything durable and marks the medium clean. No operation may follow.
    /// Fails: device_or_resource_busy (open nodes, unless `force`).
    virtual Result<void> unmount(const Call& call, bool force) = 0;

    // --- names

    /// Fails: no_such_file_or_directory, not_a_directory.
    virtual Result<Entry> lookup(const Call& call, Cookie directory, const Name& name) = 0;
    /// Makes a regular file. Fails: file_exists, no_space_on_device, not_a_directory,
    /// no_such_file_or_directory (the directory itself has been removed).
    virtual Result<Entry> create(const Call& call, Cookie directory, const Name& name,
                                 const NewNode& node) = 0;
    /// Makes a device, fifo or socket. Fails: as create; invalid_argument (another type).
    virtual Result<Entry> mknod(const Call& call, Cookie directory, const Name& name,
                                const NewNode& node, FileType type, DeviceNumber device) = 0;
    /// Fails: as create; too_many_links.
    virtual Result<Entry> mkdir(const Call& call, Cookie directory, const Name& name,
                                const NewNode& node) = 0;
    /// Fails: as create; filename_too_long (target of 4096 bytes or more),
    /// no_such_file_or_directory (an empty target).
    virtual Result<Entry> symlink(const Call& call, Cookie directory, const Name& name,
                                  const NewNode& node, std::string_view target) = 0;
    /// Gives `node` a further name; the result counts as a lookup. Fails: as create;
    /// too_many_links; operation_not_permitted (a directory); no_such_file_or_directory (no link
    /// is left).
    virtual Result<Entry> link(const Call& call, Cookie node, Cookie directory,
                               const Name& name) = 0;
    /// Removes a name of anything but a directory. Fails: no_such_file_or_directory,
    /// is_a_directory.
    virtual Result<void> remove(const Call& call, Cookie directory, const Name& name) = 0;
    /// Fails: no_such_file_or_directory, not_a_directory, directory_not_empty.
    virtual Result<void> rmdir(const Call& call, Cookie directory, const Name& name) = 0;
    /// Moves a name, replacing the new one at once where it exists. Two names of one node: nothing
    /// happens. Fails: no_such_file_or_directory, file_exists (no_replace), is_a_directory,
    /// not_a_directory, directory_not_empty, invalid_argument (a directory below itself),
    /// too_many_links, no_space_on_device.
    virtual Result<void> rename(const Call& call, Cookie from_directory, const Name& from,
                                Cookie to_directory, const Name& to, RenameFlags flags) = 0;
    /// Lists from a position on, without `.` and `..`. An entry present throughout is given exactly
    /// once, whatever is added or removed meanwhile. The sink is called without any lock of the
    /// volume held. Fails: not_a_directory, invalid_argument (a position never given out).
    virtual Result<void> readdir(const Call& call, Cookie directory, Position from,
                                 WithAttributes with, const EntrySink& sink) = 0;
    /// The directory that holds this directory, counted as a lookup; of the root: itself.
    virtual Result<Entry> parent(const Call& call, Cookie directory) = 0;
    /// Fails: invalid_argument (not a symbolic link).
    virtual Result<std::string> readlink(const Call& call, Cookie node) = 0;

    // --- nodes

    virtual Result<void> open(const Call& call, Cookie node, OpenMode mode) = 0;
    virtual Result<void> close(const Call& call, Cookie node, OpenMode mode) = 0;
    /// A hook for volumes with rules of their own beyond mode and ACL. `mask`: R_OK|W_OK|X_OK.
    virtual Result<void> access(const Call& call, Cookie node, int mask) = 0;
    virtual Result<Attributes> getattr(const Call& call, Cookie node) = 0;
    /// Changes all or nothing and answers the new attributes. Fails: file_too_large,
    /// is_a_directory (a size for a directory), invalid_argument (a size for another non-file),
    /// no_space_on_device.
    virtual Result<Attributes> setattr(const Call& call, Cookie node,
                                       const AttributeChanges& changes) = 0;
    /// Fewer bytes than asked for only at the end of the file. Fails: is_a_directory.
    virtual Result<std::size_t> read(const Call& call, Cookie node, std::uint64_t offset,
                                     std::span<std::byte> memory) = 0;
    /// Fewer bytes only when an error came after some were written. Fails: no_space_on_device,
    /// file_too_large, is_a_directory.
    virtual Result<std::size_t> write(const Call& call, Cookie node, std::uint64_t offset,
                                      std::span<const std::byte> memory) = 0;
    virtual Result<void> fsync(const Call& call, Cookie node) = 0;
    /// The first offset at or after `offset` that is data, or a hole (the end counts as one).
    /// Fails: no_such_device_or_address (offset at or past the end, or no more data).
    virtual Result<std::uint64_t> seek(const Call& call, Cookie node, std::uint64_t offset,
                                       SeekTo what) = 0;
    virtual Result<void> fallocate(const Call& call, Cookie node, AllocateMode mode,
                                   block::Range range) = 0;
    /// A hint: the range is of no use any more and may read as zeros afterwards.
    virtual Result<void> discard(const Call& call, Cookie node, block::Range range) = 0;
    /// Copies inside the volume, sharing space where it can. Answers the bytes copied.
    virtual Result<std::uint64_t> copy_range(const Call& call, Cookie from,
                                             std::uint64_t from_offset, Cookie to,
                                             std::uint64_t to_offset, std::uint64_t length) = 0;
    /// Notice that the node is being mapped, with these rights.
    virtual Result<void> mmap(const Call& call, Cookie node, OpenMode mode) = 0;
    /// Which of the asked-for events (poll.h) are ready now.
    virtual Result<int> poll(const Call& call, Cookie node, int events) = 0;
    /// Fails: device_or_resource_busy (somebody else's is against it, and `wait` is not set).
    virtual Result<void> advisory_lock(const Call& call, Cookie node, const AdvisoryLock& lock) = 0;
    virtual Result<std::int64_t> pathconf(const Call& call, Cookie node,
                                          PathConfiguration what) = 0;
    virtual Result<std::vector<std::byte>> ioctl(const Call& call, Cookie node,
                                                 std::uint32_t request,
                                                 std::span<const std::byte> in) = 0;

    // --- extended attributes; names are whole ("user.mime_type"). POSIX ACLs travel as
    // --- "system.posix_acl_access" and "system.posix_acl_default" in the kernel's form.

    /// Fails: std::errc(ENODATA) (no such attribute).
    virtual Result<std::vector<std::byte>> getxattr(const Call& call, Cookie node,
                                                    std::string_view name) = 0;
    /// Fails: file_exists (create), ENODATA (replace), no_space_on_device (also: the volume's
    /// limit), argument_list_too_long (a value over 64 KiB), result_out_of_range (a name over
    /// 255 bytes or empty), operation_not_supported (the namespace).
    virtual Result<void> setxattr(const Call& call, Cookie node, std::string_view name,
                                  std::span<const std::byte> value, SetAttributeMode mode) = 0;
    /// Names in byte order.
    virtual Result<std::vector<std::string>> listxattr(const Call& call, Cookie node) = 0;
    virtual Result<void> removexattr(const Call& call, Cookie node, std::string_view name) = 0;

    // --- life of nodes

    /// Notice that nobody has the node open any more.
    virtual Result<void> inactive(const Call& call, Cookie node) = 0;
    /// Answers `lookups` of the Entries given out for the node. When all are answered the cookie
    /// is dead, and so is the node if it has no name left. Never fails and never blocks for long:
    /// errors of freeing surface at the next sync().
    virtual void reclaim(Cookie node, std::uint64_t lookups) = 0;
    /// The node in words, for a person who debugs.
    virtual Result<std::string> print(const Call& call, Cookie node) = 0;
};

}  // namespace quire::fs
