// SPDX-License-Identifier: MIT
//
// The verbs that look, on a host directory: what they print is the same for every volume.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>
#include <string>

#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

class Look : public ::testing::Test {
protected:
    void SetUp() override {
        testing::prepare(R"(
            umask 022
            mkdir -p d/sub/deep
            printf 'hello\n' > d/a
            ln d/a d/b
            ln -s a d/link
            printf x > d/.hidden
            truncate -s 3M d/sparse
            printf end >> d/sparse
            head -c 5000 /dev/zero > d/sub/five
            printf z > $'d/odd\t\xff'
            chmod 4755 d/sub/five
            chmod 1777 d/sub/deep
            touch -d '1969-12-31 23:59:58.25 UTC' d/a
            touch -d '2040-02-29 12:00:00.123456789 UTC' d/sparse
        )",
                         place.path());
    }

    Outcome quire(std::vector<std::string> arguments, std::string input = {}) const {
        return testing::quire(
            arguments, {.directory = place.path(), .input = std::move(input), .environment = {}});
    }
    // Standard output of what must succeed.
    std::string out(std::vector<std::string> arguments) const {
        const Outcome outcome = quire(arguments);
        EXPECT_EQ(outcome.status, 0) << outcome.err;
        EXPECT_THAT(outcome.err, IsEmpty());
        return outcome.out;
    }

    const std::string owner = std::to_string(::geteuid()) + " " + std::to_string(::getegid());
    const quire::testing::TemporaryDirectory place;
};

TEST_F(Look, ls_lists_names_in_byte_order_and_raw_to_pipes) {
    EXPECT_EQ(out({"ls", "d"}), "a\nb\nlink\nodd\t\xff\nsparse\nsub\n");
    EXPECT_EQ(out({"ls", "-A0", "d"}),
              std::string(".hidden\0a\0b\0link\0odd\t\xff\0sparse\0sub\0", 34));
    EXPECT_THAT(out({"ls", "-a", "d"}), StartsWith(".\n..\n.hidden\na\n"));
    EXPECT_EQ(out({"ls", "host:d"}), out({"ls", "d"}));
    EXPECT_EQ(out({"ls", "host:d:/sub"}), "deep\nfive\n");
}

TEST_F(Look, ls_long_prints_mode_owner_size_links_and_name) {
    // How long a directory is, is the filesystem's affair.
    std::istringstream of_directory(out({"ls", "-l", "-d", "host:d:/sub/deep"}));
    std::string field;
    std::string size;
    of_directory >> field >> field >> field >> size;
    EXPECT_EQ(
        out({"ls", "-l", "host:d:/sub"}),
        fmt::format("drwxrwxrwt {} {:>4} 2 deep\n-rwsr-xr-x {} 5000 1 five\n", owner, size, owner));
    EXPECT_EQ(out({"ls", "-l", "host:d:/link"}),
              "lrwxrwxrwx " + owner + " 1 1 host:d:/link -> a\n");
    EXPECT_EQ(out({"ls", "-lh", "host:d:/sparse"}),
              "-rw-r--r-- " + owner + " 3.0M 1 host:d:/sparse\n");
    EXPECT_EQ(
        out({"ls", "--full-time", "host:d:/sparse"}),
        "-rw-r--r-- " + owner + " 3145731 1 2040-02-29 12:00:00.123456789 +0000 host:d:/sparse\n");
}

TEST_F(Look, ls_sorts) {
    EXPECT_THAT(out({"ls", "-S", "d"}), StartsWith("sparse\nsub\na\nb\n"));
    EXPECT_THAT(out({"ls", "-t", "d"}), StartsWith("sparse\n"));
    EXPECT_THAT(out({"ls", "--sort=time", "-r", "d"}), StartsWith("b\na\n"));
    EXPECT_EQ(out({"ls", "-r", "host:d:/sub"}), "five\ndeep\n");
}

TEST_F(Look, ls_recursive_names_each_directory) {
    EXPECT_EQ(out({"ls", "-R", "d"}),
              "d:\na\nb\nlink\nodd\t\xff\nsparse\nsub\n\nd/sub:\ndeep\nfive\n\nd/sub/deep:\n");
    EXPECT_EQ(out({"ls", "host:d:/a", "host:d:/sub"}), "host:d:/a\n\nhost:d:/sub:\ndeep\nfive\n");
}

TEST_F(Look, ls_of_a_link_follows_it_to_a_directory_only) {
    testing::prepare("ln -s sub d/todir; ln -s nowhere d/broken", place.path());
    EXPECT_EQ(out({"ls", "host:d:/todir"}), "deep\nfive\n");
    EXPECT_EQ(out({"ls", "-d", "host:d:/todir"}), "host:d:/todir\n");
    EXPECT_EQ(out({"ls", "host:d:/broken"}), "host:d:/broken\n");
}

