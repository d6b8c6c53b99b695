// SPDX-License-Identifier: MIT

#include "serve/records.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "quire/ipc/client.hpp"

namespace quire::assembly {

namespace {

std::string directory_of(const Environment& environment) {
    return environment.runtime_directory + "/quire";
}

/// Of this user, and of nobody else to write in.
Result<void> make_directory(const std::string& directory) {
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return fail_errno();
    struct stat facts{};
    if (::lstat(directory.c_str(), &facts) != 0) return fail_errno();
    if (!S_ISDIR(facts.st_mode) || facts.st_uid != ::geteuid() || (facts.st_mode & 022) != 0)
        return fail(std::errc::permission_denied);
    return {};
}

struct Found {
    std::string link;
    std::string name;
    std::string socket;
};

std::vector<Found> all_records(const Environment& environment) {
    std::vector<Found> records;
    if (environment.runtime_directory.empty()) return records;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory_of(environment), error), end;
         !error && entry != end; entry.increment(error)) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry->path(), gone);
        if (!gone)
            records.push_back(
                {entry->path().string(), entry->path().filename().string(), target.string()});
    }
    std::ranges::sort(records, {}, &Found::name);
    return records;
}

/// A killed server cannot take its word back.
bool is_alive(const Found& record) {
    if (ipc::connect_channel(record.socket)) return true;
    ::unlink(record.link.c_str());
    return false;
}

std::string suffix_of(const ImageIdentity& image) {
    return fmt::format(".{:x}.{}", image.device, image.inode);
}

}  // namespace

Result<Record> Record::leave(const Environment& environment, const std::string& socket,
                             std::optional<ImageIdentity> image) {
    if (environment.runtime_directory.empty())
        return fail(std::errc::no_such_file_or_directory, "there is no runtime directory");
    const std::string directory = directory_of(environment);
    QUIRE_TRY(make_directory(directory));
    std::string link =
        fmt::format("{}/{}{}", directory, ::getpid(), image ? suffix_of(*image) : "");
    // Left by another process of that number.
    ::unlink(link.c_str());
    std::error_code error;
    const auto absolute = std::filesystem::absolute(socket, error);
    if (error || ::symlink(absolute.c_str(), link.c_str()) != 0) return fail_errno();
    return Record(std::move(link));
}

Record::~Record() {
    if (!link_.empty()) ::unlink(link_.c_str());
}

std::vector<std::string> recorded_sockets(const Environment& environment) {
    std::vector<std::string> sockets;
    for (const Found& record : all_records(environment))
        if (is_alive(record)) sockets.push_back(record.socket);
    return sockets;
}

std::optional<std::string> socket_of_image(const Environment& environment,
                                           const ImageIdentity& image) {
    const std::string suffix = suffix_of(image);
    for (const Found& record : all_records(environment))
        if (record.name.ends_with(suffix) && is_alive(record)) return record.socket;
    return std::nullopt;
}

}  // namespace quire::assembly
