// SPDX-License-Identifier: MIT
//
// cp on the host and in images, beside GNU cp; then what only quire can be asked.

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/beside_gnu.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Cp : public testing::BesideGnu {
protected:
    static constexpr const char* small = R"(
        mkdir -p d/sub e; echo one > f; echo two > g; echo three > d/f; echo four > d/sub/h
        ln -s f link; ln -s d dirlink; ln -s nowhere dangling; ln -s ../f d/up
        chmod 4751 f; chmod 640 g; chmod 700 d/sub; chmod 444 d/f
        touch -d '2001-02-03 04:05:06.123456789' f d d/sub/h; touch -hd 1960-01-01 link
    )";

    // Everything that copies get wrong.
    static std::string hard() {
        std::string script = R"(
            mkdir -p t/deep/er t/empty t/other; cd t
            head -c 300000 /dev/urandom > data; truncate -s 3M sparse; printf end >> sparse
            printf x | dd of=sparse bs=1 seek=1M conv=notrunc status=none
            ln data deep/data2; ln data deep/er/data3; ln -s ../data deep/link
            printf z > $'odd\t\xff\xfe'; mkdir $'dir\xc3'; : > $'dir\xc3/new\nline'
            mkfifo fifo; ln fifo fifo2
            setfattr -n user.mime -v text/plain data; setfattr -n user.none data
            setfacl -m u:1234:r,g:70000:rw data; setfacl -d -m u:1234:rwx deep
            chmod 1777 empty; chmod 0 deep/er/data3; chmod 2755 deep/er
            touch -d '1960-05-06 07:08:09.987654321' deep/link data
            touch -d '2400-05-06 07:08:09.123456789' sparse
        )";
        if (::geteuid() == 0)
            script += R"(
            mknod null c 1 3; mknod big b 259 70000 || true; : > suid; chown 100000:4000000000 suid
            chmod 6755 suid; setfattr -n trusted.t -v v suid
            : > capable; setcap cap_net_raw+ep capable || true; chown -h 5:6 deep/link
        )";
        return script + "touch -d '2038-02-01 01:02:03.5' . deep deep/er empty; cd ..\n";
    }
    // Holes are no lines of a tree: how much a file uses has to be asked for.
    static std::string used(const std::string& path) {
        return "test $(stat -c %b '" + path + "') -lt 100";
    }
};

TEST_F(Cp, does_what_gnu_cp_does) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {":/f", ":/new"},
             {":/f", ":/g"},
             {":/f", ":/d"},
             {":/f", ":/e/"},
             {":/f", ":/d/sub/h"},
             {":/f", ":/new/"},
             {":/f", ":/no/new"},
             {":/f/", ":/new"},
             {":/f", ":/f"},
             {":/f", ":/link"},
             {":/link", ":/f"},
             {":/f", ":/dangling"},
             {"-f", ":/f", ":/dangling"},
             {"--remove-destination", ":/f", ":/dangling"},
             {"--remove-destination", ":/g", ":/link"},
             {":/g", ":/link"},
             {":/link", ":/new"},
             {":/dangling", ":/new"},
             {"-P", ":/dangling", ":/new"},
             {"-P", ":/dangling", ":/link"},
             {"-d", ":/link", ":/g"},
             {":/d", ":/new"},
             {"-r", ":/d", ":/new"},
             {"-r", ":/d", ":/new/"},
             {"-r", ":/d", ":/e"},
             {"-r", ":/d/", ":/e"},
             {"-r", ":/d/.", ":/e"},
             {"-r", ":/d/.", ":/new"},
             {"-r", ":/d/sub/..", ":/e"},
             {"-rT", ":/d", ":/e"},
             {"-rT", ":/d", ":/dirlink"},
             {"-T", ":/f", ":/e"},
             {"-r", ":/d", ":/f"},
             {"-r", ":/dirlink", ":/e"},
             {"-r", ":/dirlink/", ":/e"},
             {"-rH", ":/dirlink", ":/e"},
             {"-rL", ":/d", ":/new"},
             {":/f", ":/g", ":/e"},
             {":/f", ":/g", ":/new"},
             {":/f", ":/g", ":/link"},
             {"-t", ":/e", ":/f", ":/g"},
             {"-t", ":/f", ":/g"},
             {":/f", ":/missing", ":/g", ":/e"},
             {":/f", ":/d", ":/e"},
             {":/f", ":/d/f", ":/e"},
             {":/f", ":/f", ":/e"},
             {"-r", ":/d", ":/d/sub", ":/e"},
             {"-n", ":/f", ":/g"},
             {"-n", ":/f", ":/new"},
             {"-u", ":/f", ":/g"},
             {"-u", ":/g", ":/f"},
             {"-r", "--no-preserve=mode", ":/d", ":/new"},
             {"--no-preserve=mode", ":/f", ":/new"},
             {":/missing", ":/new"},
         })
        expect_same(small, "cp", arguments);
}

