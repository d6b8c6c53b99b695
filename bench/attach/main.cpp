// SPDX-License-Identifier: MIT
//
// How long it takes until the first byte has been read by those who have nothing yet, and until what
// two others read has been changed. Writes JSON.
//
//     bench_attach [--rounds N] [--seed N] [--connection NAME SOCKET] [--program NAME COMMAND]
//         [--server NAME COMMAND SOCKET] [--mount NAME COMMAND DIRECTORY]
//         [--served NAME SOCKET] [--mounted NAME DIRECTORY]
//
// The last two: /shared, 64 MiB, is read there by two processes, and changed by this one. What the others do is in turns.hpp.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "attach/turns.hpp"

namespace quire::bench {

namespace {

struct Way {
    const char* operation;
    std::string name;
    Turn turn;
    std::vector<double> nanoseconds = {};  ///< the mean of each round
    Latencies latencies = {};
};

void take_turn(Way& way, bool counts) {
    const std::vector<Clock::duration> all = way.turn();
    if (!counts) return;
    double sum = 0;
    for (const Clock::duration took : all) {
        sum += std::chrono::duration<double, std::nano>(took).count();
        way.latencies.add(took);
    }
    way.nanoseconds.push_back(sum / static_cast<double>(all.size()));
}

void measure_in_turns(std::vector<Way>& ways, int rounds, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<Way*> order;
    for (Way& way : ways) order.push_back(&way);
    // The first round warms up and is not counted.
    for (int round = -1; round < rounds; ++round) {
        std::ranges::shuffle(order, random);
        for (Way* const way : order) take_turn(*way, round >= 0);
    }
}

void add_changes(std::vector<Way>& ways, const std::string& name, const Connect& connect) {
    ways.push_back(
        {"rewrite the first byte of 64 MiB, two readers", name, rewriting_first_byte(connect)});
    ways.push_back({"cut 64 MiB to nothing, two readers", name, cutting(connect)});
}

int run(int count, char** arguments) {
    int rounds = 10;
    unsigned seed = 1;
    std::vector<Way> ways;
    for (int i = 1; i < count;) {
        const std::string_view option = arguments[i];
        const auto take = [&](int number) -> std::string {
            if (i + number >= count)
                throw std::invalid_argument(std::string(option) + " needs more");
            return arguments[i + number];
        };
        if (option == "--rounds") {
            rounds = std::stoi(take(1));
            i += 2;
        } else if (option == "--seed") {
            seed = static_cast<unsigned>(std::stoul(take(1)));
            i += 2;
        } else if (option == "--connection") {
            ways.push_back({"a new connection", take(1), first_byte_of_connection(take(2))});
            i += 3;
        } else if (option == "--program") {
            ways.push_back({"a new program", take(1), first_byte_of_program(take(2))});
            i += 3;
        } else if (option == "--server") {
            ways.push_back({"a new server", take(1), first_byte_of_server(take(2), take(3))});
            i += 4;
        } else if (option == "--mount") {
            ways.push_back({"a new server", take(1), first_byte_of_mount(take(2), take(3))});
            i += 4;
        } else if (option == "--served") {
            add_changes(ways, take(1), [where = take(2)] { return reach_served(where, true); });
            i += 3;
        } else if (option == "--mounted") {
            add_changes(ways, take(1), [where = take(2)] { return reach_mounted(where); });
            i += 3;
        } else {
            throw std::invalid_argument("what is " + std::string(option) + "?");
        }
    }
    measure_in_turns(ways, rounds, seed);
    std::ranges::stable_sort(ways, {},
                             [](const Way& way) { return std::string_view(way.operation); });
    fmt::print("{{\"version\": 1, \"rounds\": {}, \"clock\": {}, \"results\": [", rounds,
               latencies_of_clock().json());
    const char* separator = "";
    for (const Way& way : ways) {
        fmt::print(
            "{}\n {{\"operation\": \"{}\", \"peer\": \"{}\", \"nanoseconds\": [{:.1f}], "
            "\"latencies\": {}}}",
            separator, way.operation, way.name, fmt::join(way.nanoseconds, ", "),
            way.latencies.json());
        separator = ",";
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
        std::fprintf(stderr, "bench_attach: %s\n", error.what());
        return 1;
    }
}
