// SPDX-License-Identifier: MIT

#include "store/medium_plain.hpp"

namespace quire::ext {

Result<void> write_in_place(block::Device& device, std::uint32_t block_size,
                            std::span<const Batch::Block> blocks) {
    std::vector<block::WriteRun> runs;
    runs.reserve(blocks.size());
    for (const Batch::Block& block : blocks)
        runs.push_back({block.number * block_size, {block.bytes, block_size}});
    return device.write_runs(runs);
}

Result<void> PlainMedium::commit(const Batch& batch) {
    return write_in_place(*device_, block_size_, batch.blocks);
}

}  // namespace quire::ext
