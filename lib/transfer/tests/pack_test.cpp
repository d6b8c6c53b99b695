// SPDX-License-Identifier: MIT

// Packing against a writer that builds a tree in memory: what arrives is compared with what was
// packed by the hash of both. Writers of real formats have tests of their own.

#include "quire/transfer/pack.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "quire/transfer/metadata.hpp"
#include "tests/nasty_tree.hpp"

namespace quire::transfer {
namespace {

class TreeWriter final : public fs::ImageWriter {
public:
    TreeWriter() : tree_(memory_tree()) { nodes_.push_back(tree_->root()); }

    const std::shared_ptr<fs::Tree>& tree() const { return tree_; }
    std::uint64_t pieces() const { return pieces_; }
    std::uint64_t bytes() const { return bytes_; }

    Node root() const override { return 0; }

    Result<void> describe(Node directory, const fs::ImageNode& node) override {
        // Filling a directory changes its times: its metadata comes at the end.
        later_.emplace_back(nodes_[directory], metadata_of(node));
        return {};
    }

    Result<Node> add(Node directory, const Name& name, const fs::ImageNode& node,
                     fs::ContentSource* content) override {
        const fs::Call call = root_call();
        const fs::NodeReference& parent = nodes_[directory];
        Result<fs::NodeReference> made = fail(std::errc::invalid_argument);
        switch (node.type) {
            case fs::FileType::regular:
                made = tree_->create(call, parent, name, 0600);
                break;
            case fs::FileType::directory:
                made = tree_->make_directory(call, parent, name, 0700);
                break;
            case fs::FileType::symbolic_link:
                made = tree_->make_symlink(call, parent, name, node.target);
                break;
            default:
                made = tree_->make_node(call, parent, name, 0600, node.type, node.device);
        }
        if (!made) return fail(made.error());
        if (node.type == fs::FileType::regular) {
            auto file = *tree_->open(call, *made, {.read = true, .write = true});
            QUIRE_TRY(file->resize(call, node.size));
            std::uint64_t position = 0;
            while (content != nullptr) {
                QUIRE_TRY_ASSIGN(const fs::ContentPiece piece, content->next());
                if (piece.memory.empty()) break;
                EXPECT_GE(piece.offset, position);
                position = piece.offset + piece.memory.size();
                EXPECT_LE(position, node.size);
                QUIRE_TRY(file->write_all(call, piece.offset, piece.memory));
                ++pieces_;
                bytes_ += piece.memory.size();
            }
        }
        later_.emplace_back(*made, metadata_of(node));
        nodes_.push_back(*made);
        return nodes_.size() - 1;
    }

    Result<void> link(Node node, Node directory, const Name& name) override {
        return tree_->link(root_call(), nodes_[node], nodes_[directory], name);
    }

    Result<void> finish() override {
        Recorder recorder;
        NoProgress progress;
        Account account(recorder, progress);
        for (const auto& [node, metadata] : later_)
            QUIRE_TRY(apply_metadata(*tree_, root_call(), node, metadata, account));
        return {};
    }

private:
    static Metadata metadata_of(const fs::ImageNode& node) {
        Metadata metadata;
        if (node.type != fs::FileType::symbolic_link) metadata.permissions = node.permissions;
        metadata.uid = node.uid;
        metadata.gid = node.gid;
        metadata.access = node.access;
        metadata.modify = node.modify;
        metadata.extended.assign(node.extended.begin(), node.extended.end());
        return metadata;
    }

