// SPDX-License-Identifier: MIT

#include "quire/assembly/contents.hpp"

#include <fmt/core.h>

#include "choose.hpp"
#include "foreign.hpp"
#include "quire/base/name.hpp"
#include "quire/base/units.hpp"
#include "quire/volumes/ext/volume.hpp"

namespace quire::assembly {

namespace {

std::unexpected<Error> no_use(const std::string& name, std::string_view why) {
    return fail(std::errc::invalid_argument, fmt::format("{} {}", printable(name), why));
}

// Errors of tables and superblocks say what is wrong, but not always whose.
std::unexpected<Error> of(const std::string& name, Error error) {
    if (error.sentence().starts_with(printable(name))) return std::unexpected(std::move(error));
    return std::unexpected(std::move(error).within(printable(name)));
}

const partition::Entry* find(const partition::Table& table, std::uint32_t number) {
    for (const partition::Entry& entry : table.entries)
        if (entry.number == number) return &entry;
    return nullptr;
}

bool usable(const partition::Entry& entry) {
    return !entry.container && entry.problem.empty();
}

// What is in a partition, in a few words; a damaged one is described by its damage.
struct Inside {
    const partition::Entry* entry;
    bool readable = false;
    std::string words;
};

Result<Inside> look_inside(const std::shared_ptr<block::Device>& device,
                           const partition::Entry& entry) {
    QUIRE_TRY_ASSIGN(const auto region, block::RegionDevice::open(device, entry.range));
    const auto contents = inspect(*region);
    Inside inside{&entry, false, contents ? describe(*contents) : contents.error().message()};
    inside.readable = contents && contents->ext && contents->ext->unreadable_because.empty();
    return inside;
}

Result<std::vector<Inside>> look_inside(const std::shared_ptr<block::Device>& device,
                                        const partition::Table& table) {
    std::vector<Inside> all;
    for (const partition::Entry& entry : table.entries) {
        if (!usable(entry)) continue;
        QUIRE_TRY_ASSIGN(Inside inside, look_inside(device, entry));
        all.push_back(std::move(inside));
    }
    return all;
}

// "disk.img@p1 (ext4 'root', 64M), disk.img@p2 (a FAT image, 1M)"
std::string list(const std::string& name, const std::vector<Inside>& all) {
    constexpr std::size_t most = 16;  // a sentence, not a table: `quire info` prints that
    std::string text;
    for (std::size_t i = 0; i < all.size() && i < most; ++i)
        text +=
            fmt::format("{}{}@p{} ({}, {})", i == 0 ? "" : ", ", printable(name),
                        all[i].entry->number, all[i].words, human_size(all[i].entry->range.length));
    if (all.size() > most) text += fmt::format(" and {} more", all.size() - most);
    return text;
}

Result<block::Range> choose_partition(const std::shared_ptr<block::Device>& device,
                                      std::uint32_t number, const std::string& name) {
    auto table = partition::read_partition_table(*device);
    if (!table) return of(name, std::move(table).error());
    if (table->entries.empty())
        return no_use(name, "has no partition table, so it has no partition to name");
    // The table's own sentences name the partitions there are, or what is wrong with this one.
    auto opened = partition::open_partition(device, *table, number, true);
    if (!opened) return of(name, std::move(opened).error());
    return find(*table, number)->range;
}

Result<block::Range> choose_whole(const std::shared_ptr<block::Device>& device,
                                  const std::string& name) {
    const block::Range whole{0, device->geometry().size};
    auto contents = inspect(*device);
    if (!contents) return of(name, std::move(contents).error());
    if (!contents->table) return whole;
    auto all = look_inside(device, *contents->table);
    if (!all) return of(name, std::move(all).error());
    if (contents->ext)
        return no_use(name, fmt::format("has a filesystem ({}) and partitions besides; choose "
                                        "{}@@0 or one of {}",
                                        describe(*contents), printable(name), list(name, *all)));
    const Inside* chosen = nullptr;
    for (const Inside& inside : *all) {
        if (!inside.readable) continue;
        if (chosen != nullptr)
            return no_use(
                name, fmt::format("has several filesystems; choose one of {}", list(name, *all)));
        chosen = &inside;
    }
    if (chosen != nullptr) return chosen->entry->range;
    if (all->empty())
        return no_use(name, "has a partition table without a partition that can be opened");
    return no_use(name,
                  fmt::format("has partitions, but none with a filesystem that Quire can read: {}",
                              list(name, *all)));
}

// With SOURCE_DATE_EPOCH the same edits of the same image give the same bytes, while edits one after
// the other still draw different numbers.
std::uint64_t seed_of(const ext::Summary& now, Time date) {
    std::uint64_t seed = 0xcbf29ce484222325;
    const auto add = [&seed](std::uint64_t value) { seed = (seed ^ value) * 0x100000001b3; };
    for (const char c : now.uuid) add(static_cast<unsigned char>(c));
    add(static_cast<std::uint64_t>(date.seconds));
    add(now.free_blocks);
    add(now.free_inodes);
    return seed;
}

}  // namespace

Result<Contents> inspect(block::Device& device) {
    Contents contents;
    QUIRE_TRY_ASSIGN(contents.ext, ext::probe(device));
    auto table = partition::read_partition_table(device);
    // What follows an intact filesystem's boot sector is not the filesystem's concern.
    if (!table && !contents.ext) return std::unexpected(std::move(table).error());
    if (table && !table->entries.empty()) contents.table = *std::move(table);
    if (contents.nothing()) {
        QUIRE_TRY_ASSIGN(const auto foreign, recognise_foreign(device));
        if (foreign) {
            contents.foreign = foreign->name;
            contents.hint = foreign->hint;
        }
    }
    return contents;
}

std::string describe(const Contents& contents) {
    if (contents.ext) {
        const ext::Summary& summary = *contents.ext;
        return summary.label.empty()
                   ? summary.type
                   : fmt::format("{} '{}'", summary.type, printable(summary.label));
    }
    if (contents.table) {
        const std::size_t count = contents.table->entries.size();
        return fmt::format("{} partition{}", count, count == 1 ? "" : "s");
    }
    return contents.foreign.empty() ? "nothing known" : contents.foreign;
}

Result<block::Range> bytes_of_slice(const std::shared_ptr<block::Device>& device,
                                    const Slice& slice, const std::string& name) {
    const std::uint64_t size = device->geometry().size;
    if (slice.offset) {
        if (*slice.offset > size || (*slice.offset == size && size > 0))
            return no_use(
                name, fmt::format("ends at byte {}, before the offset {}", size, *slice.offset));
        return block::Range{*slice.offset, size - *slice.offset};
    }
    if (slice.partition) return choose_partition(device, *slice.partition, name);
    return block::Range{0, size};
}

Result<block::Range> choose_bytes(const std::shared_ptr<block::Device>& device, const Slice& slice,
                                  const std::string& name) {
    if (slice.whole()) return choose_whole(device, name);
    return bytes_of_slice(device, slice, name);
}

Result<std::shared_ptr<fs::Volume>> open_volume(const std::shared_ptr<block::Device>& device,
                                                bool writable, const std::string& name,
                                                const Environment& environment) {
    auto contents = inspect(*device);
    if (!contents) return of(name, std::move(contents).error());
    if (contents->ext) {
        ext::Options options;
        options.read_only = !writable;
        options.clock = environment.clock;
        options.seed = environment.seed;
        if (!options.seed && environment.source_date)
            options.seed = seed_of(*contents->ext, *environment.source_date);
        auto volume = ext::Volume::open(device, options);
        if (!volume) return of(name, std::move(volume).error());
        return *std::move(volume);
    }
    if (device->geometry().size == 0)
        return no_use(name, "is empty, so there is no filesystem on it");
    if (!contents->foreign.empty())
        return no_use(name, fmt::format("is {}{}{}", contents->foreign,
                                        contents->hint.empty() ? "" : "; ", contents->hint));
    return no_use(name, "has no filesystem or partition table that Quire knows");
}

}  // namespace quire::assembly
