// SPDX-License-Identifier: MIT

#include "quire/transfer/copier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "quire/testing/temporary_directory.hpp"
#include "tests/nasty_tree.hpp"

namespace quire::transfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CopyOptions everything() {
    CopyOptions options;
    options.recursive = true;
    options.preserve = Preserve::all();
    return options;
}

struct Copied {
    Summary summary;
    Recorder heard;
};

Copied merge(const std::shared_ptr<fs::Tree>& from, const std::shared_ptr<fs::Tree>& to,
             CopyOptions options = everything(), std::string_view into = "/") {
    Copied copied;
    NoProgress progress;
    Copier copier(to, root_call(), options, copied.heard, progress);
    copier.merge({from, root_call(), from->root(), "from"}, find(*to, into), "to");
    copied.summary = copier.summary();
    return copied;
}

Copied copy(const std::shared_ptr<fs::Tree>& from, std::string_view path,
            const std::shared_ptr<fs::Tree>& to, std::string_view directory, std::string_view as,
            CopyOptions options = everything()) {
    Copied copied;
    NoProgress progress;
    Copier copier(to, root_call(), options, copied.heard, progress);
    copier.copy({from, root_call(), find(*from, path), std::string(path)},
                {find(*to, directory), name(as), nullptr, std::string(as)});
    copied.summary = copier.summary();
    return copied;
}

TEST(Copier, a_copy_in_memory_has_the_lines_of_its_source) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    auto copied = merge(from, to);
    EXPECT_THAT(copied.heard.problems, IsEmpty());
    EXPECT_EQ(copied.summary.lost_sentence(), "");
    EXPECT_EQ(lines_of(to), lines_of(from));
}

TEST(Copier, a_copy_through_the_host_loses_nothing) {
    testing::TemporaryDirectory directory;
    auto from = memory_tree();
    make_nasty_tree(*from, is_root());
    auto host = host_tree(directory.path());
    auto out = merge(from, host);
    EXPECT_THAT(out.heard.problems, IsEmpty());
    auto back = memory_tree();
    auto in = merge(host, back);
    EXPECT_THAT(in.heard.problems, IsEmpty());
    EXPECT_EQ(lines_of(host), lines_of(from));
    EXPECT_EQ(lines_of(back), lines_of(from));
}

TEST(Copier, holes_stay_holes) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    merge(from, to);
    auto allocated = [](fs::Tree& tree) {
        return tree.attributes(root_call(), find(tree, "/holes/only"))->allocated;
    };
    EXPECT_EQ(allocated(*to), 0U);
    auto file = *to->open(root_call(), find(*to, "/holes/trailing"), {});
    EXPECT_EQ(file->seek(root_call(), 8192, fs::SeekTo::data).error(),
              std::errc::no_such_device_or_address);
}

TEST(Copier, sparse_always_makes_holes_of_zeros) {
    auto from = memory_tree();
    make_file(*from, "/zeros", std::string(1 << 20, '\0') + "end");
    auto to = memory_tree();
    auto options = everything();
    options.sparse = Sparse::always;
    merge(from, to, options);
    EXPECT_LT(to->attributes(root_call(), find(*to, "/zeros"))->allocated, 70000U);
    EXPECT_EQ(content_of(*to, "/zeros"), content_of(*from, "/zeros"));
}

TEST(Copier, a_second_copy_over_the_first_changes_nothing) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    merge(from, to);
    auto again = merge(from, to);
    EXPECT_THAT(again.heard.problems, IsEmpty());
    EXPECT_EQ(lines_of(to), lines_of(from));
}

