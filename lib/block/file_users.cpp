// SPDX-License-Identifier: MIT

#include "file_users.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "quire/base/name.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::block {

namespace {

std::string slurp(const std::filesystem::path& path) {
    // A loop device or a process may end between opening and reading; what then can't be read is as
    // good as not there. (An iterator over the stream would throw.)
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

std::vector<std::string_view> words(std::string_view line) {
    std::vector<std::string_view> result;
    while (true) {
        const std::size_t begin = line.find_first_not_of(' ');
        if (begin == line.npos) return result;
        line.remove_prefix(begin);
        const std::size_t end = std::min(line.find(' '), line.size());
        result.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

std::string_view without_newline(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    return text;
}

bool is_file(std::string_view path, dev_t device, ino_t inode) {
    struct stat status{};
    return ::stat(std::string(path).c_str(), &status) == 0 && status.st_dev == device &&
           status.st_ino == inode;
}

/// Asks the loop device itself, where we may open it: the path that it was given may since have
/// been removed, or mean something in another mount namespace only.
bool is_backed_by(const std::filesystem::path& node, dev_t device, ino_t inode) {
    const UniqueFd fd(::open(node.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    loop_info64 info{};
    return fd && ::ioctl(fd.get(), LOOP_GET_STATUS64, &info) == 0 && info.lo_device == device &&
           info.lo_inode == inode;
}

}  // namespace

std::optional<LockHolder> find_lock_holder(std::string_view locks, dev_t device, ino_t inode) {
    const std::string place = fmt::format("{:02x}:{:02x}:{}", major(device), minor(device), inode);
    std::optional<LockHolder> found;
    while (!locks.empty()) {
        const std::size_t end = std::min(locks.find('\n'), locks.size());
        const auto columns = words(locks.substr(0, end));
        locks.remove_prefix(std::min(end + 1, locks.size()));
        // "1: FLOCK ADVISORY WRITE 1234 fd:00:5678 0 EOF"; one that waits has "->" before FLOCK.
        if (columns.size() < 6 || columns[1] != "FLOCK" || columns[5] != place) continue;
        LockHolder holder{0, columns[3] == "WRITE"};
        std::from_chars(columns[4].begin(), columns[4].end(), holder.pid);
        if (holder.exclusive) return holder;
        if (!found) found = holder;
    }
    return found;
}

std::string describe_lock_conflict(const std::string& name, dev_t device, ino_t inode,
                                   bool for_writing, const std::filesystem::path& processes) {
    const auto holder = find_lock_holder(slurp(processes / "locks"), device, inode);
    // A reader only collides with a writer, whether or not the list of locks shows it.
    const bool written = !for_writing || (holder && holder->exclusive);
    const std::string_view doing = written ? "written" : holder ? "read" : "used";
    if (holder && holder->pid == ::getpid())
        return fmt::format("{} is already open in this program, being {}", name, doing);

    std::string who = "another program";
    if (holder && holder->pid > 0) {
        const std::string command = slurp(processes / std::to_string(holder->pid) / "comm");
        who = fmt::format("process {}", holder->pid);
        if (!command.empty()) who += fmt::format(" ({})", printable(without_newline(command)));
    }
    return fmt::format("{} is being {} by {}, try again when that has ended", name, doing, who);
}

std::optional<std::string> find_loop_device(dev_t device, ino_t inode,
                                            const std::filesystem::path& block_devices,
                                            const std::filesystem::path& nodes) {
    std::error_code ignored;
    std::filesystem::directory_iterator entry(block_devices, ignored);
    for (; entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
        const std::string name = entry->path().filename();
        if (!name.starts_with("loop")) continue;
        const std::string backing = slurp(entry->path() / "loop" / "backing_file");
        if (backing.empty()) continue;
        const std::filesystem::path node = nodes / name;
        if (is_file(without_newline(backing), device, inode) || is_backed_by(node, device, inode))
            return node;
    }
    return std::nullopt;
}

}  // namespace quire::block
