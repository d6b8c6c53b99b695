// SPDX-License-Identifier: MIT

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "libext2fs.hpp"
#include "quire/base/result.hpp"
#include "quire/base/time.hpp"
#include "quire/block/device.hpp"

namespace quire::ext {

/// Multi-mount protection: one block says who is writing to the filesystem, for machines that
/// share a disk and no locks. Whoever writes puts a number there and changes it every few
/// seconds; whoever wants to write looks for a while whether the number changes.
///
/// Readers do not take part. A writer refreshes its number after operations and at commits: one
/// that stays idle for minutes can be mistaken for dead, as the format has it.
/// Needs: the store's lock.
class Mmp {
public:
    struct World {
        std::function<void(std::chrono::seconds)> wait;
        std::function<std::uint32_t()> random;
        std::shared_ptr<const Clock> clock;
    };

    /// Claims the filesystem for writing. Waits for seconds, twice where the last writer did not
    /// let go properly.
    /// Fails: device_or_resource_busy (another machine or e2fsck is at work; with a sentence),
    /// io_error (the block is corrupt), as Device.
    static Result<std::unique_ptr<Mmp>> claim(block::Device& device, const ext2_super_block& super,
                                              World world);

    /// Shows that the claim lives, when it is time for it. Fails: as claim().
    Result<void> refresh();
    /// Lets go. Fails: as Device.
    Result<void> release();

private:
    Mmp(block::Device& device, const ext2_super_block& super, World world);

    Result<mmp_struct> read();
    Result<void> write(std::uint32_t sequence);
    std::uint32_t new_sequence();
    Result<void> still(std::uint32_t sequence);
    Result<void> take();

    block::Device& device_;
    World world_;
    std::uint64_t offset_ = 0;
    std::size_t block_size_ = 0;
    std::uint32_t seed_ = 0;
    bool checksums_ = false;
    std::chrono::seconds interval_{0};
    mmp_struct mine_{};
    std::chrono::steady_clock::time_point written_;
};

}  // namespace quire::ext
