// SPDX-License-Identifier: MIT

// Depth first with a stack of our own: a foreign image decides how deep its directories go, and it
// must not decide how much of the program's stack that takes.

#include "look/traverse.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace quire::app {

namespace {

constexpr std::size_t batch = 1024;

struct Found {
    std::string name;
    fs::Attributes attributes;
};

// A directory that is being gone through.
struct Level {
    fs::NodeReference directory;
    fs::Attributes attributes;
    std::size_t path_length = 0;  // of the directory's own path
    std::vector<Found> entries;
    std::size_t next = 0;
    fs::Position position = 0;
    bool exhausted = false;
};

class Traverser {
public:
    Traverser(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
              const Traversal& traversal)
        : tree_(tree), call_(call), traversal_(traversal) {}

    void run(const fs::NodeReference& start) {
        auto attributes = tree_->attributes(call_, start);
        if (!attributes) return traversal_.failed(path_, std::move(attributes).error());
        const Visit visit{path_, "", *attributes, 0, true};
        if (traversal_.enter(visit) == Descend::yes) descend(start, visit);
        while (!levels_.empty() && (!traversal_.go_on || traversal_.go_on())) step();
    }

private:
    void step() {
        Level& level = levels_.back();
        path_.resize(level.path_length);
        if (level.next == level.entries.size() && !level.exhausted) fill(level);
        if (level.next == level.entries.size()) return ascend();
        const Found& found = level.entries[level.next++];
        if (!path_.empty()) path_ += '/';
        path_ += found.name;
        const bool last = traversal_.by_name && level.next == level.entries.size();
        const Visit visit{path_, found.name, found.attributes, levels_.size(), last};
        if (traversal_.enter(visit) == Descend::no ||
            found.attributes.type != fs::FileType::directory ||
            levels_.size() >= traversal_.max_depth)
            return;
        const auto name = Name::parse(found.name);
        if (!name) return traversal_.failed(path_, name.error());
        auto node = tree_->lookup(call_, level.directory, *name);
        if (!node) return traversal_.failed(path_, std::move(node).error());
        descend(*node, visit);
    }

    void descend(const fs::NodeReference& node, const Visit& visit) {
        if (visit.attributes.type != fs::FileType::directory || traversal_.max_depth == 0) return;
        if (!ancestors_.insert(node->handle().inode).second)
            return traversal_.failed(
                path_, Error(std::errc::io_error, "the directory is its own ancestor"));
        if (traversal_.open) traversal_.open(visit, node);
        Level level;
        level.directory = node;
        level.attributes = visit.attributes;
        level.path_length = path_.size();
        levels_.push_back(std::move(level));
    }

    void ascend() {
        const Level& level = levels_.back();
        if (traversal_.leave) {
            const std::size_t slash = path_.rfind('/');
            const std::string_view name =
                slash == path_.npos ? path_ : std::string_view(path_).substr(slash + 1);
            traversal_.leave({path_, name, level.attributes, levels_.size() - 1, false});
        }
        ancestors_.erase(level.directory->handle().inode);
        levels_.pop_back();
    }

    void fill(Level& level) {
        level.entries.clear();
        level.next = 0;
        bool full = false;
        auto listed =
            tree_->list(call_, level.directory, level.position, fs::WithAttributes::yes,
                        [&](const fs::DirectoryEntry& entry) {
                            level.position = entry.next;
                            if (traversal_.wanted && !traversal_.wanted(entry.name, entry.type))
                                return true;
                            Found found{std::string(entry.name), {}};
                            found.attributes.type = entry.type;
                            found.attributes.inode = entry.inode;
                            if (entry.attributes != nullptr) found.attributes = *entry.attributes;
                            level.entries.push_back(std::move(found));
                            full = !traversal_.by_name && level.entries.size() == batch;
                            return !full;
                        });
        level.exhausted = !full;
        if (!listed) traversal_.failed(path_, std::move(listed).error());
        if (traversal_.by_name) std::ranges::sort(level.entries, {}, &Found::name);
    }

    const std::shared_ptr<fs::Tree>& tree_;
    const fs::Call& call_;
    const Traversal& traversal_;
    std::string path_;
    std::vector<Level> levels_;
    std::unordered_set<std::uint64_t> ancestors_;
};

}  // namespace

void traverse(const std::shared_ptr<fs::Tree>& tree, const fs::Call& call,
              const fs::NodeReference& start, const Traversal& traversal) {
    Traverser(tree, call, traversal).run(start);
}

}  // namespace quire::app
