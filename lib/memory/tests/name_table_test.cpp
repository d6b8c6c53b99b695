// SPDX-License-Identifier: MIT
//
// Names and attributes in shared memory: what is found there, what is not any more, and readers while
// all of it changes.

#include "quire/memory/name_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "quire/memory/name_reader.hpp"
#include "tests/kit.hpp"

namespace quire::paging {
namespace {

using Look = NameReader::Outcome;

constexpr std::uint8_t file_type = 1;
constexpr std::uint8_t directory_type = 2;
constexpr std::uint8_t link_type = 3;

std::span<const std::byte> as_content(std::string_view text) {
    return std::as_bytes(std::span(text));
}

NameTable::Details directory(bool searchable = true) {
    return {.attributes = {.type = directory_type}, .searchable = searchable};
}
NameTable::Details file(std::uint64_t size = 0) {
    return {.attributes = {.type = file_type, .size = size}};
}
NameTable::Details file_with(std::string_view content) {
    NameTable::Details details = file(content.size());
    details.with_content = true;
    details.content = as_content(content);
    return details;
}
NameTable::Details link_to(std::string_view target) {
    NameTable::Details details = file_with(target);
    details.attributes.type = link_type;
    return details;
}

class Names : public ::testing::Test {
protected:
    void begin(std::uint64_t budget = 64 * MiB) {
        pool = *PagePool::create({.budget = budget});
        domain = pool->make_domain();
        table = *domain->names();
        table->show_root(node(1), directory(), gone);
    }

    // Counted, so that what is held can be.
    HeldNode node(std::uint64_t key) {
        ++held;
        return {key, std::shared_ptr<const void>(&held, [this](const void*) { --held; })};
    }
    void show(std::uint64_t in, std::string_view name, std::uint64_t key,
              const NameTable::Details& details) {
        table->show(in, name, node(key), details, gone);
    }

    /// All segments are mapped that there are.
    std::shared_ptr<MemoryMap> map_all() {
        auto map = std::make_shared<MemoryMap>();
        for (std::uint32_t number = 0;; ++number) {
            const auto segment = domain->segment(number);
            if (!segment) return map;
            EXPECT_TRUE(map->add(number, (*segment)->fd(), (*segment)->size()));
        }
    }
    NameReader reader() { return {map_all(), table->shape()}; }
    Look look(std::string_view path, bool follow = true) {
        NameReader own = reader();
        return own.find(path, follow, answer);
    }
    std::string content(std::string_view path, bool follow = true) {
        std::vector<std::byte> content;
        NameReader own = reader();
        const Look outcome = own.find(path, follow, answer, &content);
        if (outcome != Look::found) return "outcome " + std::to_string(static_cast<int>(outcome));
        return {reinterpret_cast<const char*>(content.data()), content.size()};
    }
    /// Whether the text is anywhere in the memory that clients have.
    bool is_in_memory(std::string_view text) {
        for (std::uint32_t number = 1;; ++number) {
            const auto segment = domain->segment(number);
            if (!segment) return false;
            const std::string_view all(reinterpret_cast<const char*>((*segment)->data()),
                                       (*segment)->size());
            if (all.find(text) != all.npos) return true;
        }
    }

