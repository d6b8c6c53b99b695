// SPDX-License-Identifier: MIT
//
// Every verb on a served socket does and says what it does and says on the image itself; and the
// verbs that serve.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "quire/base/unique_fd.hpp"
#include "tests/support/with_servers.hpp"

namespace quire::app {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

class ServedVerbs : public testing::WithServers {
protected:
    void SetUp() override {
        if (!testing::have("mke2fs")) GTEST_SKIP() << "mke2fs is not installed";
        testing::prepare(R"(
            umask 022
            mkdir -p d/etc d/sub/deep/er 'd/with space'
            printf 'hello\n' > d/etc/motd
            ln d/etc/motd d/etc/motd2
            ln -s etc/motd d/link
            seq 1 100000 > d/sub/numbers
            truncate -s 1M d/sub/sparse; printf end >> d/sub/sparse
            printf z > $'d/odd\t\xff'
            for i in $(seq 1 300); do : > d/sub/deep/f$i; done
            find d -exec touch -h -d @1700000000 {} +
            mke2fs -q -F -t ext4 -U 11111111-2222-3333-4444-555555555555 -E hash_seed=11111111-2222-3333-4444-555555555555,root_owner=0:0 -d d direct.img 32M
            cp direct.img served.img
            )",
                         place.path());
    }
};

