// SPDX-License-Identifier: MIT
//
// How long an empty call to another process takes, by several peers in turns: a mood of the machine
// hits all. Writes JSON.
//
//     bench_null_call [--rounds N] [--calls N] [--seed N]

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "peer.hpp"

namespace quire::bench {

namespace {

struct Options {
    long rounds = 10;
    long calls = 20'000;
    unsigned seed = 1;
};

/// A peer at one placement of client and server.
struct Case {
    std::string placement;
    std::string name;
    /// Empty: measured.
    std::string reason;
    std::unique_ptr<Peer> peer;
    std::vector<double> nanoseconds;
    std::vector<double> processor_nanoseconds;
};

std::vector<int> processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof(set), &set);
    std::vector<int> numbers;
    for (int i = 0; i < CPU_SETSIZE; ++i) {
        if (CPU_ISSET(i, &set)) numbers.push_back(i);
    }
    return numbers;
}

double own_processor_time() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

void add_cases(std::vector<Case>& cases, const std::string& placement, int processor) {
    const auto add = [&](std::unique_ptr<Peer> peer) {
        const std::string name = peer->name();
        cases.push_back({placement, name, "", std::move(peer), {}, {}});
    };
    add(make_raw_peer(processor));
    add(make_quire_peer(processor, true));
    add(make_quire_peer(processor, false));
    if (auto peer = make_capnp_peer(processor)) {
        add(std::move(peer));
    } else {
        cases.push_back(
            {placement, "Cap'n Proto", "not installed when this was built", {}, {}, {}});
    }
}

void measure_round(Case& measured, long calls, bool counts) {
    const double processor_before =
        own_processor_time() + static_cast<double>(measured.peer->server_processor_time());
    const auto start = std::chrono::steady_clock::now();
    measured.peer->call(calls);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    const double processor_after =
        own_processor_time() + static_cast<double>(measured.peer->server_processor_time());
    if (!counts) return;
    const auto count = static_cast<double>(calls);
    measured.nanoseconds.push_back(took.count() / count);
    measured.processor_nanoseconds.push_back((processor_after - processor_before) / count);
}

void write_json(const std::vector<Case>& cases, const Options& options) {
    fmt::print("{{\"version\": 1, \"calls\": {}, \"rounds\": {}, \"results\": [", options.calls,
               options.rounds);
    const char* separator = "";
    for (const Case& one : cases) {
        fmt::print("{}\n {{\"placement\": \"{}\", \"peer\": \"{}\", ", separator, one.placement,
                   one.name);
        separator = ",";
        if (one.reason.empty()) {
            fmt::print("\"nanoseconds\": [{:.1f}], \"processor_nanoseconds\": [{:.1f}]}}",
                       fmt::join(one.nanoseconds, ", "),
                       fmt::join(one.processor_nanoseconds, ", "));
        } else {
            fmt::print("\"not_measured\": \"{}\"}}", one.reason);
        }
    }
    fmt::print("]}}\n");
}

Options parse(int count, char** arguments) {
    Options options;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view name = arguments[i];
        const long value = std::atol(arguments[i + 1]);
        if (name == "--rounds") options.rounds = value;
        if (name == "--calls") options.calls = value;
        if (name == "--seed") options.seed = static_cast<unsigned>(value);
    }
    return options;
}

int run(const Options& options) {
    const std::vector<int> where = processors();
    run_on(where.front());
    std::vector<Case> cases;
    add_cases(cases, "one core", where.front());
    if (where.size() > 1) add_cases(cases, "two cores", where[1]);
    std::vector<Case*> order;
    for (Case& one : cases) {
        if (one.peer) order.push_back(&one);
    }
    std::mt19937 random(options.seed);
    // The first round warms up and is not counted.
    for (long round = -1; round < options.rounds; ++round) {
        std::ranges::shuffle(order, random);
        for (Case* one : order) measure_round(*one, options.calls, round >= 0);
    }
    write_json(cases, options);
    return 0;
}

}  // namespace

}  // namespace quire::bench

int main(int count, char** arguments) {
    try {
        return quire::bench::run(quire::bench::parse(count, arguments));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_null_call: %s\n", error.what());
        return 1;
    }
}
