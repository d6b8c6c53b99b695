// SPDX-License-Identifier: MIT

#include "served/rounds.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "served/latencies.hpp"

namespace quire::bench {

namespace {

// One pass over single operations ends with whichever comes first.
constexpr int most_latencies = 20'000;
constexpr std::chrono::seconds longest_pass{2};

struct Sample {
    std::vector<double> nanoseconds;
    std::vector<double> client_processor;
    std::vector<double> server_processor;
    std::vector<double> switches;
    std::vector<double> messages;
};

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

/// In nanoseconds, user and system, of all threads, also those that have ended; 0: this process.
std::int64_t processor_time(pid_t process) {
    clockid_t clock{};
    timespec time{};
    const int error = ::clock_getcpuclockid(process, &clock);
    if (error != 0 || ::clock_gettime(clock, &time) != 0)
        throw std::system_error(error != 0 ? error : errno, std::generic_category(),
                                "the time of a process");
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

void measure(const Operation& operation, Case& one, Sample& sample, bool counts) {
    const std::int64_t switches = switches_of(one.server) + own_switches();
    const std::int64_t messages = one.reach->messages();
    const std::int64_t server = one.server != 0 ? processor_time(one.server) : 0;
    const std::int64_t client = processor_time(0);
    const auto start = Clock::now();
    if (operation.begin) operation.begin();
    for (int i = 0; i < operation.times; ++i) operation.run(*one.reach, i);
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    if (!counts) return;
    const double times = operation.times;
    sample.nanoseconds.push_back(took.count() / times);
    sample.client_processor.push_back(static_cast<double>(processor_time(0) - client) / times);
    if (one.server != 0)
        sample.server_processor.push_back(static_cast<double>(processor_time(one.server) - server) /
                                          times);
    sample.switches.push_back(
        static_cast<double>(switches_of(one.server) + own_switches() - switches) / times);
    if (messages >= 0)
        sample.messages.push_back(static_cast<double>(one.reach->messages() - messages) / times);
}

Latencies latencies_of(const Operation& operation, Case& one) {
    Latencies latencies;
    const auto end = Clock::now() + longest_pass;
    for (int i = 0; i < most_latencies; ++i) {
        const int number = i % operation.times;
        if (number == 0 && operation.begin) operation.begin();
        const auto start = Clock::now();
        operation.run(*one.reach, number);
        const auto done = Clock::now();
        latencies.add(done - start);
        if (done >= end) break;
    }
    return latencies;
}

}  // namespace

void Rounds::run(const char* name, const std::function<Operation(Case&)>& operation_of) {
    std::vector<Sample> samples(cases_.size());
    std::vector<double> warming(cases_.size());
    std::vector<Latencies> latencies(cases_.size());
    std::vector<std::size_t> order(cases_.size());
    std::vector<Operation> operations;
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
        const auto start = Clock::now();
        operations.push_back(operation_of(cases_[i]));
        warming[i] = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    }
    // The first round warms up and is not counted.
    for (int round = -1; round < rounds_; ++round) {
        std::ranges::shuffle(order, random_);
        for (const std::size_t i : order) measure(operations[i], cases_[i], samples[i], round >= 0);
    }
    std::ranges::shuffle(order, random_);
    for (const std::size_t i : order) latencies[i] = latencies_of(operations[i], cases_[i]);
    for (std::size_t i = 0; i < cases_.size(); ++i) {
        const Sample& sample = samples[i];
        fmt::print(
            "{}\n {{\"operation\": \"{}\", \"peer\": \"{}\", \"warming_nanoseconds\": {:.0f}, "
            "\"nanoseconds\": [{:.1f}], \"client_processor_nanoseconds\": [{:.1f}], "
            "\"server_processor_nanoseconds\": [{:.1f}], \"switches\": [{:.3f}], "
            "\"messages\": [{:.3f}], \"latencies\": {}}}",
            separator_, name, cases_[i].name, warming[i], fmt::join(sample.nanoseconds, ", "),
            fmt::join(sample.client_processor, ", "), fmt::join(sample.server_processor, ", "),
            fmt::join(sample.switches, ", "), fmt::join(sample.messages, ", "),
            latencies[i].json());
        separator_ = ",";
    }
}

}  // namespace quire::bench
