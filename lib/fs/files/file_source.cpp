// SPDX-License-Identifier: MIT

#include "quire/fs/file_source.hpp"

#include <utility>

namespace quire::fs {

FileSource::FileSource(std::shared_ptr<OpenFile> file, Call call, std::string description,
                       std::unique_ptr<FileLock> lock)
    : file_(std::move(file)),
      call_(std::move(call)),
      description_(std::move(description)),
      lock_(std::move(lock)) {}

Result<std::uint64_t> FileSource::size() {
    QUIRE_TRY_ASSIGN(const Attributes attributes, file_->attributes(call_));
    return attributes.size;
}

bool FileSource::writable() const {
    return file_->mode().write;
}

Result<std::size_t> FileSource::read(std::uint64_t offset, std::span<std::byte> memory) {
    return file_->read(call_, offset, memory);
}

Result<std::size_t> FileSource::write(std::uint64_t offset, std::span<const std::byte> memory) {
    return file_->write(call_, offset, memory);
}

Result<void> FileSource::flush() {
    return file_->sync(call_);
}

Result<void> FileSource::punch(block::Range range) {
    return file_->allocate(call_, AllocateMode::punch_hole, range);
}

Result<block::Range> FileSource::next_data(std::uint64_t offset) {
    QUIRE_TRY_ASSIGN(const std::uint64_t end, size());
    if (offset > end) return fail(std::errc::result_out_of_range);
    const auto data =
        offset == end ? Result<std::uint64_t>(end) : file_->seek(call_, offset, SeekTo::data);
    if (!data) {
        // No more data is how seek says that only a hole is left.
        if (data.error() == std::errc::no_such_device_or_address) return block::Range{end, 0};
        return fail(data.error());
    }
    if (*data >= end) return block::Range{end, 0};
    QUIRE_TRY_ASSIGN(const std::uint64_t hole, file_->seek(call_, *data, SeekTo::hole));
    return block::Range{*data, hole - *data};
}

Result<void> FileSource::resize(std::uint64_t size) {
    return file_->resize(call_, size);
}

}  // namespace quire::fs
