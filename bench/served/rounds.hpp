// SPDX-License-Identifier: MIT

#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "served/reach.hpp"

namespace quire::bench {

struct Operation {
    const char* name;
    int times;  ///< in a round
    std::function<void(Reach&, int)> run;
    std::function<void()> begin = nullptr;  ///< a round begins with it, and its time counts there
};

struct Case {
    std::string name;
    std::unique_ptr<Reach> reach;
    pid_t server = 0;
};

/// What goes through a list of cases in turns, in a new order each round, and is written as JSON.
class Rounds {
public:
    Rounds(int rounds, unsigned seed, std::vector<Case>& cases)
        : rounds_(rounds), random_(seed), cases_(cases) {}

    /// `operation_of`: makes a case warm, which is timed as a whole, and says what to do with it.
    void run(const char* name, const std::function<Operation(Case&)>& operation_of);

private:
    int rounds_;
    std::mt19937 random_;
    std::vector<Case>& cases_;
    const char* separator_ = "";
};

}  // namespace quire::bench
