// SPDX-License-Identifier: MIT

// What a crash leaves of an image that is being changed. The writes of a workload are recorded;
// each state that they could leave is opened again, and what had been made durable by then has to
// be there, whole. With a journal we replay it ourselves and e2fsck finds nothing afterwards;
// without one e2fsck repairs first.

#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "quire/block/file_device.hpp"
#include "quire/block/memory_device.hpp"
#include "quire/testing/crash_states.hpp"
#include "quire/testing/image.hpp"
#include "quire/testing/recording_device.hpp"
#include "support.hpp"

namespace quire::ext::tests {
namespace {

using Files = std::map<std::string, std::string>;

/// One thing that a program does and then waits for: which files it may change, and what they are
/// afterwards.
struct Step {
    std::function<Result<void>(Session&)> run;
    std::function<void(Files&)> apply;
    std::set<std::string> touched;
    /// For a rename: the two names, one of which has to be there whatever happens.
    std::optional<std::pair<std::string, std::string>> renamed = std::nullopt;
};

std::string content_of(int number, std::size_t length) {
    std::string content;
    while (content.size() < length)
        content +=
            "file " + std::to_string(number) + " byte " + std::to_string(content.size()) + "\n";
    content.resize(length);
    return content;
}

Step create(int number, const std::string& path, std::size_t length) {
    const std::string content = content_of(number, length);
    return {[=](Session& session) -> Result<void> {
                QUIRE_TRY(session.create(path, content));
                return {};
            },
            [=](Files& files) { files[path] = content; },
            {path}};
}

Step append(int number, const std::string& path, std::size_t at, std::size_t length) {
    const std::string content = content_of(number, length);
    return {[=](Session& session) { return session.write(path, at, content); },
            [=](Files& files) {
                files[path].resize(at);
                files[path] += content;
            },
            {path}};
}

Step remove(const std::string& path) {
    return {[=](Session& session) { return session.remove(path); },
            [=](Files& files) { files.erase(path); },
            {path}};
}

Step rename(const std::string& from, const std::string& to) {
    return {[=](Session& session) { return session.rename(from, to); },
            [=](Files& files) {
                files[to] = files[from];
                files.erase(from);
            },
            {from, to},
            std::pair(from, to)};
}

Step mkdir(const std::string& path) {
    return {[=](Session& session) { return session.mkdir(path); }, [](Files&) {}, {}};
}

/// Small enough to visit all its crashes, and with every kind of change that could go wrong:
/// growing directories and mappings, blocks freed and used again, inodes too.
std::vector<Step> workload() {
    std::vector<Step> steps{mkdir("a"), mkdir("b")};
    for (int i = 0; i < 12; ++i)
        steps.push_back(create(i, "a/" + std::to_string(i) + std::string(80, 'n'),
                               static_cast<std::size_t>(i) * 3001));
    const auto name = [](int i) { return "a/" + std::to_string(i) + std::string(80, 'n'); };
    steps.push_back(rename(name(3), "b/three"));
    steps.push_back(rename(name(4), name(5)));
    steps.push_back(append(20, name(6), 18006, 40'000));
    steps.push_back(remove(name(7)));
    steps.push_back(create(21, "b/after", 70'000));
    steps.push_back(remove(name(8)));
    steps.push_back(mkdir("a/below"));
    steps.push_back(rename("b/after", "a/below/after"));
    steps.push_back(create(22, "b/again", 25'000));
    steps.push_back(rename("b/again", "b/three"));
    return steps;
}

struct Recorded {
    std::shared_ptr<block::Device> base;
    std::vector<testing::Record> log;
    std::vector<Step> steps;
    std::vector<Files> after;  // after[k]: what is durable once mark k is there
};

Recorded record(const Kind& kind) {
    Recorded recorded;
    Image image(kind);
    recorded.base = testing::snapshot(*image.device(false)).value();
    auto disk = testing::snapshot(*recorded.base).value();
    auto recorder = std::make_shared<testing::RecordingDevice>(disk);
    auto volume = Volume::open(recorder, steady());
    EXPECT_OK(volume);
    Session session(*volume);
    recorded.steps = workload();
    Files files;
    for (std::size_t i = 0; i < recorded.steps.size(); ++i) {
        EXPECT_OK(recorded.steps[i].run(session)) << "step " << i;
        EXPECT_OK(session->sync(session.call()));
        recorded.steps[i].apply(files);
        recorded.after.push_back(files);
        recorder->mark(std::to_string(i));
    }
    EXPECT_OK(session.unmount());
    recorded.log = recorder->log();
    return recorded;
}

/// What is wrong with the files of a volume after a crash; nothing when all is well.
std::string judge(Session& session, const Recorded& recorded, std::size_t marks) {
    static const Files nothing;
    const Files& files = marks == 0 ? nothing : recorded.after[marks - 1];
    const Step* next = marks < recorded.steps.size() ? &recorded.steps[marks] : nullptr;
    for (const auto& [path, content] : files) {
        if (next != nullptr && next->touched.contains(path)) continue;
        const auto found = session.read(path);
        if (!found) return path + ": " + found.error().message();
        if (*found != content) return path + " has changed";
    }
    if (next != nullptr && next->renamed) {
        const std::string& content = files.at(next->renamed->first);
        const auto from = session.read(next->renamed->first);
        const auto to = session.read(next->renamed->second);
        if (!(from && *from == content) && !(to && *to == content))
            return next->renamed->first + " was lost while it was renamed";
        // What is replaced is there as long as the other one is not.
        const auto replaced = files.find(next->renamed->second);
        if (replaced != files.end() && (!to || (*to != content && *to != replaced->second)))
            return next->renamed->second + " was lost while it was replaced";
    }
    return {};
}

TEST(Crash, a_journal_brings_back_all_that_was_durable) {
    SKIP_WITHOUT("mke2fs");
    for (const Kind& kind : {Kind{"ext4", "-t ext4 -b 1024 -J size=1", "4M"},
                             Kind{"ext3", "-t ext3 -b 1024 -J size=1", "4M"}}) {
        const Recorded recorded = record(kind);
        testing::TemporaryDirectory directory;
        testing::CrashOptions options;
        // A superblock that is half old and half new has a wrong checksum, which neither the
        // kernel nor e2fsck forgives: ext takes it for granted that disks write it as a whole.
        options.sector = 4096;
        options.samples_per_epoch = 4;
        std::size_t visited = 0;
        EXPECT_OK(testing::visit_crash_states(
            recorded.base, recorded.log, options, [&](const testing::CrashState& state) {
                const std::shared_ptr<block::Device> device(std::shared_ptr<void>(), &state.device);
                auto volume = Volume::open(device, steady());
                if (!volume) {
                    ADD_FAILURE() << state.number << " " << state.name << ": "
                                  << volume.error().message();
                    return false;
                }
                Session session(*volume);
                const std::string wrong = judge(session, recorded, state.marks.size());
                EXPECT_EQ(wrong, "") << state.number << " " << state.name;
                EXPECT_OK(session.create("afterwards", content_of(99, 9000)));
                EXPECT_OK(session.unmount());
                // e2fsck takes far longer than all the rest: it sees a part of them.
                if (visited++ % 40 == 0) {
                    EXPECT_OK(testing::write_image(*device, directory / "image"));
                    const auto checked = clean((directory / "image").string());
                    EXPECT_TRUE(checked) << state.number << " " << state.name;
                }
                return !::testing::Test::HasFailure();
            }));
        EXPECT_GT(visited, 500u);
    }
}

TEST(Crash, without_a_journal_e2fsck_repairs_and_nothing_durable_is_lost) {
    SKIP_WITHOUT("mke2fs");
    for (const Kind& kind : {Kind{"ext2", "-t ext2 -b 1024", "2M"},
                             Kind{"ext4", "-t ext4 -b 1024 -O ^has_journal", "2M"}}) {
        const Recorded recorded = record(kind);
        testing::TemporaryDirectory directory;
        const std::string path = (directory / "image").string();
        testing::CrashOptions options;
        options.sector = 4096;
        options.samples_per_epoch = 2;
        options.tears_per_write = 0;
        options.shards = testing::count_crash_states(recorded.log, options) / 120 + 1;
        std::size_t visited = 0;
        EXPECT_OK(testing::visit_crash_states(
            recorded.base, recorded.log, options, [&](const testing::CrashState& state) {
                ++visited;
                EXPECT_OK(testing::write_image(state.device, path));
                const Output repaired = run("e2fsck -fy " + path);
                EXPECT_EQ(repaired.status & ~1, 0) << state.number << repaired.text;
                auto device = block::FileDevice::open(path, {});
                EXPECT_OK(device);
                auto volume =
                    Volume::open(std::shared_ptr<block::Device>(std::move(*device)), steady(true));
                EXPECT_OK(volume);
                if (volume) {
                    Session session(*volume);
                    const std::string wrong = judge(session, recorded, state.marks.size());
                    EXPECT_EQ(wrong, "") << state.number << " " << state.name << "\n"
                                         << repaired.text;
                }
                return !::testing::Test::HasFailure();
            }));
        EXPECT_GT(visited, 60u);
    }
}

TEST(Crash, reading_an_unclean_image_sees_through_the_journal_and_changes_nothing) {
    SKIP_WITHOUT("mke2fs");
    Image image({"ext4", "-t ext4 -b 4096"});
    {
        Session session = Session::open(image, steady());
        ASSERT_OK(session.create("file", content_of(1, 50'000)));
        ASSERT_OK(session->sync(session.call()));
        ASSERT_OK(session.create("lost", "never committed"));
    }
    const std::string before = run("sha256sum " + image.path()).text;
    {
        Session session = Session::open(image, steady(true));
        EXPECT_TRUE(session.read("file").value() == content_of(1, 50'000));
        EXPECT_ERROR(std::errc::no_such_file_or_directory, session.find("lost"));
    }
    EXPECT_EQ(run("sha256sum " + image.path()).text, before);
    {
        Session session = Session::open(image, steady());
        EXPECT_TRUE(session.read("file").value() == content_of(1, 50'000));
        ASSERT_OK(session.unmount());
    }
    EXPECT_TRUE(clean(image));
}

TEST(Crash, orphans_are_freed_by_the_next_writer) {
    SKIP_WITHOUT("mke2fs");
    for (const Kind& kind : {Kind{"ext4", "-t ext4 -b 4096"}, Kind{"ext3", "-t ext3 -b 1024"}}) {
        Image image(kind);
        std::uint64_t free = 0;
        {
            Session session = Session::open(image, steady());
            free = session->statistics(session.call()).value().free_blocks;
            ASSERT_OK(session.create("one", content_of(1, 500'000)));
            ASSERT_OK(session.create("two", content_of(2, 500'000)));
            ASSERT_OK(session.find("one"));
            ASSERT_OK(session.find("two"));
            ASSERT_OK(session.remove("one"));
            ASSERT_OK(session.remove("two"));
            ASSERT_OK(session->sync(session.call()));
        }
        Session session = Session::open(image, steady());
        EXPECT_EQ(session->statistics(session.call()).value().free_blocks, free);
        ASSERT_OK(session.unmount());
        EXPECT_TRUE(clean(image));
    }
}

}  // namespace
}  // namespace quire::ext::tests