TEST(Copier, a_directory_is_not_copied_into_itself) {
    auto tree = memory_tree();
    make_directory(*tree, "/a");
    make_directory(*tree, "/a/b");
    auto copied = copy(tree, "/a", tree, "/a/b", "c");
    EXPECT_THAT(copied.heard.problems, ElementsAre(HasSubstr("into itself")));
    EXPECT_THAT(copy(tree, "/a", tree, "/a", "c").heard.problems,
                ElementsAre(HasSubstr("into itself")));
    EXPECT_THAT(copy(tree, "/a", tree, "/", "a").heard.problems,
                ElementsAre(HasSubstr("same directory")));
    EXPECT_THAT(copy(tree, "/", tree, "/a", "c").heard.problems,
                ElementsAre(HasSubstr("into itself")));
}

TEST(Copier, a_file_is_not_copied_over_itself) {
    auto tree = memory_tree();
    auto file = make_file(*tree, "/a", "content");
    ASSERT_TRUE(tree->link(root_call(), file, tree->root(), name("b")));
    EXPECT_THAT(copy(tree, "/a", tree, "/", "b").heard.problems,
                ElementsAre(HasSubstr("same file")));
    EXPECT_EQ(content_of(*tree, "/a"), "content");
}

TEST(Copier, nothing_is_written_through_a_link_in_the_destination) {
    auto from = memory_tree();
    make_directory(*from, "/d");
    make_file(*from, "/d/file", "new");
    make_directory(*from, "/d/sub");
    make_file(*from, "/d/sub/x", "new");
    auto to = memory_tree();
    make_file(*to, "/victim", "old");
    make_directory(*to, "/elsewhere");
    make_directory(*to, "/d");
    make_link(*to, "/d/file", "/victim");
    make_link(*to, "/d/sub", "/elsewhere");
    auto copied = copy(from, "/d", to, "/", "d");
    EXPECT_EQ(content_of(*to, "/victim"), "old");
    EXPECT_EQ(content_of(*to, "/d/file"), "new");
    EXPECT_THAT(copied.heard.problems, ElementsAre(HasSubstr("none")));
    EXPECT_FALSE(to->walk(root_call(), *Path::parse("/elsewhere/x")));
}

TEST(Copier, writing_over_a_file_leaves_its_other_names_alone) {
    auto from = memory_tree();
    make_file(*from, "/a", "new");
    auto to = memory_tree();
    auto old = make_file(*to, "/a", "old");
    ASSERT_TRUE(to->link(root_call(), old, to->root(), name("other")));
    merge(from, to);
    EXPECT_EQ(content_of(*to, "/a"), "new");
    EXPECT_EQ(content_of(*to, "/other"), "old");
}

TEST(Copier, one_failure_does_not_end_the_rest) {
    auto from = memory_tree();
    make_file(*from, "/a", "1");
    make_directory(*from, "/b");
    make_file(*from, "/b/x", "2");
    make_file(*from, "/c", "3");
    auto to = memory_tree();
    make_file(*to, "/b", "in the way");
    auto copied = merge(from, to);
    EXPECT_THAT(copied.heard.problems, ElementsAre(HasSubstr("from/b")));
    EXPECT_EQ(content_of(*to, "/c"), "3");
}

TEST(Copier, existing_files_are_kept_or_replaced_when_older) {
    auto from = memory_tree();
    set_times(*from, make_file(*from, "/a", "new"), {2000, 0});
    auto to = memory_tree();
    set_times(*to, make_file(*to, "/a", "old"), {3000, 0});
    auto options = everything();
    options.existing = Existing::keep;
    merge(from, to, options);
    EXPECT_EQ(content_of(*to, "/a"), "old");
    options.existing = Existing::replace_older;
    merge(from, to, options);
    EXPECT_EQ(content_of(*to, "/a"), "old");
    set_times(*to, find(*to, "/a"), {1000, 0});
    merge(from, to, options);
    EXPECT_EQ(content_of(*to, "/a"), "new");
}

TEST(Copier, a_dry_run_says_the_same_and_does_nothing) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    auto before = lines_of(to);
    auto options = everything();
    options.dry_run = true;
    auto dry = merge(from, to, options);
    EXPECT_EQ(lines_of(to), before);
    EXPECT_THAT(dry.heard.problems, IsEmpty());
    EXPECT_EQ(dry.summary.entries, merge(from, to).summary.entries);
}

