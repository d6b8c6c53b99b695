// SPDX-License-Identifier: MIT

// What a guard of somebody's identity lets a holder do, is what the machine's kernel lets that
// somebody do: random trees of several owners, and random operations on both.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <random>

#include "ground.hpp"
#include "quire/volumes/memory/memory_volume.hpp"
#include "suite.hpp"
#include "tree_subject.hpp"

namespace quire::conformance {
namespace {

constexpr std::uint32_t own_uid = 1000;
// One of the identity, supplementary ones, and ones that it is not in.
constexpr std::array<std::uint32_t, 5> some_groups{1000, 50, 51, 60, 0};
constexpr std::array<std::uint32_t, 3> some_users{own_uid, 1001, 0};
constexpr std::array<std::uint16_t, 14> directory_modes{
    0777, 0755, 0700, 0711, 0070, 0007, 01777, 01775, 02775, 02777, 03777, 0500, 0300, 0333};
constexpr std::array<std::uint16_t, 12> file_modes{0644, 0600,  0666,  0060,  0006,  0400,
                                                   0200, 04755, 02755, 02745, 06777, 0};
const std::array<std::string, 6> directories{"p", "q", "r", "p/s", "q/t", "p/s/u"};
const std::array<std::string, 4> names{"f", "g", "l", "d"};

bool links_are_protected() {
    int value = 0;
    std::ifstream("/proc/sys/fs/protected_hardlinks") >> value;
    return value != 0;
}

/// The same filesystem twice: the kernel's, and a volume behind a guard.
class Pair {
public:
    Pair(const fs::Credentials& who, unsigned seed) : random_(seed), honest_(seed % 2 == 0) {
        for (const Kind& kind : machine_kinds())
            if (kind.name == "system") system_ = *kind.make();
        tree_ = *fs::Tree::open(
            *memory::MemoryVolume::create({.clock = std::make_shared<TickingClock>()}));
        held_ = *fs::Tree::open(std::make_shared<server::Guard>(server::Authority(tree_, who)));
        roots_ = {system_->subject(), make_tree_subject(tree_)};
        // A holder may claim to be root; it has the guard's identity all the same. Only what it
        // asks of itself, without the guard, is of no interest then.
        users_ = {roots_[0]->as(who), make_tree_subject(held_)};
        if (honest_) users_[1] = users_[1]->as(who);
    }
    ~Pair() {
        roots_ = {};
        users_ = {};
    }

    /// Builds the same random tree in both.
    void build() {
        for (const std::string& path : directories) {
            const std::uint16_t mode = pick(directory_modes);
            both([&](Subject& root) { return root.mkdir(path, 0700); });
            for (const std::string& name : names) {
                if (chance(3)) continue;
                make(path + "/" + name, name);
            }
            own(path, mode);
        }
    }

    /// One random operation by the user; the answers have to be the same.
    void step() {
        std::array<std::string, 2> answers;
        const std::string path = random_path();
        const std::string other = random_path();
        constexpr unsigned access_verb = 11;
        const unsigned verb = random_() % 17;
        if (verb == access_verb && !honest_) return;
        const auto number = static_cast<std::uint32_t>(random_());
        for (std::size_t i = 0; i < 2; ++i)
            answers.at(i) = play(*users_.at(i), *roots_.at(i), verb, path, other, number);
        done_ += "verb " + std::to_string(verb) + " on " + path + ", " + other + ", number " +
                 std::to_string(number) + ": " + answers[0] + "\n";
        // Who claims to be root asks in another order, and may hear of another obstacle first.
        const bool both_fail = !answers[0].starts_with("ok") && !answers[1].starts_with("ok");
        EXPECT_TRUE(answers[0] == answers[1] || (!honest_ && both_fail))
            << done_ << "not " << answers[1];
    }

    void compare() {
        SCOPED_TRACE(done_);
        done_.clear();
        for (const std::string& directory : directories) {
            compare(directory);
            for (const std::string& name : names) compare(directory + "/" + name);
        }
    }

private:
    template <typename Range>
    typename Range::value_type pick(const Range& range) {
        return range[random_() % range.size()];
    }
    bool chance(unsigned of) { return random_() % of == 0; }
    std::string random_path() {
        return chance(5) ? pick(directories) : pick(directories) + "/" + pick(names);
    }
    template <typename Do>
    void both(Do&& work) {
        for (const auto& root : roots_) EXPECT_OK(work(*root));
    }
    void own(const std::string& path, std::uint16_t mode) {
        const std::uint32_t uid = pick(some_users);
        const std::uint32_t gid = pick(some_groups);
        both([&](Subject& root) { return root.chown(path, uid, gid, Follow::no); });
        both([&](Subject& root) { return root.chmod(path, mode); });
    }
    void make(const std::string& path, const std::string& name) {
        if (name == "l") {
            const std::string target = chance(2) ? "f" : "../" + pick(names);
            both([&](Subject& root) { return root.symlink(target, path); });
            const std::uint32_t uid = pick(some_users);
            both([&](Subject& root) { return root.chown(path, uid, 50, Follow::no); });
            return;
        }
        if (name == "d")
            both([&](Subject& root) { return root.mkdir(path, 0755); });
        else
            both([&](Subject& root) { return root.make_file(path, 0644); });
        own(path, name == "d" ? pick(directory_modes) : pick(file_modes));
        if (chance(3)) give_list(path);
    }
    // user::rw-, user:1000, group::---, group:50, mask (not empty), other::r--
    void give_list(const std::string& path) {
        std::string list;
        const auto put = [&](std::uint32_t value, int count) {
            for (int i = 0; i < count; ++i) list += static_cast<char>(value >> (8 * i) & 0xFF);
        };
        const auto entry = [&](std::uint32_t tag, std::uint32_t permissions, std::uint32_t id) {
            put(tag, 2);
            put(permissions, 2);
            put(id, 4);
        };
        put(2, 4);
        entry(0x01, 6, ~0U);
        entry(0x02, random_() % 8, own_uid);
        entry(0x04, random_() % 8, ~0U);
        entry(0x08, random_() % 8, 50);
        entry(0x10, 1 + random_() % 7, ~0U);
        entry(0x20, random_() % 8, ~0U);
        both([&](Subject& root) {
            return root.set_attribute(path, "system.posix_acl_access", list,
                                      fs::SetAttributeMode::either, Follow::no);
        });
    }

