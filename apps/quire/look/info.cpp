// SPDX-License-Identifier: MIT

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "frame/options.hpp"
#include "frame/session.hpp"
#include "frame/verb.hpp"
#include "look/columns.hpp"
#include "look/facts.hpp"
#include "output/json.hpp"
#include "quire/assembly/contents.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"
#include "quire/block/region_device.hpp"

namespace quire::app {

namespace {

using assembly::Contents;

std::string state_of(const ext::Summary& summary) {
    if (summary.has_errors) return "damaged: e2fsck should look at it";
    if (summary.needs_recovery) return "the journal has to be replayed; Quire does that by itself";
    return summary.clean ? "clean" : "not closed cleanly: e2fsck should look at it";
}

bool has_feature(const ext::Summary& summary, std::string_view feature) {
    return std::ranges::find(summary.features, feature) != summary.features.end();
}

class Info final : public Command {
public:
    void declare(Options& options) override {
        options.operands("ADDRESS", addresses_, 1,
                         "an image, a partition of one, or an image inside an image");
    }

    Result<void> run(Session& session) override {
        session_ = &session;
        bool first = true;
        for (const std::string& address : addresses_) {
            if (!first && !session.manner().json) session.out().print("\n");
            first = false;
            if (auto done = tell(address); !done) session.report(done.error());
        }
        return {};
    }

private:
    Result<void> tell(const std::string& text) {
        QUIRE_TRY_ASSIGN(const assembly::Address address, assembly::Address::parse(text));
        QUIRE_TRY_ASSIGN(const auto device,
                         session_->assembler().device(address, assembly::Access::read));
        auto contents = assembly::inspect(*device);
        if (!contents) return std::unexpected(std::move(contents).error().within(printable(text)));
        const std::uint64_t size = device->geometry().size;
        if (session_->manner().json)
            print_json(text, size, *contents);
        else
            print_text(text, size, *contents);
        if (contents->table) print_partitions(text, device, *contents->table);
        return {};
    }

    void line(std::string_view key, std::string_view value) {
        session_->out().print("{:>12}: {}\n", key, value);
    }

    void time(std::string_view key, const std::optional<Time>& time) {
        line(key, time ? time_text(*time).substr(0, 19) + " UTC" : "never");
    }

    void print_text(const std::string& address, std::uint64_t size, const Contents& contents) {
        line("Image", session_->shown(address));
        line("Size", fmt::format("{} ({} bytes)", human_size(size), size));
        if (contents.ext) print_text(*contents.ext);
        if (contents.table)
            line("Table", fmt::format("{}, identifier {}",
                                      contents.table->kind == partition::Kind::gpt ? "GPT" : "MBR",
                                      printable(contents.table->id)));
        if (!contents.foreign.empty())
            line("Contents",
                 contents.foreign + (contents.hint.empty() ? "" : "; " + contents.hint));
        else if (contents.nothing())
            line("Contents", size == 0 ? "none: the file is empty" : "nothing that Quire knows");
    }

    void print_text(const ext::Summary& summary) {
        const auto space = [&](std::uint64_t blocks) {
            return human_size(blocks > ~std::uint64_t{0} / summary.block_size
                                  ? ~std::uint64_t{0}
                                  : blocks * summary.block_size);
        };
        line("Filesystem", summary.type);
        line("Label", summary.label.empty() ? "-" : session_->shown(summary.label));
        line("UUID", summary.uuid);
        line("State", state_of(summary));
        line("Journal", !has_feature(summary, "has_journal") ? "none"
                        : summary.needs_recovery             ? "to be replayed"
                                                             : "empty");
        line("Blocks", fmt::format("{} of {} bytes, {} free ({}), {} reserved", summary.blocks,
                                   summary.block_size, summary.free_blocks,
                                   space(summary.free_blocks), summary.reserved_blocks));
        line("Inodes", fmt::format("{} of {} bytes, {} free", summary.inodes, summary.inode_size,
                                   summary.free_inodes));
        line("Groups", std::to_string(summary.groups));
        line("Features", fmt::format("{}", fmt::join(summary.features, " ")));
        line("Last on", summary.last_mounted.empty() ? "-" : session_->shown(summary.last_mounted));
        time("Created", summary.created);
        time("Mounted", summary.mounted);
        time("Written", summary.written);
        time("Checked", summary.checked);
        line("Mounts", std::to_string(summary.mount_count));
        if (!summary.unreadable_because.empty())
            line("Unreadable", summary.unreadable_because);
        else if (!summary.unwritable_because.empty())
            line("Read-only", summary.unwritable_because);
    }