/// A service manager that programs tell how they are.
class Manager {
public:
    explicit Manager(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof(address.sun_path) - 1);
        EXPECT_EQ(::bind(end_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    }
    std::string heard() const {
        std::string text(1000, ' ');
        const ssize_t size = ::recv(end_.get(), text.data(), text.size(), 0);
        text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        return text;
    }

private:
    const UniqueFd end_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(ServedVerbs, tell_a_service_manager_when_they_can_be_used_and_when_they_end) {
    const Manager manager(place.path() / "notify");
    testing::Surroundings managed = surroundings();
    managed.environment.push_back("NOTIFY_SOCKET=" + (place.path() / "notify").string());
    std::jthread server([&] {
        EXPECT_EQ(testing::quire({"serve", "served.img", "--socket", "socket"}, managed).status, 0);
    });
    EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=serving served.img (ext4) at socket:socket");
    EXPECT_EQ(quire({"cat", "socket:socket:/etc/motd"}).out, "hello\n");
    ::kill(pid_of("socket"), SIGTERM);
    EXPECT_EQ(manager.heard(), "STOPPING=1");
}

TEST_F(ServedVerbs, do_and_say_the_same) {
    // As long as the image's name, for the sake of columns.
    ASSERT_EQ(serve("served.img", "img").status, 0);
    const std::string copy_is_checked =
        "quire check: socket:img: a copy is checked, since e2fsck can't ask servers\n";
    // `{}` stands for the image.
    const std::vector<std::pair<std::vector<std::string>, std::string>> commands = {
        {{"ls", "-laR", "{}:/"}, ""},
        {{"ls", "-li", "{}:/sub"}, ""},
        {{"ls", "--json", "{}:/"}, ""},
        {{"tree", "{}:/"}, ""},
        {{"stat", "{}:/etc/motd", "{}:/link", "{}:/"}, ""},
        {{"stat", "{}:/nothing"}, ""},
        {{"find", "{}:/", "-name", "f1*", "-size", "0"}, ""},
        {{"du", "-a", "{}:/"}, ""},
        {{"df", "{}"}, ""},
        {{"df", "-i", "{}:/etc"}, ""},
        {{"cat", "{}:/etc/motd", "{}:/link", "{}:/sub/numbers"}, ""},
        {{"cat", "{}:/etc"}, ""},
        {{"cp", "-", "{}:/etc/new"}, "written\n"},
        {{"cat", "{}:/etc/new"}, ""},
        {{"cp", "-a", "d/sub", "{}:/copy"}, ""},
        {{"cp", "-a", "{}:/sub", "{}:/copy/again"}, ""},
        {{"cp", "-a", "{}:/nowhere", "{}:/copy"}, ""},
        {{"mkdir", "-p", "{}:/a/b/c"}, ""},
        {{"mkdir", "{}:/a"}, ""},
        {{"mv", "{}:/etc/new", "{}:/a/b"}, ""},
        {{"ln", "-s", "b/new", "{}:/a/soft"}, ""},
        {{"ln", "{}:/a/b/new", "{}:/a/hard"}, ""},
        {{"chmod", "-R", "u=rwX,go=", "{}:/a"}, ""},
        {{"chown", "-R", "1000:70000", "{}:/a/b"}, ""},
        {{"touch", "-d", "@1234567890.5", "{}:/a/hard"}, ""},
        {{"truncate", "-s", "5000", "{}:/a/hard"}, ""},
        {{"xattr", "set", "{}:/a/hard", "user.colour", "blue"}, ""},
        {{"xattr", "ls", "{}:/a/hard"}, ""},
        {{"rm", "-rv", "{}:/copy/deep"}, ""},
        {{"rmdir", "{}:/a/b/c"}, ""},
        {{"rmdir", "{}:/a"}, ""},
        {{"rm", "{}:/a"}, ""},
        {{"info", "{}"}, ""},
        {{"info", "--json", "{}"}, ""},
        {{"check", "{}"}, ""},
        {{"check", "-v", "{}"}, ""},
        {{"check", "--json", "{}"}, ""},
        {{"diff", "d/etc", "{}:/etc"}, ""},
        {{"diff", "d/sub", "{}:/copy"}, ""},
        {{"tar", "{}:/"}, ""},
        {{"tar", "{}:/sub", "--exclude", "f1*"}, ""},
        {{"tar", "{}:/etc/motd"}, ""},
        {{"create", "--force", "made.img", "--from", "{}:/"}, ""},
        {{"create", "--force", "--json", "made.img", "--from", "{}:/sub", "-t", "ext2"}, ""},
        {{"create", "made.img", "--from", "{}:/"}, ""},
        {{"create", "new.img", "--from", "{}:/nowhere"}, ""},
        {{"archive", "--create", "--force", "made.img", "{}:/sub"}, ""},
        {{"ls", "-laR", "{}:/"}, ""},
    };
    for (const auto& [words, input] : commands) {
        const auto on = [&, &words = words](const std::string& image) {
            std::vector<std::string> arguments;
            for (const std::string& word : words)
                arguments.push_back(testing::substituted(word, "{}", image));
            return arguments;
        };
        const Outcome direct = quire(on("direct.img"), input);
        const Outcome served = quire(on("socket:img"), input);
        const std::string line = ::testing::PrintToString(words);
        EXPECT_EQ(served.status, direct.status) << line << served.err;
        const std::string told = testing::substituted(served.err, copy_is_checked, "");
        EXPECT_EQ(testing::substituted(told, "socket:img", "direct.img"), direct.err) << line;
        EXPECT_EQ(testing::substituted(served.out, "socket:img", "direct.img"), direct.out) << line;
    }
    // The very archive goes in again, from a stream.
    const Outcome archive = quire({"tar", "direct.img:/sub"});
    for (const char* image : {"direct.img:/out", "socket:img:/out"}) {
        ASSERT_EQ(quire({"mkdir", image}).status, 0);
        EXPECT_EQ(quire({"untar", image}, archive.out).status, 0);
    }
    // An image of the same is the same image, however it is asked for.
    std::vector<std::string> images;
    for (const char* from : {"direct.img:/sub", "socket:img:/sub"})
        for (const std::vector<std::string>& words :
             {std::vector<std::string>{"create", "--force", "made.img", "--from", from},
              {"archive", "--create", "--force", "made.img", from}}) {
            EXPECT_EQ(quire(words).err, "");
            std::ifstream made(place / "made.img", std::ios::binary);
            images.emplace_back(std::istreambuf_iterator<char>(made),
                                std::istreambuf_iterator<char>());
        }
    for (const std::string& image : images) EXPECT_TRUE(image == images.front());
    expect_clean("made.img");
    stop("img");
    expect_clean("direct.img");
    expect_clean("served.img");
    EXPECT_EQ(quire({"diff", "direct.img:/", "served.img:/"}).out, "");
}

TEST_F(ServedVerbs, find_what_is_served_by_its_socket) {
    ASSERT_EQ(serve("served.img", "socket").status, 0);
    EXPECT_THAT(quire({"ls", "served.img:/"}).err,
                HasSubstr("socket:" + (place / "socket").string()));
    EXPECT_THAT(quire({"rm", "served.img:/link"}).err, HasSubstr("is being served"));
    EXPECT_THAT(quire({"ls", "socket"}).err, HasSubstr("'socket:socket' is what is served there"));
    EXPECT_THAT(quire({"check", "--repair", "socket:socket"}).err,
                HasSubstr("end the server and repair the image itself"));
    EXPECT_THAT(quire({"ls", "socket:socket@p1:/"}).err, HasSubstr("no partitions"));
    EXPECT_THAT(quire({"info", "socket:socket@p1"}).err, HasSubstr("no partitions"));
    EXPECT_THAT(serve("socket:socket", "other", {"--device"}).err,
                HasSubstr("bytes are the server's to change"));
    EXPECT_THAT(quire({"ls", "socket:nowhere:/"}).err, HasSubstr("no server can be reached"));
    EXPECT_THAT(quire({"ls", "socket::/"}).err, HasSubstr("names no socket"));
    EXPECT_THAT(serve("served.img", "other").err, HasSubstr("is being served"));
    EXPECT_THAT(serve("direct.img", "socket").err, HasSubstr("Address already in use"));
    stop("socket");
    EXPECT_EQ(quire({"ls", "served.img:/"}).err, "");
    EXPECT_THAT(quire({"ls", "socket:socket:/"}).err, HasSubstr("no server can be reached"));
}

TEST_F(ServedVerbs, serve_a_part_and_for_reading_only) {
    ASSERT_EQ(serve("served.img:/sub", "part", {"--read-only"}).status, 0);
    EXPECT_THAT(quire({"ls", "socket:part:/"}).out, HasSubstr("numbers"));
    EXPECT_THAT(quire({"cat", "socket:part:/../etc/motd"}).err, HasSubstr("No such file"));
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"rm", "socket:part:/numbers"},
                                               {"mkdir", "socket:part:/new"},
                                               {"chmod", "600", "socket:part:/numbers"},
                                               {"cp", "d/etc/motd", "socket:part:/numbers"}}) {
        const Outcome outcome = quire(words);
        EXPECT_EQ(outcome.status, 1);
        EXPECT_THAT(outcome.err, HasSubstr("Read-only file system")) << words[0];
    }
    // Reading at the same time is nobody's concern.
    EXPECT_EQ(quire({"ls", "served.img:/"}).err, "");
    EXPECT_THAT(serve("served.img:/nowhere", "other", {"-r"}).err, HasSubstr("No such file"));
    EXPECT_THAT(serve("served.img:/etc/motd", "other", {"-r"}).err, HasSubstr("Not a directory"));
    EXPECT_THAT(serve("host:d", "other").err, HasSubstr("directory of the host"));
    EXPECT_EQ(quire({"serve", "served.img"}).status, 2);
    EXPECT_EQ(quire({"serve", "served.img", "-s", "x", "-m", "1777"}).status, 2);
}

