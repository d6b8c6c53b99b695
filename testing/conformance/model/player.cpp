// SPDX-License-Identifier: MIT

#include "model/player.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace quire::conformance {

namespace {

using fs::FileType;

constexpr std::size_t whole_file = 1U << 20U;
constexpr fs::OpenMode both{.read = true, .write = true};

Result<std::string> nothing(const Result<void>& done) {
    if (!done) return fail(done.error());
    return "";
}

std::string say(const Result<std::string>& said) {
    return said ? fmt::format("\"{}\" ({} bytes)", said->substr(0, 200), said->size())
                : said.error().message();
}

bool same(const Result<std::string>& a, const Result<std::string>& b) {
    if (a.has_value() != b.has_value()) return false;
    return a ? *a == *b : a.error() == b.error();
}

// What a kind cannot do is left out, for it and for the model.
bool possible(const Operation& operation, const Traits& traits) {
    switch (operation.verb) {
        case Verb::reserve:
            return traits.fallocate;
        case Verb::set_attribute:
        case Verb::get_attribute:
        case Verb::remove_attribute:
            return traits.user_attributes;
        default:
            return true;
    }
}

}  // namespace

Player::Player(std::unique_ptr<Ground> ground)
    : ground_(std::move(ground)), subject_(ground_->subject()) {}

std::string Player::play(const Kind& kind, const std::vector<Operation>& operations) {
    auto ground = kind.make();
    if (!ground) return ground.error().message();
    Player player(std::move(*ground));
    std::string difference = player.play_all(operations);
    for (auto& held : player.held_) held.reset();
    player.subject_.reset();
    if (const auto finished = player.ground_->finish(); !finished && difference.empty())
        difference = finished.error().message();
    return difference;
}

std::string Player::play_all(const std::vector<Operation>& operations) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (!possible(operations[i], ground_->traits())) continue;
        const auto expected = model_.run(operations[i]);
        const auto found = run(operations[i]);
        if (!same(expected, found))
            return fmt::format("operation {}, {}: the model says {}, it says {}", i + 1,
                               to_line(operations[i]), say(expected), say(found));
    }
    if (std::string difference = compare_trees(); !difference.empty()) return difference;
    if (const auto done = remount(); !done) return done.error().message();
    if (std::string difference = compare_trees(); !difference.empty())
        return "after a remount: " + difference;
    return "";
}

std::vector<Operation> Player::shrink(const Kind& kind, std::vector<Operation> operations) {
    // Parts are left out while it still fails: halves first, single ones in the end.
    for (std::size_t part = operations.size() / 2; part > 0;) {
        bool shorter = false;
        for (std::size_t at = 0; at < operations.size();) {
            std::vector<Operation> fewer = operations;
            const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
            fewer.erase(
                first, first + static_cast<std::ptrdiff_t>(std::min(part, operations.size() - at)));
            if (play(kind, fewer).empty()) {
                at += part;
            } else {
                operations = std::move(fewer);
                shorter = true;
            }
        }
        if (part > 1)
            part /= 2;
        else if (!shorter)
            part = 0;
    }
    return operations;
}

Result<void> Player::remount() {
    for (auto& held : held_) held.reset();
    subject_.reset();
    const auto done = ground_->remount();
    subject_ = ground_->subject();
    return done;
}

Result<std::string> Player::list(const std::string& path) {
    QUIRE_TRY_ASSIGN(auto listed, subject_->list(path, 0, ~std::size_t{0}));
    std::ranges::sort(listed, {}, &Listed::name);
    std::string names;
    for (const Listed& entry : listed)
        if (entry.name != "lost+found") names += entry.name + " ";
    return names;
}

Result<std::string> Player::describe(const std::string& path) {
    QUIRE_TRY_ASSIGN(const auto attributes, subject_->stat(path, Follow::no));
    return fmt::format("type {} permissions {:o} links {} size {}",
                       static_cast<int>(attributes.type), attributes.permissions, attributes.links,
                       attributes.type == FileType::directory ? 0 : attributes.size);
}

Result<std::string> Player::run_held(const Operation& operation) {
    std::unique_ptr<File>& held = held_[operation.number];
    switch (operation.verb) {
        case Verb::hold: {
            QUIRE_TRY_ASSIGN(held, subject_->open(operation.path, both));
            return "";
        }
        case Verb::write_held:
            if (held) QUIRE_TRY(held->write(operation.length * 2, operation.bytes()));
            return "";
        case Verb::read_held:
            return held ? held->read(0, whole_file) : "nothing held";
        default:
            held.reset();
            return "";
    }
}

