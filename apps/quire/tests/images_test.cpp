// SPDX-License-Identifier: MIT
//
// Looking into images that other programs made: ext filesystems, in partitions, at offsets, inside
// each other; and what is no image.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Outcome;
using ::testing::StartsWith;

class Images : public ::testing::Test {
protected:
    void SetUp() override {
        if (!testing::have("mke2fs")) GTEST_SKIP() << "mke2fs is not installed";
        testing::prepare(R"(
            umask 022
            mkdir -p d/etc d/sub/deep
            printf 'hello\n' > d/etc/motd
            ln d/etc/motd d/etc/motd2
            ln -s etc/motd d/link
            head -c 100000 /dev/urandom > d/sub/random
            truncate -s 1M d/sub/sparse; printf end >> d/sub/sparse
            printf z > $'d/odd\t\xff'
            )",
                         place.path());
    }

    void prepare(const std::string& script) const {
        testing::prepare("make() { mke2fs -q -F -E root_owner=0:0 \"$@\"; }\n" + script,
                         place.path());
    }
    Outcome quire(std::vector<std::string> arguments) const {
        return testing::quire(arguments,
                              {.directory = place.path(), .input = {}, .environment = {}});
    }
    std::string out(std::vector<std::string> arguments) const {
        const Outcome outcome = quire(arguments);
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        EXPECT_THAT(outcome.err, IsEmpty());
        return outcome.out;
    }
    // Refused with exit code 1, nothing on standard output and one sentence that has `words`.
    void expect_refused(std::vector<std::string> arguments, const std::string& words) const {
        const Outcome outcome = quire(arguments);
        EXPECT_EQ(outcome.status, 1) << arguments.back();
        EXPECT_EQ(outcome.out, "");
        EXPECT_THAT(outcome.err, HasSubstr(words));
        EXPECT_THAT(outcome.err, StartsWith("quire " + arguments.front() + ": "));
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    }
    std::string content(const std::string& name) const {
        std::ifstream file(place / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    const quire::testing::TemporaryDirectory place;
};

TEST_F(Images, of_every_type_and_block_size_read_alike) {
    for (const char* type : {"ext2", "ext3", "ext4"}) {
        for (const char* block : {"1024", "4096"}) {
            prepare(std::string("make -t ") + type + " -b " + block + " -d d a.img 16M");
            EXPECT_EQ(out({"ls", "a.img:/etc"}), "motd\nmotd2\n");
            EXPECT_EQ(out({"ls", "a.img"}), "etc\nlink\nlost+found\nodd\t\xff\nsub\n");
            EXPECT_EQ(out({"cat", "a.img:/link"}), "hello\n");
            EXPECT_EQ(out({"cat", "a.img:/sub/random"}), content("d/sub/random"));
            EXPECT_EQ(out({"cat", "a.img:/sub/sparse"}), content("d/sub/sparse"));
            // In the directory's own order.
            const std::string found = out({"find", "a.img", "-links", "2", "-type", "f"});
            EXPECT_THAT(found, HasSubstr("a.img:/etc/motd\n"));
            EXPECT_THAT(found, HasSubstr("a.img:/etc/motd2\n"));
            EXPECT_EQ(std::ranges::count(found, '\n'), 2);
            EXPECT_THAT(out({"info", "a.img"}), HasSubstr(std::string("Filesystem: ") + type));
            EXPECT_THAT(out({"df", "a.img"}), HasSubstr(std::string(" ") + type + " "));
        }
    }
}

TEST_F(Images, looking_changes_nothing) {
    prepare("make -t ext4 -d d a.img 16M; cp a.img before.img");
    out({"ls", "-R", "a.img"});
    out({"cat", "a.img:/sub/random"});
    out({"info", "a.img"});
    EXPECT_TRUE(content("a.img") == content("before.img"));
}

TEST_F(Images, inside_images_to_any_depth) {
    prepare(R"(
        make -t ext4 -d d inner.img 4M
        mkdir -p m/fs; cp inner.img m/fs/inner.img
        make -t ext2 -b 1024 -d m middle.img 6M
        mkdir -p o; cp middle.img o/middle.img
        make -t ext3 -d o outer.img 16M)");
    EXPECT_EQ(out({"cat", "middle.img:/fs/inner.img:/etc/motd"}), "hello\n");
    EXPECT_EQ(out({"cat", "outer.img:/middle.img:/fs/inner.img:/etc/motd"}), "hello\n");
    EXPECT_EQ(out({"ls", "outer.img:/middle.img:/fs/inner.img:"}),
              "etc\nlink\nlost+found\nodd\t\xff\nsub\n");
    EXPECT_EQ(out({"cat", "outer.img:/middle.img:/fs/inner.img:/sub/random"}),
              content("d/sub/random"));
    EXPECT_EQ(out({"ls", "host:.:/middle.img:/fs"}), "inner.img\n");
    expect_refused({"ls", "outer.img:/middle.img:/fs:/x"}, "is a directory, not an image");
    expect_refused({"cat", "outer.img:/middle.img:/fs/none.img:/x"},
                   "outer.img:/middle.img:/fs/none.img: No such file");
    EXPECT_THAT(out({"info", "outer.img:/middle.img"}), HasSubstr("Filesystem: ext2"));
}

TEST_F(Images, at_an_offset) {
    prepare("make -t ext4 -d d a.img 4M; { head -c 1M /dev/zero; cat a.img; } > disk.img");
    EXPECT_EQ(out({"cat", "disk.img@@1M:/etc/motd"}), "hello\n");
    EXPECT_EQ(out({"cat", "disk.img@@1048576:/etc/motd"}), "hello\n");
    EXPECT_EQ(out({"ls", "a.img@@0:/etc"}), "motd\nmotd2\n");
    expect_refused({"ls", "disk.img"}, "no filesystem or partition table that Quire knows");
    expect_refused({"ls", "disk.img@@1G:/"}, "before the offset");
}

TEST_F(Images, in_partitions) {
    if (!testing::have("sfdisk")) GTEST_SKIP() << "sfdisk is not installed";
    for (const std::string label : {"dos", "gpt"}) {
        prepare(
            "make -t ext4 -L first -d d a.img 4M; make -t ext2 -d d/etc b.img 2M\n"
            "truncate -s 16M disk.img; printf 'label: " +
            label +
            "\\nstart=2048,size=8192\\nstart=16384,size=4096\\nstart=20480,size=2048\\n' | "
            "sfdisk -q disk.img\n"
            "dd if=a.img of=disk.img bs=1M seek=1 conv=notrunc status=none\n"
            "dd if=b.img of=disk.img bs=1M seek=8 conv=notrunc status=none\n"
            "mkdir -p o; cp disk.img o/disk.img; make -t ext4 -d o outer.img 40M\n"
            "cp disk.img one.img; dd if=/dev/zero of=one.img bs=1M seek=8 count=2 conv=notrunc "
            "status=none");
        EXPECT_EQ(out({"cat", "disk.img@p1:/etc/motd"}), "hello\n");
        EXPECT_EQ(out({"ls", "disk.img@p2"}), "lost+found\nmotd\nmotd2\n");
        EXPECT_EQ(out({"cat", "outer.img:/disk.img@p2:/motd"}), "hello\n");
        EXPECT_EQ(out({"cat", "disk.img@@1M:/etc/motd"}), "hello\n");
        expect_refused({"ls", "disk.img"},
                       "disk.img has several filesystems; choose one of disk.img@p1 (ext4 'first', "
                       "4.0M), disk.img@p2 (ext2, 2.0M), disk.img@p3 (nothing known, 1.0M)");
        expect_refused({"ls", "disk.img@p7:/"}, "7");
        expect_refused({"ls", "disk.img@p3:/"}, "disk.img@p3 has no filesystem");
        // One that can be read leaves nothing to choose.
        EXPECT_EQ(out({"cat", "one.img:/etc/motd"}), "hello\n");
        const std::string info = out({"info", "disk.img"});
        EXPECT_THAT(info, HasSubstr(label == "gpt" ? "Table: GPT" : "Table: MBR"));
        EXPECT_THAT(info, HasSubstr("disk.img@p1  1048576 4.0M ext4 'first'  Linux"));
        EXPECT_THAT(out({"info", "--json", "disk.img"}),
                    HasSubstr(R"("address":"disk.img@p2","number":2,"offset":8388608,)"));
        EXPECT_THAT(out({"info", "disk.img@p2"}), HasSubstr("Filesystem: ext2"));
    }
}

TEST_F(Images, a_filesystem_with_partitions_besides_is_ambiguous) {
    if (!testing::have("sfdisk")) GTEST_SKIP() << "sfdisk is not installed";
    prepare(
        "make -t ext4 -d d a.img 16M; make -t ext2 -d d/etc b.img 2M\n"
        "printf 'label: dos\\nstart=16384,size=4096\\n' | sfdisk -q --force a.img\n");
    expect_refused({"ls", "a.img"}, "choose a.img@@0 or one of a.img@p1");
    EXPECT_EQ(out({"cat", "a.img@@0:/etc/motd"}), "hello\n");
}

TEST_F(Images, what_is_no_image_is_refused_by_name) {
    prepare(R"(
        : > empty.img
        truncate -s 1G zeros.img
        head -c 4096 /dev/urandom > random.img
        printf 'hsqs' > squash.img; truncate -s 8K squash.img
        echo text | gzip > a.img.gz
        tar cf a.tar d
        printf 'QFI\373' > a.qcow2; truncate -s 8K a.qcow2
        make -t ext4 -d d a.img 16M; head -c 2M a.img > short.img
        cp a.img torn.img; dd if=/dev/zero of=torn.img bs=1 seek=1056 count=4 conv=notrunc status=none
        mkfifo fifo)");
    expect_refused({"ls", "empty.img"}, "empty.img is empty");
    expect_refused({"ls", "zeros.img"}, "zeros.img has no filesystem");
    expect_refused({"ls", "random.img"}, "random.img has no filesystem");
    expect_refused({"ls", "squash.img"},
                   "squash.img is a squashfs image; Quire can't read that yet");
    expect_refused({"ls", "a.img.gz"}, "compressed with gzip; unpack it first");
    expect_refused({"ls", "a.tar"}, "is a tar archive; 'quire create' makes an image");
    expect_refused({"ls", "a.qcow2"}, "a qcow2 image; 'qemu-img convert");
    expect_refused({"ls", "short.img"}, "short.img");
    expect_refused({"ls", "torn.img"}, "torn.img");
    expect_refused({"ls", "fifo"}, "fifo");
    expect_refused({"ls", "/dev/null"}, "/dev/null");
    expect_refused({"info", "short.img"}, "short.img");
    EXPECT_THAT(out({"info", "squash.img"}), HasSubstr("Contents: a squashfs image"));
    EXPECT_THAT(out({"info", "empty.img"}), HasSubstr("the file is empty"));
}

TEST_F(Images, whoever_writes_keeps_readers_out) {
    if (!testing::have("flock")) GTEST_SKIP() << "flock is not installed";
    prepare("make -t ext4 -d d a.img 16M");
    const auto locked = testing::run({"flock", "-x", "a.img", QUIRE_PROGRAM, "ls", "a.img"},
                                     {.directory = place.path(), .input = {}, .environment = {}});
    EXPECT_EQ(locked.status, 1);
    EXPECT_THAT(locked.err, HasSubstr("a.img"));
    EXPECT_EQ(std::ranges::count(locked.err, '\n'), 1) << locked.err;
    const auto shared = testing::run({"flock", "-s", "a.img", QUIRE_PROGRAM, "ls", "a.img"},
                                     {.directory = place.path(), .input = {}, .environment = {}});
    EXPECT_EQ(shared.status, 0) << shared.err;
}

TEST_F(Images, on_standard_input) {
    prepare("make -t ext4 -d d a.img 16M");
    const auto seekable =
        testing::run({"sh", "-c", "\"$0\" cat -@@0:/etc/motd < a.img", QUIRE_PROGRAM},
                     {.directory = place.path(), .input = {}, .environment = {}});
    EXPECT_EQ(seekable.out, "hello\n") << seekable.err;
    const auto pipe = testing::run({"sh", "-c", "cat a.img | \"$0\" ls -", QUIRE_PROGRAM},
                                   {.directory = place.path(), .input = {}, .environment = {}});
    EXPECT_EQ(pipe.status, 1);
    EXPECT_EQ(std::ranges::count(pipe.err, '\n'), 1) << pipe.err;
}

}  // namespace
}  // namespace quire::app
