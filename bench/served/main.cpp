// SPDX-License-Identifier: MIT
//
// How long it takes to open, stat, read and list files of one image, by the ways to reach them in
// turns. Writes JSON: nanoseconds, processor time, context switches and messages of each operation,
// how long it took to make all of it warm, and percentiles of single operations.
//
//     bench_served [--content|--names|--writes] [--rounds N] [--seed N] [--mounted NAME DIRECTORY PID]
//         [--served NAME SOCKET PID] [--memory NAME DIRECTORY 0]
//
// With --content: of the files /small (2 MiB) and /large (256 MiB), which stay open; with --writes: of the same and of /new, which is empty. With --names:
// of the files /a/b/c/d/0/0 … /a/b/c/d/99/99. Otherwise of /files/0 … /files/999. PID: the process whose context switches and processor time count too; 0: none.

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <random>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "served/latencies.hpp"
#include "served/reach.hpp"
#include "served/rounds.hpp"

namespace quire::bench {

namespace {

constexpr int files = 1000;

/// Reads of one file that is open.
struct Reading {
    const char* name;
    const char* path;
    std::uint64_t size;
    std::size_t length;
    bool in_sequence;
    int times;
};

std::string file(int number) {
    return "/files/" + std::to_string(number);
}

/// What goes once through all that there is in `different` operations.
void run_warm(Rounds& rounds, const Operation& operation, int different) {
    rounds.run(operation.name, [&](Case& one) {
        for (int i = 0; i < different; ++i) operation.run(*one.reach, i);
        return operation;
    });
}

void read_names(Rounds& rounds) {
    const Operation operations[] = {
        {"open", 2000, [](Reach& reach, int i) { reach.open(file(i % files)); }},
        {"stat", 2000, [](Reach& reach, int i) { reach.stat(file(i % files)); }},
        {"read", 2000, [](Reach& reach, int i) { reach.read(file(i % files)); }},
    };
    for (const Operation& operation : operations) run_warm(rounds, operation, files);
    run_warm(rounds, {"list", 20, [](Reach& reach, int) { reach.list("/files"); }}, 1);
}

/// Six components, ten thousand of them, in no order.
const std::vector<std::string>& deep_files() {
    static const std::vector<std::string> all = [] {
        std::vector<std::string> paths;
        for (int i = 0; i < 10'000; ++i)
            paths.push_back(fmt::format("/a/b/c/d/{}/{}", i / 100, i % 100));
        std::ranges::shuffle(paths, std::mt19937(7));
        return paths;
    }();
    return all;
}

void find_names(Rounds& rounds) {
    const auto path = [](int i) -> const std::string& {
        return deep_files()[static_cast<std::size_t>(i) % deep_files().size()];
    };
    static std::string missing;
    const Operation operations[] = {
        {"stat, six components", 20'000, [&](Reach& reach, int i) { reach.find(path(i)); }},
        {"stat of nothing", 20'000,
         [&](Reach& reach, int i) {
             missing = path(i);
             missing += ".no";
             reach.miss(missing);
         }},
        {"open, read 4 KiB, close", 20'000,
         [&](Reach& reach, int i) {
             if (reach.read_file(path(i)) != 4096) throw std::runtime_error("a read was short");
         }},
    };
    for (const Operation& operation : operations)
        run_warm(rounds, operation, static_cast<int>(deep_files().size()));
}

void read_content(Rounds& rounds) {
    constexpr std::uint64_t mebibyte = 1U << 20U;
    constexpr Reading readings[] = {
        {"random 4 KiB of 2 MiB", "/small", 2 * mebibyte, 4096, false, 20'000},
        {"random 4 KiB of 256 MiB", "/large", 256 * mebibyte, 4096, false, 65'536},
        {"1 MiB in sequence of 256 MiB", "/large", 256 * mebibyte, mebibyte, true, 256},
    };
    // As pages are, for all: what lies across them takes longer to copy.
    alignas(4096) static std::array<std::byte, mebibyte> memory;
    for (const Reading& reading : readings) {
        rounds.run(reading.name, [&](Case& one) -> Operation {
            const std::shared_ptr<Content> content = one.reach->content(reading.path);
            const std::span<std::byte> part = std::span(memory).first(reading.length);
            // Once through all of it.
            for (std::uint64_t place = 0; place < reading.size; place += reading.length)
                content->read(place, part);
            std::uint64_t state = 1;
            return {reading.name, reading.times, [=](Reach&, int i) mutable {
                        state = state * 6364136223846793005U + 1442695040888963407U;
                        const std::uint64_t number =
                            reading.in_sequence ? static_cast<std::uint64_t>(i) : state >> 33U;
                        content->read(number * reading.length % reading.size, part);
                    }};
        });
    }
}

/// Writes of 4 KiB to one file that is open.
struct Writing {
    const char* name;
    const char* path;
    std::uint64_t size;  ///< 0: from the beginning, where there is nothing
    int times;
    int synced;  ///< after so many, it is made durable; 0: never
};

void write_content(Rounds& rounds) {
    constexpr std::uint64_t mebibyte = 1U << 20U;
    constexpr std::size_t page = 4096;
    constexpr Writing writings[] = {
        {"random 4 KiB of 2 MiB", "/small", 2 * mebibyte, 20'000, 0},
        {"random 4 KiB of 256 MiB", "/large", 256 * mebibyte, 65'536, 0},
        {"4 KiB behind the end, 16 MiB of them", "/new", 0, 4096, 0},
        {"random 4 KiB of 2 MiB, fsync after 64", "/small", 2 * mebibyte, 1024, 64},
    };
    alignas(page) static std::array<std::byte, page> memory;
    for (const Writing& writing : writings) {
        rounds.run(writing.name, [&](Case& one) -> Operation {
            const std::shared_ptr<Content> content = one.reach->content(writing.path, true);
            // Once through all of it.
            for (std::uint64_t place = 0; place < writing.size; place += page)
                content->write(place, memory);
            std::uint64_t state = 1;
            return {writing.name, writing.times,
                    [=](Reach&, int i) mutable {
                        state = state * 6364136223846793005U + 1442695040888963407U;
                        memory[0] = static_cast<std::byte>(i);
                        const std::uint64_t place = writing.size == 0
                                                        ? static_cast<std::uint64_t>(i) * page
                                                        : (state >> 33U) * page % writing.size;
                        content->write(place, memory);
                        if (writing.synced != 0 && (i + 1) % writing.synced == 0) content->sync();
                    },
                    [=] {
                        if (writing.size == 0) content->truncate();
                    }};
        });
    }
}

int run(int count, char** arguments) {
    int rounds = 10;
    void (*work)(Rounds&) = read_names;
    unsigned seed = 1;
    std::vector<Case> cases;
    for (int i = 1; i < count;) {
        const std::string_view name = arguments[i];
        const int left = count - i - 1;
        if (name == "--content") {
            work = read_content;
            ++i;
        } else if (name == "--writes") {
            work = write_content;
            ++i;
        } else if (name == "--names") {
            work = find_names;
            ++i;
        } else if (name == "--rounds" && left >= 1) {
            rounds = std::stoi(arguments[i + 1]);
            i += 2;
        } else if (name == "--seed" && left >= 1) {
            seed = static_cast<unsigned>(std::stoul(arguments[i + 1]));
            i += 2;
        } else if ((name == "--mounted" || name == "--served" || name == "--memory") && left >= 3) {
            const std::string where = arguments[i + 2];
            cases.push_back({arguments[i + 1],
                             name == "--mounted"  ? reach_mounted(where)
                             : name == "--served" ? reach_served(where, true)
                                                  : reach_memory(where),
                             std::stoi(arguments[i + 3])});
            i += 4;
        } else {
            throw std::invalid_argument("what is " + std::string(name) + "?");
        }
    }
    fmt::print("{{\"version\": 1, \"rounds\": {}, \"clock\": {}, \"results\": [", rounds,
               latencies_of_clock().json());
    Rounds turns(rounds, seed, cases);
    work(turns);
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
