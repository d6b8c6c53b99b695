// SPDX-License-Identifier: MIT

#include "output/expectation.hpp"

#include "output/progress_meter.hpp"
#include "quire/transfer/pack.hpp"

namespace quire::app {

bool Expectation::wanted() const {
    return dynamic_cast<ProgressMeter*>(&session_.progress()) != nullptr;
}

void Expectation::add(const std::shared_ptr<fs::Tree>& tree, const fs::NodeReference& node,
                      const std::vector<std::string>& exclude) {
    if (!wanted()) return;
    if (node->type() == fs::FileType::directory) {
        SilentListener listener;
        NoProgress nobody;
        transfer::Account account(listener, nobody);
        transfer::PackOptions options;
        options.exclude = exclude;
        constexpr std::uint32_t any_block_size = 4096;
        const auto size = transfer::measure(tree, session_.call(), node, options, any_block_size,
                                            transfer::Estimate::quick, account);
        if (!size) return;
        bytes_ += size->bytes;
        files_ += size->entries;
    } else {
        const auto attributes = tree->attributes(session_.call(), node);
        if (!attributes) return;
        if (node->type() == fs::FileType::regular) bytes_ += attributes->size;
        ++files_;
    }
    session_.progress().expect(bytes_, files_);
}

}  // namespace quire::app