    void print_json(const std::string& address, std::uint64_t size, const Contents& contents) {
        Json json = Json::line("image");
        json.add("address", address).add("size", size);
        if (contents.ext) json.add("filesystem", as_json(*contents.ext));
        if (contents.table) {
            Json table;
            table.add("kind", contents.table->kind == partition::Kind::gpt ? "gpt" : "mbr")
                .add("sector_size", contents.table->sector_size)
                .add("id", contents.table->id)
                .add("notes", contents.table->notes);
            json.add("partition_table", table);
        }
        if (!contents.foreign.empty()) json.add("foreign", contents.foreign);
        session_->out().print("{}\n", json.text());
    }

    static Json as_json(const ext::Summary& summary) {
        Json json;
        json.add("filesystem_type", summary.type)
            .add("label", summary.label)
            .add("uuid", summary.uuid)
            .add("last_mounted", summary.last_mounted)
            .add("clean", summary.clean)
            .add("has_errors", summary.has_errors)
            .add("needs_recovery", summary.needs_recovery)
            .add("has_journal", has_feature(summary, "has_journal"))
            .add("block_size", summary.block_size)
            .add("blocks", summary.blocks)
            .add("free_blocks", summary.free_blocks)
            .add("reserved_blocks", summary.reserved_blocks)
            .add("inodes", summary.inodes)
            .add("free_inodes", summary.free_inodes)
            .add("inode_size", summary.inode_size)
            .add("groups", summary.groups)
            .add("mount_count", summary.mount_count)
            .add("features", summary.features);
        const auto add_time = [&](std::string_view key, const std::optional<Time>& time) {
            if (time) json.add(key, *time);
        };
        add_time("created", summary.created);
        add_time("mounted", summary.mounted);
        add_time("written", summary.written);
        add_time("checked", summary.checked);
        if (!summary.unreadable_because.empty())
            json.add("unreadable_because", summary.unreadable_because);
        if (!summary.unwritable_because.empty())
            json.add("unwritable_because", summary.unwritable_because);
        return json;
    }

    // What is in a partition; an entry that can't be opened says why instead.
    static std::string inside(const std::shared_ptr<block::Device>& device,
                              const partition::Entry& entry) {
        if (entry.container) return "holds the logical partitions";
        if (!entry.problem.empty()) return entry.problem;
        const auto region = block::RegionDevice::open(device, entry.range);
        if (!region) return region.error().message();
        const auto contents = assembly::inspect(**region);
        return contents ? assembly::describe(*contents) : contents.error().message();
    }

    void print_partitions(const std::string& address, const std::shared_ptr<block::Device>& device,
                          const partition::Table& table) {
        std::vector<std::vector<std::string>> rows{
            {"Partition", "Offset", "Size", "Contents", "Type", "Name"}};
        for (const partition::Entry& entry : table.entries) {
            const std::string where = fmt::format("{}@p{}", address, entry.number);
            const std::string words = inside(device, entry);
            if (session_->manner().json) {
                Json json = Json::line("partition");
                json.add("address", where)
                    .add("number", entry.number)
                    .add("offset", entry.range.offset)
                    .add("size", entry.range.length)
                    .add("partition_type", entry.type)
                    .add("name", entry.name)
                    .add("guid", entry.guid)
                    .add("container", entry.container)
                    .add("contents", words);
                if (!entry.problem.empty()) json.add("problem", entry.problem);
                session_->out().print("{}\n", json.text());
                continue;
            }
            const std::string_view known = partition::describe_type(entry.type);
            rows.push_back({session_->shown(where), std::to_string(entry.range.offset),
                            human_size(entry.range.length), printable(words),
                            printable(known.empty() ? std::string_view(entry.type) : known),
                            session_->shown(entry.name)});
        }
        if (session_->manner().json) return;
        session_->out().print("\n");
        session_->out().text(as_table(rows));
        for (const std::string& note : table.notes) session_->warn(printable(note));
    }

    Session* session_ = nullptr;
    std::vector<std::string> addresses_;
};

}  // namespace

const Verb verb_info = {
    .name = "info",
    .summary = "tell what an image is: filesystem, features, state, partitions",
    .examples =
        "quire info disk.img\n"
        "quire info disk.img@p2               # one partition\n"
        "quire info main.img:/fs/inner.img    # an image inside an image\n"
        "quire info socket:disk               # what is served there\n"
        "quire info --json disk.img | jq .filesystem.features\n",
    .common = {.json = true},
    .make = make_command<Info>,
};

}  // namespace quire::app
