// SPDX-License-Identifier: MIT

#include <sodium/crypto_generichash.h>

#include <algorithm>
#include <array>

#include "pack_walk.hpp"
#include "quire/transfer/content.hpp"
#include "quire/transfer/link_map.hpp"
#include "quire/transfer/metadata.hpp"

namespace quire::transfer {

namespace {

// What an inode of 256 bytes has room for besides its fields, less the headers.
constexpr std::size_t attributes_in_inode = 88;
constexpr std::size_t longest_link_in_inode = 59;
constexpr std::uint64_t extents_in_inode = 4;

class Measuring {
public:
    Measuring(fs::Tree& tree, const fs::Call& call, std::uint32_t block_size, Account& account)
        : tree_(tree), call_(call), block_size_(block_size), account_(account) {
        crypto_generichash_init(&state_, nullptr, 0, sizeof(std::uint64_t));
    }

    Result<void> enter(const Step& step) {
        names_.push_back(24);  // "." and ".."
        return count(step);
    }
    void leave() {
        // Hashed directories split their blocks in halves, so that some are only half full.
        const std::uint64_t blocks = blocks_of(names_.back());
        size_.blocks += blocks > 1 ? blocks * 2 + 1 : 1;
        names_.pop_back();
    }
    Result<void> leaf(const Step& step) {
        if (links_.find(tree_, step.node->handle())) {
            add_name(step);
            return {};
        }
        links_.add(tree_, step.node->handle(), step.attributes.links, true);
        QUIRE_TRY(count(step));
        if (step.node->type() == fs::FileType::symbolic_link &&
            step.attributes.size > longest_link_in_inode)
            ++size_.blocks;
        if (step.node->type() == fs::FileType::regular) return measure_content(step);
        return {};
    }
    PackSize finish() {
        std::array<unsigned char, sizeof(std::uint64_t)> bytes{};
        crypto_generichash_final(&state_, bytes.data(), bytes.size());
        for (const unsigned char byte : bytes) size_.fingerprint = size_.fingerprint << 8 | byte;
        return size_;
    }

private:
    std::uint64_t blocks_of(std::uint64_t bytes) const {
        return (bytes + block_size_ - 1) / block_size_;
    }
    void add_name(const Step& step) {
        ++size_.entries;
        if (!names_.empty()) names_.back() += (8 + step.name.size() + 3) / 4 * 4;
    }
    void note(std::uint64_t number) {
        crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(&number),
                                  sizeof number);
    }

    Result<void> count(const Step& step) {
        if (step.kind == Step::Kind::enter && names_.size() > 1) {
            // A directory's name lies in the directory around it.
            names_[names_.size() - 2] += (8 + step.name.size() + 3) / 4 * 4;
            ++size_.entries;
        } else if (step.kind == Step::Kind::leaf) {
            add_name(step);
        }
        ++size_.inodes;
        const fs::Attributes& attributes = step.attributes;
        size_.newest = std::max(size_.newest, attributes.modify);
        crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(step.path.data()),
                                  step.path.size());
        const bool sized = step.node->type() == fs::FileType::regular;
        for (const std::uint64_t fact :
             {std::uint64_t{attributes.mode()}, std::uint64_t{attributes.uid},
              std::uint64_t{attributes.gid}, sized ? attributes.size : 0,
              static_cast<std::uint64_t>(attributes.modify.seconds),
              std::uint64_t{attributes.modify.nanoseconds}})
            note(fact);

        QUIRE_TRY_ASSIGN(const auto extended, read_extended(tree_, call_, step.node));
        std::size_t bytes = 0;
        for (const auto& attribute : extended)
            bytes += 20 + attribute.name.size() + attribute.value.size();
        if (bytes > attributes_in_inode) ++size_.blocks;
        return {};
    }

    Result<void> measure_content(const Step& step) {
        const std::uint64_t size = step.attributes.size;
        if (size == 0) return {};
        std::uint64_t ranges = 0;
        std::uint64_t blocks = 0;
        if (step.attributes.allocated >= size) {
            ranges = 1;  // no holes: not worth opening the file
            blocks = blocks_of(size);
            size_.bytes += size;
        } else {
            QUIRE_TRY_ASSIGN(const auto file,
                             tree_.open(call_, step.node, {.read = true, .write = false}));
            DataRanges data(*file, call_, size);
            for (;;) {
                QUIRE_TRY_ASSIGN(const block::Range range, data.next());
                if (range.length == 0) break;
                ++ranges;
                blocks += blocks_of(range.offset + range.length) - range.offset / block_size_;
                size_.bytes += range.length;
            }
        }
        size_.blocks += blocks;
        // The map: extents beyond those in the inode, or pointers with their own blocks above.
        const std::uint64_t pointers = block_size_ / 4;
        if (blocks > 12) size_.blocks += blocks / pointers + 3;
        if (ranges > extents_in_inode) size_.blocks += 2 * ranges / (block_size_ / 12) + 2;
        return {};
    }

    fs::Tree& tree_;
    const fs::Call& call_;
    std::uint64_t block_size_;
    Account& account_;
    PackSize size_;
    std::vector<std::uint64_t> names_;  // bytes of names in each directory on the way down
    LinkMap<bool> links_;
    crypto_generichash_state state_;
};

}  // namespace

Result<PackSize> measure(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                         const fs::NodeReference& start, const PackOptions& options,
                         std::uint32_t block_size, Account& account) {
    PackWalk walk(tree, call, start, options, account);
    Measuring measuring(*tree, call, block_size, account);
    while (const auto step = walk.next()) {
        if (account.stop()) return fail(std::errc::operation_canceled);
        if (step->kind == Step::Kind::leave) {
            measuring.leave();
            continue;
        }
        const auto counted =
            step->kind == Step::Kind::enter ? measuring.enter(*step) : measuring.leaf(*step);
        // What can't be read now is told when it is packed.
        (void)counted;
    }
    return measuring.finish();
}

}  // namespace quire::transfer