TEST(Copier, a_default_access_list_of_the_destination_does_not_seep_in) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    auto seeping =
        from->get_attribute(root_call(), find(*from, "/metadata/default list"), default_list_name);
    ASSERT_TRUE(seeping);
    ASSERT_TRUE(to->set_attribute(root_call(), to->root(), default_list_name, *seeping));
    copy(from, "/metadata", to, "/", "metadata");
    EXPECT_EQ(lines_of(to, "/metadata"), lines_of(from, "/metadata"));
}

TEST(Copier, without_preserving_the_umask_counts_and_set_user_id_goes) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    CopyOptions options;
    Recorder heard;
    NoProgress progress;
    auto call = root_call();
    call.credentials.umask = 027;
    Copier copier(to, call, options, heard, progress);
    copier.copy({from, root_call(), find(*from, "/metadata/setuid"), "setuid"},
                {to->root(), name("plain"), nullptr, "plain"});
    auto attributes = *to->attributes(root_call(), find(*to, "/plain"));
    EXPECT_EQ(attributes.permissions, 0750);
    EXPECT_EQ(attributes.uid, 0U);
}

TEST(Copier, followed_links_end_at_a_loop) {
    auto from = memory_tree();
    make_directory(*from, "/d");
    make_file(*from, "/d/file", "x");
    make_link(*from, "/d/loop", "..");
    make_link(*from, "/d/dangling", "nowhere");
    make_link(*from, "/link", "d/file");
    auto to = memory_tree();
    auto options = everything();
    options.follow = fs::Follow::yes;
    auto copied = merge(from, to, options);
    EXPECT_EQ(copied.heard.problems.size(), 2U);
    EXPECT_EQ(content_of(*to, "/link"), "x");
    EXPECT_EQ(find(*to, "/link")->type(), fs::FileType::regular);
}