    std::shared_ptr<fs::Tree> tree_;
    std::vector<fs::NodeReference> nodes_;
    std::vector<std::pair<fs::NodeReference, Metadata>> later_;
    std::uint64_t pieces_ = 0;
    std::uint64_t bytes_ = 0;
};

PackSize measured(const std::shared_ptr<fs::Tree>& source, const PackOptions& options = {},
                  Estimate estimate = Estimate::full) {
    Recorder recorder;
    NoProgress progress;
    Account account(recorder, progress);
    return *measure(source, root_call(), source->root(), options, 4096, estimate, account);
}

std::vector<std::string> packed(const std::shared_ptr<fs::Tree>& source,
                                const PackOptions& options = {}) {
    Recorder recorder;
    NoProgress progress;
    Account account(recorder, progress);
    TreeWriter writer;
    const auto done = pack(source, root_call(), source->root(), options, writer, account);
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_TRUE(writer.finish());
    EXPECT_THAT(recorder.problems, ::testing::IsEmpty());
    return lines_of(writer.tree());
}

TEST(Pack, keeps_everything) {
    const auto source = memory_tree();
    make_nasty_tree(*source, true);
    EXPECT_EQ(packed(source), lines_of(source));
}

TEST(Pack, leaves_holes_out) {
    const auto source = memory_tree();
    const auto file = make_file(*source, "/file", "begin");
    auto open = *source->open(root_call(), file, {.read = true, .write = true});
    ASSERT_TRUE(open->resize(root_call(), std::uint64_t{1} << 40));
    ASSERT_TRUE(open->write_all(root_call(), std::uint64_t{1} << 39,
                                std::as_bytes(std::span("middle", 6))));
    Recorder recorder;
    NoProgress progress;
    Account account(recorder, progress);
    TreeWriter writer;
    ASSERT_TRUE(pack(source, root_call(), source->root(), {}, writer, account));
    EXPECT_LT(writer.bytes(), 1u << 20);
    const PackSize size = measured(source);
    EXPECT_LT(size.bytes, 1u << 20);
    EXPECT_LT(size.blocks, 300u);
}

TEST(Pack, excludes_by_name_and_by_path) {
    const auto source = memory_tree();
    for (auto path : {"/keep", "/cache", "/a", "/a/cache", "/a/sub"}) make_directory(*source, path);
    for (auto path : {"/keep/x.o", "/keep/x.c", "/cache/file", "/a/cache/file", "/a/sub/file"})
        make_file(*source, path, "x");
    const auto names = [&](std::vector<std::string> patterns) {
        PackOptions options;
        options.exclude = std::move(patterns);
        std::set<std::string> result;
        for (const std::string& line : packed(source, options))
            result.insert(line.substr(0, line.find('\t')));
        return result;
    };
    EXPECT_FALSE(names({"*.o"}).contains("keep/x.o"));
    EXPECT_TRUE(names({"*.o"}).contains("keep/x.c"));
    EXPECT_FALSE(names({"cache"}).contains("cache"));
    EXPECT_FALSE(names({"cache"}).contains("a/cache/file"));
    EXPECT_FALSE(names({"/cache"}).contains("cache/file"));
    EXPECT_TRUE(names({"/cache"}).contains("a/cache/file"));
    EXPECT_FALSE(names({"a/*"}).contains("a/sub/file"));
    EXPECT_TRUE(names({"a/*"}).contains("a"));
}

TEST(Pack, gives_owners_away) {
    const auto source = memory_tree();
    make_directory(*source, "/d");
    PackOptions options;
    options.uid = 70'000;
    options.gid = 80'000;
    options.root_uid = 5;
    TreeWriter writer;
    Recorder recorder;
    NoProgress progress;
    Account account(recorder, progress);
    ASSERT_TRUE(pack(source, root_call(), source->root(), options, writer, account));
    ASSERT_TRUE(writer.finish());
    const auto root = *writer.tree()->attributes(root_call(), writer.tree()->root());
    const auto inner = *writer.tree()->attributes(root_call(), find(*writer.tree(), "/d"));
    EXPECT_EQ(root.uid, 5u);
    EXPECT_EQ(root.gid, 80'000u);
    EXPECT_EQ(inner.uid, 70'000u);
}

TEST(Measure, is_the_same_for_the_same_tree_and_only_then) {
    const auto one = memory_tree();
    const auto two = memory_tree();
    make_nasty_tree(*one, true);
    make_nasty_tree(*two, true);
    set_times(*one, one->root(), {1, 1});
    set_times(*two, two->root(), {1, 1});
    EXPECT_EQ(measured(one).fingerprint, measured(two).fingerprint);
    make_file(*two, "/another", "");
    set_times(*two, two->root(), {1, 1});
    EXPECT_NE(measured(one).fingerprint, measured(two).fingerprint);
    EXPECT_EQ(measured(one).inodes + 1, measured(two).inodes);
}

TEST(Measure, counts_a_node_with_two_names_once) {
    const auto source = memory_tree();
    const auto file = make_file(*source, "/one", std::string(100'000, 'x'));
    const PackSize before = measured(source);
    ASSERT_TRUE(source->link(root_call(), file, source->root(), name("two")));
    const PackSize after = measured(source);
    EXPECT_EQ(after.inodes, before.inodes);
    EXPECT_EQ(after.bytes, before.bytes);
    EXPECT_EQ(after.entries, before.entries + 1);
}

TEST(Measure, leaves_out_nothing_but_attributes_when_it_is_quick) {
    const auto source = memory_tree();
    const auto file = make_file(*source, "/one", std::string(100'000, 'x'));
    const std::string value(1000, 'v');
    ASSERT_TRUE(
        source->set_attribute(root_call(), file, "user.large", std::as_bytes(std::span(value))));
    const PackSize full = measured(source);
    const PackSize quick = measured(source, {}, Estimate::quick);
    EXPECT_EQ(quick.blocks + 1, full.blocks);
    EXPECT_EQ(quick.bytes, full.bytes);
    EXPECT_EQ(quick.inodes, full.inodes);
    EXPECT_EQ(quick.fingerprint, full.fingerprint);
}

}  // namespace
}  // namespace quire::transfer
