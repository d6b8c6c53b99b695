// SPDX-License-Identifier: MIT

// Changing the content of files. What the bytes need (blocks, sizes, times) is changed first,
// under the lock and in memory; then the bytes move, outside it. No commit comes in between, and
// no reader of the file.

#include <algorithm>
#include <cstring>

#include "allocation/inode_life.hpp"
#include "content/inline_data.hpp"
#include "content/mapping.hpp"
#include "nodes/content_change.hpp"
#include "nodes/file_runs.hpp"
#include "nodes/file_size.hpp"
#include "nodes/inode_attributes.hpp"
#include "volume_change.hpp"

namespace quire::ext {

namespace {

/// One write(): from the change of the inode to the bytes.
class Writing {
public:
    Writing(Store& store, InodeRecord& inode, std::uint64_t offset,
            std::span<const std::byte> memory)
        : store_(store), inode_(inode), offset_(offset), memory_(memory) {}

    /// Answers how many bytes will be written. Fails: as Volume::write().
    Result<std::size_t> prepare();
    /// Moves the bytes. Fails: as Device.
    Result<void> transfer();
    /// After a failed transfer: takes the blocks back that hold no bytes now.
    Result<void> take_back();

private:
    std::uint64_t end() const { return offset_ + memory_.size(); }
    Result<bool> write_inline();
    Result<void> allocate_blocks();
    void add_zeros(const Extent& extent);
    Result<void> convert_unwritten(std::uint64_t first, std::uint64_t count);