TEST_F(ServedVerbs, stack_devices_and_filesystems) {
    ASSERT_EQ(quire({"cp", "direct.img", "served.img:/inner.img"}).status, 0);
    ASSERT_EQ(serve("served.img", "one", {"--device"}).status, 0);
    ASSERT_EQ(serve("socket:one", "two").status, 0);
    ASSERT_EQ(serve("socket:two:/inner.img", "three", {"--device"}).status, 0);
    ASSERT_EQ(serve("socket:three", "four").status, 0);
    EXPECT_EQ(
        quire({"ls", "-R", "socket:four:/"}).out,
        testing::substituted(quire({"ls", "-R", "direct.img:/"}).out, "direct.img", "socket:four"));
    EXPECT_EQ(quire({"cp", "-", "socket:four:/etc/new"}, "through four servers\n").status, 0);
    EXPECT_THAT(quire({"info", "socket:one"}).err, HasSubstr("in use by another client"));
    for (const char* socket : {"four", "three"}) stop(socket);
    EXPECT_EQ(quire({"cat", "socket:two:/inner.img:/etc/new"}).out, "through four servers\n");
    stop("two");
    EXPECT_EQ(quire({"cat", "socket:one:/inner.img:/etc/new"}).out, "through four servers\n");
    EXPECT_THAT(quire({"info", "socket:one"}).out, HasSubstr("ext4"));
    stop("one");
    EXPECT_EQ(quire({"cat", "served.img:/inner.img:/etc/new"}).out, "through four servers\n");
    expect_clean("served.img");
}

TEST_F(ServedVerbs, check_what_has_no_journal) {
    testing::prepare("mke2fs -q -F -t ext2 -d d ext2.img 16M && cp ext2.img same.img",
                     place.path());
    ASSERT_EQ(serve("ext2.img", "ext2").status, 0);
    for (const char* image : {"socket:ext2", "same.img"})
        EXPECT_EQ(quire({"cp", "-", image + std::string(":/etc/new")}, "new\n").err, "");
    for (const char* verb : {"info", "check"})
        EXPECT_EQ(quire({verb, "socket:ext2"}).out,
                  testing::substituted(quire({verb, "same.img"}).out, "same.img", "socket:ext2"));
    // Looking has not ended anything.
    EXPECT_EQ(quire({"rm", "socket:ext2:/etc/new"}).err, "");
    stop("ext2");
    expect_clean("ext2.img");
}

