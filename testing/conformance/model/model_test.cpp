// SPDX-License-Identifier: MIT

// RandomOperations operations on every kind, compared with a model.
//
// QUIRE_SEED=N plays that seed instead of the fixed ones, QUIRE_REPLAY=FILE the operations of a
// file, in the form in which a failure prints them.

#include <cstdlib>
#include <fstream>

#include "model/player.hpp"
#include "suite.hpp"

namespace quire::conformance {
namespace {

class RandomOperations : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override {
        const auto ground = GetParam().make();
        ASSERT_OK(ground);
        NEEDS((*ground)->traits().users, "the model is root");
    }
    static void check(const std::vector<Operation>& operations) {
        if (Player::play(GetParam(), operations).empty()) return;
        const std::vector<Operation> fewest = Player::shrink(GetParam(), operations);
        std::string lines;
        for (const Operation& operation : fewest) lines += to_line(operation) + "\n";
        ADD_FAILURE() << Player::play(GetParam(), fewest) << "\nQUIRE_REPLAY:\n" << lines;
    }
};
INSTANTIATE_TEST_SUITE_P(Volumes, RandomOperations, ::testing::ValuesIn(kinds()), kind_name);

TEST_P(RandomOperations, do_what_the_model_does) {
    if (const char* path = std::getenv("QUIRE_REPLAY")) {
        std::ifstream file(path);
        std::vector<Operation> operations;
        for (std::string line; std::getline(file, line);)
            if (const auto operation = parse_line(line)) operations.push_back(*operation);
        check(operations);
        return;
    }
    std::vector<std::uint64_t> seeds = {1, 2, 3, 4, 5, 6};
    if (const char* text = std::getenv("QUIRE_SEED")) seeds = {std::strtoull(text, nullptr, 0)};
    for (const std::uint64_t seed : seeds) {
        SCOPED_TRACE(::testing::Message() << "QUIRE_SEED=" << seed);
        check(random_operations(seed, 1000));
    }
}

TEST(Operations, lines_are_read_back) {
    for (const Operation& operation : random_operations(1, 500)) {
        const auto parsed = parse_line(to_line(operation));
        ASSERT_TRUE(parsed);
        EXPECT_EQ(to_line(*parsed), to_line(operation));
    }
    EXPECT_FALSE(parse_line("fly a b 1 2"));
    EXPECT_FALSE(parse_line("mkdir a"));
}

}  // namespace
}  // namespace quire::conformance