    int held = 0;
    std::shared_ptr<PagePool> pool;
    std::shared_ptr<Domain> domain;
    std::shared_ptr<NameTable> table;
    NameTable::Gone gone;
    NameReader::Answer answer;
};

TEST_F(Names, are_found_by_their_paths) {
    begin();
    show(1, "usr", 2, directory());
    show(2, "share", 3, directory());
    show(3, "words", 4, file(1234));
    table->show_missing(3, "nothing", gone);
    for (const char* path : {"usr/share/words", "/usr/share/words", "//usr/./share//words",
                             "usr/../usr/share/../share/words", "../../usr/share/words"}) {
        ASSERT_EQ(look(path), Look::found) << path;
        EXPECT_EQ(answer.attributes.size, 1234u);
        EXPECT_EQ(answer.attributes.type, file_type);
    }
    for (const char* path : {"/", ".", "usr/..", "..", "./."}) {
        ASSERT_EQ(look(path), Look::found) << path;
        EXPECT_EQ(answer.attributes.type, directory_type);
    }
    ASSERT_EQ(look("usr/share/"), Look::found);
    EXPECT_EQ(look("usr/share/nothing"), Look::missing);
    EXPECT_EQ(look("usr/share/nothing/at/all"), Look::missing);
    // A file is no directory; the server says so.
    for (const char* path : {"usr/share/words/", "usr/share/words/.", "usr/share/words/..",
                             "usr/share/words/x", "usr/other", "usr/shar", "usr/share/word", ""})
        EXPECT_EQ(look(path), Look::unknown) << path;
}

TEST_F(Names, of_all_lengths_are_told_apart) {
    begin();
    std::vector<std::string> names;
    for (std::size_t length = 1; length <= longest_shown_name + 1; ++length) {
        names.emplace_back(length, 'n');
        names.push_back(std::string(length - 1, 'n') + 'm');
    }
    for (std::size_t i = 0; i < names.size(); ++i) show(1, names[i], 100 + i, file(i));
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].size() > longest_shown_name) {
            EXPECT_EQ(look(names[i]), Look::unknown);
            continue;
        }
        ASSERT_EQ(look(names[i]), Look::found) << names[i];
        EXPECT_EQ(answer.attributes.size, i);
    }
}

TEST_F(Names, are_not_found_through_what_may_not_be_searched) {
    begin();
    show(1, "closed", 2, directory(false));
    show(2, "file", 3, file());
    ASSERT_EQ(look("closed"), Look::found);
    EXPECT_EQ(look("closed/file"), Look::unknown);
    EXPECT_EQ(look("closed/.."), Look::unknown);
    show(1, "closed", 2, directory());
    EXPECT_EQ(look("closed/file"), Look::found) << "it is known now that it may";
    show(1, "closed", 2, directory(false));
    EXPECT_EQ(look("closed/file"), Look::found) << "which is not forgotten";
    table->hide(2);
    show(1, "closed", 2, directory(false));
    EXPECT_EQ(look("closed/file"), Look::unknown) << "until it may be otherwise";
}

TEST_F(Names, of_links_lead_where_they_say) {
    begin();
    show(1, "a", 2, directory());
    show(2, "b", 3, directory());
    show(3, "file", 4, file(7));
    show(1, "to_b", 5, link_to("a/b"));
    show(2, "absolute", 6, link_to("/a/b/file"));
    show(3, "up", 7, link_to("../.."));
    show(1, "slash", 8, link_to("a/b/"));
    show(1, "to_file", 9, link_to("a/b/file"));
    show(1, "circle", 10, link_to("circle"));
    show(1, "unread", 11, {.attributes = {.type = link_type}});
    for (const char* path : {"to_b/file", "a/absolute", "to_b/up/to_b/file", "slash/file",
                             "to_file", "to_b/up/to_b/up/a/absolute", "to_b/../b/file"}) {
        ASSERT_EQ(look(path), Look::found) << path;
        EXPECT_EQ(answer.attributes.size, 7u) << path;
    }
    ASSERT_EQ(look("to_b", false), Look::found);
    EXPECT_EQ(answer.attributes.type, link_type);
    for (const char* path : {"to_b/", "slash/", "to_b/."}) {
        ASSERT_EQ(look(path, false), Look::found) << path;
        EXPECT_EQ(answer.attributes.type, directory_type) << path;
    }
    ASSERT_EQ(look("slash"), Look::found);
    EXPECT_EQ(answer.attributes.type, directory_type);
    EXPECT_EQ(content("to_b", false), "a/b");
    EXPECT_EQ(look("to_file/"), Look::unknown);
    EXPECT_EQ(look("circle"), Look::unknown);
    EXPECT_EQ(look("unread"), Look::unknown);
    EXPECT_EQ(look("unread", false), Look::found);
}