TEST_F(Look, ls_json_is_one_object_a_line) {
    const std::string lines = out({"ls", "--json", "d"});
    EXPECT_THAT(
        lines,
        StartsWith(
            R"({"schema":1,"type":"entry","directory":"d","name":"a","file_type":"file","mode":"0644",)"));
    EXPECT_THAT(lines, HasSubstr(R"("name_base64":"b2RkCf8=")"));
    EXPECT_THAT(lines, HasSubstr(R"("modify":{"seconds":-2,"nanoseconds":250000000})"));
    EXPECT_THAT(lines, HasSubstr(R"("target":"a"})"));
    EXPECT_EQ(std::ranges::count(lines, '\n'), 6);
}

TEST_F(Look, an_item_that_fails_does_not_stop_the_others) {
    const Outcome outcome = quire({"ls", "nothing", "host:d:/sub", "host:d:/none"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.out, HasSubstr("deep\nfive\n"));
    EXPECT_EQ(outcome.err,
              "quire ls: nothing: No such file or directory\n"
              "quire ls: host:d:/none: No such file or directory\n");
}

TEST_F(Look, tree_draws) {
    EXPECT_EQ(out({"tree", "d"}),
              "d\n├── a\n├── b\n├── link\n├── odd\t\xff\n├── sparse\n└── sub\n    ├── deep\n"
              "    └── five\n\n2 directories, 6 files\n");
    EXPECT_EQ(out({"tree", "-d", "-q", "host:d"}), "host:d\n└── sub\n    └── deep\n");
    EXPECT_EQ(out({"tree", "-qL1", "host:d:/sub"}), "host:d:/sub\n├── deep\n└── five\n");
    EXPECT_EQ(quire({"tree", "-L", "0", "d"}).status, 2);
}

TEST_F(Look, stat_tells_times_to_the_nanosecond) {
    const std::string text = out({"stat", "host:d:/a", "host:d:/sparse"});
    EXPECT_THAT(text, HasSubstr("Modified: 1969-12-31 23:59:58.250000000 +0000\n"));
    EXPECT_THAT(text, HasSubstr("Modified: 2040-02-29 12:00:00.123456789 +0000\n"));
    EXPECT_THAT(text, HasSubstr("       Links: 2\n"));
    EXPECT_THAT(out({"stat", "host:d:/sub/five"}), HasSubstr("Mode: 4755 (-rwsr-xr-x)\n"));
    EXPECT_THAT(out({"stat", "host:d:/link"}), HasSubstr("Address: host:d:/link -> a\n"));
    EXPECT_THAT(out({"stat", "-L", "host:d:/link"}), HasSubstr("Type: regular file\n"));
}

TEST_F(Look, find_agrees_with_find) {
    for (const std::string expression : {"-type f",
                                         "-name '*e*'",
                                         "-iname 'LINK'",
                                         "! -type d",
                                         "-size -2",
                                         "-size +4k",
                                         "-links 2",
                                         "-empty",
                                         "-maxdepth 1 -type d",
                                         "-mindepth 2",
                                         "-perm 4755",
                                         "-perm -1000",
                                         "-perm /6000",
                                         "-name sub -prune -o -print",
                                         "-type f,l -newer d/b",
                                         "-mtime -1",
                                         "-true",
                                         "\\( -name a -o -name b \\) -a ! -name b",
                                         "-uid 0",
                                         "-not -name a"}) {
        const Outcome theirs =
            testing::run({"sh", "-c", "find d " + expression + " | sort"},
                         {.directory = place.path(), .input = {}, .environment = {}});
        const Outcome ours =
            testing::run({"sh", "-c", "\"$0\" find d " + expression + " | sort", QUIRE_PROGRAM},
                         {.directory = place.path(), .input = {}, .environment = {}});
        EXPECT_EQ(ours.out, theirs.out) << expression << ours.err;
        EXPECT_THAT(ours.err, IsEmpty()) << expression;
    }
}

TEST_F(Look, find_prints_addresses_that_can_be_given_back) {
    testing::prepare("printf here > 'd/sub/x:y@p1'", place.path());
    const std::string found = out({"find", "host:d", "-name", "x*", "-print0"});
    EXPECT_EQ(found, std::string(R"(host:d:/sub/x\:y\@p1)") + '\0');
    EXPECT_EQ(out({"cat", found.substr(0, found.size() - 1)}), "here");
    EXPECT_EQ(out({"find", "d", "-name", "x*"}), "d/sub/x\\:y\\@p1\n");
    EXPECT_EQ(out({"cat", R"(d/sub/x\:y\@p1)"}), "here");
}

TEST_F(Look, find_refuses_nonsense) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"-nonsense"},
                                               {"-name"},
                                               {"("},
                                               {")"},
                                               {"-size", "x"},
                                               {"-type", "q"},
                                               {"-type", "f,"},
                                               {"-o"},
                                               {"-perm", "99999"}}) {
        std::vector<std::string> arguments{"find", "d"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        const Outcome outcome = quire(arguments);
        EXPECT_EQ(outcome.status, 2) << words[0];
        EXPECT_THAT(outcome.err, Not(IsEmpty()));
    }
    std::vector<std::string> deep{"find", "d"};
    deep.insert(deep.end(), 20000, "(");
    EXPECT_EQ(quire(deep).status, 2);
}

