// SPDX-License-Identifier: MIT

#include "tests/support/with_servers.hpp"

#include <csignal>
#include <filesystem>
#include <regex>
#include <thread>

namespace quire::app::testing {

namespace {

/// The first number behind a key in JSON.
std::string number_of(const std::string& json, const std::string& key) {
    std::smatch found;
    if (!std::regex_search(json, found, std::regex('"' + key + "\":(\\d+)"))) return {};
    return found[1];
}

}  // namespace

std::string substituted(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
        text.replace(at, from.size(), to);
    return text;
}

void WithServers::TearDown() {
    for (const std::string& socket : sockets_) stop(socket);
}

Surroundings WithServers::surroundings(const std::string& input) const {
    return {.directory = place.path(),
            .input = input,
            .environment = {"SOURCE_DATE_EPOCH=1700000001",
                            "XDG_RUNTIME_DIR=" + place.path().string()}};
}

Outcome WithServers::quire(const std::vector<std::string>& arguments,
                           const std::string& input) const {
    return testing::quire(arguments, surroundings(input));
}

Outcome WithServers::serve(const std::string& address, const std::string& socket,
                           std::vector<std::string> options) {
    options.insert(options.begin(), {"serve", "--background", address, "--socket", socket});
    Outcome outcome = quire(options);
    if (outcome.status == 0) sockets_.push_back(socket);
    return outcome;
}

pid_t WithServers::pid_of(const std::string& socket) const {
    const std::string pid = number_of(quire({"ps", "--json", socket}).out, "pid");
    return pid.empty() ? 0 : std::stoi(pid);
}

bool WithServers::listens(const std::string& socket) const {
    return quire({"ps", socket}).status == 0;
}

void WithServers::stop(const std::string& socket) const {
    const pid_t pid = pid_of(socket);
    if (pid <= 0) return;
    ::kill(pid, SIGTERM);
    while (std::filesystem::exists(place.path() / socket)) std::this_thread::yield();
}

void WithServers::expect_clean(const std::string& image) const {
    const Outcome outcome = testing::run({"e2fsck", "-fn", image}, surroundings());
    EXPECT_EQ(outcome.status, 0) << outcome.out;
}

}  // namespace quire::app::testing