TEST_F(Names, bring_content_with_them) {
    begin();
    const std::string longest(longest_shown_content, 'l');
    show(1, "short", 2, file_with("content"));
    show(1, "empty", 3, file_with(""));
    show(1, "long", 4, file_with(longest));
    show(1, "longer", 5, file_with(longest + 'l'));
    show(1, "unread", 6, file(9));
    EXPECT_EQ(content("short"), "content");
    EXPECT_EQ(content("empty"), "");
    EXPECT_EQ(content("long"), longest);
    const std::string unknown = "outcome 2";
    EXPECT_EQ(content("longer"), unknown);
    EXPECT_EQ(content("unread"), unknown);
    EXPECT_EQ(content("/"), unknown);
    show(1, "unread", 6, file_with("nine char"));
    EXPECT_EQ(content("unread"), "nine char");
    show(1, "unread", 6, file(9));
    EXPECT_EQ(content("unread"), "nine char") << "what is shown stays";
}

TEST_F(Names, are_gone_once_they_are_taken_away_and_what_is_below_with_them) {
    begin();
    show(1, "a", 2, directory());
    show(2, "b", 3, directory());
    show(3, "secret", 4, file_with("the content of it"));
    table->show_missing(3, "nothing", gone);
    EXPECT_EQ(held, 4);
    EXPECT_TRUE(is_in_memory("the content of it"));
    table->take_away(1, "a", gone);
    gone.clear();
    EXPECT_EQ(held, 1) << "the root";
    for (const char* path : {"a", "a/b", "a/b/secret", "a/b/nothing"})
        EXPECT_EQ(look(path), Look::unknown) << path;
    EXPECT_FALSE(is_in_memory("the content of it"));
    EXPECT_EQ(table->counters().shown, 1u);
    show(3, "x", 5, file());
    EXPECT_EQ(held, 1) << "nothing is shown below what is not";
}

TEST_F(Names, that_are_hidden_come_back_with_what_is_below) {
    begin();
    show(1, "a", 2, directory());
    show(2, "file", 3, file_with("content of it"));
    ASSERT_EQ(look("a/file"), Look::found);
    const std::uint64_t identity = answer.node;
    EXPECT_EQ(table->find_readable(identity)->key, 3u);
    table->hide(2);
    EXPECT_EQ(look("a"), Look::unknown);
    EXPECT_EQ(look("a/file"), Look::unknown);
    show(1, "a", 2, directory());
    ASSERT_EQ(look("a/file"), Look::found);
    EXPECT_EQ(answer.node, identity);
    table->hide(3);
    EXPECT_FALSE(is_in_memory("content of it"));
    EXPECT_EQ(look("a/file"), Look::unknown);
    show(2, "file", 3, file_with("more"));
    EXPECT_EQ(content("a/file"), "more");
    EXPECT_EQ(answer.node, identity);
}

TEST_F(Names, say_when_they_go_what_could_be_opened) {
    begin();
    show(1, "f", 2, file_with("content"));
    show(1, "g", 3, file(1));
    ASSERT_EQ(look("f"), Look::found);
    const std::uint64_t identity = answer.node;
    ASSERT_EQ(look("g"), Look::found);
    EXPECT_FALSE(table->find_readable(answer.node)) << "nobody has read it";
    table->hide(2);
    EXPECT_TRUE(table->find_readable(identity)) << "it has changed, and is readable yet";
    gone.clear();
    table->hide_for_access(2, gone);
    ASSERT_EQ(gone.size(), 1u);
    EXPECT_TRUE(gone.front().was_readable);
    EXPECT_EQ(gone.front().identity, identity);
    EXPECT_EQ(gone.front().node.key, 2u);
    EXPECT_FALSE(table->find_readable(identity)) << "that has to be asked again";
    gone.clear();
    table->hide_for_access(2, gone);
    EXPECT_TRUE(gone.empty());
    show(1, "f", 2, file_with("content"));
    table->hide_for_access(1, gone);
    ASSERT_EQ(gone.size(), 1u) << "what is below a directory is meant too";
    EXPECT_EQ(gone.front().identity, identity);
    EXPECT_FALSE(table->find_readable(identity));
    table->show_root(node(1), directory(), gone);
    EXPECT_EQ(look("f"), Look::unknown);
    gone.clear();
    show(1, "f", 2, file_with("content"));
    EXPECT_TRUE(table->find_readable(identity));
    table->take_away(1, "f", gone);
    ASSERT_EQ(gone.size(), 1u);
    EXPECT_TRUE(gone.front().was_readable);
    EXPECT_EQ(gone.front().identity, identity);
}

