// SPDX-License-Identifier: MIT

#include "crash/workload.hpp"

#include <fmt/core.h>

#include <utility>

#include "quire/testing/bytes.hpp"
#include "quire/transfer/tree_hash.hpp"

namespace quire::tests {

namespace {

class Silence final : public transfer::Listener {
public:
    void done(transfer::Action, std::string_view, std::string_view) override {}
    void problem(std::string_view path, const Error& error) override {
        first_ = first_.empty() ? fmt::format("{}: {}", path, error.message()) : first_;
    }
    void warning(std::string_view, std::string_view) override {}
    bool stop() override { return false; }
    const std::string& first() const { return first_; }

private:
    std::string first_;
};

const fs::Call call = fs::Call::as_root();

Result<fs::Parent> place(fs::Tree& tree, const std::string& path) {
    return tree.walk_parent(call, *Path::parse(path));
}

Result<fs::NodeReference> find(fs::Tree& tree, const std::string& path) {
    return tree.walk(call, *Path::parse(path), fs::Follow::no);
}

Result<void> write(fs::Tree& tree, const std::string& path, std::uint64_t offset,
                   std::size_t length, std::uint64_t seed) {
    QUIRE_TRY_ASSIGN(const fs::Parent parent, place(tree, path));
    auto node = tree.lookup(call, parent.directory, parent.name);
    if (!node) node = tree.create(call, parent.directory, parent.name, 0644);
    if (!node) return fail(node.error());
    QUIRE_TRY_ASSIGN(const auto file, tree.open(call, *node, {.read = true, .write = true}));
    return file->write_all(call, offset, testing::pattern(length, seed));
}

Result<void> make_directory(fs::Tree& tree, const std::string& path) {
    QUIRE_TRY_ASSIGN(const fs::Parent parent, place(tree, path));
    QUIRE_TRY(tree.make_directory(call, parent.directory, parent.name, 0755));
    return {};
}

Result<void> remove(fs::Tree& tree, const std::string& path) {
    QUIRE_TRY_ASSIGN(const fs::Parent parent, place(tree, path));
    QUIRE_TRY_ASSIGN(const auto node, tree.lookup(call, parent.directory, parent.name));
    if (node->type() == fs::FileType::directory)
        return tree.remove_directory(call, parent.directory, parent.name);
    return tree.remove(call, parent.directory, parent.name);
}

Result<void> rename(fs::Tree& tree, const std::string& from, const std::string& to,
                    fs::RenameFlags flags = {}) {
    QUIRE_TRY_ASSIGN(const fs::Parent source, place(tree, from));
    QUIRE_TRY_ASSIGN(const fs::Parent target, place(tree, to));
    return tree.rename(call, source.directory, source.name, target.directory, target.name, flags);
}

Result<void> link(fs::Tree& tree, const std::string& from, const std::string& to) {
    QUIRE_TRY_ASSIGN(const auto node, find(tree, from));
    QUIRE_TRY_ASSIGN(const fs::Parent target, place(tree, to));
    return tree.link(call, node, target.directory, target.name);
}

Result<void> resize(fs::Tree& tree, const std::string& path, std::uint64_t size) {
    QUIRE_TRY_ASSIGN(const auto node, find(tree, path));
    fs::AttributeChanges changes;
    changes.size = size;
    QUIRE_TRY(tree.set_attributes(call, node, changes));
    return {};
}

Result<void> set_attribute(fs::Tree& tree, const std::string& path, const std::string& name,
                           std::size_t length, std::uint64_t seed) {
    QUIRE_TRY_ASSIGN(const auto node, find(tree, path));
    return tree.set_attribute(call, node, name, testing::pattern(length, seed));
}

}  // namespace

Result<Facts> read_facts(const std::shared_ptr<fs::Tree>& tree) {
    Facts facts;
    Silence listener;
    NoProgress progress;
    transfer::TreeHashOptions options;
    options.line = [&](std::string_view line) {
        const std::size_t tab = line.find('\t');
        facts.emplace(line.substr(0, tab), line.substr(tab + 1));
    };
    auto hash = transfer::tree_hash(tree, call, tree->root(), options, listener, progress);
    if (!hash) return fail(std::move(hash).error().within(listener.first()));
    return facts;
}

std::vector<Verb> crash_workload(std::uint64_t seed) {
    std::vector<Verb> verbs;
    const auto add = [&](std::string name, auto act) {
        verbs.push_back({std::move(name), std::move(act)});
    };
    add("make directories", [](fs::Tree& tree) -> Result<void> {
        for (auto path : {"/a", "/a/b", "/a/b/c", "/d"}) QUIRE_TRY(make_directory(tree, path));
        return {};
    });
    add("write small files", [=](fs::Tree& tree) -> Result<void> {
        for (int i = 0; i < 12; ++i)
            QUIRE_TRY(write(tree, fmt::format("/a/small{}", i), 0, 100 + i * 517, seed + i));
        return {};
    });
    add("write a large file",
        [=](fs::Tree& tree) { return write(tree, "/a/b/large", 0, 300'000, seed + 20); });
    add("write a file with holes", [=](fs::Tree& tree) -> Result<void> {
        for (int i = 0; i < 8; ++i)
            QUIRE_TRY(write(tree, "/d/holes", std::uint64_t{50'000} * i * i, 3000, seed + 30 + i));
        return {};
    });
    add("append", [=](fs::Tree& tree) { return write(tree, "/a/small3", 1651, 9000, seed + 40); });
    add("overwrite in place",
        [=](fs::Tree& tree) { return write(tree, "/a/b/large", 100'000, 50'000, seed + 41); });
    add("rename over a file",
        [](fs::Tree& tree) { return rename(tree, "/a/small1", "/a/small2"); });
    add("move a directory", [](fs::Tree& tree) { return rename(tree, "/a/b", "/d/b"); });
    add("exchange two names", [](fs::Tree& tree) {
        return rename(tree, "/a/small4", "/d/holes", {.no_replace = false, .exchange = true});
    });
    add("link and unlink", [](fs::Tree& tree) -> Result<void> {
        QUIRE_TRY(link(tree, "/d/b/large", "/a/second"));
        QUIRE_TRY(remove(tree, "/d/b/large"));
        return remove(tree, "/a/small5");
    });
    add("shorten and lengthen", [](fs::Tree& tree) -> Result<void> {
        QUIRE_TRY(resize(tree, "/a/second", 12'345));
        QUIRE_TRY(resize(tree, "/a/second", 200'000));
        return resize(tree, "/a/small6", 0);
    });
    add("set attributes", [=](fs::Tree& tree) -> Result<void> {
        QUIRE_TRY(set_attribute(tree, "/a/small7", "user.small", 20, seed + 50));
        QUIRE_TRY(set_attribute(tree, "/a/small7", "user.large", 700, seed + 51));
        return set_attribute(tree, "/a/small8", "user.large", 700, seed + 52);
    });
    add("make symbolic links and a fifo", [](fs::Tree& tree) -> Result<void> {
        QUIRE_TRY_ASSIGN(const fs::Parent fast, place(tree, "/d/fast"));
        QUIRE_TRY(tree.make_symlink(call, fast.directory, fast.name, "target"));
        QUIRE_TRY_ASSIGN(const fs::Parent slow, place(tree, "/d/slow"));
        QUIRE_TRY(tree.make_symlink(call, slow.directory, slow.name, std::string(300, 'x')));
        QUIRE_TRY_ASSIGN(const fs::Parent fifo, place(tree, "/d/fifo"));
        QUIRE_TRY(tree.make_node(call, fifo.directory, fifo.name, 0600, fs::FileType::fifo, {}));
        return {};
    });
    add("fill a directory", [=](fs::Tree& tree) -> Result<void> {
        QUIRE_TRY(make_directory(tree, "/many"));
        for (int i = 0; i < 150; ++i)
            QUIRE_TRY(write(tree, fmt::format("/many/a name of some length {}", i), 0,
                            i % 5 == 0 ? 700 : 0, seed + 100 + i));
        return {};
    });
    add("remove large things and reuse their blocks", [=](fs::Tree& tree) -> Result<void> {
        QUIRE_TRY(remove(tree, "/a/second"));
        QUIRE_TRY(remove(tree, "/d/slow"));
        return write(tree, "/d/reused", 0, 260'000, seed + 60);
    });
    add("empty the directory", [=](fs::Tree& tree) -> Result<void> {
        for (int i = 0; i < 150; ++i)
            QUIRE_TRY(remove(tree, fmt::format("/many/a name of some length {}", i)));
        return remove(tree, "/many");
    });
    add("reuse blocks of directories for data",
        [=](fs::Tree& tree) { return write(tree, "/d/again", 0, 150'000, seed + 70); });
    add("change owners and modes", [](fs::Tree& tree) -> Result<void> {
        for (int i = 7; i < 12; ++i) {
            QUIRE_TRY_ASSIGN(const auto node, find(tree, fmt::format("/a/small{}", i)));
            fs::AttributeChanges changes;
            changes.uid = 100'000u + static_cast<std::uint32_t>(i);
            changes.permissions = 0640;
            QUIRE_TRY(tree.set_attributes(call, node, changes));
        }
        return {};
    });
    return verbs;
}

}  // namespace quire::tests
