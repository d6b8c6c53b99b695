// SPDX-License-Identifier: MIT
//
// tar and untar, against GNU tar, bsdtar, tree-hash and e2fsck.

#include "tests/support/place.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;

class TarVerbs : public testing::Place {
protected:
    std::string hash(const std::string& of) const { return said("tree-hash " + of); }
    void expect_clean(const std::string& image) const { said("e2fsck -fn " + image); }
};

TEST_F(TarVerbs, an_image_goes_through_an_archive_into_another_and_loses_nothing) {
    make_tree();
    prepare("quire create a.img --from d; make -t ext4 b.img 16M");
    prepare("set -o pipefail; quire tar a.img | quire untar b.img");
    EXPECT_EQ(out({"diff", "d", "b.img:/", "--holes"}), "");
    EXPECT_EQ(said("quire tar b.img | tree-hash --tar -"), hash("d"));
    expect_clean("b.img");
}

TEST_F(TarVerbs, gnu_tar_reads_ours_and_we_read_its) {
    make_tree();
    prepare(R"(
        quire create a.img --from d; quire tar a.img > a.tar
        mkdir x; tar -C x --xattrs --xattrs-include='*' --acls --numeric-owner -xpf a.tar
        tar -C d --xattrs --xattrs-include='*' --acls --format=posix --sparse -cf g.tar .
        make -t ext4 g.img 16M; quire untar g.img < g.tar)");
    EXPECT_EQ(hash("x"), root() ? hash("d") : hash("x"));
    EXPECT_EQ(hash("--content x"), hash("--content d"));
    EXPECT_EQ(out({"diff", "d", "g.img:/"}), "");
    expect_clean("g.img");
}

TEST_F(TarVerbs, bsdtar_reads_ours_and_we_read_its) {
    if (!testing::have("bsdtar")) GTEST_SKIP() << "bsdtar is not installed";
    make_tree();
    prepare(R"(
        quire create a.img --from d; quire tar a.img > a.tar
        mkdir x; bsdtar -C x --numeric-owner -xpf a.tar
        bsdtar -C d --format=pax -cf b.tar .
        make -t ext4 b.img 16M; quire untar b.img -f b.tar)");
    EXPECT_EQ(hash("--content x"), hash("--content d"));
    // It writes the fraction of a time before 1970 as if it were after.
    EXPECT_EQ(out({"diff", "d", "b.img:/", "--exclude", "soft"}), "");
}

TEST_F(TarVerbs, parts_of_images_and_single_files) {
    make_tree();
    prepare("mkdir o; quire create o/in.img --from d; quire create out.img --from o");
    write("a.tar", out({"tar", "out.img:/in.img:/etc"}));
    EXPECT_EQ(said("tar -tf a.tar"), "./\n./motd\n");
    write("b.tar", out({"tar", "out.img:/in.img:/etc/motd"}));
    EXPECT_EQ(said("tar -tf b.tar; tar -xOf b.tar"), "motd\nhello\n");
    write("c.tar", out({"tar", "d", "--exclude", "sub", "--exclude", "n*"}));
    EXPECT_EQ(said("tar -tf c.tar"), "./\n./empty/\n./etc/\n./etc/motd\n./odd\\t\\377\n");
}

TEST_F(TarVerbs, an_archive_goes_into_an_image_in_an_image) {
    make_tree();
    prepare("mkdir o; make -t ext4 o/in.img 8M; quire create out.img --from o -s 32M");
    prepare("tar -C d --format=posix -c etc | quire untar out.img:/in.img:/");
    EXPECT_EQ(out({"cat", "out.img:/in.img:/etc/motd"}), "hello\n");
    expect_clean("out.img");
    prepare("quire cat out.img:/in.img > in.img; e2fsck -fn in.img");
}

TEST_F(TarVerbs, an_archive_is_the_same_for_the_same_tree_and_no_later_than_asked) {
    make_tree();
    prepare("quire create a.img --from d");
    const std::string first = out({"tar", "a.img"});
    EXPECT_TRUE(first == out({"tar", "a.img"}));
    write("late.tar", quire({"tar", "a.img"}, {}, {"SOURCE_DATE_EPOCH=1000000001"}).out);
    EXPECT_THAT(said("TZ=UTC tar --full-time -tvf late.tar ./sub/random"),
                HasSubstr("2001-09-09 01:46:41"));
    EXPECT_THAT(said("TZ=UTC tar --full-time -tvf late.tar ./etc/motd"),
                HasSubstr("01:46:40.123456789"));
    write("own.tar", out({"tar", "a.img:/etc", "--owner", "7", "--group", "8"}));
    EXPECT_THAT(said("tar --numeric-owner -tvf own.tar"), HasSubstr(" 7/8 "));
}