TEST_F(Names, may_come_to_mean_something_else) {
    begin();
    show(1, "a", 2, directory());
    show(2, "below", 3, file());
    show(1, "a", 4, file(4));
    ASSERT_EQ(look("a"), Look::found);
    EXPECT_EQ(answer.attributes.size, 4u);
    EXPECT_EQ(look("a/below"), Look::unknown);
    table->show_missing(1, "a", gone);
    EXPECT_EQ(look("a"), Look::missing);
    show(1, "a", 2, directory());
    ASSERT_EQ(look("a"), Look::found);
    // A node has one name: the newer one.
    show(1, "b", 2, directory());
    EXPECT_EQ(look("a"), Look::unknown);
    EXPECT_EQ(look("b"), Look::found);
    // What a damaged volume may say.
    show(2, "loop", 1, directory());
    EXPECT_EQ(look("b/loop"), Look::unknown);
    gone.clear();
    EXPECT_EQ(held, 2);
}

TEST_F(Names, make_room_for_others) {
    begin(PagePool::least_budget);
    const std::uint32_t records = table->shape().records;
    constexpr std::uint64_t directories = 7;
    for (std::uint64_t i = 0; i < directories; ++i)
        show(1, "directory " + std::to_string(i), 2 + i, directory());
    const auto name = [](std::uint64_t i) { return "name " + std::to_string(i); };
    for (std::uint64_t i = 0; i < 4 * records; ++i)
        show(2 + i % directories, name(i), 100 + i, file_with(name(i)));
    gone.clear();
    const NameTable::Counters counters = table->counters();
    EXPECT_EQ(counters.shown + counters.hidden, records);
    EXPECT_EQ(held, static_cast<int>(records));
    EXPECT_GE(counters.taken, 3 * records);
    // The newest one is there, and nothing that is found is another's.
    const std::uint64_t newest = 4 * records - 1;
    EXPECT_EQ(content("directory " + std::to_string(newest % directories) + '/' + name(newest)),
              name(newest));
    std::size_t found = 0;
    NameReader own = reader();
    for (std::uint64_t i = 0; i < 4 * records; ++i) {
        std::vector<std::byte> bytes;
        const std::string path = "directory " + std::to_string(i % directories) + '/' + name(i);
        if (own.find(path, true, answer, &bytes) != Look::found) continue;
        ++found;
        ASSERT_EQ(std::memcmp(bytes.data(), name(i).data(), name(i).size()), 0) << path;
    }
    EXPECT_GT(found, 0u);
    table->clear().clear();
    EXPECT_EQ(held, 0);
    EXPECT_EQ(look("/"), Look::unknown);
}

// Whoever may make files chooses their names, and knows the hash.
TEST_F(Names, that_were_chosen_to_fall_together_are_not_all_shown) {
    begin();
    show(1, "d", 2, directory());
    ASSERT_EQ(look("d"), Look::found);
    const std::uint64_t identity = answer.node;
    const std::uint32_t buckets = table->shape().buckets;
    std::vector<std::string> names;
    for (std::uint64_t i = 0; names.size() < 100; ++i)
        if (hash_of_name(identity, std::to_string(i)) % buckets == 0)
            names.push_back(std::to_string(i));
    for (std::size_t i = 0; i < names.size(); ++i) show(2, names[i], 100 + i, file(i));
    std::size_t found = 0;
    for (const std::string& name : names) found += look("d/" + name) == Look::found;
    // Others may be there already.
    EXPECT_LE(found, static_cast<std::size_t>(longest_chain));
    EXPECT_GE(found, static_cast<std::size_t>(longest_chain) - 2);
}

TEST_F(Names, of_content_that_gives_way_to_pages_are_asked_for_again) {
    begin(PagePool::least_budget);
    const std::string content_of_it(longest_shown_content, 'c');
    for (std::uint64_t i = 0; i < 1000; ++i)
        show(1, std::to_string(i), 100 + i, file_with(content_of_it));
    // A file that needs all the runs there are.
    TestFile source(std::string(4 * MiB, 't'));
    const auto pages = *domain->make_file();
    for (std::uint64_t at = 0; at < 4 * MiB; at += MiB) (void)pages->bring_in({}, at, MiB, source);
    NameReader own = reader();
    for (std::uint64_t i = 0; i < 1000; ++i) {
        std::vector<std::byte> bytes;
        if (own.find(std::to_string(i), true, answer, &bytes) != Look::found) continue;
        ASSERT_EQ(std::memcmp(bytes.data(), content_of_it.data(), bytes.size()), 0);
    }
}