Result<std::string> Player::run(const Operation& operation) {
    const std::string& path = operation.path;
    const std::string& other = operation.other;
    const auto permissions = static_cast<std::uint16_t>(operation.number);
    switch (operation.verb) {
        case Verb::create:
            return nothing(subject_->make_file(path, permissions));
        case Verb::mkdir:
            return nothing(subject_->mkdir(path, permissions));
        case Verb::symlink:
            return nothing(subject_->symlink(target_of(operation), path));
        case Verb::link:
            return nothing(subject_->link(path, other));
        case Verb::unlink:
            return nothing(subject_->unlink(path));
        case Verb::rmdir:
            return nothing(subject_->rmdir(path));
        case Verb::rename:
            return nothing(subject_->rename(path, other));
        case Verb::rename_no_replace:
            return nothing(subject_->rename(path, other, {.no_replace = true}));
        case Verb::exchange:
            return nothing(subject_->rename(path, other, {.exchange = true}));
        case Verb::write: {
            QUIRE_TRY_ASSIGN(const auto file, subject_->open(path, both));
            QUIRE_TRY_ASSIGN(const auto put, file->write(operation.number, operation.bytes()));
            return std::to_string(put);
        }
        case Verb::read: {
            // Open for writing too: a directory is refused at the same place as elsewhere.
            QUIRE_TRY_ASSIGN(const auto file, subject_->open(path, both));
            return file->read(operation.number, operation.length);
        }
        case Verb::truncate:
            return nothing(subject_->truncate(path, operation.number));
        case Verb::reserve:
        case Verb::punch: {
            QUIRE_TRY_ASSIGN(const auto file, subject_->open(path, both));
            const auto mode = operation.verb == Verb::punch ? fs::AllocateMode::punch_hole
                                                            : fs::AllocateMode::allocate;
            return nothing(file->allocate(mode, operation.number, operation.length));
        }
        case Verb::chmod:
            return nothing(subject_->chmod(path, permissions));
        case Verb::set_attribute:
            return nothing(subject_->set_attribute(path, attribute_of(operation), operation.bytes(),
                                                   fs::SetAttributeMode::either, Follow::no));
        case Verb::get_attribute:
            return subject_->get_attribute(path, attribute_of(operation), Follow::no);
        case Verb::remove_attribute:
            return nothing(subject_->remove_attribute(path, attribute_of(operation), Follow::no));
        case Verb::list:
            return list(path);
        case Verb::stat:
            return describe(path);
        case Verb::hold:
        case Verb::write_held:
        case Verb::read_held:
        case Verb::drop:
            return run_held(operation);
        case Verb::sync:
            return nothing(subject_->sync());
        case Verb::remount:
            return nothing(remount());
    }
    return "";
}

std::string Player::compare_node(const std::string& path, const Model::Node& node) {
    const auto differs = [&](std::string_view what, const Result<std::string>& expected,
                             const Result<std::string>& found) -> std::string {
        if (same(expected, found)) return "";
        return fmt::format("{} of {}: the model says {}, it says {}", what, path, say(expected),
                           say(found));
    };
    std::string difference = differs("attributes", model_.describe(path), describe(path));
    if (difference.empty() && node.type == FileType::directory)
        difference = differs("entries", model_.list(path), list(path));
    if (difference.empty() && node.type == FileType::symbolic_link)
        difference = differs("target", node.content, subject_->readlink(path));
    if (difference.empty() && node.type == FileType::regular) {
        const auto file = subject_->open(path, both);
        if (!file) return fmt::format("{} cannot be opened: {}", path, file.error().message());
        difference = differs("content", node.content, (*file)->read(0, whole_file));
    }
    for (const auto& [name, value] : node.extended)
        if (difference.empty())
            difference = differs(name, value, subject_->get_attribute(path, name, Follow::no));
    if (difference.empty() && ground_->traits().user_attributes) {
        const auto names = subject_->list_attributes(path, Follow::no);
        const auto count = std::ranges::count_if(
            names.value_or(std::vector<std::string>()),
            [](const std::string& name) { return name.starts_with("user."); });
        difference = differs("count of attributes", std::to_string(node.extended.size()),
                             std::to_string(count));
    }
    return difference;
}

std::string Player::compare_trees() {
    if (const auto top = list("."); !same(model_.list("."), top))
        return fmt::format("entries of the top: the model says {}, it says {}",
                           say(model_.list(".")), say(top));
    std::map<std::uint64_t, std::set<const Model::Node*>> inodes;
    for (const auto& [path, node] : model_.nodes()) {
        std::string difference = compare_node(path, *node);
        if (!difference.empty()) return difference;
        const auto attributes = subject_->stat(path, Follow::no);
        if (attributes) inodes[attributes->inode].insert(node.get());
    }
    for (const auto& [inode, nodes] : inodes)
        if (nodes.size() != 1) return fmt::format("several nodes have the inode number {}", inode);
    return "";
}

}  // namespace quire::conformance
