// SPDX-License-Identifier: MIT

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "frame/options.hpp"
#include "frame/verb.hpp"
#include "output/json.hpp"
#include "output/progress_meter.hpp"
#include "quire/testing/temporary_directory.hpp"
#include "tests/support/run_quire.hpp"

namespace quire::app {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Outcome;
using testing::quire;
using ::testing::StartsWith;

// What options a command line gives to a verb that knows these.
struct Parsing {
    bool all = false;
    bool list = false;
    std::string label = "none";
    std::string order = "name";
    std::vector<std::string> excluded;
    std::vector<std::string> sources;
    std::string destination;
    std::string style = "none";
    Options options;

    Parsing() {
        options.operands("SOURCE", sources, 1, "")
            .operand("DESTINATION", destination, "")
            .flag("-a,--all", all, "")
            .flag("-l", list, "")
            .value("-L,--label", "TEXT", label, "")
            .values("--exclude", "PATTERN", excluded, "")
            .choice("--sort", {"name", "size"}, order, "")
            .optional_value(
                "--progress", "json",
                [this](std::string_view text) -> Result<void> {
                    style = text.empty() ? "plain" : text;
                    return {};
                },
                "");
    }
    std::string parse(const std::vector<std::string>& arguments) {
        auto parsed = options.parse(arguments);
        return parsed ? "" : parsed.error().sentence();
    }
};

TEST(Options, flags_and_values_in_any_order) {
    Parsing p;
    EXPECT_EQ(p.parse({"one", "-la", "--label", "x", "two", "--sort=size", "three"}), "");
    EXPECT_TRUE(p.all && p.list);
    EXPECT_EQ(p.label, "x");
    EXPECT_EQ(p.order, "size");
    EXPECT_THAT(p.sources, ElementsAre("one", "two"));
    EXPECT_EQ(p.destination, "three");
}

TEST(Options, the_last_of_several_values_counts_and_lists_grow) {
    Parsing p;
    EXPECT_EQ(p.parse({"a", "b", "-Lx", "-L", "y", "--exclude=1", "--exclude", "2"}), "");
    EXPECT_EQ(p.label, "y");
    EXPECT_THAT(p.excluded, ElementsAre("1", "2"));
}

TEST(Options, words_that_look_like_lists_stay_whole) {
    Parsing p;
    EXPECT_EQ(p.parse({"[a,b]", "[]", "--label=[c,d]", "--exclude", "[e,f]", "{g,h}"}), "");
    EXPECT_THAT(p.sources, ElementsAre("[a,b]", "[]"));
    EXPECT_EQ(p.label, "[c,d]");
    EXPECT_THAT(p.excluded, ElementsAre("[e,f]"));
    EXPECT_EQ(p.destination, "{g,h}");
}

TEST(Options, an_empty_value_is_a_value) {
    Parsing p;
    EXPECT_EQ(p.parse({"--label=", "a", "b"}), "");
    EXPECT_EQ(p.label, "");
    EXPECT_THAT(p.sources, ElementsAre("a"));
    Parsing q;
    EXPECT_EQ(q.parse({"--label", "", "a", "b"}), "");
    EXPECT_EQ(q.label, "");
}

TEST(Options, what_follows_two_dashes_are_operands) {
    Parsing p;
    EXPECT_EQ(p.parse({"-a", "--", "-l", "--label"}), "");
    EXPECT_FALSE(p.list);
    EXPECT_THAT(p.sources, ElementsAre("-l"));
    EXPECT_EQ(p.destination, "--label");
}

TEST(Options, words_with_a_dash_are_operands_where_the_verb_says_so) {
    Parsing p;
    p.options.operand_with_dash([](std::string_view word) { return word == "-x,+t"; });
    EXPECT_EQ(p.parse({"-l", "-x,+t", "a"}), "");
    EXPECT_TRUE(p.list);
    EXPECT_THAT(p.sources, ElementsAre("-x,+t"));
    EXPECT_EQ(p.destination, "a");
    EXPECT_NE(p.parse({"-y", "a", "b"}), "");
}

TEST(Options, a_dash_alone_is_an_operand) {
    Parsing p;
    EXPECT_EQ(p.parse({"-", "x"}), "");
    EXPECT_THAT(p.sources, ElementsAre("-"));
}

TEST(Options, an_optional_value_needs_its_equals_sign) {
    Parsing p;
    EXPECT_EQ(p.parse({"--progress", "a", "b"}), "");
    EXPECT_EQ(p.style, "plain");
    EXPECT_EQ(p.parse({"--progress=json", "a", "b"}), "");
    EXPECT_EQ(p.style, "json");
}

TEST(Options, mistakes_are_named) {
    EXPECT_THAT(Parsing().parse({"a"}), HasSubstr("DESTINATION is missing"));
    EXPECT_THAT(Parsing().parse({"a", "b", "--labl=x"}), HasSubstr("'--labl=x'"));
    EXPECT_THAT(Parsing().parse({"a", "b", "-x"}), HasSubstr("'-x'"));
    EXPECT_THAT(Parsing().parse({"a", "b", "--sort=time"}), HasSubstr("name, size"));
    EXPECT_THAT(Parsing().parse({"a", "b", "--all=yes"}), HasSubstr("takes no value"));
    EXPECT_NE(Parsing().parse({"a", "b", "--label"}), "");
}

TEST(Json, bytes_that_are_no_text_are_base64) {
    Json json = Json::line("entry");
    json.add("name", "a\"b\\\n\x7F").add("other", "\xFF\xFE").add("size", 18446744073709551615U);
    json.add("there", true).add("time", Time{-1, 5});
    EXPECT_EQ(json.text(),
              R"({"schema":1,"type":"entry","name":"a\"b\\\u000a\u007f","other_base64":"//4=",)"
              R"("size":18446744073709551615,"there":true,"time":{"seconds":-1,"nanoseconds":5}})");
}

