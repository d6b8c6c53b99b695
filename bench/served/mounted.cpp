// SPDX-License-Identifier: MIT

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "served/reach.hpp"

namespace quire::bench {

namespace {

void require(bool good, const std::string& path) {
    if (!good) throw std::system_error(errno, std::generic_category(), path);
}

class Mounted final : public Reach {
public:
    explicit Mounted(std::string directory) : directory_(std::move(directory)) {}

    void open(const std::string& path) override { ::close(opened(path, O_RDONLY)); }

    std::uint64_t stat(const std::string& path) override {
        struct stat facts{};
        require(::stat((directory_ + path).c_str(), &facts) == 0, path);
        return static_cast<std::uint64_t>(facts.st_size);
    }

    std::uint64_t read(const std::string& path) override {
        const int fd = opened(path, O_RDONLY);
        const ssize_t got = ::read(fd, buffer_.data(), buffer_.size());
        require(got >= 0, path);
        ::close(fd);
        return static_cast<std::uint64_t>(got);
    }

    std::uint64_t list(const std::string& path) override {
        DIR* const directory = ::fdopendir(opened(path, O_RDONLY | O_DIRECTORY));
        require(directory != nullptr, path);
        std::uint64_t count = 0;
        while (const dirent* const entry = ::readdir(directory)) {
            const std::string_view name = entry->d_name;
            if (name == "." || name == "..") continue;
            struct stat facts{};
            require(::fstatat(::dirfd(directory), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0,
                    path);
            ++count;
        }
        ::closedir(directory);
        return count;
    }

private:
    int opened(const std::string& path, int flags) const {
        const int fd = ::open((directory_ + path).c_str(), flags | O_CLOEXEC);
        require(fd >= 0, path);
        return fd;
    }

    std::string directory_;
    std::array<char, 65536> buffer_{};
};

}  // namespace

std::unique_ptr<Reach> reach_mounted(const std::string& directory) {
    return std::make_unique<Mounted>(directory);
}

}  // namespace quire::bench
