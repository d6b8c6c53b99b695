// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quire/base/result.hpp"
#include "quire/fs/volume.hpp"

namespace quire::conformance {

/// A file held open, on behalf of whoever opened it.
class File {
public:
    virtual ~File() = default;
    virtual Result<std::string> read(std::uint64_t offset, std::size_t length) = 0;
    virtual Result<std::size_t> write(std::uint64_t offset, std::string_view bytes) = 0;
    virtual Result<fs::Attributes> attributes() = 0;
    virtual Result<void> resize(std::uint64_t size) = 0;
    virtual Result<std::uint64_t> seek(std::uint64_t offset, fs::SeekTo what) = 0;
    virtual Result<void> allocate(fs::AllocateMode mode, std::uint64_t offset,
                                  std::uint64_t length) = 0;
    virtual Result<void> sync() = 0;
};

/// One entry of a listing; `.` and `..` are never listed.
struct Listed {
    std::string name;
    std::uint64_t inode = 0;
    fs::FileType type = fs::FileType::unknown;
    fs::Position next = 0;
};

enum class Follow : bool { no, yes };

/// What is measured: a filesystem as a process sees it, by paths and open files. One that Quire
/// provides and one of the machine's kernel look the same here, so that a case that holds for both
/// says what Linux does.
///
/// Paths are relative to the top directory. The umask is that of the credentials, and empty for
/// the first subject, which is root.
/// Threads: any.
class Subject {
public:
    virtual ~Subject() = default;

    /// The same filesystem for somebody else.
    virtual std::shared_ptr<Subject> as(const fs::Credentials& credentials) = 0;

    /// open(O_CREAT | O_EXCL), closed at once.
    virtual Result<void> make_file(const std::string& path, std::uint16_t permissions) = 0;
    virtual Result<void> mkdir(const std::string& path, std::uint16_t permissions) = 0;
    virtual Result<void> mknod(const std::string& path, std::uint16_t permissions,
                               fs::FileType type, fs::DeviceNumber device) = 0;
    virtual Result<void> symlink(const std::string& target, const std::string& path) = 0;
    /// Does not follow a symbolic link at the end of `from`.
    virtual Result<void> link(const std::string& from, const std::string& to) = 0;
    virtual Result<void> unlink(const std::string& path) = 0;
    virtual Result<void> rmdir(const std::string& path) = 0;
    virtual Result<void> rename(const std::string& from, const std::string& to,
                                fs::RenameFlags flags = {}) = 0;
    /// At most `most` entries after a position.
    virtual Result<std::vector<Listed>> list(const std::string& path, fs::Position from,
                                             std::size_t most) = 0;
    virtual Result<std::string> readlink(const std::string& path) = 0;

    virtual Result<std::unique_ptr<File>> open(const std::string& path, fs::OpenMode mode) = 0;
    virtual Result<fs::Attributes> stat(const std::string& path, Follow follow) = 0;
    virtual Result<void> access(const std::string& path, int mask) = 0;
    virtual Result<void> chmod(const std::string& path, std::uint16_t permissions) = 0;
    virtual Result<void> chown(const std::string& path, std::optional<std::uint32_t> uid,
                               std::optional<std::uint32_t> gid, Follow follow) = 0;
    virtual Result<void> set_times(const std::string& path, std::optional<Time> access,
                                   std::optional<Time> modify, Follow follow) = 0;
    virtual Result<void> truncate(const std::string& path, std::uint64_t size) = 0;

    virtual Result<std::string> get_attribute(const std::string& path, const std::string& name,
                                              Follow follow) = 0;
    virtual Result<void> set_attribute(const std::string& path, const std::string& name,
                                       std::string_view value, fs::SetAttributeMode mode,
                                       Follow follow) = 0;
    virtual Result<std::vector<std::string>> list_attributes(const std::string& path,
                                                             Follow follow) = 0;
    virtual Result<void> remove_attribute(const std::string& path, const std::string& name,
                                          Follow follow) = 0;

    virtual Result<fs::VolumeStatistics> statistics() = 0;
    virtual Result<void> sync() = 0;
};

}  // namespace quire::conformance
