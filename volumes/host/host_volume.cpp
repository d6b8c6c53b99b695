// SPDX-License-Identifier: MIT

#include "quire/volumes/host/host_volume.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "nodes.hpp"

namespace quire::host {

namespace {

// Opens one name for O_PATH. glibc 2.36 has no wrapper for openat2. Kernels before 5.6 and some
// sandboxes lack it; for a single name, which cannot be "..", openat with O_NOFOLLOW is as strict.
Result<UniqueFd> open_beneath(int directory, const char* name, bool one_filesystem) {
    constexpr int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    open_how how{};
    how.flags = flags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    if (one_filesystem) how.resolve |= RESOLVE_NO_XDEV;
    UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, directory, name, &how, sizeof how)));
    if (!fd && (errno == ENOSYS || errno == EPERM) && !one_filesystem)
        fd.reset(::openat(directory, name, flags));
    if (!fd) return fail_errno();
    return fd;
}

}  // namespace

HostVolume::HostVolume(std::unique_ptr<Nodes> nodes, Options options)
    : nodes_(std::move(nodes)), options_(options) {}

HostVolume::~HostVolume() = default;

Result<std::shared_ptr<HostVolume>> HostVolume::open(const std::string& directory,
                                                     Options options) {
    UniqueFd fd(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return fail_errno(directory);
    return open(std::move(fd), options);
}

Result<std::shared_ptr<HostVolume>> HostVolume::open(UniqueFd directory, Options options) {
    struct stat facts{};
    if (::fstat(directory.get(), &facts) != 0) return fail_errno();
    if (!S_ISDIR(facts.st_mode)) return fail(std::errc::not_a_directory);
    auto root = std::make_shared<Live>();
    root->path = std::move(directory);
    root->device = facts.st_dev;
    root->inode = facts.st_ino;
    root->type = fs::FileType::directory;
    if (::access(root->proc_name().c_str(), F_OK) != 0)
        return fail(std::errc::function_not_supported,
                    "host directories need /proc, which is not mounted");
    return std::shared_ptr<HostVolume>(
        new HostVolume(std::make_unique<Nodes>(std::move(root)), options));
}

bool HostVolume::supports(fs::Operation operation) const {
    using enum fs::Operation;
    switch (operation) {
        case handle_to_node:
        case extended_attribute_control:
        case access:
        case discard:
        case mmap:
        case poll:
        case advisory_lock:
        case ioctl:
        case inactive:
        case print:
            return false;
        case create:
        case mknod:
        case mkdir:
        case symlink:
        case link:
        case remove:
        case rmdir:
        case rename:
        case setattr:
        case write:
        case fallocate:
        case copy_range:
        case setxattr:
        case removexattr:
            return !options_.read_only;
        default:
            return true;
    }
}

Result<void> HostVolume::may_write() const {
    if (options_.read_only) return fail(std::errc::read_only_file_system);
    return {};
}

Result<std::shared_ptr<HostVolume::Live>> HostVolume::find(fs::Cookie cookie) const {
    if (auto node = nodes_->find(cookie)) return node;
    return fail(std::errc(ESTALE));
}

Result<fs::Entry> HostVolume::enter(UniqueFd path_fd) {
    fs::Entry entry;
    QUIRE_TRY_ASSIGN(entry.attributes, query(path_fd.get()));
    auto node = std::make_shared<Live>();
    node->path = std::move(path_fd);
    node->device =
        makedev(entry.attributes.generation >> 20, entry.attributes.generation & 0xFFFFF);
    node->inode = entry.attributes.inode;
    node->type = entry.attributes.type;
    entry.node = nodes_->enter(std::move(node));
    // The host changes under us without telling: nothing may be cached.
    entry.name_lifetime = entry.attribute_lifetime = fs::Lifetime::zero();
    return entry;
}

Result<fs::Entry> HostVolume::enter_name(const Live& directory, const Name& name) {
    QUIRE_TRY_ASSIGN(UniqueFd fd, open_beneath(directory.path.get(), name.text().c_str(),
                                               options_.one_filesystem));
    return enter(std::move(fd));
}

Result<fs::Entry> HostVolume::root(const fs::Call&) {
    UniqueFd again(::fcntl(nodes_->root()->path.get(), F_DUPFD_CLOEXEC, 0));
    if (!again) return fail_errno();
    return enter(std::move(again));
}

Result<fs::Entry> HostVolume::lookup(const fs::Call&, fs::Cookie directory, const Name& name) {
    QUIRE_TRY_ASSIGN(const auto node, find(directory));
    return enter_name(*node, name);
}

// The host may have moved the directory out of this tree, where its ".." would lead outside. So
// the way up is followed to the end: only if it meets the root does the first step count.
Result<fs::Entry> HostVolume::parent(const fs::Call& call, fs::Cookie directory) {
    constexpr int deepest = 4096;
    QUIRE_TRY_ASSIGN(const auto node, find(directory));
    const Live& top = *nodes_->root();
    if (node->device == top.device && node->inode == top.inode) return root(call);
    UniqueFd first;
    UniqueFd current;
    int from = node->path.get();
    for (int depth = 0; depth < deepest; ++depth) {
        UniqueFd up(::openat(from, "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!up) return fail_errno();
        struct stat facts{};
        if (::fstat(up.get(), &facts) != 0) return fail_errno();
        const bool is_root = facts.st_dev == top.device && facts.st_ino == top.inode;
        if (!first) {
            first.reset(::fcntl(up.get(), F_DUPFD_CLOEXEC, 0));
            if (!first) return fail_errno();
        }
        if (is_root) return enter(std::move(first));
        struct stat before{};
        if (::fstat(from, &before) != 0) return fail_errno();
        if (before.st_dev == facts.st_dev && before.st_ino == facts.st_ino) break;  // the host's /
        current = std::move(up);
        from = current.get();
    }
    return fail(std::errc::no_such_file_or_directory,
                "the directory has been moved out of this tree");
}

Result<fs::VolumeStatistics> HostVolume::statistics(const fs::Call&) {
    struct statvfs facts{};
    if (::fstatvfs(nodes_->root()->path.get(), &facts) != 0) return fail_errno();
    fs::VolumeStatistics result;
    result.block_size = static_cast<std::uint32_t>(facts.f_frsize);
    result.blocks = facts.f_blocks;
    result.free_blocks = facts.f_bfree;
    result.available_blocks = facts.f_bavail;
    result.inodes = facts.f_files;
    result.free_inodes = facts.f_ffree;
    result.name_length = static_cast<std::uint32_t>(facts.f_namemax);
    result.read_only = options_.read_only || facts.f_flag & ST_RDONLY;
    return result;
}

Result<void> HostVolume::sync(const fs::Call&) {
    if (options_.read_only) return {};
    const UniqueFd fd(::openat(nodes_->root()->path.get(), ".", O_RDONLY | O_CLOEXEC));
    if (!fd || ::syncfs(fd.get()) != 0) return fail_errno();
    return {};
}

void HostVolume::reclaim(fs::Cookie node, std::uint64_t lookups) {
    nodes_->reclaim(node, lookups);
}

}  // namespace quire::host