// GNU cp makes part of such a copy before it notices.
TEST_F(Cp, a_directory_is_not_copied_into_itself) {
    prepare("truncate -s 4M i.img; mke2fs -q -t ext4 i.img; mkdir -p top/d/sub; ln -s d top/link");
    out({"cp", "-a", "top", "i.img:/"});
    for (const std::string top : {"top", "host:.:/top", "i.img:/top"}) {
        for (const std::string to : {"/d", "/d/sub", "/d/new", "/link"})
            expect_refused({"cp", "-r", top + "/d", top + to}, "into itself");
        expect_refused({"cp", "-r", top + "/d/.", top + "/d/sub"}, "into itself");
        expect_refused({"cp", "-r", top, top + "/d"}, "into itself");
    }
    expect_refused({"cp", "-r", "top/d", "host:top/d:/sub"}, "into itself");
    EXPECT_EQ(shell("find top | wc -l").out, "4\n");
}

TEST_F(Cp, keeps_the_times_that_gnu_cp_keeps) {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"-a", ":/f", ":/g"},
             {"-aT", ":/d", ":/e"},
             {"-a", ":/d/.", ":/e"},
             {"-pr", ":/d/.", ":/e"},
             {"-a", ":/f", ":/link"},
         }) {
        // Copies that make a name in the top change its time to now, which is not compared.
        expect_same(small, "cp", arguments, true);
    }
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"-a", ":/d", ":/f", ":/link", ":/e"},
             {"-p", ":/f", ":/new"},
             {"-p", ":/f", ":/g"},
             {"-a", "--no-preserve=ownership,mode", ":/d", ":/new"},
             {"--preserve=mode", "-r", ":/d", ":/new"},
             {"-a", ":/dirlink", ":/new"},
             {"-a", ":/d", ":/f"},
         })
        expect_same(small, "cp", arguments);
}

TEST_F(Cp, hard_things_survive_beside_gnu_cp) {
    if (!testing::have("setfacl") || !testing::have("setfattr"))
        GTEST_SKIP() << "setfacl and setfattr are not installed";
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"-a", ":/t", ":/new"},
             {"-a", ":/t/data", ":/t/deep/er", ":/t/deep/data2", ":/t/empty"},
             {"-aT", ":/t/deep", ":/t/other"},
             {"-r", ":/t", ":/new"},
             {"-dr", ":/t", ":/new"},
             {"-pr", ":/t", ":/new"},
             {"-r", "--preserve=links,xattr", ":/t", ":/new"},
             {":/t/data", ":/t/deep/fresh"},  // where a default access list is
         })
        expect_same(hard(), "cp", arguments);
}

