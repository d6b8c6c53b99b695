// SPDX-License-Identifier: MIT

#include "quire/transfer/tar.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "quire/testing/temporary_directory.hpp"
#include "tests/tar_streams.hpp"

namespace quire::transfer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string only_root() {
    return "needs root to make devices, owners and capabilities on the host";
}

void write_file(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Tar, out_and_in_loses_nothing) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    auto in = extract(archive_of(from), to);
    ASSERT_TRUE(in.result) << in.result.error().message();
    EXPECT_THAT(in.heard.problems, IsEmpty());
    EXPECT_THAT(in.heard.warnings, IsEmpty());
    EXPECT_EQ(lines_of(to), lines_of(from));
}

TEST(Tar, holes_stay_holes) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto archive = archive_of(from);
    EXPECT_LT(archive.size(), std::size_t{4} << 20);  // of a tree with a file of 9 GiB
    auto to = memory_tree();
    extract(archive, to);
    EXPECT_EQ(to->attributes(root_call(), find(*to, "/holes/only"))->allocated, 0U);
}

TEST(Tar, the_same_tree_gives_the_same_bytes) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto copy = memory_tree();
    extract(archive_of(from), copy);
    EXPECT_EQ(archive_of(copy), archive_of(from));
}

TEST(Tar, gnu_tar_extracts_ours) {
    if (!is_root()) GTEST_SKIP() << only_root();
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    testing::TemporaryDirectory directory;
    write_file(directory / "x.tar", archive_of(from));
    run_shell("mkdir " + (directory / "d").string());
    auto outcome = run_shell(fmt::format(
        // It knows neither that names may be bytes nor times before 1970, and does right all the same.
        "tar --warning=no-unknown-keyword --warning=no-timestamp --numeric-owner --acls --xattrs "
        "--xattrs-include='*' -xpf {} -C {} 2>&1",
        (directory / "x.tar").string(), (directory / "d").string()));
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(lines_of(host_tree(directory / "d")), lines_of(from));
}

TEST(Tar, bsdtar_extracts_ours) {
    if (!is_root()) GTEST_SKIP() << only_root();
    if (!has_program("bsdtar")) GTEST_SKIP() << "needs bsdtar";
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    // Bsdtar takes -1.5 seconds for half a second before 1970, drops capabilities without a
    // word and leaves the coding of signs in attribute names: those are its own affair.
    auto metadata = find(*from, "/metadata");
    for (std::string_view gone : {"1960", "capable", "attributes"})
        ASSERT_TRUE(from->remove(root_call(), metadata, name(gone)));
    set_times(*from, metadata, {1, 5});
    testing::TemporaryDirectory directory;
    write_file(directory / "x.tar", archive_of(from));
    run_shell("mkdir " + (directory / "d").string());
    auto outcome =
        run_shell(fmt::format("LC_ALL=C.UTF-8 bsdtar --numeric-owner -xpf {} -C {} 2>&1",
                              (directory / "x.tar").string(), (directory / "d").string()));
    auto made = lines_of(host_tree(directory / "d"));
    auto wanted = lines_of(from);
    // It does not set the time of the directory that it extracts into.
    made.erase(made.begin());
    wanted.erase(wanted.begin());
    EXPECT_EQ(made, wanted) << outcome.output;
}

TEST(Tar, we_extract_gnu_tars) {
    testing::TemporaryDirectory directory;
    run_shell("mkdir " + (directory / "d").string());
    auto host = host_tree(directory / "d");
    make_nasty_tree(*host, is_root());
    for (std::string_view how : {"--format=posix", "--format=gnu"}) {
        auto outcome = run_shell(fmt::format(
            "tar {} --numeric-owner --sparse --acls --xattrs --xattrs-include='*' -cf {} -C {} .",
            how, (directory / "x.tar").string(), (directory / "d").string()));
        ASSERT_EQ(outcome.code, 0);
        auto to = memory_tree();
        auto in = extract(read_file(directory / "x.tar"), to);
        ASSERT_TRUE(in.result) << in.result.error().message();
        EXPECT_THAT(in.heard.problems, IsEmpty());
        if (how == "--format=posix")
            EXPECT_EQ(lines_of(to), lines_of(host));
        else  // which has neither attributes nor fractions of seconds
            EXPECT_EQ(lines_of(to).size(), lines_of(host).size());
    }
}