    Store& store_;
    InodeRecord& inode_;
    std::uint64_t offset_;
    std::span<const std::byte> memory_;
    std::uint64_t size_before_ = 0;
    std::vector<Extent> extents_;
    std::vector<block::WriteRun> runs_;
    std::vector<std::byte> zeros_;
};

Result<std::size_t> Writing::prepare() {
    ext2_filsys fs = store_.filesystem();
    QUIRE_TRY(check_content(inode_));
    if (memory_.empty()) return 0;
    const std::uint64_t most = maximum_size(fs, inode_);
    if (offset_ >= most) return fail(std::errc::file_too_large);
    memory_ = memory_.first(std::min<std::uint64_t>(memory_.size(), most - offset_));
    size_before_ = inode_.size();

    QUIRE_TRY_ASSIGN(const bool done, write_inline());
    if (!done) {
        if (offset_ > size_before_) QUIRE_TRY(zero_tail(store_, inode_, size_before_));
        QUIRE_TRY(allocate_blocks());
        if (end() > size_before_) grow_to(store_, inode_, end());
    }
    const Time now = store_.now();
    set_time(inode_, Stamp::modify, now);
    set_time(inode_, Stamp::change, now);
    QUIRE_TRY(inode_.write(fs));
    return memory_.size();
}

/// Writes into the inode itself where the content lies there and has room; makes it lie in
/// blocks where it has not.
Result<bool> Writing::write_inline() {
    if (!inode_.is_inline()) return false;
    ext2_filsys fs = store_.filesystem();
    if (end() > inline_capacity(fs, inode_)) {
        QUIRE_TRY(expand_inline(store_, inode_));
        return false;
    }
    QUIRE_TRY_ASSIGN(auto bytes, read_inline_data(fs, inode_));
    bytes.resize(std::max<std::uint64_t>(bytes.size(), end()));
    std::memcpy(bytes.data() + offset_, memory_.data(), memory_.size());
    QUIRE_TRY(write_inline_data(fs, inode_, bytes));
    return true;
}

Result<void> Writing::allocate_blocks() {
    const std::uint64_t size = store_.block_size();
    const std::uint64_t first = offset_ / size;
    std::uint64_t count = (end() - 1) / size - first + 1;
    QUIRE_TRY_ASSIGN(extents_, allocate(store_.access(), inode_, first, count));
    if (extents_.empty()) return fail(std::errc::no_space_on_device);
    const std::uint64_t covered = extents_.back().logical + extents_.back().count - first;
    if (covered < count) {
        // What waits for a commit may suffice for all of it.
        if (store_.blocks().pending() > 0) return fail(std::errc::no_space_on_device);
        count = covered;
        memory_ = memory_.first((first + count) * size - offset_);
    }
    zeros_.resize(size);
    bool unwritten = false;
    for (const Extent& extent : extents_) {
        unwritten |= extent.unwritten;
        if (extent.unwritten || extent.fresh) add_zeros(extent);
    }
    for_each_piece(
        extents_, size, offset_, memory_.size(),
        [this](const Extent&, std::uint64_t device_offset, std::size_t at, std::size_t length) {
            runs_.push_back({device_offset, memory_.subspan(at, length)});
        });
    if (unwritten) QUIRE_TRY(convert_unwritten(first, count));
    return {};
}

/// Who reserved space shall not be told that there is none: where the tree can't be told apart any
/// further, what is unwritten around becomes zeros, as the kernel does it. Not behind the end of the
/// file, where nothing but unwritten blocks may lie.
Result<void> Writing::convert_unwritten(std::uint64_t first, std::uint64_t count) {
    auto done = convert(store_.access(), inode_, first, count);
    if (done || done.error().code() != std::errc::no_space_on_device ||
        store_.blocks().pending() > 0)
        return done;
    const std::uint64_t size = store_.block_size();
    const std::uint64_t stop = first + count;
    QUIRE_TRY_ASSIGN(const auto around,
                     unwritten_around(store_.filesystem(), inode_, first, count));
    if (around.empty()) return done;
    const std::uint64_t last = around.back().logical + around.back().count;
    if (last > (std::max(end(), size_before_) + size - 1) / size) return done;
    for (const Extent& extent : around) {
        const auto zero = [&](std::uint64_t from, std::uint64_t to) -> Result<void> {
            if (from >= to) return {};
            return store_.zero_data(
                {(extent.physical + (from - extent.logical)) * size, (to - from) * size});
        };
        QUIRE_TRY(zero(extent.logical, std::min(first, extent.logical + extent.count)));
        QUIRE_TRY(zero(std::max(stop, extent.logical), extent.logical + extent.count));
    }
    const std::uint64_t begin = std::min(first, around.front().logical);
    return convert(store_.access(), inode_, begin, std::max(stop, last) - begin);
}

/// New blocks hold what was there before: what the write leaves of them becomes zeros.
void Writing::add_zeros(const Extent& extent) {
    const std::uint64_t size = store_.block_size();
    const std::uint64_t start = extent.logical * size;
    const std::uint64_t stop = (extent.logical + extent.count) * size;
    const std::uint64_t device = extent.physical * size;
    if (start < offset_) runs_.push_back({device, std::span(zeros_).first(offset_ - start)});
    if (end() < stop)
        runs_.push_back({device + (end() - start), std::span(zeros_).first(stop - end())});
}

Result<void> Writing::transfer() {
    if (runs_.empty()) return {};
    return store_.write_data(runs_);
}

Result<void> Writing::take_back() {
    for (const Extent& extent : extents_)
        if (extent.fresh || extent.unwritten)
            QUIRE_TRY(punch(store_.access(), inode_, extent.logical, extent.count));
    if (inode_.size() > size_before_) inode_.set_size(size_before_);
    return inode_.write(store_.filesystem());
}

}  // namespace

Result<std::size_t> Volume::write(const fs::Call& call, fs::Cookie cookie, std::uint64_t offset,
                                  std::span<const std::byte> memory) {
    QUIRE_TRY_ASSIGN(const auto node, nodes_->find(cookie));
    return change_content(call, *node,
                          [&](Store::Change& change, InodeRecord& inode) -> Result<std::size_t> {
                              Writing writing(*store_, inode, offset, memory);
                              QUIRE_TRY_ASSIGN(const std::size_t written, writing.prepare());
                              change.keep();
                              auto moved = writing.transfer();
                              if (!moved) {
                                  // Blocks that were not written must not be seen: they may hold anything.
                                  change.resume();
                                  QUIRE_TRY(writing.take_back());
                                  change.keep();
                                  return fail(std::move(moved).error());
                              }
                              return written;
                          });
}

Result<void> Volume::settle(Node& node) {
    while (node.truncating) {
        {
            QUIRE_TRY_ASSIGN(auto change, Store::Change::begin(*store_, fs::Credentials::root()));
            QUIRE_TRY_ASSIGN(InodeRecord inode,
                             InodeRecord::read(store_->filesystem(), node.inode));
            QUIRE_TRY_ASSIGN(const bool done, truncate_step(*store_, inode));
            // An inode without names stays on the list until it is freed.
            if (done && inode->i_links_count > 0) QUIRE_TRY(store_->orphans().remove(inode));
            QUIRE_TRY(inode.write(store_->filesystem()));
            if (done) node.truncating = false;
            change.keep();
        }
        QUIRE_TRY(store_->commit_if_due());
    }
    return {};
}

}  // namespace quire::ext
