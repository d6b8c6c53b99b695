// SPDX-License-Identifier: MIT

#include "serve/served_image.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "crash/traced_program.hpp"
#include "quire/ipc/client.hpp"

namespace quire::tests {

std::vector<std::string> quire_words(std::vector<std::string> words) {
    words.insert(words.begin(), QUIRE_PROGRAM);
    return words;
}

ServedImage::ServedImage() {
    std::filesystem::create_directories(tree_);
}

ServedImage::~ServedImage() {
    stop();
}

void ServedImage::create(const std::vector<std::string>& options) {
    std::vector<std::string> words{"create", image_, "--from", tree_};
    words.insert(words.end(), options.begin(), options.end());
    const auto made = run_program(quire_words(words));
    ASSERT_TRUE(made && made->exit_code == 0) << (made ? made->output : made.error().message());
}

std::string ServedImage::serve(const std::vector<std::string>& options,
                               const std::vector<std::string>& by) {
    std::vector<std::string> words =
        quire_words({"serve", "--quiet", "--background", image_, "--socket", socket_});
    words.insert(words.begin(), by.begin(), by.end());
    words.insert(words.end(), options.begin(), options.end());
    const auto served = run_program(words);
    if (!served) return served.error().message();
    return served->exit_code == 0 ? "" : served->output + "(it failed)";
}

pid_t ServedImage::server() const {
    const auto channel = ipc::connect_channel(socket_);
    if (!channel) return 0;
    const pid_t parent = ipc::listener_of(*channel).pid;
    std::ifstream children("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) +
                           "/children");
    pid_t child = 0;
    children >> child;
    return child;
}

void ServedImage::stop() {
    const auto channel = ipc::connect_channel(socket_);
    if (!channel) return;
    ::kill(ipc::listener_of(*channel).pid, SIGTERM);
    while (std::filesystem::exists(socket_)) std::this_thread::yield();
}

void ServedImage::kill() {
    const pid_t child = server();
    ASSERT_GT(child, 0);
    ::kill(child, SIGKILL);
    // Its parent takes the socket away when it has seen that.
    while (std::filesystem::exists(socket_)) std::this_thread::yield();
}

}  // namespace quire::tests
