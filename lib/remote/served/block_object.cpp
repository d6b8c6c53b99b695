// SPDX-License-Identifier: MIT

#include "quire/remote/block_object.hpp"

#include <algorithm>
#include <utility>

namespace quire::remote {

BlockObject::BlockObject(std::shared_ptr<block::Device> device,
                         std::shared_ptr<wire::Account> account)
    : device_(std::move(device)), buffer_(std::move(account)) {}

BlockObject::~BlockObject() = default;

Result<protocols::BlockGeometryResult> BlockObject::geometry(const ipc::Call&) {
    const block::Geometry geometry = device_->geometry();
    std::string description = device_->describe();
    description.resize(std::min<std::size_t>(description.size(), protocols::path_limit));
    description.resize(std::min(description.size(), description.find('\0')));
    return protocols::BlockGeometryResult{
        {geometry.size, geometry.preferred_alignment, geometry.writable}, std::move(description)};
}

Result<std::vector<std::byte>> BlockObject::read(const ipc::Call&, std::uint64_t offset,
                                                 std::uint32_t length) {
    if (length > protocols::content_limit) return fail(std::errc::message_size);
    std::vector<std::byte> content(length);
    QUIRE_TRY(device_->read(offset, content));
    return content;
}

Result<void> BlockObject::write(const ipc::Call&, std::uint64_t offset,
                                std::span<const std::byte> content) {
    return device_->write(offset, content);
}

Result<void> BlockObject::set_buffer(const ipc::Call&, ipc::Memory buffer) {
    return buffer_.replace(buffer);
}

Result<void> BlockObject::read_runs(const ipc::Call&,
                                    const std::vector<protocols::BlockRun>& runs) {
    std::vector<wire::Place<std::byte>> places;
    std::vector<block::ReadRun> wanted;
    places.reserve(runs.size());
    wanted.reserve(runs.size());
    for (const protocols::BlockRun& run : runs) {
        QUIRE_TRY_ASSIGN(auto place, buffer_.target(run.buffer_offset, run.length));
        wanted.push_back({run.offset, place.bytes});
        places.push_back(std::move(place));
    }
    return device_->read_runs(wanted);
}

Result<void> BlockObject::write_runs(const ipc::Call&,
                                     const std::vector<protocols::BlockRun>& runs) {
    std::vector<wire::Place<const std::byte>> places;
    std::vector<block::WriteRun> wanted;
    places.reserve(runs.size());
    wanted.reserve(runs.size());
    for (const protocols::BlockRun& run : runs) {
        QUIRE_TRY_ASSIGN(auto place, buffer_.source(run.buffer_offset, run.length));
        wanted.push_back({run.offset, place.bytes});
        places.push_back(std::move(place));
    }
    return device_->write_runs(wanted);
}

Result<void> BlockObject::flush(const ipc::Call&) {
    return device_->flush();
}

Result<void> BlockObject::discard(const ipc::Call&, const protocols::Range& range) {
    return device_->discard({range.offset, range.length});
}

Result<void> BlockObject::zero(const ipc::Call&, const protocols::Range& range) {
    return device_->zero({range.offset, range.length});
}

Result<protocols::Range> BlockObject::next_data(const ipc::Call&, std::uint64_t offset) {
    QUIRE_TRY_ASSIGN(const block::Range found, device_->next_data(offset));
    return protocols::Range{found.offset, found.length};
}

Result<void> BlockObject::resize(const ipc::Call&, std::uint64_t size) {
    return device_->resize(size);
}

}  // namespace quire::remote
