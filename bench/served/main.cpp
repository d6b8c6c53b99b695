// SPDX-License-Identifier: MIT
//
// How long it takes to open, stat, read and list files of one image, by the ways to reach them in
// turns. Writes JSON: nanoseconds, context switches and messages of each operation.
//
//     bench_served [--rounds N] [--seed N] [--mounted NAME DIRECTORY PID] [--served NAME SOCKET PID]
//
// PID: the process whose context switches count besides this one's; 0: none. The image has the
// files /files/0 … /files/999.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "served/reach.hpp"

namespace quire::bench {

namespace {

constexpr int files = 1000;

struct Operation {
    const char* name;
    int times;  ///< in a round
    std::function<void(Reach&, int)> run;
};

struct Case {
    std::string name;
    std::unique_ptr<Reach> reach;
    pid_t server = 0;
};

struct Sample {
    std::vector<double> nanoseconds;
    std::vector<double> switches;
    std::vector<double> messages;
};

std::string file(int number) {
    return "/files/" + std::to_string(number);
}

/// Both kinds, of all threads.
std::int64_t switches_of(pid_t process) {
    std::int64_t sum = 0;
    if (process == 0) return sum;
    std::error_code gone;
    for (const auto& thread :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), gone)) {
        std::ifstream status(thread.path() / "status");
        for (std::string line; std::getline(status, line);) {
            const std::size_t at = line.find("ctxt_switches:");
            if (at != line.npos) sum += std::stoll(line.substr(at + 14));
        }
    }
    return sum;
}

std::int64_t own_switches() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw + usage.ru_nivcsw;
}

void measure(const Operation& operation, Case& one, Sample& sample, bool counts) {
    const std::int64_t switches = switches_of(one.server) + own_switches();
    const std::int64_t messages = one.reach->messages();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < operation.times; ++i) operation.run(*one.reach, i);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    if (!counts) return;
    const double times = operation.times;
    sample.nanoseconds.push_back(took.count() / times);
    sample.switches.push_back(
        static_cast<double>(switches_of(one.server) + own_switches() - switches) / times);
    if (messages >= 0)
        sample.messages.push_back(static_cast<double>(one.reach->messages() - messages) / times);
}

int run(int count, char** arguments) {
    int rounds = 10;
    unsigned seed = 1;
    std::vector<Case> cases;
    for (int i = 1; i < count;) {
        const std::string_view name = arguments[i];
        const int left = count - i - 1;
        if (name == "--rounds" && left >= 1) {
            rounds = std::stoi(arguments[i + 1]);
            i += 2;
        } else if (name == "--seed" && left >= 1) {
            seed = static_cast<unsigned>(std::stoul(arguments[i + 1]));
            i += 2;
        } else if ((name == "--mounted" || name == "--served") && left >= 3) {
            const std::string where = arguments[i + 2];
            cases.push_back({arguments[i + 1],
                             name == "--mounted" ? reach_mounted(where) : reach_served(where, true),
                             std::stoi(arguments[i + 3])});
            i += 4;
        } else {
            throw std::invalid_argument("what is " + std::string(name) + "?");
        }
    }
    const Operation operations[] = {
        {"open", 2000, [](Reach& reach, int i) { reach.open(file(i % files)); }},
        {"stat", 2000, [](Reach& reach, int i) { reach.stat(file(i % files)); }},
        {"read", 2000, [](Reach& reach, int i) { reach.read(file(i % files)); }},
        {"list", 20, [](Reach& reach, int) { reach.list("/files"); }},
    };
    std::mt19937 random(seed);
    fmt::print("{{\"version\": 1, \"rounds\": {}, \"results\": [", rounds);
    const char* separator = "";
    for (const Operation& operation : operations) {
        std::vector<Sample> samples(cases.size());
        std::vector<std::size_t> order(cases.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        // The first round warms up and is not counted.
        for (int round = -1; round < rounds; ++round) {
            std::ranges::shuffle(order, random);
            for (const std::size_t i : order) measure(operation, cases[i], samples[i], round >= 0);
        }
        for (std::size_t i = 0; i < cases.size(); ++i) {
            fmt::print(
                "{}\n {{\"operation\": \"{}\", \"peer\": \"{}\", \"nanoseconds\": [{:.1f}], "
                "\"switches\": [{:.3f}], \"messages\": [{:.3f}]}}",
                separator, operation.name, cases[i].name, fmt::join(samples[i].nanoseconds, ", "),
                fmt::join(samples[i].switches, ", "), fmt::join(samples[i].messages, ", "));
            separator = ",";
        }
    }
    fmt::print("]}}\n");
    return 0;
}

}  // namespace

}  // namespace quire::bench

int main(int count, char** arguments) {
    try {
        return quire::bench::run(count, arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_served: %s\n", error.what());
        return 1;
    }
}
