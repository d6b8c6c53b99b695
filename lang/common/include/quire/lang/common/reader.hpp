// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "quire/base/result.hpp"

namespace quire::lang {

/// Where the texts come from that a compiler reads. Files are one place, memory another.
/// Threads: one at a time.
class Reader {
public:
    struct Text {
        /// The same for two paths of one file.
        std::string identity;
        std::string text;
    };

    virtual ~Reader() = default;

    /// Fails: no_such_file_or_directory, file_too_large, invalid_argument (no regular file), and
    /// what the place reports.
    virtual Result<Text> read(const std::string& path) = 0;
};

/// Regular files of the host, each of `limit` bytes at most. A FIFO, a device or a directory is
/// refused before anything is read from it.
class FileReader final : public Reader {
public:
    explicit FileReader(std::size_t limit) : limit_(limit) {}
    Result<Text> read(const std::string& path) override;

private:
    std::size_t limit_;
};

/// Texts that are given by path, with the same limit.
class MemoryReader final : public Reader {
public:
    explicit MemoryReader(std::size_t limit) : limit_(limit) {}
    void add(std::string path, std::string text);
    Result<Text> read(const std::string& path) override;

private:
    std::size_t limit_;
    std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace quire::lang