    template <typename T>
    static std::string told(const Result<T>& result) {
        if (!result) return ::strerrorname_np(static_cast<int>(result.error().code()));
        if constexpr (std::is_same_v<T, std::string>) return "ok " + *result;
        return "ok";
    }
    static std::string told(const Result<std::vector<Listed>>& result) {
        if (!result) return ::strerrorname_np(static_cast<int>(result.error().code()));
        std::vector<std::string> listed;
        for (const Listed& one : *result) listed.push_back(one.name);
        std::ranges::sort(listed);
        std::string all = "ok";
        for (const std::string& name : listed) all += " " + name;
        return all;
    }
    static std::string play(Subject& user, Subject& root, unsigned verb, const std::string& path,
                            const std::string& other, std::uint32_t number) {
        const auto mode = static_cast<std::uint16_t>(number % 010000);
        const std::uint32_t uid = some_users.at(number % some_users.size());
        const std::uint32_t gid = some_groups.at(number % some_groups.size());
        switch (verb) {
            case 0:
                return told(user.make_file(path, mode));
            case 1:
                return told(user.mkdir(path, mode));
            case 2:
                return told(user.symlink("f", path));
            case 3: {
                // A rule that is the machine's choice: only what one owns may be linked.
                const auto linked = root.stat(path, Follow::no);
                if (linked && linked->uid != own_uid && links_are_protected()) return "-";
                return told(user.link(path, other));
            }
            case 4:
                return told(user.unlink(path));
            case 5:
                return told(user.rmdir(path));
            case 6:
                return told(user.rename(path, other));
            case 7:
                return told(user.list(path, 0, ~std::size_t{0}));
            case 8:
                return told(user.readlink(path));
            case 9: {
                const bool write = number & 1;
                auto file = user.open(path, {.read = !write || (number & 2) != 0, .write = write});
                if (!file) return told(file);
                if (write) return told((*file)->write(0, "new"));
                return told((*file)->read(0, 100));
            }
            case 10:
                return told(user.stat(path, number & 1 ? Follow::yes : Follow::no));
            case 11:
                return told(user.access(path, static_cast<int>(number % 8)));
            case 12:
                return told(user.chmod(path, mode));
            case 13:
                return told(
                    user.chown(path, number & 64 ? std::optional(uid) : std::nullopt,
                               number & 64 && number & 128 ? std::nullopt : std::optional(gid),
                               number & 256 ? Follow::no : Follow::yes));
            case 14:
                return told(user.set_times(path, Time{1, 0}, Time{2, 0}, Follow::yes));
            case 15:
                return told(user.truncate(path, number % 10));
            default:
                return told(user.rename(path, other, {.exchange = true}));
        }
    }
    void compare(const std::string& path) {
        const auto theirs = roots_[0]->stat(path, Follow::no);
        const auto ours = roots_[1]->stat(path, Follow::no);
        ASSERT_EQ(told(theirs), told(ours)) << path;
        if (!theirs) return;
        EXPECT_EQ(theirs->type, ours->type) << path;
        EXPECT_EQ(theirs->permissions, ours->permissions) << path;
        EXPECT_EQ(theirs->uid, ours->uid) << path;
        EXPECT_EQ(theirs->gid, ours->gid) << path;
        EXPECT_EQ(theirs->links, ours->links) << path;
        if (theirs->type == fs::FileType::regular) {
            EXPECT_EQ(theirs->size, ours->size) << path;
        }
    }

    std::mt19937 random_;
    std::string done_;  // since the last comparison
    bool honest_;
    std::unique_ptr<Ground> system_;
    std::shared_ptr<fs::Tree> tree_;
    std::shared_ptr<fs::Tree> held_;
    std::array<std::shared_ptr<Subject>, 2> roots_;
    std::array<std::shared_ptr<Subject>, 2> users_;
};

TEST(Authority, of_an_identity_is_what_the_kernel_grants_it) {
    bool able = false;
    for (const Kind& kind : machine_kinds())
        if (kind.name == "system") {
            const auto ground = *kind.make();
            able = ground->traits().users && ground->traits().access_lists;
        }
    NEEDS(able, "the machine cannot act as others here: that needs root");
    const std::array<fs::Credentials, 3> identities{{
        {.uid = own_uid, .gid = 1000, .groups = {50, 51}, .umask = 022, .pid = 0},
        {.uid = own_uid, .gid = 1000, .groups = {}, .umask = 0, .pid = 0},
        {.uid = own_uid, .gid = 60, .groups = {1000}, .umask = 077, .pid = 0},
    }};
    unsigned seed = 0;
    for (const fs::Credentials& who : identities)
        for (int world = 0; world < 40; ++world) {
            Pair pair(who, ++seed);
            pair.build();
            for (int i = 0; i < 60 && !HasFailure(); ++i) {
                pair.step();
                if (i % 10 == 9) pair.compare();
            }
            ASSERT_FALSE(HasFailure()) << "world " << seed;
        }
}

}  // namespace
}  // namespace quire::conformance
