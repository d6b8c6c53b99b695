// SPDX-License-Identifier: MIT

#include "quire/testing/computed_volume.hpp"

#include <algorithm>

namespace quire::testing {

// One call on one node, for as long as it lasts.
class ComputedVolume::Visit {
public:
    Visit(ComputedVolume& volume, Node& node) : volume_(volume), node_(node) {
        const bool alone = volume.inside_++ == 0;
        const bool alone_on_node = node.inside++ == 0;
        if ((volume.model_ == fs::ThreadModel::serial && !alone) ||
            (volume.model_ == fs::ThreadModel::per_node && !alone_on_node))
            volume.model_broken_ = true;
    }
    ~Visit() {
        --node_.inside;
        --volume_.inside_;
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

private:
    ComputedVolume& volume_;
    Node& node_;
};

ComputedVolume::ComputedVolume(std::vector<File> files, fs::ThreadModel model) : model_(model) {
    make(1);
    for (File& file : files) {
        fs::Cookie directory = 1;
        std::string_view path = file.path;
        for (std::size_t slash = path.find('/'); slash != path.npos; slash = path.find('/')) {
            const std::string name(path.substr(0, slash));
            path.remove_prefix(slash + 1);
            const auto known = at(directory).children.find(name);
            if (known != at(directory).children.end()) {
                directory = known->second;
                continue;
            }
            const fs::Cookie made = make(directory).cookie;
            at(directory).children.emplace(name, made);
            directory = made;
        }
        Node& node = make(directory);
        node.directory = false;
        node.size = file.size;
        node.content = std::move(file.content);
        at(directory).children.emplace(path, node.cookie);
    }
}

ComputedVolume::Content ComputedVolume::offsets() {
    return [](std::uint64_t offset, std::span<std::byte> memory) -> Result<void> {
        for (std::byte& byte : memory) {
            byte = static_cast<std::byte>((offset & ~std::uint64_t{7}) >> (offset % 8 * 8));
            ++offset;
        }
        return {};
    };
}

ComputedVolume::Node& ComputedVolume::make(fs::Cookie parent) {
    Node& node = nodes_.emplace_back();
    node.cookie = nodes_.size();
    node.parent = parent;
    return node;
}

fs::Attributes ComputedVolume::attributes(const Node& node) const {
    fs::Attributes attributes;
    attributes.type = node.directory ? fs::FileType::directory : fs::FileType::regular;
    attributes.permissions = node.directory ? 0555 : 0444;
    attributes.links = 1;
    attributes.size = node.size;
    attributes.inode = node.cookie;
    return attributes;
}

fs::Entry ComputedVolume::give(const Node& node) {
    ++owed_;
    fs::Entry entry;
    entry.node = node.cookie;
    entry.attributes = attributes(node);
    return entry;
}

bool ComputedVolume::supports(fs::Operation operation) const {
    using enum fs::Operation;
    switch (operation) {
        case statistics:
        case sync:
        case unmount:
        case lookup:
        case readdir:
        case getattr:
        case read:
        case reclaim:
            return true;
        default:
            return false;
    }
}

Result<fs::Entry> ComputedVolume::root(const fs::Call&) {
    return give(at(1));
}

Result<fs::Entry> ComputedVolume::lookup(const fs::Call&, fs::Cookie directory, const Name& name) {
    Node& node = at(directory);
    const Visit visit(*this, node);
    if (!node.directory) return fail(std::errc::not_a_directory);
    const auto found = node.children.find(name.view());
    if (found == node.children.end()) return fail(std::errc::no_such_file_or_directory);
    return give(at(found->second));
}

Result<fs::Entry> ComputedVolume::parent(const fs::Call&, fs::Cookie directory) {
    Node& node = at(directory);
    const Visit visit(*this, node);
    return give(at(node.parent));
}

Result<fs::Attributes> ComputedVolume::getattr(const fs::Call&, fs::Cookie node) {
    const Visit visit(*this, at(node));
    return attributes(at(node));
}

Result<void> ComputedVolume::readdir(const fs::Call&, fs::Cookie directory, fs::Position from,
                                     fs::WithAttributes with, const fs::EntrySink& sink) {
    Node& node = at(directory);
    const Visit visit(*this, node);
    if (!node.directory) return fail(std::errc::not_a_directory);
    if (from > node.children.size()) return fail(std::errc::invalid_argument);
    auto child = std::next(node.children.begin(), static_cast<std::ptrdiff_t>(from));
    for (; child != node.children.end(); ++child) {
        const fs::Attributes facts = attributes(at(child->second));
        const fs::DirectoryEntry entry{
            .name = child->first,
            .inode = facts.inode,
            .type = facts.type,
            .next = ++from,
            .attributes = with == fs::WithAttributes::yes ? &facts : nullptr,
        };
        if (!sink(entry)) break;
    }
    return {};
}

Result<std::size_t> ComputedVolume::read(const fs::Call&, fs::Cookie node, std::uint64_t offset,
                                         std::span<std::byte> memory) {
    Node& file = at(node);
    const Visit visit(*this, file);
    if (file.directory) return fail(std::errc::is_a_directory);
    if (offset >= file.size) return 0;
    const auto part = memory.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(memory.size(), file.size - offset)));
    QUIRE_TRY(file.content(offset, part));
    return part.size();
}

void ComputedVolume::reclaim(fs::Cookie node, std::uint64_t lookups) {
    const Visit visit(*this, at(node));
    owed_ -= lookups;
}

}  // namespace quire::testing
