// SPDX-License-Identifier: MIT

#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "quire/volumes/ext/volume.hpp"

namespace quire::ext::tests {

/// Looks at everything that a volume has and minds no error: what a hostile image must survive.
class Walk {
public:
    explicit Walk(Volume& volume) : volume_(volume) {}

    void run() {
        if (auto root = volume_.root(call_)) {
            visit(root->node, 0);
            volume_.reclaim(root->node, 1);
        }
        (void)volume_.statistics(call_);
    }

private:
    static constexpr std::size_t most_nodes = 2000;
    static constexpr std::size_t most_names = 500;
    static constexpr int deepest = 20;

    void visit(fs::Cookie node, int depth) {
        if (depth > deepest || seen_.size() > most_nodes || !seen_.insert(node).second) return;
        const auto attributes = volume_.getattr(call_, node);
        if (auto names = volume_.listxattr(call_, node))
            for (const std::string& name : *names) (void)volume_.getxattr(call_, node, name);
        (void)volume_.print(call_, node);
        if (!attributes) return;
        switch (attributes->type) {
            case fs::FileType::regular:
                read(node, attributes->size);
                break;
            case fs::FileType::symbolic_link:
                (void)volume_.readlink(call_, node);
                break;
            case fs::FileType::directory:
                list(node, depth);
                break;
            default:
                break;
        }
    }

    void read(fs::Cookie node, std::uint64_t size) {
        std::vector<std::byte> memory(64 * 1024);
        (void)volume_.read(call_, node, 0, memory);
        (void)volume_.read(call_, node, size / 2, memory);
        if (size > memory.size()) (void)volume_.read(call_, node, size - memory.size(), memory);
        (void)volume_.seek(call_, node, 0, fs::SeekTo::data);
        (void)volume_.seek(call_, node, 0, fs::SeekTo::hole);
    }

    void list(fs::Cookie node, int depth) {
        std::vector<std::string> names;
        (void)volume_.readdir(call_, node, 0, fs::WithAttributes::yes,
                              [&](const fs::DirectoryEntry& entry) {
                                  names.emplace_back(entry.name);
                                  return names.size() < most_names;
                              });
        if (auto parent = volume_.parent(call_, node)) volume_.reclaim(parent->node, 1);
        for (const std::string& text : names) {
            const auto name = Name::parse(text);
            if (!name) continue;
            if (auto entry = volume_.lookup(call_, node, *name)) {
                visit(entry->node, depth + 1);
                volume_.reclaim(entry->node, 1);
            }
        }
    }

    Volume& volume_;
    fs::Call call_ = fs::Call::as_root();
    std::set<fs::Cookie> seen_;
};

}  // namespace quire::ext::tests
