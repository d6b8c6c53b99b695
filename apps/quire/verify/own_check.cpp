// SPDX-License-Identifier: MIT

#include "verify/own_check.hpp"

#include <fmt/core.h>

#include "quire/base/name.hpp"
#include "quire/block/region_device.hpp"
#include "quire/transfer/content.hpp"
#include "quire/transfer/metadata.hpp"
#include "quire/transfer/walker.hpp"
#include "quire/volumes/ext/summary.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::app {

namespace {

Result<void> read_metadata(fs::Tree& tree, const fs::Call& call, const transfer::Step& step) {
    QUIRE_TRY(transfer::read_extended(tree, call, step.node));
    if (step.attributes.type == fs::FileType::symbolic_link)
        QUIRE_TRY(tree.read_link(call, step.node));
    if (step.attributes.type != fs::FileType::regular) return {};
    QUIRE_TRY_ASSIGN(const auto file, tree.open(call, step.node, {}));
    transfer::DataRanges ranges(*file, call, step.attributes.size);
    while (true) {
        QUIRE_TRY_ASSIGN(const block::Range range, ranges.next());
        if (range.length == 0) return {};
    }
}

}  // namespace

Result<std::vector<std::string>> find_damage(const std::shared_ptr<block::Device>& device,
                                             Session& session) {
    std::vector<std::string> found;
    const auto summary = ext::probe(*device);
    if (!summary) return std::vector{summary.error().message()};
    if (*summary && !(*summary)->unreadable_because.empty())
        return fail(std::errc::operation_not_supported, (*summary)->unreadable_because);
    if (*summary && (*summary)->has_errors) found.emplace_back("the kernel found damage in it");
    ext::Options options;
    options.read_only = true;
    options.clock = session.environment().clock;
    auto volume = ext::Volume::open(block::RegionDevice::read_only(device), options);
    if (!volume) {
        found.push_back(volume.error().message());
        return found;
    }
    QUIRE_TRY_ASSIGN(const auto tree, fs::Tree::open(*std::move(volume)));
    const fs::Call call = session.call();
    transfer::Walker walker(tree, call, tree->root());
    while (auto step = walker.next()) {
        if (step->kind == transfer::Step::Kind::leave) continue;
        session.progress().current(step->path);
        auto read =
            step->error ? Result<void>(fail(*step->error)) : read_metadata(*tree, call, *step);
        if (!read)
            found.push_back(fmt::format("/{}: {}", printable(step->path), read.error().message()));
        session.progress().advance(0, 1);
    }
    return found;
}

}  // namespace quire::app
