// SPDX-License-Identifier: MIT

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "quire/base/result.hpp"
#include "quire/base/unique_fd.hpp"

namespace quire::testing {

/// A loop device over a file, detached at the end of its life.
class LoopDevice {
public:
    struct Options {
        bool read_only = false;
        std::uint64_t offset = 0;
        /// 0: the host's choice.
        std::uint32_t block_size = 0;
        /// Whether the kernel looks for partitions.
        bool scan_partitions = false;
    };

    /// Fails: operation_not_supported (this machine or this user has no loop devices; the sentence
    /// is a reason to skip a test), and what the host reports.
    [[nodiscard]] static Result<std::unique_ptr<LoopDevice>> attach(
        const std::filesystem::path& file, Options options);
    [[nodiscard]] static Result<std::unique_ptr<LoopDevice>> attach(
        const std::filesystem::path& file) {
        return attach(file, Options{});
    }

    ~LoopDevice();

    const std::string& path() const { return path_; }

private:
    LoopDevice(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    UniqueFd fd_;
    std::string path_;
};

}  // namespace quire::testing
