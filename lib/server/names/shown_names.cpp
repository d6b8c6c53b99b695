// SPDX-License-Identifier: MIT

#include "names/shown_names.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quire::server {

namespace {

paging::NodeImage image_of(const fs::Attributes& attributes) {
    paging::NodeImage image{.type = static_cast<std::uint8_t>(attributes.type),
                            .has_birth = attributes.birth.has_value(),
                            .permissions = attributes.permissions,
                            .uid = attributes.uid,
                            .gid = attributes.gid,
                            .links = attributes.links,
                            .size = attributes.size,
                            .allocated = attributes.allocated,
                            .inode = attributes.inode,
                            .generation = attributes.generation,
                            .device_major = attributes.device.major,
                            .device_minor = attributes.device.minor,
                            .preferred_io_size = attributes.preferred_io_size,
                            .flags = attributes.flags};
    const std::array times{attributes.access, attributes.modify, attributes.change,
                           attributes.birth.value_or(Time())};
    for (std::size_t i = 0; i < times.size(); ++i) {
        image.seconds[i] = times[i].seconds;
        image.nanoseconds[i] = times[i].nanoseconds;
    }
    return image;
}

paging::HeldNode held(const fs::NodeReference& node) {
    return {.key = node->cookie(), .hold = node};
}

bool is_searched(const fs::Trail& trail, const fs::NodeReference& node) {
    return std::ranges::any_of(trail.steps,
                               [&](const auto& step) { return step.directory == node; });
}

}  // namespace

std::uint64_t ShownNames::now() const {
    const std::scoped_lock lock(mutex_);
    return now_;
}

void ShownNames::add(const std::shared_ptr<paging::NameTable>& table,
                     const std::shared_ptr<Leases>& leases) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(tables_, [](const Watching& other) { return other.table.expired(); });
    auto place =
        std::ranges::find_if(tables_, [&](const Watching& other) { return other.is_of(table); });
    if (place == tables_.end()) place = tables_.insert(place, {.table = table, .leases = {}});
    std::erase_if(place->leases, [](const auto& other) { return other.expired(); });
    place->leases.push_back(leases);
}

void ShownNames::keep_for_those_who_have_it(const Watching& watching,
                                            const paging::NameTable::Gone& left,
                                            paging::NameTable::Gone& gone) {
    for (const paging::NameTable::Left& one : left) {
        if (!one.was_readable) continue;
        for (const auto& place : watching.leases) {
            auto leases = place.lock();
            if (!leases) continue;
            leases->keep(one, gone);
            gone.push_back({0, {0, std::move(leases)}, false});
        }
    }
}

ShownNames::Mark& ShownNames::of_node(fs::Cookie node) {
    return marks_[paging::hash_of_name(node, {}) % mark_count];
}

ShownNames::Mark& ShownNames::of_name(fs::Cookie directory, const Name& name) {
    return marks_[paging::hash_of_name(directory, name.view()) % mark_count];
}

void ShownNames::show(const std::shared_ptr<paging::NameTable>& table, const Authority& authority,
                      const fs::Call& call, const fs::Trail& trail, std::uint64_t since,
                      const std::optional<Content>& content) {
    const fs::NodeReference& top = authority.top();
    std::optional<fs::Attributes> of_top;
    const bool searched = is_searched(trail, top);
    if (!table->shows(top->cookie(), searched)) {
        auto attributes = authority.tree().attributes(call, top);
        if (!attributes) return;
        of_top = *std::move(attributes);
    }
    paging::NameTable::Gone gone;
    {
        const std::scoped_lock lock(mutex_);
        if (of_top && is_settled(of_node(top->cookie()), since))
            table->show_root(held(top), {.attributes = image_of(*of_top), .searchable = searched},
                             gone);
        for (std::size_t step = 0; step < trail.steps.size(); ++step)
            show_step(*table, trail, step, since, content, gone);
        if (gone.empty()) return;
        const paging::NameTable::Gone left = gone;
        for (const Watching& watching : tables_)
            if (watching.is_of(table)) keep_for_those_who_have_it(watching, left, gone);
    }
}

void ShownNames::show_step(paging::NameTable& table, const fs::Trail& trail, std::size_t number,
                           std::uint64_t since, const std::optional<Content>& content,
                           paging::NameTable::Gone& gone) {
    const fs::Trail::Step& step = trail.steps[number];
    const fs::Cookie directory = step.directory->cookie();
    if (!is_settled(of_name(directory, step.name), since)) return;
    if (!step.found) {
        table.show_missing(directory, step.name.view(), gone);
        return;
    }
    const auto& [node, attributes] = *step.found;
    const bool is_directory = node->type() == fs::FileType::directory;
    if (!is_settled(of_node(node->cookie()), since) || (!is_directory && attributes.links != 1))
        return;
    paging::NameTable::Details details{.attributes = image_of(attributes)};
    if (is_directory) {
        details.searchable = is_searched(trail, node);
    } else if (!step.target.empty()) {
        details.with_content = true;
        details.content = std::as_bytes(std::span(step.target));
    } else if (content && number + 1 == trail.steps.size()) {
        details.with_content = true;
        details.content = *content;
    }
    table.show(directory, step.name.view(), held(node), details, gone);
}

// With the lock: nobody is on the way from the one to the other.
fs::NodeReference ShownNames::find_open(const paging::NameTable* table, const Leases& leases,
                                        std::uint64_t identity) const {
    const std::scoped_lock lock(mutex_);
    if (auto kept = leases.find(identity)) return kept;
    const auto held = table != nullptr ? table->find_readable(identity) : std::nullopt;
    return held ? std::static_pointer_cast<const fs::Node>(held->hold) : nullptr;
}

template <typename Do>
void ShownNames::for_all_marks(const fs::TreeChange& change, Do act) {
    ++now_;
    const auto touch = [&](Mark& mark) {
        mark.last = now_;
        act(mark);
    };
    for (const fs::Cookie node : change.nodes) touch(of_node(node));
    for (const auto& [directory, name] : change.names) touch(of_name(directory, *name));
}

void ShownNames::begin_change(const fs::TreeChange& change) {
    const std::scoped_lock lock(mutex_);
    for_all_marks(change, [](Mark& mark) { ++mark.changes; });
    for (const Watching& watching : tables_) {
        auto table = watching.table.lock();
        if (!table) continue;
        paging::NameTable::Gone left;
        for (const auto& [directory, name] : change.names)
            table->take_away(directory, name->view(), left);
        for (const fs::Cookie node : change.nodes)
            change.access ? table->hide_for_access(node, left) : table->hide(node);
        keep_for_those_who_have_it(watching, left, gone_);
        gone_.insert(gone_.end(), std::make_move_iterator(left.begin()),
                     std::make_move_iterator(left.end()));
        // This may be the last one who has it, and it holds nodes too.
        gone_.push_back({0, {0, std::move(table)}, false});
    }
}

void ShownNames::end_change(const fs::TreeChange& change) {
    paging::NameTable::Gone gone;
    const std::scoped_lock lock(mutex_);
    for_all_marks(change, [](Mark& mark) { --mark.changes; });
    gone.swap(gone_);
}

}  // namespace quire::server