TEST_F(Cp, a_whole_tree_goes_in_and_comes_back_as_it_was) {
    if (!testing::have("setfacl") || !testing::have("setfattr"))
        GTEST_SKIP() << "setfacl and setfattr are not installed";
    prepare("mkdir s; cd s\n" + hard());
    for (const char* type : {"ext2", "ext4"}) {
        prepare(std::string("rm -rf back; truncate -s 16M i.img; mke2fs -q -I 256 -t ") + type +
                " i.img; mkdir back");
        out({"cp", "-a", "s/.", "i.img:/"});
        expect_clean("i.img");
        EXPECT_EQ(lines_of_image("i.img"), lines("s"));
        out({"cp", "-a", "i.img:/t", "back/t"});
        EXPECT_EQ(lines("back/t"), lines("s/t"));
        EXPECT_EQ(shell(used("back/t/sparse")).status, 0);
        out({"cp", "-a", "i.img:/t", "i.img:/t2"});
        out({"cp", "-a", "i.img:/t2", "back/t2"});
        EXPECT_EQ(lines("back/t2"), lines("s/t"));
        expect_clean("i.img");
    }
}

TEST_F(Cp, holes_are_kept_made_and_filled) {
    prepare(
        "truncate -s 8M i.img; mke2fs -q -t ext4 i.img; truncate -s 2M zeros\n"
        "head -c 2M /dev/zero > written; printf x >> written");
    const auto blocks = [&](const std::string& path) {
        const std::string text = out({"stat", "--json", "i.img:" + path});
        const std::size_t at = text.find("\"allocated\":");
        EXPECT_NE(at, std::string::npos) << text;
        return std::stoul(text.substr(at + 12)) / 512;
    };
    out({"cp", "zeros", "i.img:/keep"});
    EXPECT_EQ(blocks("/keep"), 0u);
    out({"cp", "--sparse=never", "zeros", "i.img:/never"});
    EXPECT_GE(blocks("/never"), 4096u);
    out({"cp", "--sparse=always", "written", "i.img:/always"});
    EXPECT_LT(blocks("/always"), 64u);
    EXPECT_EQ(shell("\"" QUIRE_PROGRAM "\" cat i.img:/always | cmp - written").status, 0);
    prepare("\"" QUIRE_PROGRAM "\" cp --sparse=always - i.img:/piped < written");
    EXPECT_LT(blocks("/piped"), 64u);
    EXPECT_EQ(shell("\"" QUIRE_PROGRAM "\" cp i.img:/piped - | cmp - written").status, 0);
}

TEST_F(Cp, streams_are_files_like_others) {
    prepare("truncate -s 8M i.img; mke2fs -q -t ext4 i.img; mkdir d; echo old > d/f");
    out({"cp", "-", "i.img:/note"}, "text\n");
    EXPECT_EQ(out({"cat", "i.img:/note"}), "text\n");
    EXPECT_THAT(out({"ls", "-l", "i.img:/note"}), HasSubstr("-rw-r--r-- 0 0"));
    out({"cp", "-", "i.img:/note"}, "new\n");
    EXPECT_EQ(out({"cp", "i.img:/note", "-"}), "new\n");
    out({"cp", "-", "d/f"}, "in\n");
    EXPECT_EQ(out({"cp", "d/f", "-"}), "in\n");
    EXPECT_EQ(out({"cp", "-", "-"}, "through"), "through");
    EXPECT_EQ(shell("\"" QUIRE_PROGRAM "\" cp <(echo fifo) i.img:/fifo").status, 0);
    EXPECT_EQ(out({"cat", "i.img:/fifo"}), "fifo\n");
    out({"cp", "i.img:/fifo", "/dev/null"});
    expect_refused({"cp", "-", "i.img:/"}, "standard input has no name");
    expect_refused({"cp", "i.img:/", "-"}, "is a directory");
    EXPECT_EQ(quire({"cp", "d/f", "d/g", "-"}).status, 1);
    expect_clean("i.img");
}

