// SPDX-License-Identifier: MIT
//
// Through a capability for reading only nothing is changed by any message: each operation that the
// interfaces have is in a list here with arguments that do something to who may change things. One
// that is in no list fails the test.

#include <gtest/gtest.h>
#include <unistd.h>

#include "quire/testing/attempts.hpp"
#include "quire/testing/whole_tree.hpp"
#include "tests/kit/file_ground.hpp"

namespace quire::server {
namespace {

using quire::testing::Arguments;
using quire::testing::Attempt;
using quire::testing::Nature;
using quire::testing::with;

/// A small tree, and what somebody holds of it.
struct Holding {
    enum class Rights : std::uint8_t { full, restricted, restricted_twice, by_authority };

    explicit Holding(Rights rights) {
        make_tree();
        opener = opener_with(rights);
        context = *opener->context(in_time);
        const bool full = rights == Rights::full;
        file = context->open(in_time, "f", full ? to_write : to_read, 0, 0)->file;
        directory = context->open_directory(in_time, "/", 0, false)->directory;
        EXPECT_TRUE(context->set_buffer(
            in_time, quire::testing::fuzz_buffer(quire::testing::attempt_memory)));
    }

    void make_tree() {
        EXPECT_TRUE(root->mkdir(in_time, "d", 0755));
        EXPECT_TRUE(root->symlink(in_time, "f", "l"));
        const auto made = root->open(in_time, "f", to_make, 0644, 0);
        EXPECT_TRUE(made->file->write(in_time, 0, bytes_of("content")));
        EXPECT_TRUE(made->file->set_extended_attribute(in_time, "user.x", bytes_of("value"), {}));
    }
    ipc::Cap<Opener> opener_with(Rights rights) {
        switch (rights) {
            case Rights::full:
                return all;
            case Rights::restricted:
                return *all->restrict(in_time, "", true);
            case Rights::restricted_twice:
                return *(*all->restrict(in_time, "", true))->restrict(in_time, "/", false);
            case Rights::by_authority:
                return files.opener(Authority(tree, fs::Credentials::root()).for_reading());
        }
        return {};
    }
    std::string seen() const {
        const auto text = quire::testing::WholeTree::of(*root);
        EXPECT_TRUE(text);
        return text.value_or("");
    }

