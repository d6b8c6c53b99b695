// SPDX-License-Identifier: MIT

#pragma once

#include <memory>

#include "quire/block/byte_source.hpp"
#include "quire/fs/tree.hpp"

namespace quire::fs {

/// A file of a volume as bytes that carry a device: how images live inside images.
/// Threads: any.
class FileSource final : public block::ByteSource {
public:
    /// `lock`, where there is one, is held as long.
    FileSource(std::shared_ptr<OpenFile> file, Call call, std::string description,
               std::unique_ptr<FileLock> lock = nullptr);

    Result<std::uint64_t> size() override;
    bool writable() const override;
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> memory) override;
    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> memory) override;
    Result<void> flush() override;
    Result<void> punch(block::Range range) override;
    Result<block::Range> next_data(std::uint64_t offset) override;
    Result<void> resize(std::uint64_t size) override;
    std::string describe() const override { return description_; }

private:
    std::shared_ptr<OpenFile> file_;
    Call call_;
    std::string description_;
    std::unique_ptr<FileLock> lock_;  // ends before the file
};

}  // namespace quire::fs