TEST(Copier, a_tree_deeper_than_a_process_has_descriptors) {
    testing::TemporaryDirectory directory;
    auto from = memory_tree();
    auto node = from->root();
    constexpr int depth = 200;
    for (int i = 0; i < depth; ++i)
        node = *from->make_directory(root_call(), node, name("d"), 0755);
    ASSERT_TRUE(from->create(root_call(), node, name("bottom"), 0644));
    rlimit old{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
    rlimit few = old;
    few.rlim_cur = 110;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    {
        auto host = host_tree(directory.path());
        auto copied = merge(from, host);
        EXPECT_THAT(copied.heard.problems, IsEmpty());
        auto back = memory_tree();
        EXPECT_THAT(merge(host, back).heard.problems, IsEmpty());
        EXPECT_EQ(lines_of(back), lines_of(from));
    }
    setrlimit(RLIMIT_NOFILE, &old);
    run_shell("rm -rf " + (directory / "d").string());
}

TEST(Copier, stops_when_asked) {
    auto from = memory_tree();
    for (char c = 'a'; c <= 'z'; ++c) make_file(*from, std::string("/") + c, "x");
    auto to = memory_tree();
    Recorder heard;
    heard.stop_after = 10;
    NoProgress progress;
    Copier copier(to, root_call(), everything(), heard, progress);
    copier.merge({from, root_call(), from->root(), "from"}, to->root(), "to");
    EXPECT_LT(copier.summary().entries, 12U);
}

TEST(Copier, ownership_that_may_not_be_given_is_a_loss_and_clears_set_user_id) {
    if (!is_root()) GTEST_SKIP() << "needs root to become another user";
    testing::TemporaryDirectory directory;
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    // Somebody else's root directory that he may write to, in a tree that checks for him.
    fs::AttributeChanges open;
    open.permissions = 0777;
    ASSERT_TRUE(to->set_attributes(root_call(), to->root(), open));
    fs::Call somebody;
    somebody.credentials = {.uid = 1000, .gid = 1000, .groups = {}, .umask = 022, .pid = 0};
    Recorder heard;
    NoProgress progress;
    Copier copier(to, somebody, everything(), heard, progress);
    copier.copy({from, root_call(), find(*from, "/metadata/setuid"), "setuid"},
                {to->root(), name("setuid"), nullptr, "setuid"});
    EXPECT_THAT(heard.problems, IsEmpty());
    EXPECT_EQ(copier.summary().lost_sentence(), "the owner of 1 entry was not kept");
    EXPECT_EQ(to->attributes(root_call(), find(*to, "/setuid"))->permissions, 0755);
}

TEST(Copier, new_nodes_get_usual_permissions_when_asked) {
    auto from = memory_tree();
    make_directory(*from, "/dir");
    auto file = make_file(*from, "/dir/file", "x");
    ASSERT_TRUE(from->set_attributes(root_call(), file, {.permissions = std::uint16_t{04750}}));
    auto to = memory_tree();
    CopyOptions options;
    options.recursive = true;
    options.usual_permissions = true;
    auto copied = copy(from, "/dir", to, "/", "copy", options);
    EXPECT_THAT(copied.heard.problems, IsEmpty());
    EXPECT_EQ(to->attributes(root_call(), find(*to, "/copy"))->permissions, 0777);
    EXPECT_EQ(to->attributes(root_call(), find(*to, "/copy/file"))->permissions, 0666);
}

TEST(Copier, a_device_in_the_way_is_neither_written_nor_replaced_by_a_file) {
    auto tree = memory_tree();
    make_file(*tree, "/file", "x");
    ASSERT_TRUE(tree->make_node(root_call(), tree->root(), name("device"), 0666,
                                fs::FileType::character_device, {1, 3}));
    auto copied = copy(tree, "/file", tree, "/", "device");
    EXPECT_THAT(copied.heard.problems, ElementsAre(HasSubstr("not written to")));
    EXPECT_EQ(find(*tree, "/device")->type(), fs::FileType::character_device);
    CopyOptions options = everything();
    options.remove_first = true;
    copied = copy(tree, "/file", tree, "/", "device", options);
    EXPECT_THAT(copied.heard.problems, IsEmpty());
    EXPECT_EQ(content_of(*tree, "/device"), "x");
}

TEST(Copier, two_trees_of_the_host_that_overlap_are_seen_through) {
    testing::TemporaryDirectory place;
    auto whole = host_tree(place.path().string());
    make_directory(*whole, "/dir");
    make_directory(*whole, "/dir/sub");
    make_file(*whole, "/dir/file", "x");
    auto part = host_tree((place / "dir").string());
    auto copied = copy(whole, "/dir", part, "/sub", "copy");
    EXPECT_THAT(copied.heard.problems, ElementsAre(HasSubstr("into itself")));
    copied = copy(whole, "/dir/file", part, "/", "file");
    EXPECT_THAT(copied.heard.problems, ElementsAre(HasSubstr("the same file")));
    EXPECT_EQ(content_of(*whole, "/dir/file"), "x");
}

TEST(Copier, what_carries_the_destination_is_left_out_and_told) {
    auto from = memory_tree();
    make_directory(*from, "/dir");
    const fs::Handle carrier = make_file(*from, "/dir/image", "x")->handle();
    make_file(*from, "/dir/other", "y");
    auto to = memory_tree();
    Recorder heard;
    NoProgress progress;
    Copier copier(to, root_call(), everything(), heard, progress);
    copier.copy({from, root_call(), find(*from, "/dir"), "dir",
                 [&](const fs::Handle& handle) { return handle == carrier; }},
                {to->root(), name("copy"), nullptr, "copy"});
    EXPECT_THAT(heard.problems, ElementsAre(HasSubstr("it carries the destination")));
    EXPECT_EQ(content_of(*to, "/copy/other"), "y");
    EXPECT_FALSE(to->lookup(root_call(), find(*to, "/copy"), name("image")));
}

}  // namespace
}  // namespace quire::transfer
