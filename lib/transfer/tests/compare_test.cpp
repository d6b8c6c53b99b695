// SPDX-License-Identifier: MIT

#include "quire/transfer/compare.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quire/transfer/copier.hpp"
#include "tests/nasty_tree.hpp"

namespace quire::transfer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<fs::Tree> copy_of(const std::shared_ptr<fs::Tree>& from) {
    auto to = memory_tree();
    CopyOptions options;
    options.recursive = true;
    options.preserve = Preserve::all();
    Recorder heard;
    NoProgress progress;
    Copier(to, root_call(), options, heard, progress)
        .merge({from, root_call(), from->root(), "from"}, to->root(), "to");
    return to;
}

std::vector<std::string> differences(const std::shared_ptr<fs::Tree>& left,
                                     const std::shared_ptr<fs::Tree>& right,
                                     CompareOptions options = {}) {
    std::vector<std::string> found;
    Recorder heard;
    NoProgress progress;
    auto count = compare(
        {left, root_call(), left->root()}, {right, root_call(), right->root()}, options,
        [&](const Difference& one) {
            found.push_back(fmt::format("{} {}", name_of(one.aspect), one.path));
        },
        heard, progress);
    EXPECT_EQ(count ? *count : 9999, found.size());
    return found;
}

class Comparison : public ::testing::Test {
protected:
    void SetUp() override {
        make_nasty_tree(*left, true);
        right = copy_of(left);
    }
    void change(std::string_view path, const std::function<void(fs::AttributeChanges&)>& set) {
        fs::AttributeChanges changes;
        set(changes);
        ASSERT_TRUE(right->set_attributes(root_call(), find(*right, path), changes));
    }
    void put_back_times(std::string_view path) {
        set_times(*right, find(*right, path),
                  left->attributes(root_call(), find(*left, path))->modify);
    }

    std::shared_ptr<fs::Tree> left = memory_tree();
    std::shared_ptr<fs::Tree> right;
};

TEST_F(Comparison, a_copy_does_not_differ) {
    CompareOptions options;
    options.holes = true;
    EXPECT_THAT(differences(left, right, options), IsEmpty());
}

TEST_F(Comparison, what_is_on_one_side_only_is_said_once) {
    make_directory(*right, "/names 2");
    make_file(*right, "/names 2/a", "");
    make_directory(*left, "/names-");
    make_file(*left, "/names-/a", "");
    for (auto* tree : {left.get(), right.get()}) set_times(*tree, tree->root(), {1, 0});
    EXPECT_THAT(differences(left, right), ElementsAre("only-right names 2", "only-left names-"));
}

TEST_F(Comparison, each_kind_of_metadata_is_seen) {
    change("/metadata/attributes", [](auto& c) { c.permissions = 0600; });
    change("/metadata/closed", [](auto& c) { c.uid = 5; });
    change("/metadata/setuid", [](auto& c) { c.gid = 5, c.permissions = 06755; });
    change("/metadata/1960", [](auto& c) { c.modify = Time{-315619200, 500000001}; });
    ASSERT_TRUE(right->remove_attribute(root_call(), find(*right, "/metadata/capable"),
                                        "security.capability"));
    ASSERT_TRUE(right->set_attribute(root_call(), find(*right, "/metadata/list"), "user.new", {}));
    EXPECT_THAT(differences(left, right),
                ElementsAre("modified metadata/1960", "permissions metadata/attributes",
                            "attribute metadata/capable", "owner metadata/closed",
                            "attribute metadata/list", "group metadata/setuid"));
}

TEST_F(Comparison, content_is_compared_to_the_last_byte_of_a_hole) {
    auto file =
        *right->open(root_call(), find(*right, "/holes/only"), {.read = true, .write = true});
    ASSERT_TRUE(file->write_all(root_call(), (std::uint64_t{9} << 30) - 1,
                                std::as_bytes(std::span("x", 1))));
    file.reset();
    put_back_times("/holes/only");
    EXPECT_THAT(differences(left, right), ElementsAre("content holes/only"));
}

TEST_F(Comparison, sizes_targets_devices_and_types_are_seen) {
    change("/holes/zeros", [](auto& c) { c.size = 5; });
    put_back_times("/holes/zeros");
    auto links = find(*right, "/names");
    ASSERT_TRUE(right->remove(root_call(), links, name("link")));
    make_link(*right, "/names/link", "other");
    auto special = find(*right, "/special");
    ASSERT_TRUE(right->remove(root_call(), special, name("fifo")));
    make_directory(*right, "/special/fifo");
    make_file(*right, "/special/fifo/inside", "");
    ASSERT_TRUE(right->remove(root_call(), special, name("block")));
    ASSERT_TRUE(right->make_node(root_call(), special, name("block"), 0640,
                                 fs::FileType::block_device, {1, 2}));
    CompareOptions options;
    options.times = false;
    EXPECT_THAT(differences(left, right, options),
                ElementsAre("size holes/zeros", "target names/link", "device special/block",
                            "type special/fifo"));
}

TEST_F(Comparison, a_link_and_a_copy_differ) {
    ASSERT_TRUE(right->remove(root_call(), find(*right, "/links"), name("second")));
    make_file(*right, "/links/second", "shared");
    CompareOptions options;
    options.times = false;
    EXPECT_THAT(differences(left, right, options), ElementsAre("links links/second"));
}

TEST_F(Comparison, what_is_excluded_is_left_out_on_both_sides) {
    make_directory(*left, "/names-");
    make_file(*left, "/names-/a", "");
    make_file(*right, "/metadata/new", "");
    change("/metadata/closed", [](auto& c) { c.uid = 5; });
    change("/metadata/attributes", [](auto& c) { c.permissions = 0600; });
    CompareOptions options;
    options.times = false;
    options.exclude = {"names-", "metadata/n*", "/metadata/closed"};
    EXPECT_THAT(differences(left, right, options), ElementsAre("permissions metadata/attributes"));
}

TEST_F(Comparison, times_before_1970_are_told_as_they_are) {
    set_times(*right, find(*right, "/metadata/1960"), {-6, 500000000});
    std::string told;
    Recorder heard;
    NoProgress progress;
    const auto count = compare(
        {left, root_call(), left->root()}, {right, root_call(), right->root()}, {},
        [&](const Difference& one) { told = one.right; }, heard, progress);
    EXPECT_EQ(count.value_or(0), 1U);
    EXPECT_EQ(told, "-5.500000000");
}

TEST_F(Comparison, owners_count_only_where_they_are_asked_for) {
    change("/metadata/closed", [](auto& c) { c.uid = 5, c.gid = 6; });
    EXPECT_THAT(differences(left, right),
                ElementsAre("owner metadata/closed", "group metadata/closed"));
    CompareOptions options;
    options.owners = false;
    EXPECT_THAT(differences(left, right, options), IsEmpty());
}

}  // namespace
}  // namespace quire::transfer