TEST(Json, utf8_is_checked_as_unicode_says) {
    EXPECT_TRUE(is_utf8("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
    for (auto bytes :
         {"\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE0\x80\x80"})
        EXPECT_FALSE(is_utf8(bytes));
}

TEST(ProgressMeter, says_rate_and_time_left) {
    ProgressMeter::Amounts amounts{.bytes = 512 << 10,
                                   .files = 3,
                                   .expected_bytes = 2 << 20,
                                   .expected_files = 9,
                                   .seconds = 2,
                                   .name = "usr/share/doc"};
    EXPECT_EQ(ProgressMeter::as_text(amounts, 80),
              "512K of 2.0M, 3 files, 256K/s, 6s left  usr/share/doc");
    EXPECT_EQ(ProgressMeter::as_text(amounts, 48).size(), 47U);
    EXPECT_THAT(ProgressMeter::as_text(amounts, 48), EndsWith("doc"));
    EXPECT_EQ(ProgressMeter::as_text(amounts, 20).size(), 19U);
    EXPECT_THAT(ProgressMeter::as_json(amounts, false), HasSubstr(R"("seconds_left":6.000)"));
    amounts.expected_bytes = 0;
    EXPECT_EQ(amounts.left(), std::nullopt);
}

TEST(Program, help_names_every_verb) {
    const Outcome help = quire({"--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.err, IsEmpty());
    for (const ListedVerb& listed : verbs()) {
        const bool named =
            help.out.find("\n  " + std::string(listed.verb->name) + " ") != std::string::npos;
        EXPECT_EQ(named, !listed.verb->hidden) << listed.verb->name;
    }
    EXPECT_EQ(quire({"help"}).out, help.out);
}

TEST(Program, help_of_each_verb_shows_examples_first) {
    for (const ListedVerb& listed : verbs()) {
        if (listed.verb->hidden) continue;
        const std::string name(listed.verb->name);
        const Outcome help = quire({name, "--help"});
        EXPECT_EQ(help.status, 0) << name;
        EXPECT_THAT(help.out, StartsWith("quire " + name + ": "));
        const auto examples = help.out.find("\nExamples:\n  quire " + name + " ");
        EXPECT_NE(examples, std::string::npos) << help.out;
        EXPECT_LT(examples, help.out.find("\nUsage: quire " + name)) << help.out;
        for (std::size_t at = 0; at < help.out.size();) {
            const std::size_t end = help.out.find('\n', at);
            EXPECT_LE(end - at, 100U) << help.out.substr(at, end - at);
            at = end + 1;
        }
        EXPECT_EQ(quire({"help", name}).out, help.out);
    }
}

TEST(Program, mistakes_end_with_2_and_a_sentence) {
    const Outcome none = quire({});
    EXPECT_EQ(none.status, 2);
    EXPECT_EQ(none.err, "quire: no verb was given; 'quire --help' tells more\n");
    const Outcome verb = quire({"lss", "x"});
    EXPECT_EQ(verb.status, 2);
    EXPECT_THAT(verb.err, HasSubstr("no verb 'lss', is 'ls' meant?"));
    EXPECT_THAT(quire({"zzzzzzzz"}).err, HasSubstr("no verb 'zzzzzzzz';"));
    EXPECT_EQ(quire({"ls"}).status, 2);
    EXPECT_EQ(quire({"ls", "--nonsense", "x"}).status, 2);
    EXPECT_EQ(quire({"--nonsense"}).status, 2);
    EXPECT_EQ(quire({"ls", "mem:"},
                    {.directory = {}, .input = {}, .environment = {"SOURCE_DATE_EPOCH=soon"}})
                  .status,
              2);
}

TEST(Program, version) {
    EXPECT_THAT(quire({"--version"}).out, StartsWith("quire "));
}

TEST(Program, hostile_names_in_messages_cannot_steer_a_terminal) {
    const Outcome outcome = quire({"ls", "a\x1b[2Jb:/x"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, HasSubstr("a\\033[2Jb"));
}

TEST(Program, output_that_cannot_be_written_is_a_failure) {
    const testing::Outcome full =
        testing::run({"sh", "-c", "\"$0\" ls / > /dev/full", QUIRE_PROGRAM});
    EXPECT_EQ(full.status, 1);
    EXPECT_EQ(full.err, "quire ls: writing to standard output: No space left on device\n");
}

TEST(Program, a_reader_that_goes_away_ends_it_quietly) {
    const testing::Outcome gone = testing::run(
        {"bash", "-c", "set -o pipefail; \"$0\" find /usr | head -n 1 >/dev/null", QUIRE_PROGRAM});
    EXPECT_EQ(gone.status, 128 + SIGPIPE);
    EXPECT_THAT(gone.err, IsEmpty());
}

TEST(Program, closed_standard_streams_are_not_taken_for_images) {
    const quire::testing::TemporaryDirectory place;
    const testing::Outcome closed =
        testing::run({"sh", "-c", "\"$0\" ls mem: >&- 2>&- <&-", QUIRE_PROGRAM});
    EXPECT_EQ(closed.status, 0);
}

}  // namespace
}  // namespace quire::app
