// SPDX-License-Identifier: MIT

#include "quire/lang/common/output_files.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <utility>

#include "quire/base/name.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::lang {

namespace {

constexpr mode_t output_mode = 0666;  // before umask
constexpr int most_attempts = 100;

// A written text that waits for its name. Without publish() nothing is left of it.
class Waiting {
public:
    static Result<Waiting> write(const std::string& path, std::string_view text) {
        Waiting waiting;
        const std::filesystem::path place = std::filesystem::path(path).parent_path();
        UniqueFd fd;
        for (int i = 0; !fd; ++i) {
            waiting.beside_ = (place / fmt::format(".quire-{}-{}", ::getpid(), i)).string();
            fd.reset(::open(waiting.beside_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC,
                            output_mode));
            if (fd || (errno == EEXIST && i < most_attempts)) continue;
            waiting.beside_.clear();
            return fail_errno(printable(path));
        }
        while (!text.empty()) {
            const ssize_t written = ::write(fd.get(), text.data(), text.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return fail_errno(printable(path));
            text.remove_prefix(static_cast<std::size_t>(written));
        }
        return waiting;
    }

    Waiting(Waiting&& other) noexcept : beside_(std::exchange(other.beside_, {})) {}
    Waiting& operator=(Waiting&&) = delete;
    ~Waiting() {
        if (!beside_.empty()) ::unlink(beside_.c_str());
    }

    Result<void> publish(const std::string& path) {
        if (::rename(beside_.c_str(), path.c_str()) != 0) return fail_errno(printable(path));
        beside_.clear();
        return {};
    }

private:
    Waiting() = default;
    std::string beside_;
};

}  // namespace

void OutputFiles::add(std::string path, std::string text) {
    std::erase_if(files_, [&](const File& file) { return file.path == path; });
    files_.push_back({std::move(path), std::move(text)});
}

Result<void> OutputFiles::write() const {
    std::vector<Waiting> waiting;
    waiting.reserve(files_.size());
    for (const File& file : files_) {
        const std::filesystem::path place = std::filesystem::path(file.path).parent_path();
        std::error_code error;
        if (!place.empty()) std::filesystem::create_directories(place, error);
        if (error) return fail(static_cast<std::errc>(error.value()), printable(place.string()));
        QUIRE_TRY_ASSIGN(auto written, Waiting::write(file.path, file.text));
        waiting.push_back(std::move(written));
    }
    for (std::size_t i = 0; i < files_.size(); ++i) QUIRE_TRY(waiting[i].publish(files_[i].path));
    return {};
}

}  // namespace quire::lang