TEST_F(TarVerbs, extraction_with_a_given_date_and_seed_gives_the_same_bytes) {
    make_tree();
    prepare("make -t ext4 a.img 16M; cp a.img b.img; tar -C d --format=posix -cf d.tar .");
    for (const std::string image : {"a.img", "b.img"})
        EXPECT_EQ(quire({"untar", image, "-f", "d.tar", "--seed", "1"}, {}, {"SOURCE_DATE_EPOCH=9"})
                      .status,
                  0);
    EXPECT_TRUE(content("a.img") == content("b.img"));
}

TEST_F(TarVerbs, a_file_appears_when_it_is_complete) {
    make_tree();
    prepare("echo old > x.tar");
    EXPECT_EQ(out({"tar", "d", "-f", "x.tar"}), "");
    EXPECT_TRUE(content("x.tar") == out({"tar", "d"}));
    EXPECT_EQ(quire({"tar", "d/none", "-o", "y.tar"}).status, 1);
    EXPECT_EQ(said("ls -A | sort"), "d\nx.tar\n");
    const Outcome told = quire({"tar", "-v", "d", "-f", "x.tar"});
    EXPECT_THAT(told.err, HasSubstr("./etc/motd\n"));
}

TEST_F(TarVerbs, what_exists_is_replaced_or_kept) {
    make_tree();
    prepare(
        "make -t ext4 a.img 16M; mkdir e; echo new > e/f; touch -d @100 e/f; tar -C e -cf e.tar f");
    prepare("mkdir g; echo mine > g/f; touch -d @200 g/f; tar -C g -c f | quire untar a.img");
    out({"untar", "a.img", "--keep", "-f", "e.tar"});
    EXPECT_EQ(out({"cat", "a.img:/f"}), "mine\n");
    out({"untar", "a.img", "--replace-older", "-f", "e.tar"});
    EXPECT_EQ(out({"cat", "a.img:/f"}), "mine\n");
    EXPECT_EQ(out({"untar", "a.img", "--dry-run", "-f", "e.tar"}), "f\n");
    EXPECT_EQ(out({"cat", "a.img:/f"}), "mine\n");
    out({"untar", "a.img", "-f", "e.tar"});
    EXPECT_EQ(out({"cat", "a.img:/f"}), "new\n");
    prepare("tar -c d/etc | quire untar a.img --strip 1 --owner 5 --group 6 --no-times");
    EXPECT_THAT(out({"ls", "-l", "a.img:/etc"}), HasSubstr(" 5 "));
    EXPECT_THAT(quire({"diff", "d/etc", "a.img:/etc"}).out,
                HasSubstr("motd: modified 1000000000.123456789 and "));
}

TEST_F(TarVerbs, hostile_archives_stay_in_their_target) {
    prepare(R"(
        python3 - <<'END'
import io, tarfile
def entry(t, name, kind=tarfile.REGTYPE, link='', data=b'evil'):
    i = tarfile.TarInfo(name); i.type = kind; i.linkname = link
    i.size = len(data) if kind == tarfile.REGTYPE else 0
    t.addfile(i, io.BytesIO(data))
with tarfile.open('h.tar', 'w') as t:
    entry(t, '../up'); entry(t, '/absolute'); entry(t, 'a/../../up')
    entry(t, 'link', tarfile.SYMTYPE, '..'); entry(t, 'link/through')
    entry(t, 'hard', tarfile.LNKTYPE, '../secret'); entry(t, 'good')
END
        echo secret > secret; mkdir t; make -t ext4 a.img 8M; quire untar a.img < /dev/null || true
        tar -c --files-from /dev/null | quire untar a.img; mkdir e/sub -p; tar -C e -c sub | quire untar a.img)");
    for (const std::string target : {"host:t", "t", "a.img:/sub"}) {
        const Outcome outcome = quire({"untar", target, "-f", "h.tar"});
        EXPECT_EQ(outcome.status, 1);
        for (const char* bad : {"../up: ", "a/../../up: ", "link/through: ", "hard: "})
            EXPECT_THAT(outcome.err, HasSubstr(bad));
    }
    EXPECT_EQ(said("ls -A | sort"), "a.img\ne\nh.tar\nsecret\nt\n");
    EXPECT_EQ(said("ls -A t"), "absolute\ngood\nlink\n");
    EXPECT_EQ(out({"ls", "a.img"}), "lost+found\nsub\n");
    EXPECT_EQ(out({"ls", "a.img:/sub"}), "absolute\ngood\nlink\n");
    EXPECT_EQ(content("secret"), "secret\n");
    expect_clean("a.img");
}