TEST(Tar, we_extract_compressed_archives_and_cpio) {
    testing::TemporaryDirectory directory;
    auto from = memory_tree();
    make_file(*from, "/a", std::string(100000, 'a'));
    auto again = make_file(*from, "/b", "b");
    ASSERT_TRUE(from->link(root_call(), again, from->root(), name("c")));
    std::string plain = (directory / "x.tar").string();
    write_file(plain, archive_of(from));
    for (std::string_view program : {"gzip", "bzip2", "xz", "zstd", "lz4"}) {
        if (!has_program(std::string(program))) continue;
        ASSERT_EQ(run_shell(fmt::format("{} -c < {} > {}.c", program, plain, plain)).code, 0);
        auto to = memory_tree();
        auto in = extract(read_file(plain + ".c"), to);
        ASSERT_TRUE(in.result) << program << ": " << in.result.error().message();
        EXPECT_EQ(lines_of(to), lines_of(from)) << program;
    }
    if (!has_program("bsdtar")) return;
    for (std::string_view format : {"newc", "odc"}) {
        ASSERT_EQ(run_shell(fmt::format("mkdir -p {0}.d && tar -xf {0} -C {0}.d && "
                                        "bsdtar -cf {0}.cpio --format={1} -C {0}.d .",
                                        plain, format))
                      .code,
                  0);
        auto to = memory_tree();
        auto in = extract(read_file(plain + ".cpio"), to);
        ASSERT_TRUE(in.result) << in.result.error().message();
        EXPECT_THAT(in.heard.problems, IsEmpty());
        EXPECT_EQ(content_of(*to, "/a"), content_of(*from, "/a")) << format;
        EXPECT_EQ(content_of(*to, "/b"), "b") << format;
        EXPECT_EQ(find(*to, "/b")->handle(), find(*to, "/c")->handle()) << format;
    }
}

TEST(Tar, big_numbers_survive) {
    auto from = memory_tree();
    auto file = make_file(*from, "/big", "");
    auto open = *from->open(root_call(), file, {.read = true, .write = true});
    ASSERT_TRUE(open->resize(root_call(), (std::uint64_t{1} << 42) + 5));
    ASSERT_TRUE(open->write_all(root_call(), (std::uint64_t{1} << 42) - 1,
                                std::as_bytes(std::span("ends", 4))));
    open.reset();
    fs::AttributeChanges changes;
    changes.uid = changes.gid = 4294967294U;
    changes.modify = Time{15032385535, 999999999};
    ASSERT_TRUE(from->set_attributes(root_call(), file, changes));
    auto to = memory_tree();
    auto in = extract(archive_of(from), to);
    EXPECT_THAT(in.heard.problems, IsEmpty());
    auto attributes = *to->attributes(root_call(), find(*to, "/big"));
    EXPECT_EQ(attributes.size, (std::uint64_t{1} << 42) + 5);
    EXPECT_EQ(attributes.uid, 4294967294U);
    EXPECT_EQ(attributes.modify, *changes.modify);
}

TEST(Tar, a_single_file_has_the_name_it_is_given) {
    auto from = memory_tree();
    make_file(*from, "/dir-less", "x");
    TarOptions options;
    options.name = "renamed";
    auto to = memory_tree();
    extract(archive_of(from, "/dir-less", options), to);
    EXPECT_EQ(content_of(*to, "/renamed"), "x");
}

TEST(Tar, a_socket_is_left_out_with_a_warning) {
    auto from = memory_tree();
    ASSERT_TRUE(
        from->make_node(root_call(), from->root(), name("s"), 0600, fs::FileType::socket, {}));
    StringSink sink;
    Recorder heard;
    NoProgress progress;
    auto written = write_tar(from, root_call(), from->root(), {}, sink, heard, progress);
    ASSERT_TRUE(written);
    EXPECT_TRUE(written->ok());
    EXPECT_THAT(heard.warnings, ElementsAre(HasSubstr("socket")));
}

