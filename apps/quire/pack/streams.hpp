// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "output/new_file.hpp"
#include "output/output.hpp"
#include "quire/fs/tree.hpp"
#include "quire/transfer/bytes.hpp"

namespace quire::app {

/// A file of a tree from its beginning.
class FileStream final : public transfer::ByteStream {
public:
    FileStream(std::shared_ptr<fs::OpenFile> file, fs::Call call)
        : file_(std::move(file)), call_(std::move(call)) {}
    Result<std::size_t> read(std::span<std::byte> memory) override;

private:
    std::shared_ptr<fs::OpenFile> file_;
    fs::Call call_;
    std::uint64_t position_ = 0;
};

/// read(2), or pread(2) at a place. Fails: as they do; the sentence speaks of standard input.
Result<std::size_t> read_descriptor(int fd, std::span<std::byte> memory,
                                    std::optional<off_t> place);

/// A descriptor as it comes, or from a place on without moving the place that it shares with
/// others.
class DescriptorStream final : public transfer::ByteStream {
public:
    explicit DescriptorStream(int fd, std::optional<off_t> start = std::nullopt)
        : fd_(fd), position_(start) {}
    Result<std::size_t> read(std::span<std::byte> memory) override;

private:
    int fd_;
    std::optional<off_t> position_;
};

/// Collects small pieces before they go on. What is collected still has to be flushed at the end.
class BufferedSink : public transfer::ByteSink {
public:
    Result<void> write(std::span<const std::byte> bytes) final;
    Result<void> flush();

private:
    virtual Result<void> put(std::span<const std::byte> bytes) = 0;

    std::vector<std::byte> buffer_;
};

/// Standard output.
class OutputSink final : public BufferedSink {
public:
    explicit OutputSink(Output& out) : out_(out) {}

private:
    Result<void> put(std::span<const std::byte> bytes) override { return out_.write(bytes); }
    Output& out_;
};

/// A new file, from its beginning.
class NewFileSink final : public BufferedSink {
public:
    explicit NewFileSink(NewFile& file) : file_(file) {}

private:
    Result<void> put(std::span<const std::byte> bytes) override;
    NewFile& file_;
    std::uint64_t size_ = 0;
};

}  // namespace quire::app