TEST_F(TarVerbs, an_archive_that_is_cut_short_or_none_is_an_error) {
    make_tree();
    prepare("make -t ext4 a.img 16M; quire tar d > d.tar; head -c 60000 d.tar > cut.tar; : > none");
    const Outcome cut = quire({"untar", "a.img", "-f", "cut.tar"});
    expect_sentence(cut, 1, "cut.tar: ");
    EXPECT_EQ(out({"cat", "a.img:/etc/motd"}), "hello\n");
    expect_clean("a.img");
    expect_sentence(quire({"untar", "a.img"}, std::string(2000, 'x')), 1, "standard input: ");
    expect_sentence(quire({"untar", "a.img", "-f", "missing"}), 1, "missing");
    expect_sentence(quire({"untar", "a.img:/no/dir", "-f", "d.tar"}), 1, "a.img:/no/dir");
    expect_sentence(quire({"untar", "a.img:/etc/motd", "-f", "d.tar"}), 1, "Not a directory");
}

TEST_F(TarVerbs, a_full_image_is_told_once_and_stays_sound) {
    prepare("mkdir d; for i in {1..9}; do head -c 500000 /dev/urandom > d/$i; done");
    prepare("make -t ext4 a.img 3M; quire tar d > d.tar");
    expect_sentence(quire({"untar", "a.img", "-f", "d.tar"}), 1, "No space left");
    expect_clean("a.img");
}

TEST_F(TarVerbs, what_cannot_be_kept_is_told) {
    prepare("mkdir d; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"d/s\")'");
    const Outcome outcome = quire({"tar", "d"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.err, HasSubstr("./s: it is a socket"));
    EXPECT_EQ(quire({"tar", "-q", "d"}).err, "");
}

TEST_F(TarVerbs, a_plain_user_hears_of_owners_that_the_host_does_not_keep) {
    if (!root() || !testing::have("setpriv")) GTEST_SKIP() << "needs root and setpriv";
    make_tree();
    prepare("quire tar d > d.tar; mkdir -m 777 u; chmod 755 .; chmod 644 d.tar");
    if (shell("setpriv --reuid 1 --regid 1 --clear-groups test -x " QUIRE_PROGRAM).status != 0)
        GTEST_SKIP() << "the program lies where a plain user can't run it";
    const Outcome outcome = shell("setpriv --reuid 1 --regid 1 --clear-groups " QUIRE_PROGRAM
                                  " untar host:u --no-xattrs < d.tar");
    EXPECT_THAT(outcome.err, HasSubstr("was not kept"));
}

TEST_F(TarVerbs, nothing_is_lost_silently) {
    make_tree();
    prepare("make -t ext4 a.img 8M; quire tar d > d.tar");
    const Outcome full = shell("quire tar d > /dev/full");
    expect_sentence(full, 1, "No space left");
    const Outcome locked = shell("flock -x a.img " QUIRE_PROGRAM " untar a.img < d.tar");
    expect_sentence(locked, 1, "a.img is being written");
    expect_sentence(quire({"tar", "d.tar"}), 1, "d.tar is a tar archive");
    if (!testing::have("script")) return;
    const Outcome terminal = shell("script -qec \"" QUIRE_PROGRAM " tar d\" /dev/null");
    EXPECT_EQ(terminal.status, 2);
    EXPECT_THAT(terminal.out, HasSubstr("nothing for a terminal"));
}

}  // namespace
}  // namespace quire::app