TEST_F(Cp, inside_images_in_images_and_between_them) {
    prepare(
        "truncate -s 4M inner.img; mke2fs -q -t ext4 inner.img; truncate -s 16M outer.img\n"
        "mke2fs -q -t ext4 outer.img; truncate -s 4M other.img; mke2fs -q -t ext2 other.img\n"
        "mkdir -p d/e; echo x > d/e/f");
    out({"cp", "inner.img", "outer.img:/in.img"});
    out({"cp", "-a", "d", "outer.img:/in.img:/d"});
    EXPECT_EQ(out({"cat", "outer.img:/in.img:/d/e/f"}), "x\n");
    out({"cp", "-a", "outer.img:/in.img:/d", "outer.img:/out"});
    out({"cp", "-a", "outer.img:/out", "outer.img:/in.img:/back"});
    out({"cp", "-a", "outer.img:/in.img:/back", "other.img:/"});
    EXPECT_EQ(out({"cat", "other.img:/back/e/f"}), "x\n");
    out({"cp", "outer.img:/in.img", "inner.img"});
    for (const char* image : {"inner.img", "outer.img", "other.img"}) expect_clean(image);
}

TEST_F(Cp, an_image_is_not_copied_into_or_over_itself) {
    prepare("truncate -s 4M i.img; mke2fs -q -t ext4 i.img; mkdir d; mv i.img d; echo x > d/f");
    out({"cp", "d/f", "d/i.img:/f"});
    expect_refused({"cp", "d/i.img:/f", "d/i.img"}, "carries");
    expect_refused({"cp", "d/i.img", "d/i.img:/self"}, "carries the destination");
    expect_refused({"cp", "-a", "d", "d/i.img:/"}, "d/i.img: it carries the destination");
    EXPECT_EQ(out({"cat", "d/i.img:/d/f"}), "x\n");
    expect_clean("d/i.img");
}

TEST_F(Cp, a_full_image_is_one_sentence_and_stays_whole) {
    prepare(
        "truncate -s 1M i.img; mke2fs -q -t ext4 -b 1024 i.img; head -c 3M /dev/urandom > big\n"
        "echo x > small");
    expect_refused({"cp", "big", "i.img:/big"}, "No space left on device");
    expect_clean("i.img");
    out({"cp", "--remove-destination", "small", "i.img:/big"});
    EXPECT_EQ(out({"cat", "i.img:/big"}), "x\n");
    expect_clean("i.img");
}

TEST_F(Cp, where_writing_is_not_possible_nothing_is_written) {
    prepare("truncate -s 4M i.img; mke2fs -q -t ext4 i.img; echo x > f; cp i.img before");
    const auto locked = shell("flock -s i.img \"" QUIRE_PROGRAM "\" cp f i.img:/f");
    EXPECT_EQ(locked.status, 1);
    EXPECT_THAT(locked.err, HasSubstr("i.img"));
    EXPECT_EQ(shell("flock -x i.img \"" QUIRE_PROGRAM "\" cp i.img:/f new").status, 1);
    EXPECT_EQ(shell("cmp i.img before").status, 0);
    if (is_root()) return;  // whom permissions of the host don't stop
    prepare("chmod 444 i.img; mkdir ro; chmod 555 ro");
    expect_refused({"cp", "f", "i.img:/f"}, "i.img: Permission denied");
    expect_refused({"cp", "f", "ro/"}, "ro/f: Permission denied");
}

TEST_F(Cp, a_dry_run_tells_all_and_changes_nothing) {
    prepare(
        "truncate -s 4M i.img; mke2fs -q -t ext4 i.img; mkdir -p d/e; echo x > d/e/f\n"
        "cp i.img before");
    EXPECT_EQ(out({"cp", "-a", "--dry-run", "d", "i.img:/"}),
              "d -> i.img:/d\nd/e -> i.img:/d/e\nd/e/f -> i.img:/d/e/f\n");
    EXPECT_EQ(out({"cp", "--dry-run", "-", "i.img:/n"}), "standard input -> i.img:/n\n");
    EXPECT_EQ(shell("cmp i.img before").status, 0);
    EXPECT_EQ(out({"cp", "-a", "--dry-run", "d", "new"}),
              "d -> new\nd/e -> new/e\nd/e/f -> new/e/f\n");
    EXPECT_EQ(shell("test -e new").status, 1);
}