TEST(Tar, owners_and_latest_time_can_be_set) {
    auto from = memory_tree();
    set_times(*from, make_file(*from, "/file", "x"), {5000, 7});
    TarOptions options;
    options.uid = 3;
    options.latest = Time{4000, 0};
    auto to = memory_tree();
    extract(archive_of(from, "/", options), to);
    auto attributes = *to->attributes(root_call(), find(*to, "/file"));
    EXPECT_EQ(attributes.uid, 3U);
    EXPECT_EQ(attributes.modify, (Time{4000, 0}));
}

TEST(Tar, what_is_excluded_is_left_out_with_all_that_is_in_it) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    TarOptions options;
    options.exclude = {"holes", "links/first", "metadata/*"};
    auto to = memory_tree();
    auto in = extract(archive_of(from, "/", options), to);
    ASSERT_TRUE(in.result) << in.result.error().message();
    EXPECT_THAT(in.heard.problems, IsEmpty());
    EXPECT_FALSE(to->walk(root_call(), *Path::parse("/holes")));
    EXPECT_FALSE(to->walk(root_call(), *Path::parse("/links/first")));
    EXPECT_TRUE(to->walk(root_call(), *Path::parse("/links/second")));
    EXPECT_FALSE(to->walk(root_call(), *Path::parse("/metadata/list")));
    EXPECT_TRUE(to->walk(root_call(), *Path::parse("/metadata")));
}

TEST(Tar, existing_things_are_replaced_kept_or_merged) {
    auto from = memory_tree();
    make_directory(*from, "/d");
    make_file(*from, "/d/file", "new");
    make_link(*from, "/d/link", "x");
    auto archive = archive_of(from);
    auto to = memory_tree();
    make_directory(*to, "/d");
    auto shared = make_file(*to, "/d/file", "old");
    ASSERT_TRUE(to->link(root_call(), shared, to->root(), name("other")));
    make_file(*to, "/d/link", "not a link");
    make_file(*to, "/d/stays", "here");
    UntarOptions keep;
    keep.existing = Existing::keep;
    extract(archive, to, "/", keep);
    EXPECT_EQ(content_of(*to, "/d/file"), "old");
    EXPECT_THAT(extract(archive, to).heard.problems, IsEmpty());
    EXPECT_EQ(content_of(*to, "/d/file"), "new");
    EXPECT_EQ(content_of(*to, "/other"), "old");
    EXPECT_EQ(content_of(*to, "/d/stays"), "here");
    EXPECT_EQ(find(*to, "/d/link")->type(), fs::FileType::symbolic_link);
}

TEST(Tar, leading_names_can_be_stripped) {
    auto from = memory_tree();
    make_directory(*from, "/one");
    make_directory(*from, "/one/two");
    auto file = make_file(*from, "/one/two/three", "x");
    ASSERT_TRUE(from->link(root_call(), file, find(*from, "/one"), name("linked")));
    UntarOptions options;
    options.strip = 1;
    auto to = memory_tree();
    EXPECT_THAT(extract(archive_of(from), to, "/", options).heard.problems, IsEmpty());
    EXPECT_EQ(content_of(*to, "/two/three"), "x");
    EXPECT_EQ(find(*to, "/two/three")->handle(), find(*to, "/linked")->handle());
}

TEST(Tar, a_dry_run_makes_nothing) {
    auto from = memory_tree();
    make_nasty_tree(*from, true);
    auto to = memory_tree();
    auto before = lines_of(to);
    UntarOptions options;
    options.dry_run = true;
    auto dry = extract(archive_of(from), to, "/", options);
    EXPECT_EQ(lines_of(to), before);
    EXPECT_EQ(dry.heard.actions.size(), lines_of(from).size());
}

}  // namespace
}  // namespace quire::transfer
