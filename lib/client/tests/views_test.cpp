// SPDX-License-Identifier: MIT

// Content that is looked at where it lies.

#include <vector>

#include "paged_ground.hpp"
#include "quire/memory/pins.hpp"

namespace quire::client {
namespace {

using Views = PagedGround;
QUIRE_BOTH_WAYS(Views);
using ViewsOfMessages = ClientGround;
QUIRE_BOTH_WAYS(ViewsOfMessages);

constexpr OpenOptions straight_to_it{.buffered = false};

/// All of a file by views.
std::string all_by_views(File& file, std::size_t step) {
    std::string all;
    while (true) {
        const auto view = file.view(all.size(), step);
        EXPECT_TRUE(view) << view.error().message();
        if (!view || view->bytes().empty()) return all;
        all += text_of(view->bytes());
    }
}

TEST_P(Views, are_what_the_file_is) {
    for (const std::size_t size : {0UL, 1UL, 5000UL, 65536UL, 300'000UL, 5'000'000UL}) {
        const std::string content = pattern(size);
        make("f", content);
        File file = open("f", "r", straight_to_it);
        EXPECT_TRUE(all_by_views(file, View::longest) == content) << size;
        EXPECT_TRUE(all_by_views(file, 77'777) == content) << size;
        EXPECT_TRUE(file.view(size, 10)->bytes().empty());
        EXPECT_TRUE(file.view(size + 1'000'000, 10)->bytes().empty());
        EXPECT_TRUE(file.view(~std::uint64_t{0} >> 1U, 10)->bytes().empty());
        EXPECT_TRUE(file.view(0, 0)->bytes().empty());
    }
}

TEST_P(Views, that_are_warm_take_no_messages) {
    if (GetParam() == Way::in_process) GTEST_SKIP() << "there are none";
    make("f", pattern(4 * MiB));
    File file = open("f", "r", straight_to_it);
    (void)all_by_views(file, View::longest);
    ASSERT_TRUE(file.view(100, 10)->is_shared());
    const std::uint64_t before = messages();
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        const std::uint64_t place = i * 7919 % (3 * MiB);
        const auto view = file.view(place, 4096);
        ASSERT_TRUE(view);
        ASSERT_TRUE(view->is_shared());
        ASSERT_FALSE(view->bytes().empty());
    }
    EXPECT_EQ(messages(), before);
}

TEST_P(Views, stay_what_they_were) {
    const std::string content = pattern(200'000);
    make("f", content);
    File file = open("f", "r", straight_to_it);
    const View before = *file.view(70'000, 1000);
    EXPECT_TRUE(before.is_shared());
    {
        File other = open("f", "r+", straight_to_it);
        ASSERT_TRUE(other.pwrite(70'100, bytes_of("changed")));
        ASSERT_TRUE(other.truncate(70'200));
    }
    ASSERT_TRUE(context->remove("f"));
    make("g", pattern(20'000'000, 9));
    EXPECT_EQ(text_of(before.bytes()), content.substr(70'000, 1000));
    const View after = *file.view(70'000, 1000);
    EXPECT_EQ(text_of(after.bytes()),
              content.substr(70'000, 100) + "changed" + content.substr(70'107, 93));
}

TEST_P(Views, are_copies_when_there_are_too_many) {
    const std::string content = pattern(8 * MiB);
    make("f", content);
    File file = open("f", "r", straight_to_it);
    std::vector<View> views;
    std::size_t shared = 0;
    for (std::uint64_t place = 0; place < content.size(); place += 64 * KiB) {
        views.push_back(*file.view(place, 100));
        if (views.back().is_shared()) ++shared;
    }
    EXPECT_EQ(shared, paging::most_pins);
    for (std::size_t i = 0; i < views.size(); ++i)
        ASSERT_EQ(text_of(views[i].bytes()), content.substr(i * 64 * KiB, 100));
    views.erase(views.begin() + 1, views.end());
    EXPECT_TRUE(file.view(64 * KiB, 100)->is_shared());
    views[0] = *file.view(128 * KiB, 100);
    EXPECT_EQ(text_of(views[0].bytes()), content.substr(128 * KiB, 100));
}

class ViewsOfFew : public PagedGround {
protected:
    ViewsOfFew() : PagedGround(4 * MiB) {}
};
QUIRE_BOTH_WAYS(ViewsOfFew);

TEST_P(ViewsOfFew, are_as_long_as_may_be_pinned) {
    const std::string content = pattern(MiB);
    make("f", content);
    File file = open("f", "r", straight_to_it);
    const View view = *file.view(1000, View::longest);
    EXPECT_TRUE(view.is_shared());
    EXPECT_LE(view.bytes().size(), 4 * 64 * KiB - 1000);
    EXPECT_EQ(text_of(view.bytes()), content.substr(1000, view.bytes().size()));
    EXPECT_TRUE(all_by_views(file, View::longest) == content);
    EXPECT_TRUE(all_by_views(file, 10'000) == content);
}

TEST_P(Views, outlive_what_they_came_from) {
    const std::string content = pattern(100'000);
    make("f", content);
    std::optional<Context> other(*Context::create(opener()));
    std::optional<View> view;
    {
        File file = *other->open("f", "r", straight_to_it);
        view = *file.view(10, 50'000);
    }
    other.reset();
    EXPECT_TRUE(view->is_shared());
    // What somebody pins is his, whoever wants the memory.
    make("g", pattern(70 * MiB, 9));
    File big = open("g", "r", straight_to_it);
    (void)all_by_views(big, View::longest);
    EXPECT_EQ(text_of(view->bytes()), content.substr(10, 50'000));
    view.reset();
}

TEST_P(Views, of_what_is_on_loan_are_copies_of_it) {
    make("f", pattern(100'000));
    File file = open("f", "r+", straight_to_it);
    std::string model = pattern(100'000);
    for (std::size_t i = 0; i < 50; ++i) {
        const std::string text = "turn " + std::to_string(i);
        ASSERT_TRUE(file.pwrite(i * 100, bytes_of(text)));
        model.replace(i * 100, text.size(), text);
        const View view = *file.view(i * 100, 20);
        ASSERT_EQ(text_of(view.bytes()), model.substr(i * 100, 20));
    }
    ASSERT_TRUE(file.close());
    EXPECT_EQ(content("f"), model);
}

TEST_P(Views, need_the_right_to_read) {
    make("f", "text");
    File file = open("f", "a");
    EXPECT_EQ(code_of(file.view(0, 1)), std::errc::bad_file_descriptor);
    File other = open("f", "r");
    ASSERT_TRUE(other.close());
    EXPECT_EQ(code_of(other.view(0, 1)), std::errc::bad_file_descriptor);
}

TEST_P(Views, see_what_is_kept_for_writing) {
    make("f", pattern(1000));
    File file = open("f", "r+");
    ASSERT_TRUE(file.pwrite(500, bytes_of("kept")));
    EXPECT_EQ(text_of(file.view(500, 4)->bytes()), "kept");
}

TEST_P(ViewsOfMessages, are_copies) {
    const std::string content = pattern(3'000'000);
    make("f", content);
    File file = open("f", "r", straight_to_it);
    EXPECT_TRUE(all_by_views(file, View::longest) == content);
    EXPECT_FALSE(file.view(0, 10)->is_shared());
}

}  // namespace
}  // namespace quire::client
