// SPDX-License-Identifier: MIT

// A thousand clients that connect, open, read and are killed leave nothing behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "quire/testing/fuzz_messages.hpp"
#include "serve/served_image.hpp"

namespace quire::tests {
namespace {

using protocols::OpenerContext;
using protocols::Service;
using ::testing::HasSubstr;

const ipc::Call any_time = ipc::Call::forever();
constexpr int names = 20;

class VanishingClients : public ::testing::Test {
protected:
    void SetUp() override {
        for (int i = 0; i < names; ++i)
            std::ofstream(served_.tree() + "/" + std::to_string(i)) << std::string(10'000, 'x');
        served_.create({"--size", "32M"});
        ASSERT_EQ(served_.serve(), "");
        server_ = served_.server();
        watcher_ = *ipc::connect<Service>(served_.socket());
    }

    /// In a child: holds many things, says so, and waits for its end.
    [[noreturn]] void be_a_client(int number, int says) const {
        const auto service = ipc::connect<Service>(served_.socket());
        if (!service) ::_exit(2);
        const auto opener = (*service)->opener(any_time, "", number % 2 == 0);
        const auto volume = (*service)->volume(any_time, "", false);
        if (!opener || !volume) ::_exit(3);
        const auto root = (*volume)->root(any_time, {});
        if (!root || !(*volume)->lookup(any_time, {}, root->node, "0")) ::_exit(4);
        const auto context = (*opener)->context(any_time);
        if (!context) ::_exit(5);
        if (!(*context)->set_buffer(any_time, testing::fuzz_buffer(65536)) ||
            !(*volume)->set_buffer(any_time, testing::fuzz_buffer(65536)))
            ::_exit(9);
        std::vector<ipc::Cap<protocols::FileObject>> files;
        for (int i = 0; i < 10; ++i) {
            auto opened = (*context)->open(any_time, std::to_string((number + i) % names),
                                           protocols::open_read, 0, 100);
            if (!opened || !opened->file->read(any_time, 5000, 100)) ::_exit(6);
            files.push_back(opened->file);
        }
        if (!(*context)->open_directory(any_time, "/", 0, true)) ::_exit(7);
        if (::write(says, "!", 1) != 1) ::_exit(8);
        while (true) ::pause();
    }

    /// Of the server. Nothing: they are root's to see, since it is confined.
    std::optional<std::size_t> descriptors() const {
        std::error_code error;
        std::size_t count = 0;
        for (std::filesystem::directory_iterator
                 entry("/proc/" + std::to_string(server_) + "/fd", error),
             end;
             !error && entry != end; entry.increment(error))
            ++count;
        if (error) return std::nullopt;
        EXPECT_GT(count, 0u);
        return count;
    }
    std::string status() const { return *watcher_->status(any_time); }
    /// Whether clients hold nothing any more.
    bool is_idle() const {
        const std::string now = status();
        for (const char* const part :
             {"0 openers, 0 contexts, 0 open files, 0 open directories on 0 inodes, 0 buffers\n",
              "\n0 volumes with 0 nodes\n"})
            if (now.find(part) == std::string::npos) return false;
        return true;
    }

    /// Until only the watcher is left.
    void wait_for_others() const {
        while (watcher_->clients(any_time, 0)->size() > 1) std::this_thread::yield();
    }

    ServedImage served_;
    pid_t server_ = 0;
    ipc::Cap<Service> watcher_;
};

TEST_F(VanishingClients, leave_nothing) {
    wait_for_others();
    EXPECT_TRUE(is_idle()) << status();
    const auto open_before = descriptors();
    constexpr int at_once = 50;
    for (int round = 0; round < 20; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        std::vector<pid_t> clients;
        for (int i = 0; i < at_once; ++i) {
            const pid_t child = ::fork();
            if (child == 0) be_a_client(round * at_once + i, ends[1]);
            clients.push_back(child);
        }
        ::close(ends[1]);
        // Each has said that it holds everything, but for some that are killed in the middle.
        char said = 0;
        for (int i = 0; i < at_once - round; ++i) ASSERT_EQ(::read(ends[0], &said, 1), 1);
        ::close(ends[0]);
        if (round == 0) {
            EXPECT_GE(watcher_->clients(any_time, 0)->size(), std::size_t{at_once});
            EXPECT_THAT(status(), HasSubstr(" 500 open files, "));
            // A context's and a volume's buffer of each.
            EXPECT_THAT(status(), HasSubstr(" 100 buffers\n50 volumes with 100 nodes\n"));
        }
        for (const pid_t client : clients) ::kill(client, SIGKILL);
        for (const pid_t client : clients) {
            int status = 0;
            ::waitpid(client, &status, 0);
            EXPECT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
        }
    }
    wait_for_others();
    // A leak hangs here.
    while (!is_idle()) std::this_thread::yield();
    EXPECT_THAT(status(), HasSubstr("1 clients, 0 gates"));
    EXPECT_THAT(status(), HasSubstr(" 0 were cut off"));
    if (!open_before)
        GTEST_SKIP() << "whether descriptors are left only root can see; all else was looked at";
    // A descriptor goes a moment after its client. A leak hangs here.
    while (descriptors() > open_before) std::this_thread::yield();
}

}  // namespace
}  // namespace quire::tests