TEST_F(Cp, large_files_and_deep_directories_go_through) {
    prepare(
        "truncate -s 160M i.img; mke2fs -q -t ext4 i.img; head -c 100M /dev/urandom > big\n"
        "mkdir deep; cd deep; for i in {1..300}; do mkdir long-name-of-a-directory-$i; cd "
        "long-name-of-a-directory-$i; done; echo x > f");
    out({"cp", "big", "i.img:/big"});
    EXPECT_EQ(shell("\"" QUIRE_PROGRAM "\" cp i.img:/big - | cmp - big").status, 0);
    out({"cp", "-a", "deep", "i.img:/"});
    out({"cp", "-a", "i.img:/deep", "back"});
    EXPECT_EQ(shell("find back -name f -execdir cat {} + | grep -qx x").status, 0);
    expect_clean("i.img");
}

TEST_F(Cp, the_same_edits_of_one_date_give_the_same_bytes) {
    prepare(
        "truncate -s 4M a.img; mke2fs -q -t ext4 a.img; cp a.img b.img; mkdir d\n"
        "echo x > d/f; ln -s f d/l");
    for (const char* image : {"a.img:/", "b.img:/"}) {
        const testing::Outcome outcome = testing::quire(
            {"cp", "-a", "d", image},
            {.directory = place.path(), .input = {}, .environment = {"SOURCE_DATE_EPOCH=1000000"}});
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        prepare("cat d/f > /dev/null; touch -ad 2010-01-01 d/f");
    }
    EXPECT_EQ(shell("cmp a.img b.img").status, 0);
}

// Root may do all on the host; this is about those who may not.
TEST_F(Cp, a_plain_user_writes_what_is_theirs_and_is_told_what_was_lost) {
    const std::string as_user =
        is_root() ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
    if (is_root() && shell(as_user + "true").status != 0) GTEST_SKIP() << "setpriv does not work";
    prepare("cp \"" QUIRE_PROGRAM
            "\" q; mkdir d ro; echo x > d/f; chmod 4755 d/f; echo y > g\n"
            "truncate -s 4M i.img; mke2fs -q -t ext4 i.img; cp i.img ro.img; chmod 444 ro.img\n"
            "./q cp -a d i.img:/; chmod 0 d/f; chmod 555 ro");
    if (is_root()) prepare("chown -R 65534:65534 .");
    const auto user = [&](const std::string& words) { return shell(as_user + "./q " + words); };
    prepare("chmod 444 d/f");
    EXPECT_THAT(user("cp g d/f").err, HasSubstr("can't write d/f: Permission denied"));
    EXPECT_EQ(user("cp -f g d/f").status, 0);
    EXPECT_EQ(shell("cat d/f").out, "y\n");
    EXPECT_THAT(user("cp g ro/").err, HasSubstr("ro/g: Permission denied"));
    EXPECT_THAT(user("cp g ro.img:/").err, HasSubstr("ro.img for writing: Permission denied"));
    EXPECT_EQ(user("cp g i.img:/g").status, 0);
    EXPECT_EQ(user("mv i.img:/g moved").err,
              is_root() ? "quire mv: the owner of 1 entry was not kept\n" : "");
    EXPECT_EQ(shell("cat moved").out, "y\n");
    const testing::Outcome back = user("cp -a i.img:/d back");
    EXPECT_EQ(back.status, 0);
    if (!is_root()) return;
    // They belonged to root in the image.
    EXPECT_EQ(back.err, "quire cp: the owner of 2 entries was not kept\n");
    EXPECT_EQ(shell("stat -c '%a %u' back back/f").out, "755 65534\n755 65534\n");
}

TEST_F(Cp, command_lines_without_sense_are_usage_errors) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"cp"},
                                               {"cp", "x"},
                                               {"cp", "-T", "a", "b", "c"},
                                               {"cp", "-t", "a", "-T", "b"},
                                               {"cp", "--preserve=smell", "a", "b"},
                                               {"cp", "--sparse=maybe", "a", "b"}}) {
        const testing::Outcome outcome = quire(words);
        EXPECT_EQ(outcome.status, 2) << ::testing::PrintToString(words);
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    }
}

}  // namespace
}  // namespace quire::app
