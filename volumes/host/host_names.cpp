// SPDX-License-Identifier: MIT

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "nodes.hpp"
#include "quire/volumes/host/host_volume.hpp"

namespace quire::host {

namespace {

// What makes a node is given no permissions but the owner's until enter_new has set the owner:
// nobody shall reach a file before it is theirs.
constexpr mode_t until_owned = 0600;

fs::FileType type_of_entry(unsigned char type) {
    return fs::type_of_mode(DTTOIF(type));
}

}  // namespace

// The host applies the umask of the process, and knows no owner but the process: both are
// corrected here, as far as the process may.
Result<fs::Entry> HostVolume::enter_new(const Live& directory, const Name& name,
                                        const fs::NewNode& wanted) {
    QUIRE_TRY_ASSIGN(fs::Entry entry, enter_name(directory, name));
    QUIRE_TRY_ASSIGN(const auto node, find(entry.node));
    const fs::Attributes& made = entry.attributes;
    if (::geteuid() == 0 && (made.uid != wanted.uid || made.gid != wanted.gid) &&
        ::fchownat(node->path.get(), "", wanted.uid, wanted.gid, AT_EMPTY_PATH) != 0)
        return fail_errno();
    if (made.type != fs::FileType::symbolic_link &&
        ::chmod(node->proc_name().c_str(), wanted.permissions) != 0)
        return fail_errno();
    QUIRE_TRY_ASSIGN(entry.attributes, query(node->path.get()));
    return entry;
}

Result<fs::Entry> HostVolume::create(const fs::Call&, fs::Cookie directory, const Name& name,
                                     const fs::NewNode& node) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto parent, find(directory));
    const UniqueFd fd(::openat(parent->path.get(), name.text().c_str(),
                               O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, until_owned));
    if (!fd) return fail_errno();
    return enter_new(*parent, name, node);
}

Result<fs::Entry> HostVolume::mknod(const fs::Call&, fs::Cookie directory, const Name& name,
                                    const fs::NewNode& node, fs::FileType type,
                                    fs::DeviceNumber device) {
    QUIRE_TRY(may_write());
    if (type == fs::FileType::regular || type == fs::FileType::directory ||
        type == fs::FileType::symbolic_link || type == fs::FileType::unknown)
        return fail(std::errc::invalid_argument);
    QUIRE_TRY_ASSIGN(const auto parent, find(directory));
    if (::mknodat(parent->path.get(), name.text().c_str(), fs::mode_bits(type) | until_owned,
                  makedev(device.major, device.minor)) != 0)
        return fail_errno();
    return enter_new(*parent, name, node);
}

Result<fs::Entry> HostVolume::mkdir(const fs::Call&, fs::Cookie directory, const Name& name,
                                    const fs::NewNode& node) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto parent, find(directory));
    if (::mkdirat(parent->path.get(), name.text().c_str(), 0700) != 0) return fail_errno();
    return enter_new(*parent, name, node);
}

Result<fs::Entry> HostVolume::symlink(const fs::Call&, fs::Cookie directory, const Name& name,
                                      const fs::NewNode& node, std::string_view target) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto parent, find(directory));
    if (::symlinkat(std::string(target).c_str(), parent->path.get(), name.text().c_str()) != 0)
        return fail_errno();
    return enter_new(*parent, name, node);
}

Result<fs::Entry> HostVolume::link(const fs::Call&, fs::Cookie cookie, fs::Cookie directory,
                                   const Name& name) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    QUIRE_TRY_ASSIGN(const auto parent, find(directory));
    // Through /proc, since AT_EMPTY_PATH would want CAP_DAC_READ_SEARCH.
    if (::linkat(AT_FDCWD, node->proc_name().c_str(), parent->path.get(), name.text().c_str(),
                 AT_SYMLINK_FOLLOW) != 0)
        return fail_errno();
    return enter_name(*parent, name);
}

Result<void> HostVolume::remove(const fs::Call&, fs::Cookie directory, const Name& name) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto parent, find(directory));
    if (::unlinkat(parent->path.get(), name.text().c_str(), 0) != 0) return fail_errno();
    return {};
}

Result<void> HostVolume::rmdir(const fs::Call&, fs::Cookie directory, const Name& name) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto parent, find(directory));
    if (::unlinkat(parent->path.get(), name.text().c_str(), AT_REMOVEDIR) != 0) return fail_errno();
    return {};
}

Result<void> HostVolume::rename(const fs::Call&, fs::Cookie from_directory, const Name& from,
                                fs::Cookie to_directory, const Name& to, fs::RenameFlags flags) {
    QUIRE_TRY(may_write());
    QUIRE_TRY_ASSIGN(const auto source, find(from_directory));
    QUIRE_TRY_ASSIGN(const auto target, find(to_directory));
    const unsigned bits =
        (flags.no_replace ? RENAME_NOREPLACE : 0u) | (flags.exchange ? RENAME_EXCHANGE : 0u);
    if (::renameat2(source->path.get(), from.text().c_str(), target->path.get(), to.text().c_str(),
                    bits) != 0)
        return fail_errno();
    return {};
}

Result<void> HostVolume::readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                                 fs::WithAttributes with, const fs::EntrySink& sink) {
    QUIRE_TRY_ASSIGN(const auto node, find(directory));
    const int fd = ::openat(node->path.get(), ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return fail_errno();
    const auto close = [](DIR* stream) { ::closedir(stream); };
    const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(fd), close);
    if (!stream) return fail_errno();
    if (from != 0) ::seekdir(stream.get(), static_cast<long>(from));
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(stream.get());
        if (!entry) {
            if (errno != 0) return fail_errno();
            return {};
        }
        const std::string_view name(entry->d_name);
        if (name == "." || name == "..") continue;
        fs::DirectoryEntry result;
        result.name = name;
        result.inode = entry->d_ino;
        result.type = type_of_entry(entry->d_type);
        result.next = static_cast<fs::Position>(entry->d_off);
        fs::Attributes attributes;
        if (with == fs::WithAttributes::yes || result.type == fs::FileType::unknown) {
            auto found = query(node->path.get(), entry->d_name);
            if (!found && found.error() == std::errc::no_such_file_or_directory) continue;
            if (!found) return fail(found.error());
            attributes = *found;
            result.type = attributes.type;
            result.inode = attributes.inode;
            if (with == fs::WithAttributes::yes) result.attributes = &attributes;
        }
        if (!sink(result)) return {};
    }
}

Result<std::string> HostVolume::readlink(const fs::Call&, fs::Cookie cookie) {
    QUIRE_TRY_ASSIGN(const auto node, find(cookie));
    if (node->type != fs::FileType::symbolic_link) return fail(std::errc::invalid_argument);
    std::string target(4096, '\0');
    const ssize_t length = ::readlinkat(node->path.get(), "", target.data(), target.size());
    if (length < 0) return fail_errno();
    target.resize(static_cast<std::size_t>(length));
    return target;
}

}  // namespace quire::host