    std::shared_ptr<fs::Tree> tree = *fs::Tree::open(*memory::MemoryVolume::create(
        {.clock = std::make_shared<FixedClock>(Time{1'700'000'000, 0})}));
    FileServer files{
        tree, {.pages = *paging::PagePool::create({.budget = paging::PagePool::least_budget})}};
    ipc::Cap<Opener> all = files.opener(Authority(tree, fs::Credentials::root()));
    ipc::Cap<OpenerContext> root = *all->context(in_time);
    ipc::Cap<Opener> opener;
    ipc::Cap<OpenerContext> context;
    ipc::Cap<FileObject> file;
    ipc::Cap<protocols::Directory> directory;
};

// Which object of it is asked.
protocols::Opener& part(const Holding& held, std::type_identity<protocols::Opener>) {
    return *held.opener;
}
protocols::OpenerContext& part(const Holding& held, std::type_identity<protocols::OpenerContext>) {
    return *held.context;
}
protocols::FileObject& part(const Holding& held, std::type_identity<protocols::FileObject>) {
    return *held.file;
}
protocols::Directory& part(const Holding& held, std::type_identity<protocols::Directory>) {
    return *held.directory;
}

using Text = std::string_view;
constexpr protocols::AttributeChanges new_permissions{.which = protocols::change_permissions,
                                                      .permissions = 0600,
                                                      .access = {},
                                                      .modify = {},
                                                      .change = {},
                                                      .birth = {}};
constexpr std::uint16_t permissions = 0644;
constexpr std::uint32_t some = 100;
constexpr std::uint64_t beginning = 0;
constexpr std::uint64_t length = 4096;
constexpr auto either = protocols::SetAttributeMode::either;
const Arguments null_notifier =
    with(std::uint32_t{0}, std::uint32_t{0}, protocols::event_modified, std::uint64_t{1});

const std::vector<Attempt> opener_attempts{
    {24, Nature::looks},
    {25, Nature::looks, with(Text("d"), false)},
};

const std::vector<Attempt> context_attempts{
    {32, Nature::looks, with(Text("f"), to_read, permissions, some)},
    {32, Nature::asks, with(Text("f"), to_write, permissions, some)},
    {32, Nature::asks, with(Text("f"), to_make, permissions, some)},
    {32, Nature::changes, with(Text("new"), to_make, permissions, some)},
    {32, Nature::changes, with(Text("f"), to_write | protocols::open_truncate, permissions, some)},
    {33, Nature::looks, with(Text("d"), some, true)},
    {34, Nature::looks, with(Text("f"), true)},
    {35, Nature::looks, with(Text("f"), std::uint32_t{R_OK})},
    {35, Nature::asks, with(Text("f"), std::uint32_t{W_OK})},
    {36, Nature::changes, with(Text("f"))},
    {37, Nature::changes, with(Text("d"))},
    {38, Nature::changes, with(Text("f"), Text("g"), std::uint32_t{0})},
    {38, Nature::changes, with(Text("f"), Text("d"), protocols::rename_exchange)},
    {39, Nature::changes, with(Text("new"), permissions)},
    {40, Nature::changes,
     with(Text("new"), protocols::FileType::fifo, permissions, protocols::DeviceNumber())},
    {41, Nature::changes, with(Text("f"), true, Text("new"))},
    {42, Nature::changes, with(Text("target"), Text("new"))},
    {43, Nature::looks, with(Text("l"))},
    {44, Nature::changes, with(Text("f"), true, new_permissions)},
    {45, Nature::looks, with(Text("f"), true, Text("user.x"))},
    {46, Nature::changes, with(Text("f"), true, Text("user.y"), bytes_of("y"), either)},
    {47, Nature::looks, with(Text("f"), true)},
    {48, Nature::changes, with(Text("f"), true, Text("user.x"))},
    {49, Nature::looks},
    {50, Nature::looks},
    {51, Nature::looks, with(), true},
    {52, Nature::looks, with(Text("f"), true, Text("user.x"), beginning, length)},
    {53, Nature::changes, with(Text("f"), true, Text("user.y"), beginning, length, either)},
    {54, Nature::looks, with(Text("f"), true, beginning, length)},
    {55, Nature::looks, with(Text("f"), some)},
    // Its own affair, which nothing else sees.
    {56, Nature::looks, with(std::uint16_t{077})},
    {57, Nature::looks, with(paging::life_segment)},
    {266, Nature::looks},
    {267, Nature::looks, with(), true},
    {268, Nature::misses, with(beginning)},
    {269, Nature::tells, with(beginning)},
    {270, Nature::looks, with(paging::life_segment)},
    {273, Nature::looks, with(), true},
};

const std::vector<Attempt> file_attempts{
    {5, Nature::looks, with(std::uint64_t{0})},
    {5, Nature::changes, with(std::uint64_t{5000})},
    {64, Nature::looks},
    {65, Nature::changes, with(new_permissions)},
    {66, Nature::looks, with(beginning, some)},
    {67, Nature::changes, with(beginning, bytes_of("other"))},
    {68, Nature::looks, with(), true},
    {69, Nature::looks, with(beginning, beginning, length)},
    {70, Nature::changes, with(beginning, beginning, length)},
    {71, Nature::looks, with(beginning, protocols::SeekTo::data)},
    {72, Nature::changes, with(protocols::AllocateMode::allocate, protocols::Range{0, 5000})},
    {72, Nature::changes, with(protocols::AllocateMode::zero_range, protocols::Range{0, 5000})},
    {72, Nature::changes, with(protocols::AllocateMode::punch_hole, protocols::Range{0, 5000})},
    {73, Nature::looks, with(Text("user.x"))},
    {74, Nature::changes, with(Text("user.y"), bytes_of("y"), either)},
    {75, Nature::looks},
    {76, Nature::changes, with(Text("user.x"))},
    {77, Nature::looks, with(Text("user.x"), beginning, length)},
    {78, Nature::changes, with(Text("user.y"), beginning, length, either)},
    {79, Nature::looks, with(beginning, length)},
    {90, Nature::looks, with(beginning, length)},
    {97, Nature::looks, null_notifier},
    {271, Nature::changes, with(beginning, length, length)},
    {272, Nature::looks},
};

const std::vector<Attempt> directory_attempts{
    {97, Nature::looks, null_notifier},
    {112, Nature::looks},
    {113, Nature::looks, with(std::uint64_t{0}, some, true)},
};

class ReadOnlyCapability : public ::testing::TestWithParam<Holding::Rights> {
protected:
    template <typename I>
    static void expect_unchanging(const std::vector<Attempt>& attempts) {
        quire::testing::expect_unchanging<I>(
            [] { return Holding(GetParam()); }, [] { return Holding(Holding::Rights::full); },
            [](const Holding& held) -> I& { return part(held, std::type_identity<I>()); },
            [&](const Holding&) { return attempts; });
    }
};

TEST_P(ReadOnlyCapability, of_an_opener_changes_nothing_by_any_message) {
    expect_unchanging<protocols::Opener>(opener_attempts);
}

TEST_P(ReadOnlyCapability, of_a_context_changes_nothing_by_any_message) {
    expect_unchanging<protocols::OpenerContext>(context_attempts);
}

TEST_P(ReadOnlyCapability, of_a_file_changes_nothing_by_any_message) {
    expect_unchanging<protocols::FileObject>(file_attempts);
}

TEST_P(ReadOnlyCapability, of_a_directory_changes_nothing_by_any_message) {
    expect_unchanging<protocols::Directory>(directory_attempts);
}

INSTANTIATE_TEST_SUITE_P(HoweverItCame, ReadOnlyCapability,
                         ::testing::Values(Holding::Rights::restricted,
                                           Holding::Rights::restricted_twice,
                                           Holding::Rights::by_authority));

}  // namespace
}  // namespace quire::server