// Runs for short content may have held a file that nobody may read any more.
TEST_F(Names, have_nothing_of_others_between_them) {
    begin(PagePool::least_budget);
    const std::string secret = "what a file had";
    std::string all;
    while (all.size() < MiB) all += secret;
    TestFile source(all);
    const auto pages = *domain->make_file();
    for (std::uint64_t at = 0; at < MiB; at += run_size)
        ASSERT_TRUE(pages->bring_in({}, at, run_size, source));
    source.change(*pages, 0, to_the_end, [](std::string&) {});
    ASSERT_TRUE(is_in_memory(secret));
    show(1, "f", 2, file_with("content"));
    pool->scrub();
    EXPECT_FALSE(is_in_memory(secret));
    EXPECT_EQ(content("f"), "content");
}

TEST_F(Names, end_with_their_domain) {
    begin();
    show(1, "a", 2, directory());
    table.reset();
    domain.reset();
    gone.clear();
    EXPECT_EQ(held, 0);
    EXPECT_EQ(pool->counters().segment_bytes, 0u);
}

TEST_F(Names, of_no_shape_are_not_looked_for) {
    begin();
    const auto map = map_all();
    const NameTableShape good = table->shape();
    for (const NameTableShape& bad :
         {NameTableShape{good.segment, 0, 10}, NameTableShape{good.segment, 3, 10},
          NameTableShape{good.segment, good.buckets, good.records * 2},
          NameTableShape{good.segment, 1U << 31U, 10},
          NameTableShape{good.segment, good.buckets, ~0U}, NameTableShape{99, good.buckets, 10},
          NameTableShape{~0U, good.buckets, 10}}) {
        NameReader own(map, bad);
        EXPECT_EQ(own.find("/", true, answer), Look::unknown);
    }
}

// One thread changes everything all the time: each file's attributes and content say the same number,
// and of two directories only one is there at any moment.
TEST_F(Names, are_found_whole_while_they_change) {
    begin();
    constexpr int files = 8;
    std::atomic<bool> done = false;
    std::atomic<std::uint64_t> found = 0;
    show(1, "d", 2, directory());
    // Segments are there before they are mapped.
    show(2, "other", 10, file_with(std::string(4000, 'x')));
    const auto map = map_all();
    std::vector<std::jthread> readers;
    for (int i = 0; i < 2; ++i)
        readers.emplace_back([&] {
            NameReader own(map, table->shape());
            NameReader::Answer mine;
            std::vector<std::byte> bytes;
            std::uint64_t count = 0;
            while (!done) {
                for (int number = 0; number < files; ++number) {
                    const std::string path = "d/" + std::to_string(number);
                    const Look outcome = own.find(path, true, mine, &bytes);
                    if (outcome != Look::found) continue;
                    ++count;
                    const std::uint64_t size = mine.attributes.size;
                    ASSERT_EQ(bytes.size(), size);
                    ASSERT_EQ(mine.attributes.inode, size);
                    for (const std::byte byte : bytes)
                        ASSERT_EQ(byte, static_cast<std::byte>(size)) << path;
                }
            }
            found += count;
        });
    std::uint64_t random = 1;
    for (int round = 0; round < 30'000; ++round) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const std::uint64_t number = (random >> 33U) % files;
        const std::uint64_t size = 1 + (random >> 40U) % 3000;
        const std::string name = std::to_string(number);
        if (round % 3 == 0)
            table->take_away(2, name, gone);
        else
            table->hide(10 + number);
        const std::string content(size, static_cast<char>(size));
        NameTable::Details details = file_with(content);
        details.attributes.inode = size;
        table->show(2, name, {10 + number, nullptr}, details, gone);
        if (round % 100 == 0) {
            table->hide(2);
            show(1, "d", 2, directory());
        }
        gone.clear();
    }
    done = true;
    readers.clear();
    EXPECT_GT(found, 0u);
}

}  // namespace
}  // namespace quire::paging
