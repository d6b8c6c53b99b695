// SPDX-License-Identifier: MIT
//
// The programs, as a process manager starts them.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "quire/base/unique_fd.hpp"
#include "quire/ipc/client.hpp"
#include "quire/protocols/service.hpp"
#include "quire/testing/temporary_directory.hpp"

namespace quire::servers {
namespace {

using protocols::ServiceKind;
using quire::testing::TemporaryDirectory;

/// A running program; what it says on both streams is read from one pipe.
class Program {
public:
    Program(const std::vector<std::string>& command) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return;
        said_.reset(ends[0]);
        const UniqueFd theirs(ends[1]);
        std::vector<char*> words;
        for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ != 0) return;
        ::dup2(theirs.get(), 1);
        ::dup2(theirs.get(), 2);
        ::unsetenv("XDG_RUNTIME_DIR");  // NOLINT(concurrency-mt-unsafe): a child has one thread
        ::execv(words[0], words.data());
        ::_exit(127);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;
    ~Program() {
        if (pid_ > 0) end(SIGKILL);
    }

    std::string line() {
        std::string text;
        char byte = 0;
        while (::read(said_.get(), &byte, 1) == 1 && byte != '\n') text += byte;
        return text;
    }
    std::string rest() {
        std::string text;
        char byte = 0;
        while (::read(said_.get(), &byte, 1) == 1) text += byte;
        return text;
    }
    int end(int signal = 0) {
        if (signal != 0) ::kill(pid_, signal);
        int status = 0;
        ::waitpid(std::exchange(pid_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    UniqueFd said_;
    pid_t pid_ = -1;
};

class Servers : public ::testing::Test {
protected:
    void SetUp() override {
        const std::string make =
            "PATH=$PATH:/sbin:/usr/sbin; mke2fs -q -t ext4 '" + image_ + "' 8M >/dev/null 2>&1";
        // NOLINTNEXTLINE(concurrency-mt-unsafe)
        if (std::system(make.c_str()) != 0) GTEST_SKIP() << "mke2fs is not installed";
    }

    Result<ServiceKind> kind() const {
        QUIRE_TRY_ASSIGN(const auto service, ipc::connect<protocols::Service>(socket_));
        QUIRE_TRY_ASSIGN(const auto about, service->describe(ipc::Call::forever()));
        return about.kind;
    }

    TemporaryDirectory directory_;
    const std::string image_ = directory_ / "image";
    const std::string socket_ = directory_ / "socket";
};

TEST_F(Servers, serve_until_they_are_told_to_end) {
    for (const auto& [program, expected] :
         {std::pair(QUIRE_EXT, ServiceKind::volume), std::pair(QUIRE_BLOCK, ServiceKind::device)}) {
        Program server({program, image_, "--socket", socket_});
        EXPECT_THAT(server.line(), ::testing::StartsWith("serving " + image_)) << program;
        EXPECT_EQ(kind(), expected);
        EXPECT_EQ(server.end(SIGTERM), 0);
        EXPECT_NE(::access(socket_.c_str(), F_OK), 0);
        EXPECT_EQ(kind().error(), std::errc::no_such_file_or_directory);
    }
}

TEST_F(Servers, say_why_they_cannot_serve) {
    const std::string nothing = directory_ / "nothing";
    Program missing({QUIRE_EXT, nothing, "--socket", socket_});
    EXPECT_THAT(missing.line(), ::testing::HasSubstr("No such file or directory"));
    EXPECT_EQ(missing.end(), 1);
    std::ofstream(nothing) << std::string(1 << 20, 'x');
    Program empty({QUIRE_EXT, nothing, "--socket", socket_});
    EXPECT_THAT(empty.line(), ::testing::HasSubstr("filesystem"));
    EXPECT_EQ(empty.end(), 1);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{QUIRE_EXT, image_},
          {QUIRE_BLOCK, "--socket", socket_},
          {QUIRE_EXT, image_, "--socket", socket_, "--mode", "0888"},
          {QUIRE_EXT, image_, "--socket", socket_, "--memory", "1M"},
          {QUIRE_EXT, image_, "--socket", socket_, "--memory", "much"},
          {QUIRE_BLOCK, image_, "--socket", socket_, "--memory", "2M"},
          {QUIRE_EXT, "", "--socket", socket_}}) {
        Program usage(command);
        EXPECT_EQ(usage.end(), 2);
    }
}

TEST_F(Servers, show_content_in_as_much_memory_as_they_are_told) {
    const ipc::Call patient = ipc::Call::forever();
    const auto shown = [&] {
        const auto service = *ipc::connect<protocols::Service>(socket_);
        const auto opener = *service->opener(patient, "", false);
        const auto context = *opener->context(patient);
        const auto segment = context->segment(patient, 0);
        return segment ? std::errc() : segment.error().code();
    };
    for (const auto& [memory, expected] :
         {std::pair("0", std::errc::operation_not_supported), std::pair("2M", std::errc())}) {
        Program server({QUIRE_EXT, image_, "--socket", socket_, "--memory", memory});
        ASSERT_THAT(server.line(), ::testing::StartsWith("serving "));
        EXPECT_EQ(shown(), expected) << memory;
        EXPECT_EQ(server.end(SIGTERM), 0);
    }
}

/// The names of options in text: those of lines that begin with one.
std::set<std::string> options_told(const std::string& text, const std::regex& line) {
    std::set<std::string> names;
    static const std::regex name(R"(--?[a-z][a-z-]*)");
    std::istringstream lines(text);
    for (std::string one; std::getline(lines, one);) {
        std::smatch match;
        if (!std::regex_search(one, match, line)) continue;
        const std::string list = match[1];
        for (std::sregex_iterator i(list.begin(), list.end(), name), end; i != end; ++i)
            names.insert(i->str());
    }
    return names;
}

TEST(ServersManual, options_of_page_and_help_are_the_same) {
    for (const auto& [program, name] :
         {std::pair(QUIRE_EXT, "quire-ext"), std::pair(QUIRE_BLOCK, "quire-block")}) {
        Program asked({program, "--help"});
        const std::string help = asked.rest();
        EXPECT_EQ(asked.end(), 0);
        std::ifstream file(std::string(QUIRE_MANUAL) + '/' + name + ".1.scd");
        std::stringstream page;
        page << file.rdbuf();
        const std::string text = page.str();
        EXPECT_THAT(text, ::testing::StartsWith(std::string(name) + "(1)\n"));
        for (const char* heading : {"SYNOPSIS", "EXAMPLES", "DESCRIPTION", "OPTIONS", "SEE ALSO"})
            EXPECT_THAT(text, ::testing::HasSubstr("\n# " + std::string(heading) + '\n')) << name;
        const std::size_t begin = std::min(text.find("\n# OPTIONS\n"), text.size());
        const std::string section = text.substr(begin, text.find("\n# ", begin + 1) - begin);
        const auto told = options_told(section, std::regex(R"(^(\*-.*)$)"));
        EXPECT_THAT(told, ::testing::Contains("--socket"));
        EXPECT_EQ(told, options_told(help, std::regex(R"(^  (-\S+))"))) << help;
    }
}

TEST_F(Servers, killed_leave_a_socket_that_the_next_one_takes) {
    {
        Program server({QUIRE_EXT, image_, "--socket", socket_});
        ASSERT_THAT(server.line(), ::testing::StartsWith("serving "));
        EXPECT_EQ(server.end(SIGKILL), 128 + SIGKILL);
    }
    EXPECT_EQ(::access(socket_.c_str(), F_OK), 0);
    // The server proper ends by itself now; the next one waits for it.
    while (kind()) continue;
    Program server({QUIRE_EXT, image_, "--socket", socket_});
    std::string line = server.line();
    EXPECT_THAT(line, ::testing::StartsWith("serving "));
    EXPECT_EQ(kind(), ServiceKind::volume);
    EXPECT_EQ(server.end(SIGINT), 0);
}

}  // namespace
}  // namespace quire::servers