TEST_F(Look, du_counts_hard_links_once_and_agrees_with_du) {
    for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
             {}, {"-s"}, {"-a"}, {"-b"}, {"-ab"}, {"-d1"}, {"-c", "-s"}}) {
        std::vector<std::string> theirs{"du"};
        std::vector<std::string> ours{"du"};
        for (auto* command : {&theirs, &ours}) {
            command->insert(command->end(), options.begin(), options.end());
            command->push_back("d");
        }
        const auto sorted = [](std::string text) {
            std::vector<std::string> lines;
            for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
                lines.push_back(text.substr(at, text.find('\n', at) - at));
            std::ranges::sort(lines);
            return lines;
        };
        // Which of two names of a file comes first is the host's affair: sums have to agree.
        const bool names_files =
            options == std::vector<std::string>{"-a"} || options == std::vector<std::string>{"-ab"};
        const auto expected = sorted(
            testing::run(theirs, {.directory = place.path(), .input = {}, .environment = {}}).out);
        const auto got = sorted(out(ours));
        if (names_files)
            EXPECT_EQ(got.size(), expected.size() + 1);  // a second name is shown with 0
        else
            EXPECT_EQ(got, expected);
    }
}

TEST_F(Look, cat_prints_files_holes_and_standard_input) {
    EXPECT_EQ(quire({"cat", "d/a", "-", "host:d:/link"}, "between\n").out,
              "hello\nbetween\nhello\n");
    EXPECT_EQ(out({"cat", "d/sparse"}), std::string(3 << 20, '\0') + "end");
    const Outcome outcome = quire({"cat", "d", "d/none", "d/a"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.out, "hello\n");
    EXPECT_EQ(outcome.err,
              "quire cat: d: Is a directory\nquire cat: d/none: No such file or directory\n");
}

TEST_F(Look, progress_as_json_ends_with_the_amounts) {
    const Outcome outcome = quire({"cat", "--progress=json", "d/sparse"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.err, HasSubstr(R"("type":"progress","bytes":3145731,"files":1,)"));
    EXPECT_THAT(outcome.err, HasSubstr(R"("finished":true)"));
    EXPECT_EQ(quire({"cat", "--progress=xml", "d/a"}).status, 2);
}

TEST_F(Look, df_tells_space_and_type) {
    EXPECT_THAT(out({"df", "mem:"}), StartsWith("Image Type"));
    EXPECT_THAT(out({"df", "mem:"}), HasSubstr("mem:  memory "));
    EXPECT_THAT(out({"df", "--json", "d"}), HasSubstr(R"("filesystem":"host")"));
}

TEST_F(Look, a_host_directory_cannot_be_left) {
    testing::prepare("ln -s /etc/passwd d/out; ln -s ../outside d/up; : > outside", place.path());
    EXPECT_EQ(quire({"cat", "host:d:/out"}).status, 1);
    EXPECT_EQ(quire({"cat", "host:d:/up"}).status, 1);
    EXPECT_EQ(quire({"ls", "host:d:/../outside"}).status, 1);
    EXPECT_EQ(out({"cat", "d/up"}), "");
}

TEST_F(Look, directories_nested_deeper_than_a_path_is_long) {
    testing::prepare(
        "cd d/sub/deep; for i in $(seq 600); do mkdir 0123456789; cd -P 0123456789; done; : > end",
        place.path());
    EXPECT_THAT(out({"find", "host:d", "-name", "end"}), ::testing::EndsWith("/0123456789/end\n"));
    EXPECT_THAT(out({"du", "-s", "d"}), ::testing::EndsWith("\td\n"));
    testing::prepare("rm -rf d/sub/deep", place.path());
}

}  // namespace
}  // namespace quire::app
