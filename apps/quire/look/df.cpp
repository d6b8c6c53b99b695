// SPDX-License-Identifier: MIT

#include <fmt/core.h>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "look/columns.hpp"
#include "look/start.hpp"
#include "output/json.hpp"
#include "quire/base/units.hpp"

namespace quire::app {

namespace {

// Like df(1): the part of what anybody may use, rounded up.
std::string percentage(std::uint64_t used, std::uint64_t usable) {
    if (usable == 0) return "-";
    const auto share = static_cast<long double>(used) * 100 / static_cast<long double>(usable);
    const auto whole = static_cast<std::uint64_t>(share);
    return fmt::format("{}%", whole + (share > static_cast<long double>(whole) ? 1 : 0));
}

class Df final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1, "an image, or anything inside one")
            .flag("-h,--human-readable", human_, "sizes as 1.5K, 38M")
            .flag("-i,--inodes", inodes_, "inodes instead of space");
    }

    Result<void> run(Session& session) override {
        table_.push_back(
            inodes_ ? std::vector<std::string>{"Image", "Type", "Inodes", "IUsed", "IFree", "IUse%"}
                    : std::vector<std::string>{"Image", "Type", human_ ? "Size" : "1K-blocks",
                                               "Used", "Available", "Use%"});
        for (const std::string& address : addresses_) {
            auto start = find_start(session, address, assembly::Bare::image, fs::Follow::yes);
            auto statistics = start ? start->place.tree->statistics(session.call())
                                    : std::unexpected(start.error());
            if (!statistics)
                session.report(statistics.error());
            else if (session.manner().json)
                session.out().print("{}\n", json(*start, *statistics).text());
            else
                table_.push_back(row(session, *start, *statistics));
        }
        if (!session.manner().json && table_.size() > 1) session.out().text(as_table(table_));
        return {};
    }

private:
    static Json json(const Start& start, const fs::VolumeStatistics& statistics) {
        Json json = Json::line("space");
        json.add("address", start.place.text)
            .add("filesystem", start.place.tree->volume().type_name())
            .add("block_size", statistics.block_size)
            .add("blocks", statistics.blocks)
            .add("free_blocks", statistics.free_blocks)
            .add("available_blocks", statistics.available_blocks)
            .add("inodes", statistics.inodes)
            .add("free_inodes", statistics.free_inodes)
            .add("name_length", statistics.name_length)
            .add("read_only", statistics.read_only);
        return json;
    }

    std::vector<std::string> row(const Session& session, const Start& start,
                                 const fs::VolumeStatistics& statistics) const {
        std::vector<std::string> cells{session.shown(start.place.text),
                                       std::string(start.place.tree->volume().type_name())};
        if (inodes_) {
            const std::uint64_t used =
                statistics.inodes - std::min(statistics.free_inodes, statistics.inodes);
            for (std::uint64_t count : {statistics.inodes, used, statistics.free_inodes})
                cells.push_back(std::to_string(count));
            cells.push_back(percentage(used, statistics.inodes));
            return cells;
        }
        const std::uint64_t used =
            statistics.blocks - std::min(statistics.free_blocks, statistics.blocks);
        for (std::uint64_t blocks : {statistics.blocks, used, statistics.available_blocks})
            cells.push_back(amount(blocks, statistics.block_size));
        cells.push_back(percentage(used, used + statistics.available_blocks));
        return cells;
    }

    std::string amount(std::uint64_t blocks, std::uint32_t block_size) const {
        // A damaged superblock may claim more bytes than a number holds.
        const auto bytes = static_cast<long double>(blocks) * block_size;
        if (bytes >= 18446744073709551615.0L) return "-";
        const std::uint64_t whole = blocks * block_size;
        return human_ ? human_size(whole) : std::to_string(whole / KiB);
    }

    std::vector<std::string> addresses_;
    std::vector<std::vector<std::string>> table_;
    bool human_ = false;
    bool inodes_ = false;
};

}  // namespace

const Verb verb_df = {
    .name = "df",
    .summary = "tell how full images are",
    .examples =
        "quire df -h disk.img\n"
        "quire df -i disk.img@p1 disk.img@p2   # inodes, two partitions\n",
    .common = {.json = true},
    .make = make_command<Df>,
};

}  // namespace quire::app
