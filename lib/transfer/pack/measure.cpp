// SPDX-License-Identifier: MIT

#include "pack/pack_cost.hpp"
#include "pack/pack_walk.hpp"
#include "quire/transfer/content.hpp"
#include "quire/transfer/link_map.hpp"

namespace quire::transfer {

namespace {

class Measuring {
public:
    Measuring(fs::Tree& tree, const fs::Call& call, std::uint32_t block_size, Estimate estimate)
        : tree_(tree), call_(call), estimate_(estimate), cost_(block_size) {}

    void enter(const Step& step) {
        add_name(step);
        names_.push_back(0);
        add_node(step);
    }
    void leave() {
        cost_.directory(names_.back());
        names_.pop_back();
    }
    // What can't be read now is told when it is packed.
    void leaf(const Step& step) {
        add_name(step);
        if (links_.find(tree_, step.node->handle())) return;
        links_.add(tree_, step.node->handle(), step.attributes.links, true);
        add_node(step);
        if (step.node->type() == fs::FileType::regular && step.attributes.size > 0)
            static_cast<void>(add_content(step));
    }
    PackSize finish() { return cost_.finish(); }

private:
    void add_name(const Step& step) {
        if (!names_.empty()) names_.back() += cost_.name(step.name);
    }

    void add_node(const Step& step) {
        if (estimate_ == Estimate::quick) return cost_.node(step.path, step.attributes, {});
        const auto extended = read_extended(tree_, call_, step.node);
        cost_.node(step.path, step.attributes,
                   extended ? std::span<const ExtendedAttribute>(*extended)
                            : std::span<const ExtendedAttribute>());
    }

    Result<void> add_content(const Step& step) {
        const std::uint64_t size = step.attributes.size;
        PackCost::Content content(cost_);
        if (step.attributes.allocated >= size) {  // no holes: not worth opening the file
            content.range(0, size);
            return {};
        }
        QUIRE_TRY_ASSIGN(const auto file,
                         tree_.open(call_, step.node, {.read = true, .write = false}));
        DataRanges data(*file, call_, size);
        for (;;) {
            QUIRE_TRY_ASSIGN(const block::Range range, data.next());
            if (range.length == 0) return {};
            content.range(range.offset, range.length);
        }
    }

    fs::Tree& tree_;
    const fs::Call& call_;
    Estimate estimate_;
    PackCost cost_;
    std::vector<std::uint64_t> names_;  // bytes of names in each directory on the way down
    LinkMap<bool> links_;
};

}  // namespace

Result<PackSize> measure(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
                         const fs::NodeReference& start, const PackOptions& options,
                         std::uint32_t block_size, Estimate estimate, Account& account) {
    PackWalk walk(tree, call, start, options, account);
    Measuring measuring(*tree, call, block_size, estimate);
    while (const auto step = walk.next()) {
        if (account.stop()) return fail(std::errc::operation_canceled);
        switch (step->kind) {
            case Step::Kind::enter:
                measuring.enter(*step);
                break;
            case Step::Kind::leave:
                measuring.leave();
                break;
            default:
                measuring.leaf(*step);
                break;
        }
    }
    return measuring.finish();
}

}  // namespace quire::transfer