TEST_F(ServedVerbs, show_the_image_to_its_root_only) {
    ASSERT_EQ(serve("served.img:/sub", "part").status, 0);
    EXPECT_THAT(quire({"info", "socket:part"}).err, HasSubstr("a part of a filesystem"));
    stop("part");
    ASSERT_EQ(serve("served.img", "reading", {"--read-only"}).status, 0);
    EXPECT_EQ(
        testing::substituted(quire({"info", "socket:reading"}).out, "socket:reading", "direct.img"),
        quire({"info", "direct.img"}).out);
    EXPECT_EQ(quire({"check", "socket:reading"}).status, 0);
    // A filesystem served from another's socket, and one inside it.
    ASSERT_EQ(serve("socket:reading", "again", {"--read-only"}).status, 0);
    EXPECT_EQ(
        testing::substituted(quire({"info", "socket:again"}).out, "socket:again", "direct.img"),
        quire({"info", "direct.img"}).out);
}

TEST_F(ServedVerbs, do_not_show_the_image_to_others) {
    ASSERT_EQ(serve("served.img", "open", {"--no-root", "--mode", "666"}).status, 0);
    std::vector<std::string> command{QUIRE_PROGRAM, "info", "socket:open"};
    if (::geteuid() == 0) {
        // Root acts as the image's root in any case.
        testing::prepare("chmod 755 .", place.path());
        command.insert(command.begin(),
                       {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
        std::vector<std::string> version = command;
        version[5] = "--version";
        version.resize(6);
        if (testing::run(version, surroundings()).status != 0)
            GTEST_SKIP() << "nobody may not run the program here";
    }
    const Outcome refused = testing::run(command, surroundings());
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.err, HasSubstr("acts as the root of"));
    EXPECT_EQ(refused.out, "");
}

TEST_F(ServedVerbs, tell_who_holds_what) {
    EXPECT_EQ(quire({"ps"}).out, "");
    ASSERT_EQ(serve("direct.img", "one", {"-r"}).status, 0);
    ASSERT_EQ(serve("served.img", "two", {"-d"}).status, 0);
    ASSERT_EQ(serve("socket:two", "three").status, 0);
    const std::string listed = quire({"ps"}).out;
    for (const char* word : {"direct.img", "filesystem, read-only", "served.img", "device"})
        EXPECT_THAT(listed, HasSubstr(word));
    EXPECT_THAT(quire({"ps", "-v", "one"}).out, HasSubstr("confined: no new privileges"));
    EXPECT_THAT(quire({"caps", "two"}).out, HasSubstr("Block"));
    EXPECT_THAT(quire({"caps", "socket:one"}).out, Not(HasSubstr("Block")));
    const std::string json = quire({"caps", "--json", "two"}).out;
    EXPECT_THAT(json, StartsWith(R"({"schema":1,"type":"capabilities","socket":"two")"));
    EXPECT_THAT(json, HasSubstr(R"("interface":"Block","objects":1,"references":1})"));
    EXPECT_THAT(quire({"caps", "socket:one:/etc"}).err, HasSubstr("not the server"));
    EXPECT_THAT(quire({"ps", "nowhere"}).err, HasSubstr("no server can be reached"));
    // What a killed one has left is forgotten.
    ::kill(pid_of("one"), SIGKILL);
    while (listens("one")) std::this_thread::yield();
    EXPECT_THAT(quire({"ps"}).out, Not(HasSubstr("direct.img")));
}

TEST_F(ServedVerbs, are_not_hurt_by_two_writers_at_once) {
    ASSERT_EQ(serve("served.img", "socket").status, 0);
    std::vector<std::thread> writers;
    for (int id = 0; id < 4; ++id) {
        writers.emplace_back([this, id] {
            const std::string top = "socket:socket:/w" + std::to_string(id);
            EXPECT_EQ(quire({"cp", "-a", "d/sub", top}).err, "");
            EXPECT_EQ(quire({"rm", "-r", top + "/deep"}).err, "");
            EXPECT_EQ(quire({"mv", top + "/numbers", top + "/n"}).err, "");
        });
    }
    // Whenever one looks, the image is sound.
    for (int round = 0; round < 5; ++round) {
        const Outcome checked = quire({"check", "-v", "socket:socket"});
        EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    }
    for (std::thread& writer : writers) writer.join();
    stop("socket");
    expect_clean("served.img");
    const std::string numbers = quire({"cat", "direct.img:/sub/numbers"}).out;
    for (int id = 0; id < 4; ++id)
        EXPECT_TRUE(quire({"cat", "served.img:/w" + std::to_string(id) + "/n"}).out == numbers);
}

}  // namespace
}  // namespace quire::app
