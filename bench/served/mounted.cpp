// SPDX-License-Identifier: MIT

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>
#include <vector>

#include "served/reach.hpp"

namespace quire::bench {

namespace {

void require(bool good, const std::string& path) {
    if (!good) throw std::system_error(errno, std::generic_category(), path);
}

class MountedContent final : public Content {
public:
    explicit MountedContent(int fd) : fd_(fd) {}
    MountedContent(const MountedContent&) = delete;
    MountedContent& operator=(const MountedContent&) = delete;
    ~MountedContent() override { ::close(fd_); }

    void read(std::uint64_t position, std::span<std::byte> memory) override {
        const ssize_t got =
            ::pread(fd_, memory.data(), memory.size(), static_cast<off_t>(position));
        require(got == static_cast<ssize_t>(memory.size()), "a read");
    }
    void write(std::uint64_t position, std::span<const std::byte> memory) override {
        const ssize_t put =
            ::pwrite(fd_, memory.data(), memory.size(), static_cast<off_t>(position));
        require(put == static_cast<ssize_t>(memory.size()), "a write");
    }
    void sync() override { require(::fsync(fd_) == 0, "fsync"); }
    void truncate() override { require(::ftruncate(fd_, 0) == 0, "ftruncate"); }

private:
    const int fd_;
};

class OwnContent final : public Content {
public:
    explicit OwnContent(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

    void read(std::uint64_t position, std::span<std::byte> memory) override {
        std::memcpy(memory.data(), bytes_.data() + position, memory.size());
    }
    void write(std::uint64_t position, std::span<const std::byte> memory) override {
        if (bytes_.size() < position + memory.size()) bytes_.resize(position + memory.size());
        std::memcpy(bytes_.data() + position, memory.data(), memory.size());
    }
    void sync() override {}
    void truncate() override { bytes_.clear(); }

private:
    std::vector<std::byte> bytes_;
};

class Mounted : public Reach {
public:
    explicit Mounted(std::string directory) : directory_(std::move(directory)) {}

    void open(const std::string& path) override { ::close(opened(path, O_RDONLY)); }

    std::uint64_t stat(const std::string& path) override {
        struct stat facts{};
        require(::stat((directory_ + path).c_str(), &facts) == 0, path);
        return static_cast<std::uint64_t>(facts.st_size);
    }

    void miss(const std::string& path) override {
        struct stat facts{};
        require(::stat((directory_ + path).c_str(), &facts) != 0 && errno == ENOENT, path);
    }

    std::uint64_t read(const std::string& path) override {
        const int fd = opened(path, O_RDONLY);
        const ssize_t got = ::read(fd, buffer_.data(), buffer_.size());
        require(got >= 0, path);
        ::close(fd);
        return static_cast<std::uint64_t>(got);
    }

    std::unique_ptr<Content> content(const std::string& path, bool writable) override {
        return std::make_unique<MountedContent>(opened(path, writable ? O_RDWR : O_RDONLY));
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

protected:
    int opened(const std::string& path, int flags) const {
        const int fd = ::open((directory_ + path).c_str(), flags | O_CLOEXEC);
        require(fd >= 0, path);
        return fd;
    }

private:
    std::string directory_;
    std::array<char, 65536> buffer_{};
};

class InMemory final : public Mounted {
public:
    using Mounted::Mounted;

    std::unique_ptr<Content> content(const std::string& path, bool) override {
        MountedContent file(opened(path, O_RDONLY));
        std::vector<std::byte> bytes(stat(path));
        file.read(0, bytes);
        return std::make_unique<OwnContent>(std::move(bytes));
    }
};

}  // namespace

std::unique_ptr<Reach> reach_mounted(const std::string& directory) {
    return std::make_unique<Mounted>(directory);
}

std::unique_ptr<Reach> reach_memory(const std::string& directory) {
    return std::make_unique<InMemory>(directory);
}

}  // namespace quire::bench
